package guard_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bantop/fail2ban/confdir"
	"bantop/model"
	"bantop/model/store"
)

// TestStateGone: somebody removes or replaces the state while a change waits to be
// confirmed. The way back does not depend on it: the change is rolled back in time,
// and the state that is begun anew knows of it.
func TestStateGone(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, dir string){
		"removed": func(t *testing.T, dir string) {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		},
		"replaced": func(t *testing.T, dir string) {
			for _, file := range []string{"bantop.db", "bantop.db-wal", "bantop.db-shm"} {
				if err := os.Rename(filepath.Join(dir, file), filepath.Join(dir, file+".old")); err != nil {
					t.Fatal(err)
				}
			}
			s, err := store.Open(t.Context(), store.Options{Dir: dir, Socket: "/run/other.sock"})
			if err != nil {
				t.Fatal(err)
			}
			s.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, l *lab) {
				other := store.New(store.Options{Dir: l.state, Socket: l.Path})
				defer other.Close()
				p := l.plan(l.good())
				p.Confirm = 3 * time.Second
				wait := l.begin(t.Context(), l.guard(nil, nil), p)
				l.await(model.StepConfirm)
				spoil(t, l.state)
				if err := wait(); err != nil {
					t.Error(err)
				}
				l.isBack()
				snap, err := other.Load(t.Context())
				if c := snap.Runtime.Change; err != nil || c == nil || !c.Is(p.ChangeID) || c.Step != model.StepTakenBack {
					t.Errorf("the state says %+v, %v", c, err)
				}
			})
		})
	}
}

// TestLockedFolder: whoever holds a lock on the folder of the file, as everybody may who
// can read it, or even bantop's own, does not keep a change from being taken back.
func TestLockedFolder(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		p := l.plan(l.good())
		wait := l.begin(t.Context(), l.guard(nil, nil), p)
		l.await(model.StepConfirm)
		fd, err := unix.Open(filepath.Join(l.ConfDir, "jail.d"), unix.O_RDONLY|unix.O_DIRECTORY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		held, err := confdir.OpenDir(l.ConfDir, "jail.d")
		if err != nil {
			t.Fatal(err)
		}
		defer held.Close()
		if err := errors.Join(unix.Flock(fd, unix.LOCK_EX), held.Lock(t.Context())); err != nil {
			t.Fatal(err)
		}
		if _, err := l.store.Apply(t.Context(), model.ChangeReverted{ID: p.ChangeID, At: time.Now(), By: "mona"}); err != nil {
			t.Fatal(err)
		}
		if err := wait(); err != nil {
			t.Error(err)
		}
		if c := l.change(); c.Step != model.StepTakenBack {
			t.Errorf("%s: %s", c.Step, c.Why)
		}
		l.isBack()
	})
}
