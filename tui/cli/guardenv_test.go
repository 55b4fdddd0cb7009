package cli

import (
	"slices"
	"testing"
)

// TestGuardEnvironment: a guard sees what its settings and its programs are found by,
// and nothing else of what its caller had.
func TestGuardEnvironment(t *testing.T) {
	got := guardEnvironment([]string{
		"PATH=/bin", "LD_PRELOAD=/x", "HOME=/root", "PYTHONPATH=/m", "PYTHONHOME=/x", "BASH_ENV=/x", "TZ=UTC", "BANTOP_THEME=none",
		"XBANTOP_=1", "SSH_AUTH_SOCK=/x", "TMPDIR=/t", "XDG_STATE_HOME=/s", "XDG_CONFIG_HOME=/c", "LANG=C", "GODEBUG=x", "broken",
	})
	want := []string{"PATH=/bin", "HOME=/root", "PYTHONPATH=/m", "TZ=UTC", "BANTOP_THEME=none", "TMPDIR=/t", "XDG_STATE_HOME=/s", "XDG_CONFIG_HOME=/c", "LANG=C"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
