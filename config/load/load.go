// Package load finds and reads bantop's settings: its files, the environment;
// and writes the one file that is bantop's own.
//
// A source that is faulty is left out whole, and reported: settings that somebody
// spoilt do not keep bantop from showing how the server stands, or from taking a
// change back. Only a wrong flag is an error.
package load

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"bantop/config"
	"bantop/config/trust"
	"bantop/fail2ban/quote"
)

// DefaultFile is the administrator's settings file, where no other is named.
const DefaultFile = "/etc/bantop/bantop.toml"

// Sources are where the settings are read from, in the order in which they are
// laid over each other.
type Sources struct {
	File    string         // the administrator's file, which --settings names; "" is Default
	Default string         // it need not be there; "" is DefaultFile
	Environ []string       // as os.Environ gives it
	Flags   []config.Value // from the command line

	// Root: the process is root's. It uses no file in a home folder, and of the
	// environment only what changes how things are drawn: HOME and the environment
	// may be those of whoever called sudo.
	Root bool
}

// Result is what the sources say.
type Result struct {
	config.Effective
	Faults  []config.Fault // what is not used, and why
	Ignored []string       // variables that root does not take
}

// Settings reads the settings: the administrator's file, the local one beside
// it, the user's (unless a file is named), the environment and the flags. The
// error is that of a flag, or of a file that was named and is not there.
func Settings(s Sources) (Result, error) { return NewReader(s).Read() }

type file struct {
	path string
	must bool // it has to be there
}

func (s Sources) files() []file {
	if s.File != "" {
		return []file{{s.File, true}, {LocalFile(s.File), false}}
	}
	admin := s.Default
	if admin == "" {
		admin = DefaultFile
	}
	files := []file{{admin, false}, {LocalFile(admin), false}}
	if dir := s.userDir(); dir != "" {
		files = append(files, file{filepath.Join(dir, "bantop", "bantop.toml"), false})
	}
	return files
}

// LocalFile is the file beside the administrator's that bantop writes.
func LocalFile(file string) string {
	if file == "" {
		file = DefaultFile
	}
	ext := filepath.Ext(file)
	return strings.TrimSuffix(file, ext) + ".local" + ext
}

// userDir is where a user's own settings are (XDG Base Directory); "" for root.
func (s Sources) userDir() string {
	if s.Root {
		return ""
	}
	if dir := s.getenv("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
		return dir
	}
	if home := s.getenv("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, ".config")
	}
	return ""
}

func (s Sources) getenv(name string) string {
	for i := len(s.Environ) - 1; i >= 0; i-- {
		if v, ok := strings.CutPrefix(s.Environ[i], name+"="); ok {
			return v
		}
	}
	return ""
}

// environ is the environment without what is for bantop's own tests.
func (s Sources) environ() []string {
	return slices.DeleteFunc(slices.Clone(s.Environ), func(v string) bool {
		return strings.HasPrefix(v, "BANTOP_TEST_") || strings.HasPrefix(v, "BANTOP_FAIL2BAN=")
	})
}

// longest is the longest settings file that is read: with every setting and its
// description one has 3 KiB.
const longest = 64 << 10

// read reads the values of a file; none, and no error, if it is not there and need
// not be. Each value is allowed.
func read(f file) ([]config.Value, error) {
	path, err := filepath.Abs(f.path)
	if err != nil {
		return nil, err
	}
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) && !f.must {
		return nil, nil // whoever may write its folder: there is nothing to distrust
	}
	data, err := trust.ReadFile(path, longest)
	if err != nil {
		return nil, err
	}
	values, err := config.Parse(f.path, data)
	if err != nil {
		return nil, err
	}
	if _, err := config.Defaults().With(values...); err != nil {
		return nil, err
	}
	return values, nil
}

// faulty is the fault of a file that could not be read.
func (s Sources) faulty(path string, err error) config.Fault {
	check := "bantop config"
	if s.File != "" {
		check += " --settings " + quote.Word(s.File)
	}
	f := config.Fault{
		Source: path, Reason: err.Error(), Server: namesServer(path),
		Next: "correct " + quote.Word(path) + "; " + check + " checks it",
	}
	if pe, is := errors.AsType[*fs.PathError](err); is {
		f.Reason = pe.Path + ": " + pe.Err.Error()
	}
	unsafe, is := errors.AsType[*trust.Error](err)
	switch {
	case is && strings.HasPrefix(unsafe.Hint(), "chmod"): // who knows who wrote it
		f.Next = "make sure of what is in it, then: " + unsafe.Hint()
	case is && unsafe.Hint() != "":
		f.Next = unsafe.Hint()
	case is && strings.HasPrefix(unsafe.Reason, "is longer"):
		f.Next = "shorten " + quote.Word(path)
	case is:
		f.Next = "replace " + quote.Word(path) + " by a regular file of settings, or remove it"
	case errors.Is(err, fs.ErrPermission):
		f.Next = "chmod a+r " + quote.Word(path) + ", or run bantop as root"
	case errors.Is(err, fs.ErrNotExist):
		f.Next = "put " + quote.Word(path) + " back, or leave out --settings"
	}
	if !strings.Contains(f.Reason, path) {
		f.Reason = path + ": " + f.Reason // of a folder on the way, or of what a link leads to
	}
	f.Reason = cut(f.Reason)
	return f
}

// server are the lines of a file, however faulty, that say which fail2ban is meant.
var server = regexp.MustCompile(`(?m)^[ \t]*["']?(socket|pidfile|conf)["']?[ \t]*=`)

// namesServer reports whether a faulty file may say which fail2ban is meant: it does,
// or that cannot be known.
func namesServer(path string) bool {
	abs, err := filepath.Abs(path)
	if err != nil {
		return true
	}
	data, err := trust.ReadFile(abs, longest)
	return err != nil || server.Match(data)
}

// cut shortens what may hold a value that is as long as a file.
func cut(text string) string {
	const most = 300
	if r := []rune(strings.ReplaceAll(text, "\n", " ")); len(r) > most {
		return string(r[:most]) + "…"
	}
	return strings.ReplaceAll(text, "\n", " ")
}

// environment reads the variables. One that is not allowed is left out alone.
func (s Sources) environment() (values []config.Value, faults []config.Fault, ignored []string) {
	all := config.FromEnvironment(s.environ())
	if s.Root {
		all, ignored = config.ForRoot(all)
	}
	for _, v := range all {
		if _, err := config.Defaults().With(v); err != nil {
			faults = append(faults, config.Fault{Source: v.Origin.Source, Reason: cut(err.Error()),
				Next: "unset " + v.Origin.Source})
			continue
		}
		values = append(values, v)
	}
	return values, faults, ignored
}

// lay lays the values of files, of the environment and of the flags over the
// defaults.
func (s Sources) lay(files []config.Value, r Result) (Result, error) {
	values, faults, ignored := s.environment()
	e, err := config.Defaults().With(slices.Concat(files, values)...)
	if err != nil { // each was tried alone
		return r, fmt.Errorf("read the settings: %w", err)
	}
	if e, err = e.With(s.Flags...); err != nil {
		return r, fmt.Errorf("read the settings: %w", err)
	}
	r.Effective, r.Faults, r.Ignored = e, append(r.Faults, faults...), ignored
	return r, nil
}
