package control

import (
	"path/filepath"
	"testing"
)

// TestAskSystemd: what systemctl says about both units, and that it may say
// nothing.
func TestAskSystemd(t *testing.T) {
	const says = `LoadState=loaded\nActiveState=active\nUnitFileState=disabled\n\nLoadState=not-found\nActiveState=inactive\nUnitFileState=\n`
	booted, absent := t.TempDir(), filepath.Join(t.TempDir(), "absent")
	for _, c := range []struct {
		says, code, booted string
		want               Service
		fails              bool
	}{
		{says, "0", booted, Service{true, "loaded", "active", "disabled", "inactive"}, false},
		{`LoadState=not-found\nActiveState=inactive\n`, "0", booted, Service{true, "not-found", "inactive", "", ""}, false},
		{`LoadState=masked\n\nActiveState=active\n`, "0", booted, Service{true, "masked", "", "", "active"}, false},
		{says, "1", booted, Service{Booted: true}, true},
		{says, "0", absent, Service{}, false},
	} {
		calls := fakeSystemctl(t, c.says, c.code)
		got, err := askUnder(t.Context(), c.booted)
		if got != c.want || (err != nil) != c.fails {
			t.Errorf("%q: %+v, %v", c.says, got, err)
		}
		if c.booted == absent && calls() != "" {
			t.Error("systemctl was called where systemd does not run")
		}
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := askUnder(t.Context(), booted); err == nil {
		t.Error("no error without systemctl")
	}
}

// TestLoaded: only a unit that is loaded is one that systemd runs.
func TestLoaded(t *testing.T) {
	for load, want := range map[string]bool{"loaded": true, "not-found": false, "masked": false, "": false} {
		if got := (Service{Load: load}).Loaded(); got != want {
			t.Errorf("%q: %v", load, got)
		}
	}
}
