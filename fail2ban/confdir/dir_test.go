package confdir_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bantop/fail2ban/confdir"
	"bantop/fail2ban/fail2bantest"
)

// configuration is a folder with the three folders that may be changed, and files.
func configuration(t *testing.T, top string, files map[string]string) string {
	t.Helper()
	conf := filepath.Join(top, "conf")
	for _, sub := range []string{"jail.d", "filter.d", "action.d"} {
		if err := os.MkdirAll(filepath.Join(conf, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, conf, files)
	return conf
}

func openDir(t *testing.T, conf, sub string) *confdir.Dir {
	t.Helper()
	d, err := confdir.OpenDir(conf, sub)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// content is a file's text; "(absent)" where it is not there.
func content(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "(absent)"
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// nothingHidden holds that nothing is left beside the files of a folder.
func nothingHidden(t *testing.T, dir string) {
	t.Helper()
	if left, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(left) > 0 {
		t.Errorf("left: %q, %v", left, err)
	}
}

// TestReplace: a file comes, changes and goes in one step, only where it is what it
// was thought to be, and nothing is left beside it.
func TestReplace(t *testing.T) {
	conf := configuration(t, t.TempDir(), nil)
	d := openDir(t, conf, "jail.d")
	const name, meanwhile = "sshd [odd] é.local", "somebody changed "
	for _, c := range []struct {
		was, now []byte
		want     string
	}{
		{nil, nil, ""},
		{[]byte("x"), []byte("y"), meanwhile},
		{nil, []byte("one"), ""},
		{nil, []byte("two"), meanwhile},
		{nil, nil, meanwhile},
		{[]byte("one"), []byte(""), ""},
		{nil, []byte("two"), meanwhile},
		{[]byte(""), []byte("two"), ""},
		{[]byte("one"), nil, meanwhile},
		{[]byte("two"), nil, ""},
	} {
		before := content(t, d.Path(name))
		err := d.Replace(name, c.was, c.now)
		want := before
		if c.want == "" {
			if want = string(c.now); c.now == nil {
				want = "(absent)"
			}
		}
		refused := err != nil && strings.Contains(err.Error(), meanwhile) && confdir.Hint(err) != ""
		if after := content(t, d.Path(name)); after != want || refused != (c.want != "") || c.want == "" && err != nil {
			t.Errorf("%q over %q: %v, it was %q and is %q", c.now, c.was, err, before, after)
		}
	}
	nothingHidden(t, filepath.Join(conf, "jail.d"))
}

// TestReplaceKeepsModeAndOwner: who may read a file stays so, and a new one may be
// read by all, whatever the umask is.
func TestReplaceKeepsModeAndOwner(t *testing.T) {
	defer unix.Umask(unix.Umask(0o077))
	conf := configuration(t, t.TempDir(), nil)
	d, path := openDir(t, conf, "filter.d"), filepath.Join(conf, "filter.d", "x.conf")
	stat := func() (st unix.Stat_t) {
		t.Helper()
		if err := unix.Stat(path, &st); err != nil {
			t.Fatal(err)
		}
		return st
	}
	if err := d.Replace("x.conf", nil, []byte("1")); err != nil || stat().Mode&0o7777 != 0o644 {
		t.Errorf("a new file is %o, %v", stat().Mode, err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(path, 12, 34); err != nil {
			t.Fatal(err)
		}
	}
	before := stat()
	if err := d.Replace("x.conf", []byte("1"), []byte("2")); err != nil {
		t.Fatal(err)
	}
	if after := stat(); after.Mode != before.Mode || after.Uid != before.Uid || after.Gid != before.Gid || after.Ino == before.Ino {
		t.Errorf("it was %+v and is %+v", before, after)
	}
}

// TestThroughNoLink: nothing is read or written through a link, nor what is no file;
// what there is to do about it is said.
func TestThroughNoLink(t *testing.T) {
	for what, lay := range map[string]func(path string) error{
		"link":            func(path string) error { return os.Symlink("../../target", path) },
		"link to nothing": func(path string) error { return os.Symlink("/nonexistent", path) },
		"link to itself":  func(path string) error { return os.Symlink("x.local", path) },
		"folder":          func(path string) error { return os.Mkdir(path, 0o755) },
		"pipe":            func(path string) error { return unix.Mkfifo(path, 0o644) },
		"socket":          func(path string) error { return unix.Mknod(path, unix.S_IFSOCK|0o644, 0) },
	} {
		t.Run(what, func(t *testing.T) {
			top := t.TempDir()
			write(t, top, map[string]string{"target": "theirs"})
			conf := configuration(t, top, map[string]string{"jail.d/y.local": "y"})
			d := openDir(t, conf, "jail.d")
			if err := lay(d.Path("x.local")); err != nil {
				t.Fatal(err)
			}
			_, read := d.Read("x.local")
			for doing, err := range map[string]error{
				"read":    read,
				"replace": d.Replace("x.local", []byte("theirs"), []byte("ours")),
				"create":  d.Replace("x.local", nil, []byte("ours")),
				"remove":  d.Replace("x.local", []byte("theirs"), nil),
				"back":    d.PutBack("x.local", nil, []byte("theirs")),
			} {
				if err == nil || !strings.HasPrefix(confdir.Hint(err), "take ") || !strings.Contains(err.Error(), d.Path("x.local")) {
					t.Errorf("%s: %v, hint %q", doing, err, confdir.Hint(err))
				}
			}
			if err := d.Rename("y.local", "x.local"); !errors.Is(err, fs.ErrExist) {
				t.Errorf("a file was put over it: %v", err)
			}
			if got := content(t, filepath.Join(top, "target")); got != "theirs" {
				t.Errorf("it was written through: %q", got)
			}
		})
	}
}

// TestOpenDir: one of three folders is opened, and that is no link; the
// configuration folder may be one.
func TestOpenDir(t *testing.T) {
	top := t.TempDir()
	conf := configuration(t, top, nil)
	if err := errors.Join(os.Remove(conf+"/filter.d"), os.Remove(conf+"/action.d"), os.Symlink("jail.d", conf+"/action.d"), os.Symlink("conf", top+"/link")); err != nil {
		t.Fatal(err)
	}
	if _, err := confdir.OpenDir(conf, "filter.d"); !errors.Is(err, fs.ErrNotExist) || confdir.Hint(err) != "make that folder: mkdir -m 755 "+conf+"/filter.d" {
		t.Error(err, confdir.Hint(err))
	}
	if _, err := confdir.OpenDir(conf, "action.d"); err == nil || !strings.Contains(err.Error(), "is a link, and bantop writes through none") || !strings.HasPrefix(confdir.Hint(err), "make it a folder") {
		t.Error(err, confdir.Hint(err))
	}
	if _, err := confdir.OpenDir(top+"/nowhere", "jail.d"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	for _, sub := range []string{"", ".", "..", "fail2ban.d", "jail.d/", "jail.d/x", "../conf/jail.d"} {
		if _, err := confdir.OpenDir(conf, sub); err == nil {
			t.Errorf("%q was opened", sub)
		}
	}
	if err := openDir(t, top+"/link", "jail.d").Replace("y.local", nil, []byte("y")); err != nil || content(t, conf+"/jail.d/y.local") != "y" {
		t.Error(err)
	}
}

// TestDirNames: a name is no path and nothing hidden; the longest that a jail's file
// may have can be written, and kept.
func TestDirNames(t *testing.T) {
	conf := configuration(t, t.TempDir(), map[string]string{"jail.d/x.conf": "x", "jail.d/big.local": strings.Repeat("#", 1<<20+1)})
	d := openDir(t, conf, "jail.d")
	for _, name := range []string{"", ".", "..", ".hidden", "../jail.conf", "/etc/passwd", "a/b", "a\x00b"} {
		_, read := d.Read(name)
		for _, err := range []error{read, d.Replace(name, nil, []byte("x")), d.PutBack(name, nil, nil), d.Rename(name, "y"), d.Rename("x.conf", name), d.Keep(name)} {
			if err == nil || !strings.Contains(err.Error(), "is no name of a file of fail2ban's configuration") {
				t.Errorf("%q: %v", name, err)
			}
		}
	}
	if _, err := d.Read("big.local"); err == nil || !strings.HasPrefix(confdir.Hint(err), "make it smaller") {
		t.Error(err)
	}
	var name string
	for n := 1; ; n++ {
		next, err := confdir.OverrideName(strings.Repeat("a", n))
		if err != nil {
			break
		}
		name = next
	}
	if err := errors.Join(d.Replace(name, nil, []byte("1")), d.Keep(name), d.Replace(name, []byte("1"), []byte("2")), d.Back(name), d.Rename(name, name+".changed-100")); err != nil {
		t.Errorf("the longest name, %d bytes: %v", len(name), err)
	}
}

// TestRename: a file is moved as it is, and never over another.
func TestRename(t *testing.T) {
	conf := configuration(t, t.TempDir(), map[string]string{"jail.d/a.local": "a", "jail.d/b.local": "b"})
	d := openDir(t, conf, "jail.d")
	if err := d.Rename("a.local", "b.local"); !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), d.Path("b.local")) {
		t.Error(err)
	}
	if err := d.Rename("absent.local", "c.local"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if err := d.Rename("a.local", "a.local.off"); err != nil {
		t.Error(err)
	}
	if a, b := content(t, d.Path("a.local.off")), content(t, d.Path("b.local")); a != "a" || b != "b" {
		t.Errorf("they are %q and %q", a, b)
	}
}

// TestPutBack: only what was written is taken back.
func TestPutBack(t *testing.T) {
	for _, c := range []struct{ is, old, now, want string }{
		{"new", "old", "new", "old"}, {"other", "old", "new", "other"}, {"new", "", "new", "(absent)"}, {"old", "old", "new", "old"},
	} {
		conf := configuration(t, t.TempDir(), map[string]string{"jail.d/x.local": c.is})
		d := openDir(t, conf, "jail.d")
		var old []byte
		if c.old != "" {
			old = []byte(c.old)
		}
		err := d.PutBack("x.local", old, []byte(c.now))
		if got := content(t, d.Path("x.local")); err != nil || got != c.want {
			t.Errorf("%+v: %q, %v", c, got, err)
		}
	}
}

// TestKeep: a file that was kept comes back, whatever became of it, with its mode;
// what is kept no longer does not, and nothing is left of either.
func TestKeep(t *testing.T) {
	for name, change := range map[string]func(d *confdir.Dir) error{
		"it is as it was": func(*confdir.Dir) error { return nil },
		"it is another":   func(d *confdir.Dir) error { return d.Replace("x.local", []byte("old"), []byte("new")) },
		"it is gone":      func(d *confdir.Dir) error { return d.Replace("x.local", []byte("old"), nil) },
	} {
		t.Run(name, func(t *testing.T) {
			conf := configuration(t, t.TempDir(), map[string]string{"jail.d/x.local": "old"})
			d := openDir(t, conf, "jail.d")
			if err := errors.Join(os.Chmod(d.Path("x.local"), 0o640), d.Keep("x.local"), change(d), d.Back("x.local")); err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(d.Path("x.local"))
			if err != nil || info.Mode() != 0o640 || content(t, d.Path("x.local")) != "old" {
				t.Error(info, err)
			}
			nothingHidden(t, conf+"/jail.d")

			if err := errors.Join(d.Keep("x.local"), d.Replace("x.local", []byte("old"), []byte("new")), d.Drop("x.local"), d.Drop("x.local")); err != nil {
				t.Error(err)
			}
			if err := d.Back("x.local"); !errors.Is(err, fs.ErrNotExist) || content(t, d.Path("x.local")) != "new" {
				t.Errorf("what was dropped came back: %v", err)
			}
			nothingHidden(t, conf+"/jail.d")
		})
	}
	d := openDir(t, configuration(t, t.TempDir(), nil), "jail.d")
	if err := d.Keep("absent.local"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// TestFullDisk: where there is no room the old file stays, and nothing half; what
// was kept comes back all the same.
func TestFullDisk(t *testing.T) {
	conf := configuration(t, fail2bantest.SmallDisk(t, "64k"), map[string]string{"jail.d/x.local": "old"})
	d := openDir(t, conf, "jail.d")
	large := []byte(strings.Repeat("#", 100_000))
	if err := d.Replace("x.local", []byte("old"), large); !errors.Is(err, unix.ENOSPC) || confdir.Hint(err) != "make room on that disk, then try again" {
		t.Errorf("%v, hint %q", err, confdir.Hint(err))
	}
	if err := d.Replace("y.local", nil, large); !errors.Is(err, unix.ENOSPC) || content(t, d.Path("y.local")) != "(absent)" {
		t.Error(err)
	}
	nothingHidden(t, conf+"/jail.d")

	if err := errors.Join(d.Keep("x.local"), d.Replace("x.local", []byte("old"), []byte("new"))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(conf+"/filler", large, 0o600); !errors.Is(err, unix.ENOSPC) {
		t.Fatal(err)
	}
	if err := d.Back("x.local"); err != nil || content(t, d.Path("x.local")) != "old" {
		t.Error(err)
	}
	if err := errors.Join(d.Keep("x.local"), d.Drop("x.local")); err != nil {
		t.Error(err)
	}
	nothingHidden(t, conf+"/jail.d")
}

// TestLeftovers: what a bantop left that was killed is in nobody's way, also where
// somebody made a trap of it: nothing is written or read through the link.
func TestLeftovers(t *testing.T) {
	for what, lay := range map[string]func(path string) error{
		"half a file": func(path string) error { return os.WriteFile(path, []byte("ha"), 0o600) },
		"link":        func(path string) error { return os.Symlink("../../target", path) },
	} {
		t.Run(what, func(t *testing.T) {
			top := t.TempDir()
			write(t, top, map[string]string{"target": "theirs"})
			conf := configuration(t, top, map[string]string{"jail.d/x.local": "old"})
			d := openDir(t, conf, "jail.d")
			if err := errors.Join(lay(d.Path(".x.local.new")), lay(d.Path(".x.local.was"))); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(d.Keep("x.local"), d.Replace("x.local", []byte("old"), []byte("new"))); err != nil {
				t.Error(err)
			}
			if got := content(t, d.Path("x.local")); got != "new" {
				t.Errorf("it is %q", got)
			}
			if err := d.Back("x.local"); err != nil || content(t, d.Path("x.local")) != "old" {
				t.Error(err)
			}
			if got := content(t, filepath.Join(top, "target")); got != "theirs" {
				t.Errorf("it was written through: %q", got)
			}
			nothingHidden(t, conf+"/jail.d")
		})
	}
}

// TestMayNotWrite: who may not write is told what to do, and nothing changes.
func TestMayNotWrite(t *testing.T) {
	conf := configuration(t, fail2bantest.SmallDisk(t, "64k"), map[string]string{"jail.d/x.local": "old"})
	for top := filepath.Dir(conf); top != conf; top = conf { // the way there may be closed
		if err := os.Chmod(top, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	refused := func(hint string, want error) {
		d, err := confdir.OpenDir(conf, "jail.d")
		if err != nil {
			t.Error(err)
			return
		}
		defer d.Close()
		for doing, err := range map[string]error{
			"replace": d.Replace("x.local", []byte("old"), []byte("new")), "create": d.Replace("y.local", nil, []byte("new")),
			"remove": d.Replace("x.local", []byte("old"), nil), "rename": d.Rename("x.local", "y.local"), "keep": d.Keep("x.local"),
		} {
			if !errors.Is(err, want) || !strings.HasPrefix(confdir.Hint(err), hint) {
				t.Errorf("%s: %v, hint %q", doing, err, confdir.Hint(err))
			}
		}
		if got := content(t, d.Path("x.local")); got != "old" {
			t.Errorf("it is %q", got)
		}
	}
	t.Run("permission", func(t *testing.T) {
		fail2bantest.AsNobody(t, func() { refused("run bantop as root", fs.ErrPermission) })
	})
	t.Run("read-only", func(t *testing.T) {
		if err := unix.Mount("", filepath.Dir(conf), "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
			t.Fatal(err)
		}
		refused("make that disk writable", unix.EROFS)
	})
}

// TestLock: who holds the lock is alone; who waits for it may give up.
func TestLock(t *testing.T) {
	conf := configuration(t, t.TempDir(), nil)
	var all sync.WaitGroup
	const writers = 16
	for i := range writers {
		all.Go(func() {
			d, err := confdir.OpenDir(conf, "jail.d")
			if err != nil {
				t.Error(err)
				return
			}
			defer d.Close()
			if err := d.Lock(t.Context()); err != nil {
				t.Error(err)
			}
			was, err := d.Read("n.local")
			if err == nil {
				err = d.Replace("n.local", was, fmt.Appendf(was, "%d\n", i))
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := strings.Count(content(t, conf+"/jail.d/n.local"), "\n"); got != writers {
		t.Error(got)
	}
	held, waits := openDir(t, conf, "jail.d"), openDir(t, conf, "jail.d")
	if err := held.Lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := waits.Lock(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	held.Close()
	if left, err := filepath.Glob(conf + "/jail.d/.bantop*"); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// TestLockOfOthers: a lock that somebody who may only read holds on the folder keeps
// nobody from changing it; what was put in the place of the lock is refused and left.
func TestLockOfOthers(t *testing.T) {
	conf := configuration(t, t.TempDir(), map[string]string{"jail.d/x.local": "old"})
	fd, err := unix.Open(conf+"/jail.d", unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Flock(fd, unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	d, err := confdir.OpenDir(conf, "jail.d")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := d.Lock(ctx); err != nil {
		t.Error(err)
	}
	d.Close()
	lock := conf + "/jail.d/.bantop.lock"
	for name, make := range map[string]func() error{
		"a link":      func() error { return os.Symlink("x.local", lock) },
		"open to all": func() error { return errors.Join(os.WriteFile(lock, nil, 0o600), os.Chmod(lock, 0o666)) },
		"a pipe":      func() error { return unix.Mkfifo(lock, 0o600) },
	} {
		if err := make(); err != nil {
			t.Fatal(err)
		}
		if err := openDir(t, conf, "jail.d").Lock(ctx); err == nil {
			t.Errorf("%s: it is taken for the lock", name)
		}
		if err := os.Remove(lock); err != nil {
			t.Errorf("%s is gone: %v", name, err)
		}
	}
	if got := content(t, conf+"/jail.d/x.local"); got != "old" {
		t.Errorf("the file holds %q", got)
	}
}
