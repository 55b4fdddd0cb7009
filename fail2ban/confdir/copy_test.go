package confdir_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"bantop/fail2ban/confdir"
)

// TestCopy: the copy holds what fail2ban can read, may be read by nobody else, and
// what was copied stays as it is.
func TestCopy(t *testing.T) {
	outside, conf, to := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "copy")
	write(t, outside, map[string]string{"a.conf": "outside", "deep/b.conf": "deeper"})
	write(t, conf, map[string]string{"jail.conf": "", "jail.d/x.conf": "x", "filter.d/a.conf": "a", "filter.d/more/b.conf": "b", ".git/config": "g",
		"jail.d/.hidden.local": "h", "big.conf": strings.Repeat("#", 1<<20+1)})
	if err := errors.Join(
		os.Symlink(filepath.Join(outside, "a.conf"), filepath.Join(conf, "jail.local")),
		os.Symlink("/nonexistent", filepath.Join(conf, "jail.d", "gone.local")),
		os.Symlink(outside, filepath.Join(conf, "action.d")),
		os.Symlink("/", filepath.Join(conf, "root")),
		os.Symlink(".", filepath.Join(conf, "filter.d", "again")),
		os.Symlink("loop.conf", filepath.Join(conf, "loop.conf")),
		unix.Mkfifo(filepath.Join(conf, "jail.d", "pipe.local"), 0o600),
		unix.Mknod(filepath.Join(conf, "jail.d", "socket.local"), unix.S_IFSOCK|0o644, 0),
	); err != nil {
		t.Fatal(err)
	}
	if err := confdir.Copy(conf, to); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		".": "", "jail.conf": "", "jail.local": "outside", "jail.d": "", "jail.d/x.conf": "x",
		"filter.d": "", "filter.d/a.conf": "a", "filter.d/more": "", "filter.d/more/b.conf": "b",
		"action.d": "", "action.d/a.conf": "outside", "action.d/deep": "", "action.d/deep/b.conf": "deeper",
	}
	err := filepath.WalkDir(to, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(to, path)
		text, known := want[name]
		if delete(want, name); !known || err != nil {
			t.Errorf("%s is there, too: %v", name, err)
		}
		info, err := e.Info()
		if err != nil || info.Mode().Perm()&0o077 != 0 || info.Mode().IsRegular() && content(t, path) != text {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
		return nil
	})
	if err != nil || len(want) > 0 {
		t.Errorf("not there: %v, %v", want, err)
	}
	if got := content(t, filepath.Join(conf, "jail.d", "x.conf")); got != "x" {
		t.Errorf("what was copied is %q", got)
	}
	if err := confdir.Copy(conf, to); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over what is there: %v", err)
	}
	if err := confdir.Copy(filepath.Join(conf, "nowhere"), to+"2"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// TestCopyTooMuch: a folder that cannot be a configuration is not copied to its end.
func TestCopyTooMuch(t *testing.T) {
	for name, many := range map[string]struct{ files, size int }{"files": {2001, 0}, "bytes": {65, 1 << 20}} {
		t.Run(name, func(t *testing.T) {
			conf := t.TempDir()
			files := make(map[string]string)
			for i := range many.files {
				files[fmt.Sprintf("%d.conf", i)] = strings.Repeat("#", many.size)
			}
			write(t, conf, files)
			err := confdir.Copy(conf, filepath.Join(t.TempDir(), "copy"))
			if err == nil || !strings.Contains(err.Error(), "there are more than 2000 files or 67108864 bytes in it") {
				t.Error(err)
			}
		})
	}
}
