package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bantop/fail2ban/fail2bantest"
)

// TestDashboardFollowsTheServer is the main job, in a real terminal on a real
// server: a ban appears, and every way of going away shows as itself and
// mends itself, without a key.
func TestDashboardFollowsTheServer(t *testing.T) {
	t.Parallel()
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			t.Parallel()
			r := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{
				Jails: []string{"postfix", "slowjail", "sshd"}, Actions: map[string]string{"slowjail": "slow[seconds=5]"},
			})
			client := func(args ...string) {
				t.Helper()
				if _, err := r.Client(args...); err != nil {
					t.Fatal(err)
				}
			}
			e := open(t, terminalOptions{}, "-c", r.ConfDir)
			e.waitFor("● online", "fail2ban "+install.Version, "postfix", "sshd", "3 jails")

			client("set", "sshd", "banip", "203.0.113.77")
			e.waitFor("banned 1", "+1 in", "ban          sshd  203.0.113.77")

			if err := r.Kill(); err != nil {
				t.Fatal(err)
			}
			e.waitFor("● offline", "left its socket", "→ sudo fail2ban-client -c "+r.ConfDir+" -x start", "banned 1", " old")
			client("-x", "start")
			e.waitFor("● online", "banned 1")
			client("stop")
			e.waitFor("● offline", "fail2ban is not running", "no such file or directory", "→ sudo fail2ban-client -c "+r.ConfDir+" start")
			client("start")
			e.waitFor("● online", "banned 1")

			done := make(chan error)
			go func() {
				_, err := r.Client("set", "slowjail", "banip", "203.0.113.78")
				done <- err
			}()
			e.waitFor("● unresponsive", "no answer for 2s", "→ wait: a slow ban action", " old")
			if err := <-done; err != nil {
				t.Error(err)
			}
			e.waitFor("● online", "banned 2")

			e.send("q")
			if code := e.wait(); code != 0 {
				t.Errorf("exit %d", code)
			}
		})
	}
}

// TestDashboardJailsLost: a faulty jail that somebody loads by hand takes the
// others down, while fail2ban answers as if nothing were. The dashboard says
// which, after what, and when they are back.
func TestDashboardJailsLost(t *testing.T) {
	t.Parallel()
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			t.Parallel()
			r := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{})
			e := open(t, terminalOptions{env: install.Environ()}, "-c", r.ConfDir)
			e.waitFor("● online", "3 jails")
			if err := r.Fault("regex"); err != nil {
				t.Fatal(err)
			}
			if _, err := r.Client("reload"); err == nil {
				t.Fatal("the reload of a faulty jail succeeded")
			}
			done := time.Now()
			e.waitFor("● degraded", "j001, j002 and j003 are gone since ", "after broken was enabled, not through", "all jails were reloaded at",
				"Unable to compile regular expression", "j001             lost", "broken           not started")
			t.Logf("on the screen %v after the reload", time.Since(done).Round(10*time.Millisecond))
			if out, err := r.Client("ping"); err != nil || !strings.Contains(out, "pong") {
				t.Errorf("ping: %s, %v", out, err)
			}
			if code, out, _ := run(t.Context(), "-c", r.ConfDir, "status", "--format", "{{.Status}} {{len .Jails}}"); code == 0 {
				t.Logf("a fresh look cannot know that jails are missing: %s", out)
			}
			if err := r.Fault(""); err != nil {
				t.Fatal(err)
			}
			for range 3 { // one reload is not always enough, see docs/architecture.md
				if _, err := r.Client("reload"); err != nil {
					t.Fatal(err)
				}
			}
			e.waitFor("● online", "j001, j002 and j003 are back", "3 jails")

			if err := os.WriteFile(filepath.Join(r.ConfDir, "jail.d", "off.local"), []byte("[j002]\nenabled = false\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := r.Client("reload"); err != nil {
				t.Fatal(err)
			}
			e.waitFor("● online", "2 jails", "removed      j002  is not enabled any more")
		})
	}
}

// TestDashboardBlocked: a socket that this user may not open shows as such, and
// mends itself. At a first start the setup opens, and closes when it answers;
// later the last numbers stay (R10).
func TestDashboardBlocked(t *testing.T) {
	t.Parallel()
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			t.Parallel()
			r := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{Jails: []string{"sshd"}})
			o := terminalOptions{}
			if os.Geteuid() == 0 { // root may open everything
				o.user = 65534
				for _, dir := range []string{r.Dir, filepath.Dir(r.Path)} {
					if err := os.Chmod(dir, 0o755); err != nil {
						t.Fatal(err)
					}
				}
			}
			chmod := func(mode os.FileMode) {
				t.Helper()
				if err := os.Chmod(r.Path, mode); err != nil {
					t.Fatal(err)
				}
			}
			chmod(0)
			e := open(t, o, "-c", r.ConfDir)
			e.waitFor("● blocked", "permission denied", "(mode 0000): run sudo bantop", "bantop is not set up yet", "fault permission")
			chmod(0o777)
			e.waitFor("● online", "sshd", "BANNED")
			chmod(0)
			e.waitFor("● blocked", "permission denied", "sshd", " old")
			chmod(0o777)
			e.waitFor("● online")
		})
	}
}

