package guard_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/fail2bantest"
	"bantop/model"
)

// running are the jails of the lab.
var running = []string{"j001", "j002", "j003"}

// aside is the plan to set a file of jail.d aside, for the lost jails to come back.
func (l *lab) aside(name string) *model.Plan {
	return &model.Plan{
		ChangeID: model.ChangeID{Kind: model.ChangeSetAside, Jail: "broken", At: time.Now().Round(0)}, By: "lukas", TTY: "pts/3",
		File:  model.FileChange{Dir: "jail.d", Name: name, Aside: name + ".off"},
		Gains: slices.Clone(running), Loose: []string{"broken"}, Confirm: time.Minute, Commit: true,
	}
}

// lose has a faulty file take all jails down.
func (l *lab) lose() {
	l.t.Helper()
	if err := l.Fault("regex"); err != nil {
		l.t.Fatal(err)
	}
	_, _ = l.Client("reload") // whether it says so differs between versions
	fail2bantest.Eventually(l.t, "the jails are lost", func() bool {
		names, err := l.client.Jails(l.t.Context())
		return err == nil && !slices.ContainsFunc(names, func(n string) bool { return slices.Contains(running, n) })
	})
}

// isAside holds that the server is as it was, and that the faulty file has the name
// under which fail2ban does not read it, and no other.
func (l *lab) isAside() {
	l.t.Helper()
	name := filepath.Join(l.ConfDir, "jail.d", "broken.local")
	if _, err := os.Stat(name); !errors.Is(err, os.ErrNotExist) {
		l.t.Errorf("the file is still there: %v", err)
	}
	if err := os.Remove(name + ".off"); err != nil {
		l.t.Error(err)
	}
	fail2bantest.Eventually(l.t, "the bans are back", func() bool { // fail2ban reads them again bit by bit
		jails, err := l.client.JailStatuses(l.t.Context(), running)
		return err == nil && !slices.ContainsFunc(jails, func(j fail2ban.Jail) bool { return j.Banned < l.bans })
	})
	l.isBack()
}

// TestSetAside: what a faulty file took down comes back without it, with its bans,
// whether the server runs without jails or not at all.
func TestSetAside(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		for _, c := range []struct {
			name string
			down func() error
		}{
			{"jails lost", func() error { return nil }},
			{"stopped", l.Stop},
			{"killed", l.Kill},
		} {
			t.Run(c.name, func(t *testing.T) {
				l := *l
				l.t = t
				l.lose()
				if err := c.down(); err != nil {
					t.Fatal(err)
				}
				if err := l.begin(t.Context(), l.guard(nil, nil), l.aside("broken.local"))(); err != nil {
					t.Error(err)
				}
				change := l.change()
				for _, d := range change.Done {
					t.Logf("%-20s %6d ms %s", d.Step, d.Took.Milliseconds(), d.Reason)
				}
				if change.Step != model.StepConfirmed {
					t.Errorf("%s: %s", change.Step, change.Why)
				}
				l.journal("set aside broken by lukas: begun", "set aside broken by lukas: confirmed")
				l.isAside()
			})
		}
	})
}

// TestSetAsideInVain: a file that was not to blame gets its name back, and nobody
// is told that all is well.
func TestSetAsideInVain(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		innocent := filepath.Join(l.ConfDir, "jail.d", "innocent.local")
		if err := os.WriteFile(innocent, []byte("[j001]\nmaxretry = 4\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		l.lose()
		before, pid := fail2bantest.Tree(t, l.ConfDir), l.PID()
		err := l.begin(t.Context(), l.guard(nil, nil), l.aside("innocent.local"))()
		change := l.change()
		for _, d := range change.Done {
			t.Logf("%-20s %6d ms %s", d.Step, d.Took.Milliseconds(), d.Reason)
		}
		if change.Step != model.StepTakenBack || err != nil || !strings.Contains(change.Why, "Unable to compile regular expression") {
			t.Errorf("%s: %s, %v", change.Step, change.Why, err)
		}
		if after := fail2bantest.Tree(t, l.ConfDir); after != before {
			t.Errorf("the configuration was\n%s\nand is\n%s", before, after)
		}
		if names, err := l.client.Jails(t.Context()); err != nil || l.PID() != pid {
			t.Errorf("the server is %d, was %d: %v, %v", l.PID(), pid, names, err)
		}
		l.journal("set aside broken by lukas: taken back: ")
	})
}

