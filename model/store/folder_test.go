package store_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"bantop/fail2ban/fail2bantest"
	"bantop/model"
	"bantop/model/store"
)

const (
	jo    = 65534 // somebody else
	staff = 50    // a group
)

// at is the state in a folder.
func at(dir string) store.Options {
	return store.Options{Dir: dir, Socket: "/run/f2b.sock", Conf: "/etc/fail2ban"}
}

// telling is the state in a folder, and who is told what was set aside there.
func telling(dir string, told func(string)) store.Options {
	o := at(dir)
	o.Notice = func(lines []string) { told(strings.Join(lines, "\n")) }
	return o
}

// must fails the test for an error of its own.
func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// tree is everything in a folder: kind, mode, owner and content.
func tree(t *testing.T, top string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		st := info.Sys().(*syscall.Stat_t)
		fmt.Fprintf(&b, "%s %v %d:%d %d", path, info.Mode(), st.Uid, st.Gid, st.Ctim.Nano())
		switch {
		case info.Mode().IsRegular():
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, " %x", sha256.Sum256(text))
		case info.Mode()&fs.ModeSymlink != 0:
			to, err := os.Readlink(path)
			if err != nil {
				return err
			}
			b.WriteString(" -> " + to)
		}
		b.WriteByte('\n')
		return nil
	})
	must(t, err)
	return b.String()
}

func modeOf(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Lstat(path)
	must(t, err)
	return info.Mode() &^ fs.ModeDir
}

// refused opens a state that must be refused at once, with everything around it left as
// it was.
func refused(t *testing.T, top, dir, why string) {
	t.Helper()
	before := tree(t, top)
	s, err := store.Open(t.Context(), telling(dir, func(text string) { t.Error("told: " + text) }))
	if err == nil {
		s.Close()
	}
	if !errors.Is(err, store.ErrUnsafe) || !strings.Contains(err.Error(), why) {
		t.Errorf("got %v, want %q", err, why)
	}
	if log, err := store.OpenLog(dir); err == nil {
		log.Close()
		t.Error("a log was opened there")
	}
	if after := tree(t, top); after != before {
		t.Errorf("it was touched:\n%s\nbefore:\n%s", after, before)
	}
}

// TestUnsafeFolder: a folder that somebody else owns, or could put another one in the
// place of, is not used, and nothing is done to it, whether there is a state in it or
// not.
func TestUnsafeFolder(t *testing.T) {
	fail2bantest.NeedRoot(t)
	for _, c := range []struct {
		name, why string
		spoil     func(t *testing.T, top, dir string) // dir is top/lib/bantop-state
	}{
		{"folder of another user", "belongs to", func(t *testing.T, _, dir string) { must(t, os.Chown(dir, jo, 0)) }},
		{"parent of another user", "/lib belongs to", func(t *testing.T, top, _ string) {
			must(t, os.Chown(filepath.Join(top, "lib"), jo, 0))
		}},
		{"parent that a group may write", "/lib can be written by the group", func(t *testing.T, top, _ string) {
			must(t, os.Chown(filepath.Join(top, "lib"), 0, staff), os.Chmod(filepath.Join(top, "lib"), 0o775))
		}},
		{"parent that everybody may write", "/lib can be written by everybody", func(t *testing.T, top, _ string) {
			must(t, os.Chmod(filepath.Join(top, "lib"), 0o777))
		}},
		{"link of another user", "belongs to", func(t *testing.T, top, dir string) {
			must(t, os.Rename(dir, filepath.Join(top, "real")), os.Symlink("../real", dir), os.Lchown(dir, jo, 0))
		}},
		{"link into what is unsafe", "/open can be written by everybody", func(t *testing.T, top, dir string) {
			open := filepath.Join(top, "open")
			must(t, os.Mkdir(open, 0o700), os.Chmod(open, 0o777), os.Rename(dir, filepath.Join(open, "real")),
				os.Symlink("../open/real", dir))
		}},
		{"folder for everybody", "is for everybody", func(t *testing.T, _, dir string) {
			must(t, os.Chmod(dir, 0o777|fs.ModeSticky))
		}},
	} {
		for _, filled := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, state in it %v", c.name, filled), func(t *testing.T) {
				top := t.TempDir()
				dir := filepath.Join(top, "lib", "bantop-state")
				must(t, os.MkdirAll(dir, 0o755))
				if filled {
					apply(t, open(t, dir, "/run/f2b.sock"), online(1, t0))
				}
				c.spoil(t, top, dir)
				refused(t, top, dir, c.why)
			})
		}
	}
}

// TestFolderThatIsNotBantops: a folder that others may write, in which there is something
// else, is theirs: to close it would do harm.
func TestFolderThatIsNotBantops(t *testing.T) {
	fail2bantest.NeedRoot(t)
	top := t.TempDir()
	must(t, os.WriteFile(filepath.Join(top, "mail"), nil, 0o600), os.Chown(top, 0, staff), os.Chmod(top, 0o775))
	refused(t, top, top, "holds what is not bantop's: mail")
	must(t, os.Chmod(top, 0o755)) // nobody else may write there
	apply(t, open(t, top, "/run/f2b.sock"), online(1, t0))
	if mode := modeOf(t, top); mode != 0o755 {
		t.Errorf("a folder with something else in it was closed: %v", mode)
	}
}

