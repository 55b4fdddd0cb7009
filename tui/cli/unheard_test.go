package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bantop/fail2ban/fail2bantest"
	"bantop/model"
)

// TestConfirmOnAFullDisk: a confirmation that cannot be written down did not reach the
// guard. It is not called done: it ends with 74 and says so, the change is rolled back
// in time, nobody waits for ever, and what the guard did is known once there is room.
func TestConfirmOnAFullDisk(t *testing.T) {
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, install, 3, "[activation]", `confirm = "10s"`)
			disk := fail2bantest.SmallDisk(t, "4m")
			s.state = filepath.Join(disk, "state")
			s.flags = append(s.flags, "--state-dir", s.state)
			s.write("jail.d/web.conf", "[web]\nenabled = false\nlogpath = "+s.LogPath("web")+"\n")
			waits := s.start("activate", "web", "--yes", "--no-rehearsal")
			s.await(model.StepConfirm)
			ballast := filepath.Join(disk, "ballast")
			if err := os.WriteFile(ballast, make([]byte, 8<<20), 0o600); err == nil {
				t.Fatal("eight megabytes fitted into four")
			}
			code, out, errs := s.bantop("confirm")
			heard := strings.Contains(errs, "it did not reach the guard") || strings.Contains(errs, "cannot tell whether a change is under way")
			if code != 74 || !heard || out != "" {
				t.Errorf("confirm: exit %d: %s%s", code, out, errs)
			}
			fail2bantest.Eventually(t, "the change is rolled back", func() bool {
				names, err := s.Client("status")
				return err == nil && !strings.Contains(names, "web")
			})
			if err := os.Remove(ballast); err != nil {
				t.Fatal(err)
			}
			_ = waits.Wait() // with 1 or 74, by when the guard could write again
			s.await(model.StepTakenBack)
			s.isBack()
		})
	}
}
