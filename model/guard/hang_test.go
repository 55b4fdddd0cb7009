package guard_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"bantop/fail2ban/fail2bantest"
	"bantop/model"
	"bantop/model/guard"
)

// TestServerGoes: a server that is stopped, or killed, while nobody has confirmed is
// started again, without the jail.
func TestServerGoes(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		for name, end := range map[string]func() error{"stopped": l.Stop, "killed": l.Kill} {
			t.Run(name, func(t *testing.T) {
				l := *l
				l.t = t
				wait := l.begin(t.Context(), l.guard(nil, nil), l.plan(l.good()))
				l.await(model.StepConfirm)
				if err := end(); err != nil {
					t.Fatal(err)
				}
				if err := wait(); err != nil {
					t.Error(err)
				}
				if c := l.change(); c.Step != model.StepTakenBack || !c.Restarted {
					t.Errorf("%s: %s %+v", c.Step, c.Why, c.Done)
				}
				l.isBack()
			})
		}
	})
}

// TestReloadHangs: a command of the new jail that goes on for ever holds up the reload of
// the way back. It is ended before fail2ban does that itself, after 60 s; the server is
// not restarted.
func TestReloadHangs(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		running := filepath.Join(l.Dir, "running")
		t.Cleanup(func() { endAction(t, running) })
		action := "[Definition]\nactionstart = echo $$ >>" + running + "; exec sleep 300\nactionstop =\nactioncheck =\nactionban =\nactionunban =\nactionstart_on_demand = false\n"
		if err := os.WriteFile(filepath.Join(l.ConfDir, "action.d", "hang.conf"), []byte(action), 0o600); err != nil {
			t.Fatal(err)
		}
		l.before = fail2bantest.Tree(t, l.ConfDir)
		p := l.plan(strings.Replace(l.good(), "logpath", "action = hang\nlogpath", 1))
		p.Confirm = 2 * time.Second
		pid, began := l.PID(), time.Now()
		if err := l.begin(t.Context(), l.guard(nil, nil), p)(); err != nil {
			t.Error(err)
		}
		c := l.change()
		for _, d := range c.Done {
			t.Logf("%-20s %6d ms %s", d.Step, d.Took.Milliseconds(), d.Reason)
		}
		if took := time.Since(began); took > 50*time.Second {
			t.Errorf("it took %s", took)
		}
		if c.Step != model.StepTakenBack || c.Restarted || l.PID() != pid {
			t.Errorf("%s: %s", c.Step, c.Why)
		}
		l.isBack()
	})
}

// TestHungServer: a server that does nothing and does not answer is left running, and
// none is started beside it.
func TestHungServer(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		l.hang = 3 * time.Second
		p := l.plan(l.good())
		p.Confirm = 2 * time.Second
		wait := l.begin(t.Context(), l.guard(nil, nil), p)
		l.await(model.StepConfirm)
		pid := l.PID()
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		err := wait()
		if c := l.change(); !errors.Is(err, guard.ErrStuck) || c.Left != model.FaultHung || c.Restarted {
			t.Errorf("%v; %s, left: %s, %+v", err, c.Step, c.Left, c.Done)
		}
		if err := syscall.Kill(pid, syscall.SIGCONT); err != nil || l.PID() != pid {
			t.Errorf("the server was %d and is %d, %v", pid, l.PID(), err)
		}
		if _, err := l.Client("reload"); err != nil {
			t.Error(err)
		}
		l.isBack()
	})
}

// TestBusyServer: a command of the jail keeps a processor busy and the server from
// answering, for longer than a server may hang. It is waited for.
func TestBusyServer(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		l.hang = 3 * time.Second
		action := "[Definition]\nactionstart = end=$(($(date +%%s) + 12)); while [ $(date +%%s) -lt $end ]; do :; done\n" +
			"actionstop =\nactioncheck =\nactionban =\nactionunban =\nactionstart_on_demand = false\n"
		if err := os.WriteFile(filepath.Join(l.ConfDir, "action.d", "busy.conf"), []byte(action), 0o600); err != nil {
			t.Fatal(err)
		}
		p := l.plan(strings.Replace(l.good(), "logpath", "action = busy\nlogpath", 1))
		p.Confirm = 2 * time.Second
		pid := l.PID()
		if err := l.begin(t.Context(), l.guard(nil, nil), p)(); err != nil {
			t.Error(err)
		}
		if c := l.change(); c.Step != model.StepTakenBack || c.Restarted || l.PID() != pid {
			t.Errorf("%s, %+v", c.Step, c.Done)
		}
		if err := os.Remove(filepath.Join(l.ConfDir, "action.d", "busy.conf")); err != nil {
			t.Error(err)
		}
		l.isBack()
	})
}

// endAction ends the commands of an action that wrote their numbers into a file: a
// server that is killed leaves them running.
func endAction(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Error(err)
	}
	for _, word := range strings.Fields(string(text)) {
		pid, err := strconv.Atoi(word)
		command, gone := os.ReadFile("/proc/" + word + "/cmdline")
		if err != nil || gone != nil || !strings.HasPrefix(string(command), "sleep\x00300") {
			continue
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			t.Error(err)
		}
	}
}