// TestFolderIsMade: the folder and what is missing above it are made for the user alone,
// also below a parent that hands its group on.
func TestFolderIsMade(t *testing.T) {
	for _, parent := range []fs.FileMode{0o755, 0o700 | fs.ModeSetgid, 0o777 | fs.ModeSticky} {
		top := filepath.Join(t.TempDir(), "top")
		must(t, os.Mkdir(top, 0o700), os.Chmod(top, parent))
		dir := filepath.Join(top, "a", "b", "state")
		apply(t, open(t, dir, "/run/f2b.sock"), online(1, t0))
		for _, p := range []string{dir, filepath.Dir(dir), filepath.Join(top, "a")} {
			if mode := modeOf(t, p); mode != 0o700 {
				t.Errorf("below %v: %s has %v", parent, p, mode)
			}
		}
		for _, name := range []string{"bantop.db", "bantop.db-wal", "bantop.db-shm"} {
			if mode := modeOf(t, filepath.Join(dir, name)); mode != 0o600 {
				t.Errorf("below %v: %s has %v", parent, name, mode)
			}
		}
		if mode := modeOf(t, top); mode != parent {
			t.Errorf("the parent has %v, had %v", mode, parent)
		}
	}
}

// TestFolderIsClosed: a folder that others may read, with nothing but the state in it, is
// closed; so are files that others may read.
func TestFolderIsClosed(t *testing.T) {
	dir := filled(t)
	must(t, os.Chmod(dir, 0o755), os.Chmod(filepath.Join(dir, "bantop.db"), 0o644))
	if snap, err := open(t, dir, "/run/f2b.sock").Load(t.Context()); err != nil || snap.Revision != 50 {
		t.Errorf("revision %d, %v", snap.Revision, err)
	}
	if d, f := modeOf(t, dir), modeOf(t, filepath.Join(dir, "bantop.db")); d != 0o700 || f != 0o600 {
		t.Errorf("folder %v, file %v", d, f)
	}
}

// TestNotItsFiles: what is not a file that bantop made is not opened, nothing is done to
// it nor to what it leads to, and nobody waits for it.
func TestNotItsFiles(t *testing.T) {
	things := map[string]func(path, target string) error{
		"is a symbolic link":                     func(p, target string) error { return os.Symlink(target, p) },
		"is a symbolic link, not a regular file": func(p, target string) error { return os.Symlink(target+"-nothing", p) },
		"has 2 hard links":                       func(p, target string) error { return os.Link(target, p) },
		"is a named pipe":                        func(p, _ string) error { return unix.Mkfifo(p, 0o600) },
		"is a folder":                            func(p, _ string) error { return os.Mkdir(p, 0o700) },
		"is a socket":                            func(p, _ string) error { return unix.Mknod(p, unix.S_IFSOCK|0o600, 0) },
	}
	for why, put := range things {
		for _, name := range []string{"bantop.db", "bantop.db-wal", "bantop.db-shm", "bantop.db-journal"} {
			t.Run(name+" "+why, func(t *testing.T) {
				top := t.TempDir()
				dir, target := filepath.Join(top, "state"), filepath.Join(top, "target")
				must(t, os.Mkdir(dir, 0o700), os.WriteFile(target, []byte("a secret"), 0o600),
					put(filepath.Join(dir, name), target))
				refused(t, top, dir, name+" "+why)
			})
		}
	}
}

// TestLog: the guard's log is a file of bantop's own, or it does without.
func TestLog(t *testing.T) {
	top := t.TempDir()
	dir, target := filepath.Join(top, "state"), filepath.Join(top, "target")
	must(t, os.Mkdir(dir, 0o700), os.WriteFile(target, []byte("a secret"), 0o600))
	path := filepath.Join(dir, "guard.log")
	for name, put := range map[string]func() error{
		"link":          func() error { return os.Symlink(target, path) },
		"dangling link": func() error { return os.Symlink("nothing", path) },
		"hard link":     func() error { return os.Link(target, path) },
		"named pipe":    func() error { return unix.Mkfifo(path, 0o600) },
		"folder":        func() error { return os.Mkdir(path, 0o700) },
	} {
		must(t, put())
		before := tree(t, top)
		if log, err := store.OpenLog(dir); err == nil {
			log.Close()
			t.Errorf("%s: opened", name)
		}
		if after := tree(t, top); after != before {
			t.Errorf("%s: touched:\n%s\nbefore:\n%s", name, after, before)
		}
		must(t, os.Remove(path))
	}
	for range 2 { // it is made, and then emptied
		log, err := store.OpenLog(dir)
		must(t, err)
		_, err = log.WriteString("once")
		must(t, err, log.Close(), os.Chmod(path, 0o644))
	}
	log, err := store.OpenLog(dir)
	must(t, err, log.Close())
	if text, err := os.ReadFile(path); err != nil || len(text) > 0 || modeOf(t, path) != 0o600 {
		t.Errorf("%q, %v, %v", text, modeOf(t, path), err)
	}
}

// TestOfAnotherUser: a database that belongs to somebody else is set aside, also in a
// user's own folder where root once made one.
func TestOfAnotherUser(t *testing.T) {
	fail2bantest.NeedRoot(t)
	for _, name := range []string{"bantop.db", "bantop.db-wal", "bantop.db-shm"} {
		dir := filled(t)
		if name != "bantop.db" {
			must(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
		}
		must(t, os.Chown(filepath.Join(dir, name), jo, jo))
		told := ""
		s, err := store.Open(t.Context(), telling(dir, func(text string) { told = text }))
		must(t, err)
		snap, err := s.Load(t.Context())
		if err != nil || snap.Runtime.Server.Kind != model.Unknown || !strings.Contains(told, name+" belongs to") {
			t.Errorf("%s: %v, %v, told %q", name, snap.Runtime.Server.Kind, err, told)
		}
		must(t, s.Close())
	}
}
