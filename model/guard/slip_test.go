package guard_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bantop/model"
	"bantop/model/guard"
)

// slip is what somebody else does wrong meanwhile.
type slip struct {
	name, file, text string // file is below the configuration folder
	said             string // what bantop says of it
}

var slips = []slip{
	{"a section twice", "jail.local", "[sshd]\nenabled = flase\n[sshd]\nenabled = true\n", "jail.local:3: "},
	{"a regex that does not compile", "jail.d/other.local", "[j002]\nfilter =\nfailregex = fail from <HOST>(\n",
		"jail.d/other.local:3: jail j002: "},
	{"an option of the server", "fail2ban.local", "[Definition]\ndbpurgeage = abc\n", "fail2ban.local:2: "},
	{"a log removed", "", "", "j003"},
}

// make makes it. Mend takes it back.
func (s slip) make(l *lab) (mend func()) {
	name := filepath.Join(l.ConfDir, s.file)
	if s.file != "" {
		if err := os.WriteFile(name, []byte(s.text), 0o644); err != nil {
			l.t.Fatal(err)
		}
		return func() { _ = os.Remove(name) } // isBack compares the folder
	}
	log := l.LogPath("j003")
	if err := os.Rename(log, log+".1"); err != nil {
		l.t.Fatal(err)
	}
	return func() {
		if err := os.Rename(log+".1", log); err != nil {
			l.t.Error(err)
		}
	}
}

// rolledBack holds that a change was rolled back, that the server process is the same
// and runs as before, and that the slip is told.
func (l *lab) rolledBack(s slip, pid int) {
	l.t.Helper()
	c := l.change()
	for _, d := range c.Done {
		l.t.Logf("%-20s %6d ms %s", d.Step, d.Took.Milliseconds(), d.Reason)
	}
	if c.Step != model.StepTakenBack || c.Restarted || l.PID() != pid {
		l.t.Errorf("%s: %s; %s; process %d, was %d", c.Step, c.Why, c.Left, l.PID(), pid)
	}
	if all := strings.Join(c.Slips, "\n"); !strings.Contains(all, s.said) {
		l.t.Errorf("%q does not name %q", all, s.said)
	}
}

// slipping are files into which somebody slips right after the change was written.
type slipping struct {
	guard.Files
	then func()
}

func (s slipping) Write(ctx context.Context, c model.FileChange) error {
	err := s.Files.Write(ctx, c)
	s.then()
	return err
}

// TestSlipBeforeTheLoad: somebody's slip between the rehearsal and the reload. Nothing
// is sent to the server, the file is put back, and FILE:LINE is told.
func TestSlipBeforeTheLoad(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		for _, s := range slips {
			t.Run(s.name, func(t *testing.T) {
				l := *l
				l.t = t
				pid, mend := l.PID(), func() {}
				files := slipping{guard.Conf(l.ConfDir), func() { mend = s.make(&l) }}
				if err := l.begin(t.Context(), l.guard(files, nil), l.plan(l.good()))(); err != nil {
					t.Error(err)
				}
				l.rolledBack(s, pid)
				if c := l.change(); !c.Untouched || !strings.Contains(c.Why, s.said) {
					t.Errorf("untouched: %t, %s", c.Untouched, c.Why)
				}
				mend()
				l.isBack()
			})
		}
	})
}

// TestSlipWhileWaiting: somebody's slip while nobody has confirmed. The server goes
// back to what it ran before, with its bans, without a restart, also if the guard is
// killed and another one does it.
func TestSlipWhileWaiting(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		for _, s := range slips {
			for _, killed := range []bool{false, true} {
				t.Run(s.name+map[bool]string{true: ", guard killed"}[killed], func(t *testing.T) {
					l := *l
					l.t = t
					pid := l.PID()
					var mend func()
					if killed {
						l.killGuard(model.StepConfirm, false)
						mend = s.make(&l)
						if err := l.guard(nil, nil).Run(t.Context(), nil, func(error) {}); err != nil {
							t.Error(err)
						}
					} else {
						p := l.plan(l.good())
						wait := l.begin(t.Context(), l.guard(nil, nil), p)
						l.await(model.StepConfirm)
						mend = s.make(&l)
						msg := model.ChangeReverted{ID: p.ChangeID, At: time.Now(), By: "mona"}
						if _, err := l.store.Apply(t.Context(), msg); err != nil {
							t.Fatal(err)
						}
						if err := wait(); err != nil {
							t.Error(err)
						}
					}
					l.rolledBack(s, pid)
					mend()
					l.isBack()
					if l.texts().Any() {
						t.Error("texts are left")
					}
				})
			}
		}
	})
}

// TestSlipKeepsItDown: the server is killed while nobody has confirmed, and a slip
// would keep it from coming up. It is not started, and that is said; once the slip is
// corrected, a start brings all back.
func TestSlipKeepsItDown(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		s := slips[0]
		wait := l.begin(t.Context(), l.guard(nil, nil), l.plan(l.good()))
		l.await(model.StepConfirm)
		mend := s.make(l)
		if err := l.Kill(); err != nil {
			t.Fatal(err)
		}
		err := wait()
		c := l.change()
		if !errors.Is(err, guard.ErrStuck) || c.Left != model.FaultRefused || !c.Down ||
			!strings.Contains(strings.Join(c.Slips, "\n"), s.said) {
			t.Errorf("%v; %s, left: %s, down: %t, %q", err, c.Step, c.Left, c.Down, c.Slips)
		}
		mend()
		if err := l.Start(); err != nil {
			t.Fatal(err)
		}
		l.isBack()
	})
}

// TestNothingProven: what cannot be proven is not done. An activation whose proof on
// the way back fails is rolled back by stopping its jail.
func TestNothingProven(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		pid := l.PID()
		temp := l.temp
		l.temp = filepath.Join(temp, "missing")
		if err := l.begin(t.Context(), l.guard(nil, nil), l.plan(l.good()))(); err != nil {
			t.Error(err)
		}
		if c := l.change(); c.Step != model.StepTakenBack || !c.Untouched || l.PID() != pid ||
			!strings.Contains(c.Why, "cannot find out whether fail2ban comes up") {
			t.Errorf("%s: %s", c.Step, c.Why)
		}
		l.isBack()

		l.temp = filepath.Join(temp, "there")
		if err := os.Mkdir(l.temp, 0o700); err != nil {
			t.Fatal(err)
		}
		p := l.plan(l.good())
		wait := l.begin(t.Context(), l.guard(nil, nil), p)
		l.await(model.StepConfirm)
		if err := os.Remove(l.temp); err != nil {
			t.Fatal(err)
		}
		if _, err := l.store.Apply(t.Context(), model.ChangeReverted{ID: p.ChangeID, At: time.Now(), By: "mona"}); err != nil {
			t.Fatal(err)
		}
		if err := wait(); err != nil {
			t.Error(err)
		}
		if c := l.change(); c.Step != model.StepTakenBack || c.Way != model.BackByStop || l.PID() != pid {
			t.Errorf("%s by %q: %s", c.Step, c.Way, c.Why)
		}
		l.isBack()
	})
}
