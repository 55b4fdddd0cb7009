package cli_test

import (
	"testing"

	"bantop/fail2ban/fail2bantest"
)

// TestPanesShareOneTruth: what one pane sees and does, the other shows: jails
// that are lost, a lock, a reload that brings them back, a dismissal.
func TestPanesShareOneTruth(t *testing.T) {
	t.Parallel()
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			t.Parallel()
			r := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{})
			o := terminalOptions{width: 120, state: t.TempDir(), height: 30, env: install.Environ()}
			a := open(t, o, "-c", r.ConfDir)
			a.waitFor("● online", "3 jails", "locked")
			b := open(t, o, "-c", r.ConfDir)
			b.waitFor("● online", "3 jails", "locked")

			a.send("o")
			a.waitFor("Unlock this pane as", "for 10m")
			a.send("y")
			a.waitFor("unlocked 9:5")
			b.send("L")
			a.waitUntil("the lock of the other pane", func(screen string) bool { return holds(screen, "locked") && !holds(screen, "unlocked") })

			if err := r.Fault("regex"); err != nil {
				t.Fatal(err)
			}
			if _, err := r.Client("reload"); err == nil {
				t.Fatal("a faulty jail was loaded")
			}
			for _, e := range []*terminal{a, b} {
				e.waitFor("● degraded", "j001, j002 and j003 are gone since", "all jails were")
			}
			if err := r.Fault(""); err != nil {
				t.Fatal(err)
			}
			a.send("R")
			a.waitFor("should run  3 jails", "▸ reload", "Unable to compile regular expression")
			a.send("\r")
			a.waitFor("Unlock this pane as")
			a.send("y")
			a.waitFor("Reload fail2ban?")
			a.send("y")
			a.waitFor("every jail is there")
			b.waitFor("● online", "j001, j002 and j003 are back")
			b.send("x")
			b.waitFor("Unlock this pane as")
			b.send("y")
			b.waitFor("Hide this in every pane?")
			b.send("y")
			for _, e := range []*terminal{a, b} {
				e.waitUntil("nothing to recover from", func(screen string) bool { return !holds(screen, "are back") })
			}
		})
	}
}
