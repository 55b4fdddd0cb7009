package control

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bantop/fail2ban/fail2bantest"
)

// TestReload: a good configuration is taken over by the same process; a faulty
// one is an error that says what is wrong with it.
func TestReload(t *testing.T) {
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			install.Use(t)
			r := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{})
			c := New(Options{Conf: r.ConfDir, Socket: r.Path, PIDFile: r.PIDFile})
			pid := r.PID()
			if err := c.Reload(t.Context()); err != nil || r.PID() != pid {
				t.Errorf("process %d, before %d: %v", r.PID(), pid, err)
			}
			if err := r.Fault("regex"); err != nil {
				t.Fatal(err)
			}
			err := c.Reload(t.Context())
			e, ok := errors.AsType[*Error](err)
			if !ok || e.Code != 255 || !strings.HasPrefix(e.Output, "Unable to compile regular expression 'fail from ") || len(e.Output) > 200 {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestRestart: every state of a server has a way to start it again, and the
// others refuse.
func TestRestart(t *testing.T) {
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			install.Use(t)
			r := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{Jails: []string{"sshd"}})
			c := New(Options{Conf: r.ConfDir, Socket: r.Path, PIDFile: r.PIDFile})
			restart := func(what string, s State, want string) {
				t.Helper()
				before := r.PID()
				err := c.Restart(t.Context(), s)
				if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
					t.Errorf("%s: %v, want %q", what, err, want)
				}
				if err == nil && (r.PID() == 0 || r.PID() == before) {
					t.Errorf("%s: process %d, before %d", what, r.PID(), before)
				}
			}
			restart("one that runs", Runs, "")
			if err := r.Kill(); err != nil {
				t.Fatal(err)
			}
			restart("one that died, as if it ran", Runs, "ended with 255")
			restart("one that died, as if it had been stopped", Stopped, "ended with 255")
			restart("one that died", Died, "")
			if err := r.Stop(); err != nil {
				t.Fatal(err)
			}
			restart("one that was stopped", Stopped, "")
		})
	}
}

// fakeSystemctl is a systemctl that writes down how it was called, says some
// words and ends with a code.
func fakeSystemctl(t *testing.T, says string, code string) (calls func() string) {
	t.Helper()
	dir := t.TempDir()
	script := "#!/bin/sh\necho \"$@\" >>" + dir + "/calls\nprintf '" + says + "'\necho it was refused >&2\nexit " + code + "\n"
	if err := os.WriteFile(filepath.Join(dir, "systemctl"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	return func() string {
		b, err := os.ReadFile(filepath.Join(dir, "calls"))
		if err != nil {
			return ""
		}
		return string(b)
	}
}

// TestRestartThroughSystemd: where systemd runs the service, it restarts it,
// whatever the state of the server.
func TestRestartThroughSystemd(t *testing.T) {
	unit := func(context.Context) string { return "fail2ban.service" }
	for _, s := range []State{Runs, Stopped, Died} {
		calls := fakeSystemctl(t, "", "0")
		if err := New(Options{Program: "/nonexistent", Unit: unit}).Restart(t.Context(), s); err != nil {
			t.Error(err)
		}
		if got := calls(); got != "--no-ask-password restart fail2ban.service\n" {
			t.Errorf("called %q", got)
		}
	}
	fakeSystemctl(t, "", "1")
	err := New(Options{Unit: unit}).Restart(t.Context(), Runs)
	if err == nil || err.Error() != "restart fail2ban: systemctl ended with 1: it was refused" {
		t.Errorf("got %v", err)
	}
	t.Setenv("PATH", t.TempDir())
	if err := New(Options{Unit: unit}).Restart(t.Context(), Runs); err == nil || !strings.HasPrefix(err.Error(), "restart fail2ban: ") {
		t.Errorf("got %v", err)
	}
}
