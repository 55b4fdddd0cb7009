// Package load finds and reads bantop's settings: its files, the environment;
// and writes the one file that is bantop's own.
package load

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bantop/config"
)

// DefaultFile is the administrator's settings file, where no other is named.
const DefaultFile = "/etc/bantop/bantop.toml"

// Sources are where the settings are read from, in the order in which they are
// laid over each other.
type Sources struct {
	File    string         // the administrator's file; "" is DefaultFile, which need not be there
	Environ []string       // as os.Environ gives it
	Flags   []config.Value // from the command line
}

// Settings reads the settings: the administrator's file, the local one beside
// it, the user's (unless a file is named), the environment and the flags.
func Settings(s Sources) (config.Effective, error) {
	var values []config.Value
	for _, f := range s.files() {
		more, err := read(f.path, f.must)
		if err != nil {
			return config.Effective{}, fmt.Errorf("read the settings: %w", err)
		}
		values = append(values, more...)
	}
	values = slices.Concat(values, config.FromEnvironment(s.environ()), s.Flags)
	e, err := config.Defaults().With(values...)
	if err != nil {
		return config.Effective{}, fmt.Errorf("read the settings: %w", err)
	}
	return e, nil
}

type file struct {
	path string
	must bool // it has to be there
}

func (s Sources) files() []file {
	if s.File != "" {
		return []file{{s.File, true}, {LocalFile(s.File), false}}
	}
	files := []file{{DefaultFile, false}, {LocalFile(DefaultFile), false}}
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

// userDir is where a user's own settings are (XDG Base Directory).
func (s Sources) userDir() string {
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

func read(path string, must bool) ([]config.Value, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && !must {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return config.Parse(path, data)
}

// Write lays values over the local file beside the administrator's, and writes
// it whole or not at all. It returns the file.
func Write(admin string, values []config.Value) (string, error) {
	path := LocalFile(admin)
	fail := func(err error) (string, error) { return path, fmt.Errorf("keep the settings: %w", err) }
	had, err := read(path, false)
	if err != nil {
		return fail(err)
	}
	all := slices.Concat(had, values)
	if _, err := config.Defaults().With(all...); err != nil {
		return fail(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fail(err)
	}
	if err := writeWhole(path, config.File(all)); err != nil {
		return fail(err)
	}
	return path, nil
}

// writeWhole replaces a file by another in one step, so that a reader, or a
// machine that loses its power, finds the old one or the new one.
func writeWhole(path, text string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".bantop-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // it is gone when it was renamed
	_, err = f.WriteString(text)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
