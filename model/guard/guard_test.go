package guard_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/control"
	"bantop/fail2ban/fail2bantest"
	"bantop/fail2ban/proven"
	"bantop/fail2ban/socket"
	"bantop/model"
	"bantop/model/guard"
	"bantop/model/store"
)

// lab is a real server with three jails that ban somebody, and a store.
type lab struct {
	*fail2bantest.Real
	t       *testing.T
	program string // fail2ban-client
	client  *socket.Client
	store   store.Store
	state   string
	temp    string // where scratch servers are
	before  string // the configuration folder
	bans    int
	hang    time.Duration // of the guard; 0 is its own
	was     []byte        // the text that plan is to replace; nil if there is no such file
}

func newLab(t *testing.T, install fail2bantest.Install) *lab {
	t.Helper()
	l := &lab{Real: fail2bantest.NewReal(t, install, fail2bantest.RealOptions{}), t: t, state: t.TempDir(),
		temp: fail2bantest.TempDir(t), bans: 100}
	l.program = filepath.Join(install.Programs(t), "fail2ban-client")
	l.client = socket.New(socket.Options{Path: l.Path, PIDFile: l.PIDFile})
	t.Cleanup(func() { _ = l.client.Close() })
	l.store = store.New(store.Options{Dir: l.state, Socket: l.Path})
	t.Cleanup(func() { _ = l.store.Close() })
	for i, jail := range []string{"j001", "j002", "j003"} {
		args := []string{"set", jail, "banip"}
		for n := range l.bans {
			args = append(args, fmt.Sprintf("10.%d.%d.%d", i, n/250, n%250+1))
		}
		if _, err := l.Client(args...); err != nil {
			t.Fatal(err)
		}
	}
	l.before = fail2bantest.Tree(t, l.ConfDir)
	return l
}

// guard is a guard for the lab.
func (l *lab) guard(files guard.Files, c guard.Control) *guard.Guard {
	if files == nil {
		files = guard.Conf(l.ConfDir)
	}
	if c == nil {
		c = l.control()
	}
	return guard.New(guard.Options{Server: l.client, Control: c, Proof: l.proof(), Loader: guard.Loads(l.client), Files: files,
		Store: l.store, Texts: l.texts(), Host: "lab", Patient: 3 * time.Second, Hang: l.hang})
}

// texts are those of the change under way.
func (l *lab) texts() store.Texts { return store.NewTexts(store.Options{Dir: l.state, Socket: l.Path}) }

func (l *lab) options() control.Options {
	return control.Options{Program: l.program, Conf: l.ConfDir, Socket: l.Path, PIDFile: l.PIDFile}
}

func (l *lab) control() *control.Control { return control.New(l.options()) }

// proof is a real one.
func (l *lab) proof() guard.Proof {
	return guard.Proofs(proven.New(proven.Options{
		Server: l.client, Control: l.control(), Conf: l.ConfDir, Program: l.program, Dir: l.temp,
	}))
}

// plan is the activation of a jail "broken" by a file of this text.
func (l *lab) plan(text string) *model.Plan {
	return &model.Plan{
		ChangeID: model.ChangeID{Kind: model.ChangeActivate, Jail: "broken", At: time.Now().Round(0)}, By: "lukas", TTY: "pts/3",
		File:  model.FileChange{Dir: "jail.d", Name: "zz-bantop-broken.local", Was: l.was, Now: []byte(text)},
		Gains: []string{"broken"}, Armed: []string{"broken"}, Confirm: time.Minute,
	}
}

// good is a jail that works.
func (l *lab) good() string { return "[broken]\nenabled = true\nlogpath = " + l.LogPath("j001") + "\n" }

// change is the change as the store has it.
func (l *lab) change() model.Change {
	l.t.Helper()
	snap, err := l.store.Load(context.Background())
	if err != nil || snap.Runtime.Change == nil {
		l.t.Fatal(snap.Runtime.Change, err)
	}
	return *snap.Runtime.Change
}

