package guard_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

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