// TestDashboardKeys drives the screens with keys, through sizes, in a real
// terminal.
func TestDashboardKeys(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"dovecot", "postfix", "sshd"}})
	s.Ban("sshd", "203.0.113.5")
	e := open(t, terminalOptions{}, "-s", s.Path, "-p", s.PIDFile)
	e.waitFor("● online", "▸ dovecot")
	e.send("jj")
	e.waitFor("▸ sshd")
	e.send("\r")
	e.waitFor("bans     for 10m after 3 failures within 10m", "▸ 203.0.113.5")
	e.send("?")
	e.waitFor("KEYS", "pgup", "not started")
	e.send("qq")
	e.waitFor("▸ sshd", "LAST HOUR")
	e.send("/post\r")
	e.waitFor("▸ postfix", "/post")
	e.send("\x1b")
	e.waitFor("  sshd")
	e.resize(40, 12)
	e.waitUntil("the small screen", func(screen string) bool {
		return strings.Contains(screen, "● online") && !strings.Contains(screen, "LAST HOUR")
	})
	e.resize(20, 5)
	e.waitFor("too small")
	e.resize(80, 24)
	e.waitFor("LAST HOUR")
	e.send("\x03")
	if code := e.wait(); code != 0 {
		t.Errorf("exit %d", code)
	}
}

// TestDashboardASCII: with LANG=C and on a console there is nothing but ASCII,
// and without colour no sequence that sets one.
func TestDashboardASCII(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	for name, env := range map[string][]string{
		"LANG=C":       {"LANG=C"},
		"linux":        {"TERM=linux"},
		"vt100":        {"TERM=vt100"},
		"NO_COLOR":     {"NO_COLOR=1"},
		"flag --ascii": nil,
	} {
		t.Run(name, func(t *testing.T) {
			args := []string{"-s", s.Path, "-p", s.PIDFile}
			if env == nil {
				args = append(args, "--ascii")
			}
			e := open(t, terminalOptions{env: env}, args...)
			if name == "NO_COLOR" {
				e.waitFor("● online", "sshd")
			} else {
				e.waitFor("* online", "> sshd", "enter open")
			}
			for _, r := range e.screen() {
				if r >= 0x80 && name != "NO_COLOR" {
					t.Errorf("%q is on the screen", r)
				}
			}
			coloured := strings.Contains(e.styled(), "\x1b[")
			if want := name != "vt100" && name != "NO_COLOR"; coloured != want {
				t.Errorf("coloured: %v", coloured)
			}
		})
	}
}

// TestDashboardHostileServer: a server whose jails are named to do harm leaves
// the terminal clean.
func TestDashboardHostileServer(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Version: "\x1b]0;owned\a", Jails: []string{"\x1b[2J\x1b]0;owned\a", "sshd"}})
	s.Ban("sshd", "\x1b]0;owned\a\x1b[31m\u202e")
	e := open(t, terminalOptions{}, "-s", s.Path, "-p", s.PIDFile)
	e.waitFor("● online", `\x1b[2J`, "sshd")
	e.send("G\r")
	e.waitFor(`▸ \x1b]0;owned\x07\x1b[31m\u202e`)
	e.send("\x03")
	e.wait()
	if len(e.told) > 0 {
		t.Errorf("the terminal was told %q", e.told)
	}
}

// TestOneShotsAskTheTerminalNothing: a command that prints writes what it
// prints, and no query.
func TestOneShotsAskTheTerminalNothing(t *testing.T) {
	e := open(t, terminalOptions{env: []string{"COLORFGBG="}}, "version")
	if code := e.wait(); code != 0 || !strings.HasPrefix(e.screen(), "bantop ") {
		t.Errorf("exit %d: %q", code, e.screen())
	}
	if raw := e.raw(); strings.Contains(raw, "\x1b") {
		t.Errorf("it wrote %q", raw)
	}
}

// TestBackgroundIsAsked: the dashboard asks for the background where nothing
// else says it, and takes the answer for no key.
func TestBackgroundIsAsked(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	e := open(t, terminalOptions{env: []string{"COLORFGBG="}}, "-s", s.Path, "-p", s.PIDFile)
	e.waitFor("● online", "▸ sshd")
	if raw := e.raw(); strings.Count(raw, "\x1b]11;?") != 1 {
		t.Errorf("it wrote %q", raw)
	}
}

// TestDemo: the demo says that it is one, and never looks at this machine.
func TestDemo(t *testing.T) {
	e := open(t, terminalOptions{}, "demo", "-s", "/nonexistent")
	e.waitFor("DEMO", "● online", "sshd", "recidive", "+")
	e.send("q")
	if code := e.wait(); code != 0 {
		t.Errorf("exit %d", code)
	}
}

// TestDemoLeavesNothing: a demo takes its folder away, and that of one that was killed.
func TestDemoLeavesNothing(t *testing.T) {
	temp := fail2bantest.TempDir(t)
	begin := func() *terminal {
		e := open(t, terminalOptions{env: []string{"TMPDIR=" + temp}}, "demo")
		e.waitFor("DEMO", "● online")
		return e
	}
	folders := func(want int) {
		t.Helper()
		if left, err := filepath.Glob(filepath.Join(temp, "*")); err != nil || len(left) != want {
			t.Errorf("%q, %v, want %d", left, err, want)
		}
	}
	killed := begin()
	folders(1)
	if err := killed.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	killed.wait()
	folders(1)
	next := begin()
	folders(1) // its own
	next.send("q")
	next.wait()
	folders(0)
}