// TestRefused: a change that cannot be made leaves all as it is: what somebody wrote
// meanwhile stays in its place, and no older file gets the name of another.
func TestRefused(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		for _, c := range []struct {
			name  string
			files map[string]string
			plan  *model.Plan
			why   string
		}{
			{"it is there by now", map[string]string{"zz-bantop-broken.local": "# mine\n"}, l.plan(l.good()), "somebody changed "},
			{"it is another by now", map[string]string{"zz-bantop-broken.local": "# mine\n"}, func() *model.Plan {
				p := l.plan(l.good())
				p.File.Was = []byte("# what it was\n")
				return p
			}(), "somebody changed "},
			{"the name is taken", map[string]string{"broken.local": "# new\n", "broken.local.off": "# old\n"}, l.aside("broken.local"), "file exists"},
			{"it is gone, and an older one was set aside", map[string]string{"broken.local.off": "# old\n"}, l.aside("broken.local"), "no such file"},
		} {
			t.Run(c.name, func(t *testing.T) {
				l := *l
				l.t = t
				for name, text := range c.files {
					file := filepath.Join(l.ConfDir, "jail.d", name)
					if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
						t.Fatal(err)
					}
					defer os.Remove(file)
					defer os.Remove(file + ".changed-1")
				}
				l.before = fail2bantest.Tree(t, l.ConfDir)
				c.plan.At = time.Now().Round(0)
				if err := l.begin(t.Context(), l.guard(nil, nil), c.plan)(); err != nil {
					t.Error(err)
				}
				if change := l.change(); change.Step != model.StepTakenBack || !strings.Contains(change.Why, c.why) || change.Touched {
					t.Errorf("%s: %s %+v", change.Step, change.Why, change.Done)
				}
				l.isBack()
			})
		}
	})
}

// TestSetAsideFilter: jails that cannot run without the file that is set aside need
// not come back; the others do.
func TestSetAsideFilter(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		put := func(name, text string) {
			if err := os.WriteFile(filepath.Join(l.ConfDir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		put("filter.d/mine.conf", "[Definition]\nfailregex = fail from <HOST>$\n")
		put("jail.d/mine.local", "[j003]\nfilter = mine\n")
		if _, err := l.Client("reload"); err != nil {
			t.Fatal(err)
		}
		put("filter.d/mine.conf", "[Definition]\nfailregex = fail from <HOST>(\n")
		_, _ = l.Client("reload") // whether it says so differs between versions
		p := l.aside("mine.conf")
		p.Jail, p.File.Dir, p.Gains, p.Loose = "j003", "filter.d", []string{"j001", "j002"}, []string{"j003"}
		if err := l.begin(t.Context(), l.guard(nil, nil), p)(); err != nil {
			t.Error(err)
		}
		change := l.change()
		for _, d := range change.Done {
			t.Logf("%-20s %6d ms %s", d.Step, d.Took.Milliseconds(), d.Reason)
		}
		names, err := l.client.Jails(t.Context())
		if change.Step != model.StepConfirmed || err != nil || !slices.Contains(names, "j001") || !slices.Contains(names, "j002") {
			t.Errorf("%s: %s; %v, %v", change.Step, change.Why, names, err)
		}
	})
}

// TestSetSeveralAside: two faulty files are set aside at once; if one of them is not
// there any more, neither is touched.
func TestSetSeveralAside(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		second := filepath.Join(l.ConfDir, "jail.d", "second.local")
		if err := os.WriteFile(second, []byte("[second]\nenabled = true\nfilter =\nfailregex = x(\nlogpath = "+l.LogPath("j001")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		l.lose()
		plan := l.aside("broken.local")
		plan.More = []model.FileChange{{Dir: "jail.d", Name: "absent.local", Aside: "absent.local.off"}}
		before := fail2bantest.Tree(t, l.ConfDir)
		_ = l.begin(t.Context(), l.guard(nil, nil), plan)() // the change says how it ended
		if c := l.change(); c.Step != model.StepTakenBack {
			t.Errorf("%s: %s", c.Step, c.Why)
		}
		if after := fail2bantest.Tree(t, l.ConfDir); after != before {
			t.Errorf("the configuration was\n%s\nand is\n%s", before, after)
		}
		plan = l.aside("broken.local")
		plan.More = []model.FileChange{{Dir: "jail.d", Name: "second.local", Aside: "second.local.off"}}
		if err := l.begin(t.Context(), l.guard(nil, nil), plan)(); err != nil {
			t.Error(err)
		}
		if c := l.change(); c.Step != model.StepConfirmed {
			t.Errorf("%s: %s", c.Step, c.Why)
		}
		if err := os.Remove(second + ".off"); err != nil {
			t.Error(err)
		}
		l.isAside()
	})
}
