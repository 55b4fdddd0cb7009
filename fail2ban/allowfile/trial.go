package allowfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"bantop/fail2ban/control"
)

// What a copy holds at most. Debian's configuration is 172 files and 0.4 MB
// (1.1.0).
const (
	maxCopied = 1 << 20  // bytes of one file
	maxBytes  = 64 << 20 // of all
	maxFiles  = 2000
)

// trial is a copy of the configuration folder, in a private one (0700), for
// fail2ban-client to be tried on.
//
// It holds what fail2ban can read there: files up to 1 MiB, those that links lead
// to as well. Left out are what is neither file nor folder, larger files, names
// that begin with a dot, and folders behind links other than the four that fail2ban
// looks into. Whether anything of that mattered, its dump tells.
type trial struct {
	temp, dir string // the private folder, the copy in it
	conf      string // what it is a copy of
	control   Control

	files, bytes int // so far
}

// newTrial copies the folder. Remove it.
func newTrial(conf string, c Control) (*trial, error) {
	temp, err := os.MkdirTemp("", "bantop-allow-")
	if err == nil {
		temp, err = filepath.Abs(temp)
	}
	if err != nil {
		return nil, fmt.Errorf("copy fail2ban's configuration: %w", err)
	}
	t := &trial{temp: temp, dir: filepath.Join(temp, "fail2ban"), conf: conf, control: c}
	if err := t.copy("."); err != nil {
		t.remove()
		return nil, fmt.Errorf("copy fail2ban's configuration to %s: %w", temp, err)
	}
	return t, nil
}

// remove removes the copy. Nothing that happens to it is of any use to tell.
func (t *trial) remove() { _ = os.RemoveAll(t.temp) }

// copy copies a folder, named from the top of the configuration.
func (t *trial) copy(folder string) error {
	entries, err := os.ReadDir(filepath.Join(t.conf, folder))
	if err == nil {
		err = os.Mkdir(filepath.Join(t.dir, folder), 0o700)
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := filepath.Join(folder, e.Name())
		info, err := os.Stat(filepath.Join(t.conf, name))
		if strings.HasPrefix(e.Name(), ".") || errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.ELOOP) { // fail2ban sees none of them
			continue
		}
		switch {
		case err != nil:
			return err
		case info.IsDir():
			if e.Type()&os.ModeSymlink == 0 || slices.Contains([]string{"action.d", "fail2ban.d", "filter.d", jailDir}, name) {
				err = t.copy(name)
			}
		case info.Mode().IsRegular():
			err = t.copyFile(name)
		}
		if err != nil {
			return err
		}
		if t.files++; t.files > maxFiles || t.bytes > maxBytes {
			return fmt.Errorf("there are more than %d files or %d bytes in it", maxFiles, maxBytes)
		}
	}
	return nil
}

func (t *trial) copyFile(name string) error {
	// Without waiting, should it have become a pipe.
	f, err := os.OpenFile(filepath.Join(t.conf, name), os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxCopied+1))
	if err != nil || len(data) > maxCopied {
		return err
	}
	t.bytes += len(data)
	return os.WriteFile(filepath.Join(t.dir, name), data, 0o600)
}

// put makes text the file of the copy; nil is none.
func (t *trial) put(text []byte) error {
	path := filepath.Join(t.dir, jailDir, Name)
	err := os.Remove(path)
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	if err == nil && text != nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		return fmt.Errorf("copy fail2ban's configuration: %w", err)
	}
	return nil
}

// test tests the copy, with text as its file.
func (t *trial) test(ctx context.Context, text []byte) error {
	if err := t.put(text); err != nil {
		return err
	}
	return t.inPlace(t.control.Test(ctx, t.dir))
}

// dump dumps the copy, with text as its file, as if it were the folder itself.
func (t *trial) dump(ctx context.Context, text []byte) (dump, error) {
	if err := t.put(text); err != nil {
		return dump{}, err
	}
	out, err := t.control.Dump(ctx, t.dir)
	return parseDump(strings.ReplaceAll(out, t.dir, t.conf)), t.inPlace(err)
}

// inPlace makes an error about the copy one about the folder itself.
func (t *trial) inPlace(err error) error {
	if e, ok := errors.AsType[*control.Error](err); ok {
		moved := *e
		moved.Output = strings.ReplaceAll(e.Output, t.dir, t.conf)
		return &moved
	}
	return err
}