// isBack holds that the server is as it was before: its jails, their bans, the
// configuration, byte for byte.
func (l *lab) isBack() {
	l.t.Helper()
	names, err := l.client.Jails(context.Background())
	slices.Sort(names)
	if err != nil || !slices.Equal(names, []string{"j001", "j002", "j003"}) {
		l.t.Errorf("jails %v, %v", names, err)
		return
	}
	fail2bantest.Eventually(l.t, "every ban is back", func() bool { // fail2ban restores them one by one
		jails, err := l.client.JailStatuses(context.Background(), names)
		return err == nil && !slices.ContainsFunc(jails, func(j fail2ban.Jail) bool { return j.Banned != l.bans || !j.HasSource() })
	})
	if after := fail2bantest.Tree(l.t, l.ConfDir); after != l.before {
		l.t.Errorf("the configuration was\n%s\nand is\n%s", l.before, after)
	}
}

// journal holds that the journal tells of the change and how it ended.
func (l *lab) journal(want ...string) {
	l.t.Helper()
	acts, err := l.store.Acts(context.Background(), 100)
	if err != nil {
		l.t.Fatal(err)
	}
	var got []string
	for _, a := range acts {
		got = append(got, fmt.Sprintf("%s %s by %s: %s", a.Act, a.Jail, a.Who, a.Result))
	}
	all := strings.Join(got, "\n")
	for _, w := range want {
		if !strings.Contains(all, w) {
			l.t.Errorf("the journal has no %q:\n%s", w, all)
		}
	}
}

// begin runs a guard; what it comes to is told by wait.
func (l *lab) begin(ctx context.Context, g *guard.Guard, p *model.Plan) (wait func() error) {
	l.t.Helper()
	begun, done := make(chan error, 1), make(chan error, 1)
	go func() { done <- g.Run(ctx, p, func(err error) { begun <- err }) }()
	if err := <-begun; err != nil {
		l.t.Fatal(err)
	}
	return func() error { return <-done }
}

// await waits until the change is at a step.
func (l *lab) await(step model.ChangeStep) {
	l.t.Helper()
	fail2bantest.Eventually(l.t, "the change is at "+string(step), func() bool {
		snap, err := l.store.Load(context.Background())
		return err == nil && snap.Runtime.Change != nil && snap.Runtime.Change.Step == step
	})
}

// each runs a test on every version of fail2ban.
func each(t *testing.T, test func(t *testing.T, l *lab)) {
	t.Parallel()
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			t.Parallel()
			test(t, newLab(t, install))
		})
	}
}

// TestGoodChange: it is proven, confirmed by another instance, and survives a
// restart of the server; nothing is left beside the file.
func TestGoodChange(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		p := l.plan(l.good())
		wait := l.begin(t.Context(), l.guard(nil, nil), p)
		l.await(model.StepConfirm)
		if _, err := l.store.Apply(t.Context(), model.ChangeConfirmed{ID: p.ChangeID, At: time.Now(), By: "mona (pts/4)"}); err != nil {
			t.Fatal(err)
		}
		if err := wait(); err != nil {
			t.Fatal(err)
		}
		if c := l.change(); c.Step != model.StepConfirmed || c.EndedBy != "mona (pts/4)" {
			t.Errorf("got %+v", c)
		}
		if err := l.guard(nil, nil).Run(t.Context(), nil, func(error) {}); err != nil { // a pane that saw its end too late
			t.Error(err)
		}
		l.journal("activate broken by lukas: begun", "activate broken by lukas: confirmed")
		acts, err := l.store.Acts(t.Context(), 100)
		if err != nil || len(acts) != 2 {
			t.Errorf("the journal has %d acts, %v: %+v", len(acts), err, acts)
		}
		name := filepath.Join(l.ConfDir, "jail.d", "zz-bantop-broken.local")
		line := fmt.Sprintf("%s -rw-r--r-- %q\n", name, l.good())
		if got := fail2bantest.Tree(t, l.ConfDir); strings.Replace(got, line, "", 1) != l.before || got == l.before {
			t.Errorf("the configuration is\n%s\nand was\n%s", got, l.before)
		}
		if _, err := l.Client("restart"); err != nil {
			t.Fatal(err)
		}
		fail2bantest.Eventually(t, "the jail runs after a restart", func() bool {
			names, err := l.client.Jails(t.Context())
			return err == nil && slices.Contains(names, "broken") && len(names) == 4
		})
	})
}

