package cli_test

import (
	"bytes"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"bantop/fail2ban/fail2bantest"
	"bantop/model"
)

// TestActivateInterrupted: a signal ends the command that waits for a confirmation; the
// change stays with its guard, whom somebody else may still tell what to do.
func TestActivateInterrupted(t *testing.T) {
	eachStage(t, 1, func(t *testing.T, s *stage) {
		s.write("jail.d/web.conf", s.web(""))
		for _, c := range []struct {
			sig  syscall.Signal
			then string
			want model.ChangeStep
		}{
			{unix.SIGTERM, "revert", model.StepTakenBack},
			{unix.SIGINT, "revert", model.StepTakenBack},
			{unix.SIGHUP, "confirm", model.StepConfirmed},
		} {
			cmd := s.command("activate", "web", "--yes")
			var said bytes.Buffer
			cmd.Stderr = &said
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			s.await(model.StepConfirm)
			if err := cmd.Process.Signal(c.sig); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // the code says it
			if code := cmd.ProcessState.ExitCode(); code != 128+int(c.sig) {
				t.Errorf("%v: exit code %d", c.sig, code)
			}
			if said := said.String(); !holds(said, "the guard goes on by itself", "bantop confirm", "bantop revert") {
				t.Errorf("%v: it said %q", c.sig, said)
			}
			if got := s.change(); got == nil || got.Step != model.StepConfirm {
				t.Fatalf("%v: the change is %+v", c.sig, got)
			}
			if code, out, errs := s.bantop(c.then); code != 0 {
				t.Errorf("%v: %s: exit code %d: %s%s", c.sig, c.then, code, out, errs)
			}
			s.await(c.want)
			fail2bantest.Eventually(t, "the guard has ended", func() bool { return len(s.running()) == 0 })
		}
	})
}

// TestGuardSignalled: signals, however many, do not end a guard before every jail is
// back: the change is taken back at once.
func TestGuardSignalled(t *testing.T) {
	eachStage(t, 1, func(t *testing.T, s *stage) {
		s.write("jail.d/web.conf", s.web(""))
		cmd := s.start("activate", "web", "--yes")
		s.await(model.StepConfirm)
		for _, pid := range s.guards() {
			for _, sig := range []syscall.Signal{unix.SIGTERM, unix.SIGHUP, unix.SIGTERM, unix.SIGINT, unix.SIGQUIT} {
				if err := syscall.Kill(pid, sig); err != nil {
					t.Fatal(err)
				}
			}
		}
		s.await(model.StepTakenBack)
		s.isBack()
		fail2bantest.Eventually(t, "the guard has ended", func() bool { return len(s.running()) == 0 })
		_ = cmd.Wait() // it tells how the change ended
		if code := cmd.ProcessState.ExitCode(); code != 1 {
			t.Errorf("exit code %d", code)
		}
	})
}
