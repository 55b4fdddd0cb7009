package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bantop/fail2ban/fail2bantest"
	"bantop/tui/plain"
)

// TestRecoverSetsAside: somebody else's faulty jail took the others down: the file is
// found and proven to be to blame, and to set it aside brings every jail and its bans
// back; also where fail2ban does not even start because of it.
func TestRecoverSetsAside(t *testing.T) {
	eachStage(t, 10, func(t *testing.T, s *stage) {
		if code, out, errs := s.bantop("status"); code != 0 {
			t.Fatalf("exit %d: %s%s", code, out, errs)
		}
		broken := "[broken]\nenabled = true\nfilter =\nfailregex = fail from <HOST>(\nlogpath = " + s.LogPath("web") + "\n"
		file := filepath.Join(s.ConfDir, "jail.d", "broken.local")
		fault := func() {
			if err := os.WriteFile(file, []byte(broken), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		aside := func(status string) {
			t.Helper()
			code, out, errs := s.bantop("recover", "--json")
			var got plain.Recovery
			if err := json.Unmarshal([]byte(out), &got); err != nil || code != 0 {
				t.Fatalf("exit %d, %v: %s%s", code, err, out, errs)
			}
			if len(got.Suspects) == 0 || got.Status != status {
				t.Fatalf("%s, want %s: %+v", got.Status, status, got.Suspects)
			}
			v := got.Suspects[0]
			if !v.Proven || v.File != "jail.d/broken.local" || v.Line != 4 || !strings.Contains(v.Reason, "Unable to compile regular expression") {
				t.Errorf("got %+v", v)
			}
			if code, out, errs = s.bantop("recover", "--set-aside", "--yes"); code != 0 || !strings.Contains(out, "proven to run; unguarded: broken") {
				t.Errorf("exit %d: %s%s", code, out, errs)
			}
			if err := os.Remove(file + ".off"); err != nil {
				t.Error(err)
			}
			s.isBack()
		}
		fault()
		if _, err := s.Client("reload"); err == nil {
			t.Fatal("a faulty jail was loaded")
		}
		aside("degraded")

		fault()
		if err := s.Stop(); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Client("start"); err == nil {
			t.Fatal("it started with a faulty jail")
		}
		if err := s.Kill(); err != nil {
			t.Fatal(err)
		}
		aside("offline")
		if code, out, errs := s.bantop("recover", "--set-aside", "--yes"); code != exitUsage || !strings.Contains(errs, "no file is proven to be to blame") {
			t.Errorf("exit %d: %s%s", code, out, errs)
		}
	})
}

// TestRecoverMends: a jail that lost its actions through a reload is found, and made
// anew.
func TestRecoverMends(t *testing.T) {
	eachStage(t, 10, func(t *testing.T, s *stage) {
		if code, out, errs := s.bantop("recover", "--mend", "--yes"); code != exitUsage || !strings.Contains(errs, "nothing to mend") {
			t.Errorf("exit %d: %s%s", code, out, errs)
		}
		other, err := os.ReadFile(filepath.Join(s.ConfDir, "action.d", "noop.conf"))
		if err != nil {
			t.Fatal(err)
		}
		s.write("action.d/other.conf", string(other))
		s.write("jail.local", "[j001]\naction = other\n")
		if _, err := s.Client("reload"); err != nil {
			t.Fatal(err)
		}
		if code, out, _ := s.bantop("status"); code != 1 || !strings.Contains(out, "no action") {
			t.Errorf("exit %d: %s", code, out)
		}
		if code, out, errs := s.bantop("recover", "--mend", "--yes"); code != 0 || !strings.Contains(out, "every jail has its actions again") {
			t.Errorf("exit %d: %s%s", code, out, errs)
		}
		if code, out, _ := s.bantop("status"); code != 0 {
			t.Errorf("exit %d: %s", code, out)
		}
		fail2bantest.Eventually(t, "its bans are back", func() bool {
			out, err := s.Client("status", "j001")
			return err == nil && strings.Contains(out, "Currently banned:\t10\n")
		})
		s.isBack()
	})
}
