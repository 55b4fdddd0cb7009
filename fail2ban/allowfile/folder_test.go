package allowfile

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

	"bantop/fail2ban/addr"
	"bantop/fail2ban/confdir"
	"bantop/fail2ban/fail2bantest"
)

// simple is a Control that knows of bantop's file alone, and of the jails j1 and
// j2.
type simple struct{}

func (simple) Test(context.Context, string) error { return nil }

func (simple) Dump(_ context.Context, conf string) (string, error) {
	data, err := os.ReadFile(Path(conf))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	c, err := parse(data)
	if err != nil {
		return "", err
	}
	out := "['set', 'dbfile', 'None']\n['add', 'j1', 'auto']\n['add', 'j2', 'auto']\n"
	for _, l := range c.lists {
		out += dump{}.with(l.jail, l.addrs) + "\n"
	}
	return out, nil
}

// bare is a configuration folder for simple.
func bare(t *testing.T) Options {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	o := Options{Conf: filepath.Join(t.TempDir(), "conf"), Control: simple{}}
	write(t, o.Conf, "jail.conf", "")
	write(t, o.Conf, "jail.d/x.conf", "")
	return o
}

// TestThroughNoLink: nothing is written through a link, nor to what is no file;
// where the configuration folder itself is a link it is followed, as fail2ban does.
func TestThroughNoLink(t *testing.T) {
	for _, c := range []struct {
		name      string
		make      func(path string) error
		err, hint string
	}{
		{"a link", func(path string) error { return os.Symlink("../../target", path) }, "is a link, and bantop writes through none", "take the link away"},
		{"a link to nothing", func(path string) error { return os.Symlink("/nonexistent", path) }, "is a link", "take the link away"},
		{"a link to itself", func(path string) error { return os.Symlink(Name, path) }, "is a link", "take the link away"},
		{"a folder", func(path string) error { return os.Mkdir(path, 0o755) }, "is no file", "take it away"},
		{"a pipe", func(path string) error { return unix.Mkfifo(path, 0o644) }, "is no file", "take it away"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := bare(t)
			write(t, filepath.Dir(o.Conf), "target", "[j1]\nignoreip = 192.0.2.1\n")
			if err := c.make(Path(o.Conf)); err != nil {
				t.Fatal(err)
			}
			defer untouched(t, filepath.Dir(o.Conf))()
			refused(t, Allow, o, "j1 192.0.2.9", c.err, c.hint)
			refused(t, Disallow, o, "j1 192.0.2.1", c.err, c.hint)
			if _, err := List(o); err == nil || !strings.Contains(err.Error(), c.err) {
				t.Error(err)
			}
		})
	}
	t.Run("jail.d is a link", func(t *testing.T) {
		o := bare(t)
		jails := filepath.Join(o.Conf, "jail.d")
		if err := errors.Join(os.Rename(jails, o.Conf+"2"), os.Symlink("../conf2", jails)); err != nil {
			t.Fatal(err)
		}
		defer untouched(t, filepath.Dir(o.Conf))()
		refused(t, Allow, o, "j1 192.0.2.9", jails+" is a link, and bantop writes through none", "make it a folder")
	})
	t.Run("there is no jail.d", func(t *testing.T) {
		o := bare(t)
		if err := os.RemoveAll(filepath.Join(o.Conf, "jail.d")); err != nil {
			t.Fatal(err)
		}
		refused(t, Allow, o, "j1 192.0.2.9", "jail.d: no such file or directory", "mkdir -m 755 "+o.Conf+"/jail.d")
		if all, err := List(o); all != nil || err != nil {
			t.Error(all, err)
		}
	})
	t.Run("the configuration folder is a link", func(t *testing.T) {
		o := bare(t)
		link := o.Conf + "2"
		if err := os.Symlink("conf", link); err != nil {
			t.Fatal(err)
		}
		if _, err := Allow(t.Context(), Options{Conf: link, Control: simple{}}, targets("j1 192.0.2.9")); err != nil {
			t.Error(err)
		}
		if got := listed(t, o.Conf); got != "j1 192.0.2.9" {
			t.Error(got)
		}
	})
}

