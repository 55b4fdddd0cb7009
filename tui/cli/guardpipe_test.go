package cli_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"bantop/fail2ban/fail2bantest"
	"bantop/model"
)

// TestGuardWithoutReader: whoever started a guard is gone before it says that it holds
// the way back. It takes the change back all the same, and is not ended by a signal.
func TestGuardWithoutReader(t *testing.T) {
	eachStage(t, 1, func(t *testing.T, s *stage) {
		s.write("jail.d/web.conf", s.web(""))
		waits := s.start("activate", "web", "--yes")
		s.await(model.StepConfirm)
		if err := waits.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = waits.Wait() // it was killed
		for _, pid := range s.guards() {
			if err := unix.Kill(pid, unix.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}
		fail2bantest.Eventually(t, "the guard has ended", func() bool { return len(s.running()) == 0 })

		reader, writer, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := reader.Close(); err != nil {
			t.Fatal(err)
		}
		guard := s.command("guard")
		var log bytes.Buffer
		guard.Stdin, guard.Stdout, guard.Stderr = strings.NewReader("null\n"), writer, &log
		err = guard.Start()
		if err := errors.Join(err, writer.Close()); err != nil {
			t.Fatal(err)
		}
		if err := guard.Wait(); err != nil {
			t.Errorf("the guard: %v: %s", err, log.String())
		}
		if c := s.change(); c == nil || c.Step != model.StepTakenBack {
			t.Fatalf("the change is %+v", c)
		}
		s.isBack()
	})
}
