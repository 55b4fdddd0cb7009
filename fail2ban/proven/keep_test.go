package proven_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/control"
	"bantop/fail2ban/handset"
)

// hand are values that are set by hand: the option, what is set, and what `get` shows.
var hand = []struct{ option, set, shown string }{
	{"usedns", "warn", "warn"},
	{"failregex", "^bad from <HOST>$", "bad from"},
	{"ignoreregex", "^nice$", "^nice$"},
	{"logpath", "/etc/passwd", "/etc/passwd"},
	{"ignoreip", "203.0.113.77", "203.0.113.77"},
	{"bantime", "1234", "1234"},
	{"findtime", "4321", "4321"},
	{"maxretry", "9", "9"},
}

func (l lab) setByHand(t *testing.T) {
	t.Helper()
	l.must(t, "reload") // the files are as old as the process
	for _, h := range hand {
		option := h.option
		if slices.Contains([]string{"ignoreip", "failregex", "ignoreregex", "logpath"}, option) {
			option = "add" + option
		}
		l.must(t, "set", "j001", option, h.set)
	}
}

// told is a report without what a server makes of <HOST>.
func told(r handset.Report) string {
	return regexp.MustCompile(` \^bad from .*?…`).ReplaceAllString(fmt.Sprint(r), "")
}

// aDay is the length of a ban of a day: one that is put back ends when it would have, to a
// few seconds.
var aDay = regexp.MustCompile(`\+ 8639[5-9]|\+ 8640\d`)

// TestKeepByHand: what fail2ban's own reload and restart drop is back after bantop's, and
// told; a restart also keeps bans with a time of their own.
func TestKeepByHand(t *testing.T) {
	each(t, func(t *testing.T, l lab) {
		l.setByHand(t)
		l.must(t, "reload")
		for _, h := range hand {
			if got := l.must(t, "get", "j001", h.option); strings.Contains(got, h.shown) {
				t.Errorf("fail2ban's own reload keeps %s: %s", h.option, got)
			}
		}
		for _, c := range []struct {
			name string
			do   func() error
		}{
			{"reload", func() error { return l.Reload(t.Context()) }},
			{"restart", func() error { return l.Restart(t.Context(), control.Runs) }},
		} {
			l.setByHand(t)
			in := func(address string) []fail2ban.Target { return []fail2ban.Target{{Jail: "j002", Address: address}} }
			for address, length := range map[string]time.Duration{"192.0.2.6": 24 * time.Hour, "192.0.2.7": fail2ban.Permanent} {
				if _, err := l.client.BanFor(t.Context(), in(address), length); err != nil {
					t.Fatal(err)
				}
			}
			if err := c.do(); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			for _, h := range hand {
				if got := l.must(t, "get", "j001", h.option); !strings.Contains(got, h.shown) {
					t.Errorf("%s: %s is %s", c.name, h.option, got)
				}
			}
			bans := l.must(t, "get", "j002", "banip", "--with-time")
			if !aDay.MatchString(bans) || !strings.Contains(bans, "+ -1 =") {
				t.Errorf("%s: %s", c.name, bans)
			}
			report := l.Report()
			if want := map[string]int{"reload": 8, "restart": 10}[c.name]; len(report.Kept) != want || len(report.Lost) > 0 {
				t.Errorf("%s: told %v", c.name, report)
			}
		}
	})
}

// TestKeepNothingElse: what the files changed on purpose holds, what somebody took away
// before is not put back, and what a changed file may have said is told and not set.
func TestKeepNothingElse(t *testing.T) {
	each(t, func(t *testing.T, l lab) {
		l.setByHand(t)
		l.must(t, "set", "j001", "delignoreip", "203.0.113.77")
		l.must(t, "set", "j002", "addignoreip", "203.0.113.78")
		was, err := l.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		kept := l.Take(t.Context(), was, true, false)
		l.edit(t, "jail.d/x.local", "[j001]\nbantime = 77\n[j002]\nignoreip = 203.0.113.78\n[j003]\nenabled = false\n")
		now, err := l.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Load(t.Context(), now); err != nil {
			t.Fatal(err)
		}
		report := l.PutBack(t.Context(), kept, was, now)
		for option, want := range map[string]string{"bantime": "77", "findtime": "4321", "maxretry": "9", "ignoreip": "No IP"} {
			if got := l.must(t, "get", "j001", option); !strings.Contains(got, want) {
				t.Errorf("%s is %s", option, got)
			}
		}
		if got := told(report); got != "{[j001: failregex j001: findtime 4321 j001: ignoreregex ^nice$ j001: logpath /etc/passwd j001: maxretry 9 j001: usedns warn] []}" {
			t.Errorf("told %s", got)
		}
		l.edit(t, "jail.d/x.local", "[j001]\nmaxretry = 5\n")
		if err := l.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := l.must(t, "get", "j001", "maxretry"); !strings.Contains(got, "5") {
			t.Errorf("maxretry is %s", got)
		}
		if report := l.Report(); len(report.Lost) == 0 || !strings.Contains(fmt.Sprint(report.Lost), "findtime 4321") {
			t.Errorf("told %v", report)
		}
	})
}

// TestReloadIsProven: a configuration that would take every jail down is refused with its
// line, and nothing is touched.
func TestReloadIsProven(t *testing.T) {
	each(t, func(t *testing.T, l lab) {
		l.edit(t, "fail2ban.local", "[Definition]\ndbpurgeage = abc\n")
		before, pid := l.must(t, "status"), l.PID()
		for name, do := range map[string]func() error{
			"reload":  func() error { return l.Reload(t.Context()) },
			"jail":    func() error { return l.ReloadJail(t.Context(), "j001") },
			"restart": func() error { return l.Restart(t.Context(), control.Runs) },
		} {
			if err := do(); err == nil || !strings.Contains(err.Error(), "fail2ban.local:2: dbpurgeage = abc") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if after := l.must(t, "status"); after != before || l.PID() != pid {
			t.Errorf("%s\n%s", before, after)
		}
	})
}

// TestNewDatabaseIsRefused: another database loses every ban.
func TestNewDatabaseIsRefused(t *testing.T) {
	each(t, func(t *testing.T, l lab) {
		l.edit(t, "fail2ban.local", "[Definition]\ndbfile = "+l.Dir+"/run/other.sqlite3\n")
		for _, do := range []func() error{
			func() error { return l.Reload(t.Context()) },
			func() error { return l.Restart(t.Context(), control.Runs) },
		} {
			if err := do(); err == nil || !strings.Contains(err.Error(), "fail2ban.local:2: dbfile") {
				t.Error(err)
			}
		}
	})
}
