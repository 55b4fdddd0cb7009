package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"bantop/fail2ban/fail2bantest"
	"bantop/model"
	"bantop/model/store"
)

// TestStateFolderVanishes: a folder or a file that is removed or replaced, or a folder
// that others may write, is noticed at the next use, whatever that is. The use after that
// begins with what is there, as at a start.
func TestStateFolderVanishes(t *testing.T) {
	uses := map[string]func(*testing.T, store.Store) error{
		"Changed": func(t *testing.T, s store.Store) error { _, _, err := s.Changed(t.Context()); return err },
		"Load":    func(t *testing.T, s store.Store) error { _, err := s.Load(t.Context()); return err },
		"Apply":   func(t *testing.T, s store.Store) error { _, err := s.Apply(t.Context(), online(9, t0)); return err },
		"Lease":   func(t *testing.T, s store.Store) error { _, err := s.Lease(t.Context()); return err },
		"Append":  func(t *testing.T, s store.Store) error { return s.Append(t.Context(), store.Act{Act: "ban"}) },
		"Lock":    func(t *testing.T, s store.Store) error { _, _, err := s.Lock(t.Context(), store.Acting{}); return err },
		"Holder":  func(t *testing.T, s store.Store) error { _, _, err := s.Holder(t.Context()); return err },
		"Try":     func(t *testing.T, s store.Store) error { return s.Try(t.Context()) },
	}
	for what, c := range map[string]struct {
		spoil func(t *testing.T, dir string)
		want  error
	}{
		"the folder is removed":  {func(t *testing.T, dir string) { must(t, os.RemoveAll(dir)) }, store.ErrGone},
		"the folder is moved":    {func(t *testing.T, dir string) { must(t, os.Rename(dir, dir+".old")) }, store.ErrGone},
		"the database is moved":  {func(t *testing.T, dir string) { must(t, os.Rename(file(dir), file(dir)+".old")) }, store.ErrGone},
		"the folder is replaced": {replaceFolder, store.ErrReplaced},
		"the folder is opened to all": {func(t *testing.T, dir string) {
			must(t, os.Chmod(dir, 0o777))
		}, store.ErrUnsafe},
	} {
		for name, use := range uses {
			t.Run(what+", "+name, func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), "state")
				s := open(t, dir, "/run/f2b.sock")
				apply(t, s, model.SetupCompleted{})
				c.spoil(t, dir)
				err := use(t, s)
				why := c.want.Error() + ": " + file(dir)
				if c.want == store.ErrUnsafe {
					why = dir + " can be written by everybody"
				}
				if !errors.Is(err, c.want) || store.Why(err) != why {
					t.Errorf("got %v: %s", err, store.Why(err))
				}
				snap, err := s.Load(t.Context())
				if err != nil || snap.Runtime.Setup {
					t.Errorf("afterwards: set up: %t, %v", snap.Runtime.Setup, err)
				}
			})
		}
	}
}

func file(dir string) string { return filepath.Join(dir, "bantop.db") }

// replaceFolder puts another state in the place of one.
func replaceFolder(t *testing.T, dir string) {
	t.Helper()
	must(t, os.Rename(dir, dir+".old"))
	s, err := store.Open(t.Context(), store.Options{Dir: dir, Socket: "/run/f2b.sock"})
	must(t, err)
	must(t, s.Close())
}

// TestStateFolderGivenAway: a folder that is given to somebody else while it is in use is
// not used any more, until it is one's own again.
func TestStateFolderGivenAway(t *testing.T) {
	fail2bantest.NeedRoot(t)
	dir := filepath.Join(t.TempDir(), "state")
	s := open(t, dir, "/run/f2b.sock")
	apply(t, s, model.SetupCompleted{})
	must(t, os.Chown(dir, jo, -1))
	for range 2 {
		if _, _, err := s.Changed(t.Context()); !errors.Is(err, store.ErrUnsafe) {
			t.Errorf("got %v", err)
		}
	}
	must(t, os.Chown(dir, 0, -1))
	if snap, err := s.Load(t.Context()); err != nil || !snap.Runtime.Setup {
		t.Errorf("afterwards: %+v, %v", snap.Runtime.Setup, err)
	}
}

// TestStateThroughALink: a link on the way to the folder is no reason to close it.
func TestStateThroughALink(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	must(t, os.Mkdir(dir, 0o700), os.Symlink(dir, dir+"-link"))
	s := open(t, dir+"-link", "/run/f2b.sock")
	for range 2 {
		apply(t, s, model.SetupCompleted{})
	}
}