// TestFaults: each faulty jail that reaches the live server is taken back, with the
// reason, and the server is as it was.
func TestFaults(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		source := "logpath = " + l.LogPath("j001") + "\n"
		jail := "[broken]\nenabled = true\n"
		for _, c := range []struct{ name, text, why string }{
			{"log missing", jail + "logpath = /nonexistent/x.log\n", "Have not found any log file for broken jail"},
			{"filter missing", jail + "filter = absent\n" + source, "Unable to read the filter 'absent'"},
			{"action missing", jail + "action = absent\n" + source, "Unable to read action 'absent'"},
			{"regex", jail + "filter =\nfailregex = fail from <HOST>(\n" + source, "Unable to compile regular expression"},
			{"no host", jail + "filter =\nfailregex = fail from somebody\n" + source, "No failure-id group in"},
			{"backend", jail + "backend = nonsense\n" + source, "nknown backend"},
			{"syntax", "[broken\nenabled = true\n", "no section headers"},
		} {
			t.Run(c.name, func(t *testing.T) {
				l := *l
				l.t = t
				if err := l.begin(t.Context(), l.guard(nil, nil), l.plan(c.text))(); err != nil {
					t.Errorf("the guard: %v", err)
				}
				change := l.change()
				if change.Step != model.StepTakenBack || !strings.Contains(change.Why, c.why) {
					t.Errorf("%s: %s", change.Step, change.Why)
				}
				for _, d := range change.Done {
					t.Logf("%-20s %6d ms %s", d.Step, d.Took.Milliseconds(), d.Reason)
				}
				l.isBack()
				l.journal("activate broken by lukas: taken back: ")
			})
		}
	})
}

// TestNobodyConfirms: it is taken back when the time is over, and when somebody
// wants that.
func TestNobodyConfirms(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		p := l.plan(l.good())
		p.Confirm = 2 * time.Second
		if err := l.begin(t.Context(), l.guard(nil, nil), p)(); err != nil {
			t.Error(err)
		}
		if c := l.change(); c.Step != model.StepTakenBack || c.Why != "nobody confirmed it in time" {
			t.Errorf("%s: %s", c.Step, c.Why)
		}
		l.isBack()

		p = l.plan(l.good())
		wait := l.begin(t.Context(), l.guard(nil, nil), p)
		l.await(model.StepConfirm)
		if _, err := l.store.Apply(t.Context(), model.ChangeReverted{ID: p.ChangeID, At: time.Now(), By: "mona"}); err != nil {
			t.Fatal(err)
		}
		if err := wait(); err != nil {
			t.Error(err)
		}
		if c := l.change(); c.Step != model.StepTakenBack || c.Why != "mona took it back" {
			t.Errorf("%s: %s", c.Step, c.Why)
		}
		l.isBack()
	})
}

