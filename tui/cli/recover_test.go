package cli_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"bantop/fail2ban/fail2bantest"
	"bantop/tui/plain"
)

// journal is what `history --acts --json` tells.
func journal(t *testing.T, state, conf string) []plain.Done {
	t.Helper()
	code, out, errs := runIn(t.Context(), state, "-c", conf, "history", "--acts", "--json")
	var acts []plain.Done
	if err := json.Unmarshal([]byte(out), &acts); err != nil || code != 0 {
		t.Fatalf("exit %d, %v: %s%s", code, err, out, errs)
	}
	return acts
}

// TestRecover: a faulty jail takes the others down; recover says so, refuses to
// act where nobody agreed, brings them back, and starts a server that died. The
// journal tells of each.
func TestRecover(t *testing.T) {
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			install.Use(t)
			r := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{})
			state := t.TempDir()
			bantop := func(exit int, args ...string) (stdout, stderr string) {
				t.Helper()
				code, out, errs := runIn(t.Context(), state, append([]string{"-c", r.ConfDir}, args...)...)
				if code != exit {
					t.Fatalf("%v: exit %d, want %d: %s%s", args, code, exit, out, errs)
				}
				return out, errs
			}
			recovery := func(exit int, args ...string) plain.Recovery {
				t.Helper()
				out, _ := bantop(exit, append([]string{"recover", "--json"}, args...)...)
				var got plain.Recovery
				if err := json.Unmarshal([]byte(out), &got); err != nil {
					t.Fatal(err)
				}
				return got
			}
			bantop(0, "status")
			if err := r.Fault("regex"); err != nil {
				t.Fatal(err)
			}
			if _, err := r.Client("reload"); err == nil {
				t.Fatal("a faulty jail was loaded")
			}
			got := recovery(0)
			if got.Status != "degraded" || got.Pending == nil || got.Pending.Kind != "jails lost" || !slices.Equal(got.Missing, []string{"j001", "j002", "j003"}) || got.Act != nil {
				t.Errorf("after the fault: %+v", got)
			}
			if !slices.ContainsFunc(got.Log, func(l plain.LogLine) bool { return strings.Contains(l.Text, "Unable to compile regular expression") }) {
				t.Errorf("the log does not tell it: %+v", got.Log)
			}
			if _, errs := bantop(64, "recover", "--reload"); !strings.Contains(errs, "--yes agrees") {
				t.Errorf("got %q", errs)
			}
			if out, _ := bantop(1, "recover", "--reload", "--yes"); !strings.Contains(out, "reload failed: ") || !strings.Contains(out, "should run  3 jails: j001, j002, j003\n") {
				t.Errorf("got %q", out)
			}

			if err := r.Fault(""); err != nil {
				t.Fatal(err)
			}
			if got := recovery(0, "--reload", "--yes"); got.Act == nil || !got.Act.Done || len(got.Act.Missing) > 0 || len(got.Missing) > 0 || got.Status != "online" {
				t.Errorf("after the reload: %+v", got)
			}
			if err := r.Kill(); err != nil { // soon after a new jail was seen, which is gone: nobody is to blame
				t.Fatal(err)
			}
			if _, errs := bantop(64, "recover", "--reload", "--yes"); !strings.Contains(errs, "next: sudo bantop recover --restart") {
				t.Errorf("got %q", errs)
			}
			if got := recovery(0, "--restart", "--yes"); got.Act == nil || !got.Act.Done || got.Status != "online" {
				t.Errorf("after the restart: %+v", got)
			}
			if _, errs := bantop(64, "recover", "--dismiss", "--yes"); !strings.Contains(errs, "nothing to dismiss") {
				t.Errorf("got %q", errs)
			}
			var acts []string
			for _, a := range journal(t, state, r.ConfDir) {
				if a.Act != "unlock" {
					acts = append(acts, a.Act+": "+strings.SplitN(a.Result, ":", 2)[0])
				}
				if a.Who == "" || a.Host == "" || a.At.IsZero() {
					t.Errorf("nobody did it: %+v", a)
				}
			}
			if got := strings.Join(acts, "; "); got != "reload: fail2ban is left as it is, not reloaded; reload: done; restart: done" {
				t.Errorf("the journal: %s", got)
			}
			if out, _ := bantop(0, "history"); !strings.Contains(out, "j001, j002, j003") || !strings.Contains(out, "offline") {
				t.Errorf("the history: %s", out)
			}
		})
	}
}

// TestRecoverAsks: on a terminal, recover shows what happened and asks what is
// to be done, and once more before it does it.
func TestRecoverAsks(t *testing.T) {
	t.Parallel()
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			t.Parallel()
			r := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{})
			state := t.TempDir()
			o := terminalOptions{state: state, env: install.Environ()}
			e := open(t, o, "-c", r.ConfDir, "recover")
			e.waitFor("every one runs", "1  reload", "2  restart", "What is to be done?")
			e.send("\r")
			if code := e.wait(); code != 0 {
				t.Errorf("nothing was chosen: exit %d", code)
			}
			e = open(t, o, "-c", r.ConfDir, "recover")
			e.waitFor("What is to be done?")
			e.send("2\r")
			e.waitFor("Restart fail2ban?", "[y/N]")
			e.send("n\r")
			if code := e.wait(); code != 0 || len(journal(t, state, r.ConfDir)) != 0 {
				t.Errorf("it was not wanted: exit %d, %v", code, journal(t, state, r.ConfDir))
			}
			e = open(t, o, "-c", r.ConfDir, "recover")
			e.waitFor("What is to be done?")
			e.send("reload\r")
			e.waitFor("Reload fail2ban?", "[y/N]")
			e.send("y\r")
			if code := e.wait(); code != 0 {
				t.Errorf("exit %d:\n%s", code, e.screen())
			}
			acts := journal(t, state, r.ConfDir)
			if last := acts[len(acts)-1]; last.Act != "reload" || last.Result != "done" || last.TTY == "" {
				t.Errorf("the journal: %+v", last)
			}
		})
	}
}
