package fail2ban_test

import (
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/logfile"
)

// TestStoppedAt: what a log says of the newest stop (lines of 1.0.2 and 1.1.0).
func TestStoppedAt(t *testing.T) {
	const (
		starting = "fail2ban.server  [1]: INFO    Starting Fail2ban v1.0.2"
		shutdown = "fail2ban.server  [1]: INFO    Shutdown in progress..."
		exiting  = "fail2ban.server  [1]: INFO    Exiting Fail2ban"
		reload   = "fail2ban.server  [1]: INFO    Reload all jails"
		started  = "fail2ban.jail    [1]: INFO    Jail 'aa' started"
		reloaded = "fail2ban.jail    [1]: INFO    Jail 'aa' reloaded"
		refused  = "fail2ban.transmitter [1]: ERROR   Command ['server-stream', []] has failed. Received RegexException(\"x\")"
		typo     = "fail2ban.transmitter [1]: ERROR   Command ['status', 'nosuch'] has failed. Received UnknownJailException('nosuch')"
		ban      = "fail2ban.actions [1]: NOTICE  [aa] Ban 192.0.2.1"
	)
	for _, c := range []struct {
		name  string
		up    bool
		lines []string
		at    int // the line, from 1; 0: not stopped, or not known
	}{
		{"stop, or SIGTERM", false, []string{starting, started, shutdown, exiting}, 3},
		{"killed while it stops", false, []string{starting, started, shutdown}, 3},
		{"kill -9", false, []string{starting, started, ban}, 0},
		{"level NOTICE", false, []string{ban, ban}, 0},
		{"an empty log", false, nil, 0},
		{"the log begins after the start", false, []string{ban, shutdown, exiting}, 2},
		{"stopped, started, killed", false, []string{starting, shutdown, exiting, starting, started}, 0},
		{"stopped, started by somebody who logs the reload only, killed", false, []string{shutdown, exiting, reload}, 0},
		{"a refused start ends by itself", false, []string{starting, refused, shutdown, exiting}, 0},
		{"a restart that is refused", false, []string{starting, started, shutdown, exiting, starting, refused, shutdown, exiting}, 0},
		{"a refused reload, then a stop", false, []string{starting, started, reload, refused, shutdown}, 0},
		{"a refused reload, a good one, a stop", false, []string{starting, started, reload, refused, reload, reloaded, shutdown}, 7},
		{"a typing error, then a stop", false, []string{starting, started, typo, shutdown}, 4},
		{"a restart", true, []string{starting, started, shutdown, exiting, starting, started}, 3},
		{"killed and started", true, []string{starting, started, starting, started}, 0},
		{"up, and no start in the log", true, []string{started, ban}, 0},
	} {
		t0 := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
		when := func(i int) time.Time { return t0.Add(time.Duration(i) * time.Second) }
		text := ""
		for i, l := range c.lines {
			text += when(i+1).Format("2006-01-02 15:04:05") + ",000 " + l + "\n"
		}
		got := fail2ban.StoppedAt(logfile.Parse(text, time.UTC), c.up)
		if c.at == 0 && !got.IsZero() || c.at > 0 && !got.Equal(when(c.at)) {
			t.Errorf("%s: got %v, want line %d", c.name, got, c.at)
		}
	}
}

// TestSinceRepair: only what stands behind the newest start or reload is told.
func TestSinceRepair(t *testing.T) {
	note := func(kind fail2ban.LogKind, text string) fail2ban.LogNote {
		return fail2ban.LogNote{Kind: kind, Text: text}
	}
	bad := note(fail2ban.LogError, "bad")
	for _, c := range []struct {
		name  string
		notes []fail2ban.LogNote
		want  int // notes that are left
	}{
		{"nothing", nil, 0},
		{"no start in it", []fail2ban.LogNote{bad, bad}, 2},
		{"before a start", []fail2ban.LogNote{bad, note(fail2ban.LogServer, "Starting Fail2ban v1.1.0")}, 1},
		{"after a start", []fail2ban.LogNote{bad, note(fail2ban.LogServer, "Starting Fail2ban v1.1.0"), bad}, 2},
		{"before a reload", []fail2ban.LogNote{note(fail2ban.LogServer, "Starting Fail2ban v1.1.0"), bad, note(fail2ban.LogReload, "Reload all jails")}, 1},
		{"after the stop", []fail2ban.LogNote{note(fail2ban.LogReload, "Reload all jails"), bad, note(fail2ban.LogServer, "Exiting Fail2ban")}, 3},
	} {
		if got := fail2ban.SinceRepair(c.notes); len(got) != c.want {
			t.Errorf("%s: %d are left, want %d", c.name, len(got), c.want)
		}
	}
}
