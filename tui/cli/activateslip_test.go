package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"bantop/model"
)

// TestSlipOfAnother: a change waits to be confirmed, somebody else makes a slip in
// another file, and the time is over, or the guard is killed. fail2ban runs as before,
// with its bans, in the same process; the slip is told with FILE:LINE, and the exit code
// is 1. Before, bantop restarted fail2ban, which did not come up.
func TestSlipOfAnother(t *testing.T) {
	eachStage(t, 10, func(t *testing.T, s *stage) {
		s.write("jail.d/web.conf", s.web(""))
		slip := filepath.Join(s.ConfDir, "jail.local")
		for _, killed := range []bool{false, true} {
			pid := s.PID()
			var out, errs bytes.Buffer
			cmd := s.command("activate", "web", "--yes")
			cmd.Stdout, cmd.Stderr = &out, &errs
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			s.await(model.StepConfirm)
			if err := os.WriteFile(slip, []byte("[sshd]\nenabled = flase\n[sshd]\nenabled = true\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			if killed {
				for _, guard := range s.guards() {
					if err := unix.Kill(guard, unix.SIGKILL); err != nil {
						t.Fatal(err)
					}
				}
			}
			_ = cmd.Wait() // its exit code is looked at
			if code := cmd.ProcessState.ExitCode(); code != 1 || s.PID() != pid ||
				!strings.Contains(out.String(), "rolled back, all jails restored") ||
				!strings.Contains(errs.String(), "warning: jail.local:3: ") ||
				!strings.Contains(errs.String(), "until that is corrected, any reload or restart of fail2ban fails") {
				t.Errorf("killed: %t, exit %d, process %d, was %d: %s%s", killed, code, s.PID(), pid, out.String(), errs.String())
			}
			if err := os.Remove(slip); err != nil {
				t.Fatal(err)
			}
			s.isBack()
		}
	}, `activation.confirm = "10s"`)
}
