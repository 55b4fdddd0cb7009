package confdir

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// What a copy holds at most. Debian's configuration is 172 files and 0.4 MB
// (1.1.0).
const (
	maxCopiedFile  = 1 << 20  // bytes of one file
	maxCopiedBytes = 64 << 20 // of all
	maxCopiedFiles = 2000
)

// Copy copies a configuration folder to another, which is made (0700), for
// fail2ban to be tried on.
//
// The copy holds what fail2ban can read there: files up to 1 MiB, those that links
// lead to as well. Left out are what is neither file nor folder, larger files, names
// that begin with a dot, and folders behind links other than the four that fail2ban
// looks into.
func Copy(conf, to string) error {
	c := &copying{conf: conf, to: to}
	return c.folder(".")
}

// JailDir is the folder of the configuration whose files say what jails there are.
const JailDir = "jail.d"

// Trial is a copy of a configuration folder, for fail2ban to be tried on.
type Trial struct {
	Dir  string // the copy
	Conf string // what it is a copy of
}

// CopyInto copies a configuration folder into a private one.
func CopyInto(conf, private string) (*Trial, error) {
	t := &Trial{Dir: filepath.Join(private, "fail2ban"), Conf: strings.TrimRight(conf, "/")}
	if err := Copy(conf, t.Dir); err != nil {
		return nil, fmt.Errorf("copy fail2ban's configuration to %s: %w", private, err)
	}
	return t, nil
}

// Put makes text the content of a file of the copy, named from its top; nil is none.
func (t *Trial) Put(name string, text []byte) error {
	path := filepath.Join(t.Dir, name)
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		if err = os.Remove(path); errors.Is(err, os.ErrNotExist) {
			err = nil
		}
	}
	if err == nil && text != nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		return fmt.Errorf("change the copy of fail2ban's configuration: %w", err)
	}
	return nil
}

// InPlace makes what was said of the copy something that is said of the folder.
func (t *Trial) InPlace(text string) string { return strings.ReplaceAll(text, t.Dir, t.Conf) }

// copying is a copy that is being made.
type copying struct {
	conf, to     string
	files, bytes int // so far
}

// folder copies a folder, named from the top of the configuration.
func (c *copying) folder(folder string) error {
	entries, err := os.ReadDir(filepath.Join(c.conf, folder))
	if err == nil {
		err = os.Mkdir(filepath.Join(c.to, folder), 0o700)
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := filepath.Join(folder, e.Name())
		info, err := os.Stat(filepath.Join(c.conf, name))
		if strings.HasPrefix(e.Name(), ".") || errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.ELOOP) { // fail2ban sees none of them
			continue
		}
		switch {
		case err != nil:
			return err
		case info.IsDir():
			if e.Type()&os.ModeSymlink == 0 || slices.Contains([]string{"action.d", "fail2ban.d", "filter.d", "jail.d"}, name) {
				err = c.folder(name)
			}
		case info.Mode().IsRegular():
			err = c.file(name)
		}
		if err != nil {
			return err
		}
		if c.files++; c.files > maxCopiedFiles || c.bytes > maxCopiedBytes {
			return fmt.Errorf("there are more than %d files or %d bytes in it", maxCopiedFiles, maxCopiedBytes)
		}
	}
	return nil
}

func (c *copying) file(name string) error {
	// Without waiting, should it have become a pipe.
	f, err := os.OpenFile(filepath.Join(c.conf, name), os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxCopiedFile+1))
	if err != nil || len(data) > maxCopiedFile {
		return err
	}
	c.bytes += len(data)
	return os.WriteFile(filepath.Join(c.to, name), data, 0o600)
}
