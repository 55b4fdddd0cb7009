package guard_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"bantop/fail2ban/control"
	"bantop/fail2ban/proven"
	"bantop/fail2ban/socket"
	"bantop/fail2ban/testmain"
	"bantop/model"
	"bantop/model/guard"
	"bantop/model/store"
)

// guardIn makes this test binary a guard that stands still at a step, for it to be
// killed there.
const guardIn = "BANTOP_TEST_GUARD"

// standing is what such a guard does: where it stands still, before the step is
// carried out or after.
type standing struct {
	Program, Conf, Socket, PIDFile, State, Temp string

	Plan  model.Plan
	Step  model.ChangeStep
	After bool
}

func TestMain(m *testing.M) {
	if text := os.Getenv(guardIn); text != "" {
		var s standing
		if err := json.Unmarshal([]byte(text), &s); err != nil {
			panic(err)
		}
		s.run()
	}
	testmain.Run(m)
}

// run is the guard.
func (s standing) run() {
	client := socket.New(socket.Options{Path: s.Socket, PIDFile: s.PIDFile})
	o := control.Options{Program: s.Program, Conf: s.Conf, Socket: s.Socket, PIDFile: s.PIDFile}
	h := holding{s, control.New(o), guard.Conf(s.Conf), guard.Loads(client), new(bool)}
	kept := store.Options{Dir: s.State, Socket: s.Socket}
	g := guard.New(guard.Options{
		Server: heldServer{client, h}, Control: h, Files: h, Loader: h,
		Proof: guard.Proofs(proven.New(proven.Options{Server: client, Control: control.New(o), Conf: s.Conf, Program: s.Program, Dir: s.Temp})),
		Store: store.New(kept), Texts: store.NewTexts(kept), Patient: 2 * time.Second,
	})
	err := g.Run(context.Background(), &s.Plan, func(err error) { fmt.Println("begun", err) })
	fmt.Println("ended", err)
}

// holding is a Control and Files that stand still.
type holding struct {
	standing
	control guard.Control
	files   guard.Files
	loader  guard.Loader
	back    *bool // the file was put back
}

// at stands still at a step, for ever.
func (h holding) at(step model.ChangeStep, after bool) {
	if step == h.Step && after == h.After {
		fmt.Println("stands")
		time.Sleep(time.Hour)
	}
}

// do carries out a step.
func (h holding) do(step model.ChangeStep, do func() error) error {
	h.at(step, false)
	err := do()
	h.at(step, true)
	return err
}

func (h holding) Write(ctx context.Context, c model.FileChange) error {
	return h.do(model.StepWrite, func() error { return h.files.Write(ctx, c) })
}

func (h holding) Restore(ctx context.Context, c model.FileChange) error {
	*h.back = true
	return h.do(model.StepRestore, func() error { return h.files.Restore(ctx, c) })
}

func (h holding) Withdraw(ctx context.Context, c model.FileChange) error {
	return h.files.Withdraw(ctx, c)
}

func (h holding) Mode(ctx context.Context, c model.FileChange) fs.FileMode {
	return h.files.Mode(ctx, c)
}

func (h holding) Done(ctx context.Context, c model.FileChange) error { return h.files.Done(ctx, c) }

func (h holding) Sum(ctx context.Context, c model.FileChange) string { return h.files.Sum(ctx, c) }

func (h holding) Load(ctx context.Context, s control.Stream, restart ...string) error {
	step := model.StepReload
	if *h.back {
		step = model.StepReloadBack
	}
	return h.do(step, func() error { return h.loader.Load(ctx, s, restart...) })
}

func (h holding) Stop(ctx context.Context, jail string) error { return h.loader.Stop(ctx, jail) }

func (h holding) Restart(ctx context.Context, s control.State) error {
	return h.do(model.StepRestart, func() error { return h.control.Restart(ctx, s) })
}

// heldServer stands still while jails are proven.
type heldServer struct {
	guard.Server
	h holding
}

func (s heldServer) Jails(ctx context.Context) ([]string, error) {
	names, err := s.Server.Jails(ctx)
	jail := false
	for _, n := range names {
		jail = jail || n == s.h.Plan.Jail
	}
	switch {
	case jail && !*s.h.back:
		s.h.at(model.StepProve, false)
	case *s.h.back:
		s.h.at(model.StepProveBack, false)
	}
	return names, err
}

// TestKilled steps through a change and kills its guard with -9 at every step,
// before it is carried out and after: the next guard takes it back, and the server
// is as it was.
func TestKilled(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		for _, c := range []struct {
			step  model.ChangeStep
			after bool
		}{
			{model.StepWrite, false}, {model.StepWrite, true}, {model.StepReload, false}, {model.StepReload, true}, {model.StepProve, false},
			{model.StepConfirm, false}, {model.StepRestore, false}, {model.StepRestore, true}, {model.StepReloadBack, false},
			{model.StepReloadBack, true}, {model.StepProveBack, false},
		} {
			when := map[bool]string{false: "before", true: "after"}[c.after]
			t.Run(strings.ReplaceAll(when+" "+string(c.step), " ", "_"), func(t *testing.T) {
				l := *l
				l.t = t
				l.killGuard(c.step, c.after)
				began := time.Now()
				next := l.guard(nil, nil)
				if err := next.Run(t.Context(), nil, func(err error) {
					if err != nil {
						t.Errorf("the next guard: %v", err)
					}
				}); err != nil {
					t.Errorf("the next guard: %v", err)
				}
				change := l.change()
				t.Logf("%s after %d ms: %s", change.Step, time.Since(began).Milliseconds(), change.Why)
				if change.Step != model.StepTakenBack {
					t.Errorf("%+v", change)
				}
				l.isBack()
				l.journal("taken back: ")
			})
		}
	})
}

// killGuard runs a guard in a process that is killed at a step.
func (l *lab) killGuard(step model.ChangeStep, after bool) {
	l.t.Helper()
	p := l.plan(l.good())
	p.Confirm = 2 * time.Second
	if step == model.StepConfirm {
		p.Confirm = time.Minute
	}
	text, err := json.Marshal(standing{Program: l.program, Conf: l.ConfDir, Socket: l.Path, PIDFile: l.PIDFile, State: l.state, Temp: l.temp, Plan: *p, Step: step, After: after})
	if err != nil {
		l.t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		l.t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), guardIn+"="+string(text))
	out, err := cmd.StdoutPipe()
	if err != nil {
		l.t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	if step == model.StepConfirm {
		l.await(step)
	} else {
		for said := ""; said != "stands"; {
			if _, err := fmt.Fscanln(out, &said); err != nil && err.Error() != "expected newline" {
				l.t.Fatalf("it ended: %v", err)
			}
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		l.t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
}