// TestDisk: where the disk is full, read-only or not this user's, that is said, and
// the folder stays as it was.
func TestDisk(t *testing.T) {
	small := func(t *testing.T) Options {
		t.Helper()
		o := bare(t)
		o.Conf = fail2bantest.SmallDisk(t, "64k")
		write(t, o.Conf, "jail.conf", "")
		write(t, o.Conf, "jail.d/"+Name, "[j1]\nignoreip = 192.0.2.1\n")
		return o
	}
	fill := func(t *testing.T, dir string) {
		t.Helper()
		f, err := os.Create(filepath.Join(dir, ".filler"))
		for err == nil {
			_, err = f.Write(make([]byte, 4096))
		}
		if f.Close(); !errors.Is(err, unix.ENOSPC) {
			t.Fatal(err)
		}
	}
	t.Run("full", func(t *testing.T) {
		o := small(t)
		fill(t, o.Conf)
		refused(t, Allow, o, "j1 192.0.2.9", "no space left on device", "make room on that disk")
		if _, err := Disallow(t.Context(), o, targets("j1 192.0.2.1")); err != nil {
			t.Error("to remove it takes no room:", err)
		}
	})
	t.Run("no room for a copy", func(t *testing.T) {
		o := bare(t)
		write(t, o.Conf, "jail.conf", strings.Repeat("# a comment\n", 10_000))
		dir := fail2bantest.SmallDisk(t, "64k")
		t.Setenv("TMPDIR", dir)
		refused(t, Allow, o, "j1 192.0.2.9", "copy fail2ban's configuration to "+dir, "make room on that disk")
	})
	t.Run("read-only", func(t *testing.T) {
		o := small(t)
		if err := unix.Mount("", o.Conf, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
			t.Fatal(err)
		}
		refused(t, Allow, o, "j1 192.0.2.9", "read-only file system", "make that disk writable")
		refused(t, Disallow, o, "j1 192.0.2.1", "read-only file system", "make that disk writable")
	})
	t.Run("somebody else's", func(t *testing.T) {
		o, temp := Options{Conf: fail2bantest.TempDir(t), Control: simple{}}, fail2bantest.TempDir(t)
		write(t, o.Conf, "jail.d/"+Name, "[j1]\nignoreip = 192.0.2.1\n")
		write(t, o.Conf, "jail.conf", "")
		t.Setenv("TMPDIR", temp)
		folder := filepath.Join(o.Conf, "jail.d")
		if err := errors.Join(os.Chmod(o.Conf, 0o755), os.Chmod(temp, 0o777|os.ModeSticky),
			os.Chmod(folder, 0o555)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Chmod(folder, 0o755) }) // for it to be removed
		fail2bantest.AsNobody(t, func() {
			refused(t, Allow, o, "j1 192.0.2.9", "permission denied", "run bantop as root")
			refused(t, Disallow, o, "j1 192.0.2.1", "permission denied", "run bantop as root")
			if got := listed(t, o.Conf); got != "j1 192.0.2.1" {
				t.Error(got)
			}
		})
		if err := os.Chmod(filepath.Join(o.Conf, "jail.conf"), 0); err != nil {
			t.Fatal(err)
		}
		fail2bantest.AsNobody(t, func() {
			_, err := Allow(t.Context(), o, targets("j1 192.0.2.9"))
			if err == nil || !strings.Contains(err.Error(), "jail.conf: permission denied") || Hint(err) != "run bantop as root" {
				t.Error(err)
			}
		})
		nothingLeft(t)
	})
}

// TestLeftovers: what a bantop left that was killed while it wrote is used again,
// were it a trap.
func TestLeftovers(t *testing.T) {
	for name, left := range map[string]func(path string) error{
		"half a file": func(path string) error { return os.WriteFile(path, []byte("[j"), 0o600) },
		"a link":      func(path string) error { return os.Symlink("../../target", path) },
	} {
		t.Run(name, func(t *testing.T) {
			o := bare(t)
			if err := left(filepath.Join(o.Conf, jailDir, "."+Name+".new")); err != nil {
				t.Fatal(err)
			}
			if _, err := Allow(t.Context(), o, targets("j1 192.0.2.9")); err != nil {
				t.Error(err)
			}
			names, err := filepath.Glob(filepath.Join(o.Conf, jailDir, ".*"))
			if err != nil || len(names) > 0 || read(t, filepath.Join(filepath.Dir(o.Conf), "target")) != "" {
				t.Errorf("left: %q, %v", names, err)
			}
		})
	}
}

// TestAllAtOnce: what several do at the same time all comes about, and whoever
// waits can be told to give up.
func TestAllAtOnce(t *testing.T) {
	o := bare(t)
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			what := fmt.Sprintf("j1 192.0.2.%d, j2 192.0.2.%d", i, i)
			if _, err := Allow(t.Context(), o, targets(what)); err != nil {
				t.Error(err)
			}
			if _, err := Disallow(t.Context(), o, targets(what)[1:]); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := listed(t, o.Conf); strings.Count(got, "j1 ") != 16 || strings.Contains(got, "j2") {
		t.Error(got)
	}
	f, err := confdir.OpenDir(o.Conf, jailDir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Allow(ctx, o, targets("j1 192.0.2.99")); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "wait for another bantop") {
		t.Error(err)
	}
}

// TestMany: the longest file that can be read back is the longest that is written.
func TestMany(t *testing.T) {
	o := bare(t)
	var c content
	for i := range maxFile / 20 {
		p, _, err := addr.Parse(fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255))
		if err != nil {
			t.Fatal(err)
		}
		c.add("j1", p)
	}
	write(t, o.Conf, "jail.d/"+Name, string(c.text()))
	if all, err := List(o); err != nil || len(all) != maxFile/20 {
		t.Error(len(all), err)
	}
	more := targets("j2 2001:db8::1")
	for i := range 10_000 {
		more = append(more, targets(fmt.Sprintf("j2 2001:db8::%x", i))...)
	}
	if _, err := Allow(t.Context(), o, more); err == nil || !strings.Contains(err.Error(), "it would be longer than 262144 bytes") {
		t.Error(err)
	}
}

// TestTrialIsPrivate: the folder that the copy is in is nobody else's. What the copy
// holds, package confdir tests.
func TestTrialIsPrivate(t *testing.T) {
	o := bare(t)
	c, err := newTrial(o.Conf, simple{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.remove()
	if info, err := os.Stat(c.temp); err != nil || info.Mode().Perm() != 0o700 {
		t.Error(info.Mode(), err)
	}
}

// TestTooMuch: a folder that cannot be a configuration is not copied to its end.
func TestTooMuch(t *testing.T) {
	for name, files := range map[string]int{"files": 2001, "bytes": 65} {
		t.Run(name, func(t *testing.T) {
			o := bare(t)
			for i := range files {
				path := filepath.Join(o.Conf, fmt.Sprintf("%d.conf", i))
				write(t, o.Conf, filepath.Base(path), "")
				if name == "bytes" {
					if err := os.Truncate(path, 1<<20); err != nil {
						t.Fatal(err)
					}
				}
			}
			_, err := Allow(t.Context(), o, targets("j1 192.0.2.9"))
			if err == nil || !strings.Contains(err.Error(), "there are more than 2000 files or 67108864 bytes in it") {
				t.Error(err)
			}
			nothingLeft(t)
		})
	}
}