// TestDiskFull: where the file cannot be written, nothing is reloaded; where it was
// written, a disk that is full by then does not keep it from being put back.
func TestDiskFull(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		disk := fail2bantest.SmallDisk(t, "64k")
		jails := filepath.Join(l.ConfDir, "jail.d")
		if err := os.Rename(jails, jails+".was"); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(jails, 0o755); err != nil {
			t.Fatal(err)
		}
		bind(t, disk, jails)
		old := "# mine\n[broken]\nenabled = false\n" + strings.Repeat("# a long comment of mine\n", 300)
		name := filepath.Join(jails, "zz-bantop-broken.local")
		if err := os.WriteFile(name, []byte(old), 0o640); err != nil {
			t.Fatal(err)
		}
		p := l.plan(l.good())
		p.File.Was, p.Confirm = []byte(old), 3*time.Second

		wait := l.begin(t.Context(), l.guard(nil, nil), p)
		l.await(model.StepConfirm)
		fillDisk(t, filepath.Join(jails, ".filler1"))
		if err := wait(); err != nil {
			t.Error(err)
		}
		got, err := os.ReadFile(name)
		if c := l.change(); c.Step != model.StepTakenBack || err != nil || string(got) != old {
			t.Errorf("%s, %s: %d bytes, %v", c.Step, c.Why, len(got), err)
		}
		fillDisk(t, filepath.Join(jails, ".filler2")) // what the new file had is free again
		p.At = time.Now().Round(0)
		if err := l.begin(t.Context(), l.guard(nil, nil), p)(); err != nil {
			t.Error(err)
		}
		if c := l.change(); c.Step != model.StepTakenBack || !strings.Contains(c.Why, "no space left") || c.Touched {
			t.Errorf("%s: %s", c.Step, c.Why)
		}
		got, err = os.ReadFile(name)
		info, _ := os.Stat(name)
		if err != nil || string(got) != old || info.Mode() != 0o640 {
			t.Errorf("%d bytes, %v, %v", len(got), info.Mode(), err)
		}
		left, err := filepath.Glob(filepath.Join(jails, ".*"))
		if err != nil || len(left) != 2 {
			t.Errorf("left: %v, %v", left, err)
		}
	})
}

// TestEditedMeanwhile: what somebody else wrote into the file since is kept beside
// it.
func TestEditedMeanwhile(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		p := l.plan(l.good())
		wait := l.begin(t.Context(), l.guard(nil, nil), p)
		l.await(model.StepConfirm)
		name := filepath.Join(l.ConfDir, "jail.d", p.File.Name)
		mine := l.good() + "maxretry = 9\n"
		if err := os.WriteFile(name, []byte(mine), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := l.store.Apply(t.Context(), model.ChangeReverted{ID: p.ChangeID, At: time.Now(), By: "mona"}); err != nil {
			t.Fatal(err)
		}
		if err := wait(); err != nil {
			t.Error(err)
		}
		kept, err := os.ReadFile(name + ".changed-1")
		if err != nil || string(kept) != mine {
			t.Errorf("kept %q, %v", kept, err)
		}
		if err := os.Remove(name + ".changed-1"); err != nil {
			t.Error(err)
		}
		l.isBack()
	})
}

// TestTwoGuards: one goes on, the other is told who and what.
func TestTwoGuards(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		p := l.plan(l.good())
		p.Confirm = 3 * time.Second
		wait := l.begin(t.Context(), l.guard(nil, nil), p)
		other := store.New(store.Options{Dir: l.state, Socket: l.Path})
		defer other.Close()
		second := guard.New(guard.Options{Server: l.client, Control: l.control(), Files: guard.Conf(l.ConfDir), Store: other, Texts: l.texts(),
			Proof: l.proof(), Loader: guard.Loads(l.client)})
		q := l.plan(l.good())
		q.Jail, q.By, q.TTY = "other", "mona", "pts/4"
		var said error
		err := second.Run(t.Context(), q, func(err error) { said = err })
		if busy, is := errors.AsType[*guard.BusyError](err); !is || said != err || !strings.HasPrefix(busy.Error(), "lukas (pts/3) is busy with: activate of broken, since ") {
			t.Errorf("got %v", err)
		}
		if err := wait(); err != nil {
			t.Error(err)
		}
		l.isBack()
	})
}
