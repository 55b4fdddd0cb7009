package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"bantop/fail2ban/fail2bantest"
	"bantop/tui/plain"
)

// recovery is what `bantop recover --json` says.
func (s *stage) recovery() plain.Recovery {
	s.t.Helper()
	_, out, errs := s.bantop("recover", "--json")
	var got plain.Recovery
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		s.t.Fatalf("%v: %s%s", err, out, errs)
	}
	return got
}

// proven are the lines that are proven to be at fault, with why a file is kept.
func proven(got plain.Recovery) string {
	var out []string
	for _, v := range got.Suspects {
		if v.Proven {
			out = append(out, strings.TrimSpace(v.File+" "+v.Keep))
		}
	}
	return strings.Join(out, "; ")
}

// TestStopIsNoCrash: a server that a client or SIGTERM stopped right after a jail was
// enabled did not crash, and no file is to blame, also if a mistake was mended before;
// one that was killed did.
func TestStopIsNoCrash(t *testing.T) {
	eachStage(t, 0, func(t *testing.T, s *stage) {
		gone := func() {
			fail2bantest.Eventually(t, "it is gone", func() bool {
				_, err := s.Client("ping")
				return err != nil
			})
		}
		for _, c := range []struct {
			name string
			stop func() error
			no   bool // crash
		}{
			{"client", func() error { _, err := s.Client("stop"); gone(); return err }, true},
			{"SIGTERM", func() error { err := syscall.Kill(s.PID(), syscall.SIGTERM); gone(); return err }, true},
			{"kill -9", s.Kill, false},
		} {
			s.write("jail.d/bad.local", "[bad]\nenabled = true\nfilter =\nfailregex = x(\nlogpath = "+s.LogPath("j001")+"\n")
			_, _ = s.Client("reload") // it is refused
			_, _, _ = s.bantop("status")
			s.write("jail.d/bad.local", "[new]\nenabled = true\nlogpath = "+s.LogPath("j001")+"\n")
			fail2bantest.Eventually(t, "all run", func() bool {
				_, err := s.Client("reload")
				out, _ := s.Client("status")
				return err == nil && strings.Contains(out, "new") && strings.Contains(out, "j001")
			})
			_, _, _ = s.bantop("status")
			if err := c.stop(); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			_, out, _ := s.bantop("status")
			said := strings.Contains(out, "no crash")
			if said != c.no || strings.Contains(out, "went down") == c.no {
				t.Errorf("%s: %s", c.name, out)
			}
			if got := s.recovery(); proven(got) != "" {
				t.Errorf("%s: it blames %s", c.name, proven(got))
			}
			if list := s.ends(69, "say which of them run: fail2ban ", "jails", "j00"); strings.Count(list, "not running") != 3 {
				t.Errorf("%s: the jails run still: %s", c.name, list)
			}
			if err := os.Remove(filepath.Join(s.ConfDir, "jail.d", "bad.local")); err != nil {
				t.Error(err)
			}
			if err := s.Start(); err != nil {
				t.Fatal(err)
			}
			_, _, _ = s.bantop("status")
			_, _, _ = s.bantop("recover", "--dismiss", "--yes")
		}
	})
}

// TestAllCulprits: two faulty files are found at once, and both are set aside; a healthy
// filter of a faulty jail in jail.local is never touched, and the line is named instead.
func TestAllCulprits(t *testing.T) {
	eachStage(t, 0, func(t *testing.T, s *stage) {
		_, _, _ = s.bantop("status")
		log := "logpath = " + s.LogPath("j001") + "\n"
		s.write("jail.d/bad1.local", "[bad1]\nenabled = true\nfilter =\nfailregex = x(\n"+log)
		s.write("filter.d/bad2.conf", "[Definition]\nfailregex = y <HOST>(\n")
		s.write("jail.d/bad2.local", "[bad2]\nenabled = true\nfilter = bad2\n"+log)
		_, _ = s.Client("reload")
		time.Sleep(time.Second) // it stops the jails one after the other
		if got := proven(s.recovery()); got != "filter.d/bad2.conf; jail.d/bad1.local" && got != "jail.d/bad1.local; filter.d/bad2.conf" {
			t.Errorf("it blames %q", got)
		}
		code, out, errs := s.bantop("recover", "--set-aside", "--yes")
		if code != 0 || !strings.Contains(out, "unguarded: bad1 and bad2") {
			t.Errorf("exit %d: %s%s", code, out, errs)
		}
		for _, name := range []string{"jail.d/bad1.local", "filter.d/bad2.conf"} {
			if err := os.Remove(filepath.Join(s.ConfDir, name+".off")); err != nil {
				t.Error(err)
			}
		}
		if err := os.Remove(filepath.Join(s.ConfDir, "jail.d", "bad2.local")); err != nil {
			t.Error(err)
		}

		s.write("filter.d/mail.conf", "[Definition]\nfailregex = ^fail from <HOST>$\n")
		s.write("jail.local", "[mail]\nenabled = true\nfilter = mail\nmaxretry = 3 # three\n"+log)
		_, _ = s.Client("reload")
		time.Sleep(time.Second)
		got := s.recovery()
		if proven(got) != "jail.local it holds other settings, too" || got.Suspects[0].Line != 4 {
			t.Errorf("it blames %q: %+v", proven(got), got.Suspects)
		}
		code, out, errs = s.bantop("recover", "--set-aside", "--yes")
		if code != 1 || !strings.Contains(errs, "next: correct jail.local:4") || strings.Contains(out+errs, "proven to run") {
			t.Errorf("exit %d: %s%s", code, out, errs)
		}
		if _, err := os.Stat(filepath.Join(s.ConfDir, "filter.d", "mail.conf")); err != nil {
			t.Error(err)
		}
	})
}

// TestRestartThatEndedIsNoCleanStop: somebody restarts fail2ban, which stops in order and
// does not start again since a log is missing: its own log knows the stop alone, and
// that is not told as what happened.
func TestRestartThatEndedIsNoCleanStop(t *testing.T) {
	eachStage(t, 0, func(t *testing.T, s *stage) {
		_, _, _ = s.bantop("status")
		s.write("jail.d/late.local", "[late]\nenabled = true\nlogpath = /nonexistent/late.log\n")
		_, _ = s.Client("stop")
		if _, err := s.Client("start"); err == nil {
			t.Fatal("it started")
		}
		if _, out, _ := s.bantop("status"); strings.Contains(out, "no crash") {
			t.Errorf("got %s", out)
		}
		if got := proven(s.recovery()); got != "jail.d/late.local" {
			t.Errorf("it blames %q", got)
		}
		if err := os.Remove(filepath.Join(s.ConfDir, "jail.d", "late.local")); err != nil {
			t.Error(err)
		}
	})
}
