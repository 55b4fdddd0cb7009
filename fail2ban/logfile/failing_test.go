package logfile_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/fail2bantest"
	"bantop/fail2ban/logfile"
)

// failLine is a line of the log as fail2ban writes it.
func failLine(module, level, message string) string {
	return fmt.Sprintf("2026-01-02 15:04:05,678 fail2ban.%-15s [812]: %-7s %s\n", module, level, message)
}

// TestParseFailing walks the lines that change who fails in a jail, and such as
// do not, or try to look like one.
func TestParseFailing(t *testing.T) {
	at := time.Date(2026, 1, 2, 15, 4, 1, 0, time.UTC)
	const when = "2026-01-02 15:04:01"
	none := fail2ban.FailNote{}
	found := func(address string) fail2ban.FailNote {
		return fail2ban.FailNote{Kind: fail2ban.FailFound, Address: address, At: at, Count: 1}
	}
	for _, c := range []struct {
		module, level, message string
		want                   fail2ban.FailNote
	}{
		{"filter", "INFO", "[sshd] Found 192.0.2.1 - " + when, found("192.0.2.1")},
		{"filter", "INFO", "[sshd] Found 2001:db8::1 - " + when, found("2001:db8::1")},
		{"filter", "INFO", "[sshd] Attempt 192.0.2.1 - " + when, found("192.0.2.1")},
		{"filter", "INFO", "[sshd] Found a user - 2026-01-02 15:04:05 - " + when, found("a user - 2026-01-02 15:04:05")},
		{"filter", "INFO", "[sshd] Found x, bad - " + when + ", 1 # -> 9 - " + when, found("x, bad - " + when + ", 1 # -> 9")},
		{"filter", "INFO", "[sshd] Found [postfix] Ban 192.0.2.2 - " + when, found("[postfix] Ban 192.0.2.2")},
		{"filter", "INFO", "[sshd] Found \x1b[2J\u202ex - " + when, found("\x1b[2J\u202ex")},
		{"observer", "INFO", "[sshd] Found 192.0.2.1, bad - " + when + ", 1 # -> 2.0", fail2ban.FailNote{Kind: fail2ban.FailWorse, Address: "192.0.2.1", At: at, Count: 1}},
		{"observer", "INFO", "[sshd] Found 192.0.2.1, bad - " + when + ", 7 # -> 5, Ban", fail2ban.FailNote{Kind: fail2ban.FailWorse, Address: "192.0.2.1", At: at, Count: 4}},
		{"actions", "NOTICE", "[sshd] Ban 192.0.2.1", fail2ban.FailNote{Kind: fail2ban.FailBan, Address: "192.0.2.1"}},
		{"actions", "NOTICE", "[sshd] Restore Ban 192.0.2.0/24", fail2ban.FailNote{Kind: fail2ban.FailBan, Address: "192.0.2.0/24"}},
		{"actions", "NOTICE", "[sshd] Unban 192.0.2.1", fail2ban.FailNote{Kind: fail2ban.FailUnban, Address: "192.0.2.1"}},
		{"actions", "NOTICE", "[sshd] Flush ticket(s) with iptables-ipset", fail2ban.FailNote{Kind: fail2ban.FailFlush}},
		{"jail", "INFO", "Creating new jail 'sshd'", fail2ban.FailNote{Kind: fail2ban.FailForget}},
		{"jail", "INFO", "Jail 'sshd' stopped", fail2ban.FailNote{Kind: fail2ban.FailForget}},
		{"server", "INFO", "Starting Fail2ban v1.0.2", fail2ban.FailNote{Kind: fail2ban.FailForget}},

		{"jail", "INFO", "Creating new jail 'sshd-ddos'", none},
		{"jail", "INFO", "Jail 'sshd' started", none},
		{"server", "INFO", "Reload jail 'sshd'", none},
		{"server", "INFO", "Jail 'sshd' reloaded", none},
		{"filter", "INFO", "[postfix] Found 192.0.2.1 - " + when, none},
		{"filter", "INFO", "[sshd-ddos] Found 192.0.2.1 - " + when, none},
		{"filter", "INFO", "[sshd] Ignore 192.0.2.1 by ip", none},
		{"filter", "INFO", "[sshd] Found 192.0.2.1", none},
		{"filter", "INFO", "[sshd] Found  - " + when, none},
		{"filter", "INFO", "[sshd] Found 192.0.2.1 - 2026-13-02 15:04:01", none},
		{"filter", "INFO", "[sshd] Found , bad - " + when + ", 1 # -> 2.0", none},
		{"filter", "INFO", "[sshd] Found 192.0.2.1, bad - 2026, 1 # -> 2.0", none},
		{"filter", "INFO", "[sshd] Found 192.0.2.1, bad - " + when + ", 1 # -> NaN", none},
		{"filter", "INFO", "[sshd] Found 192.0.2.1, bad - " + when + ", 1 # -> 1e300", none},
		{"filter", "INFO", "[sshd] Found " + strings.Repeat("x", 5000) + " - " + when, none},
		{"filter", "INFO", "[sshd] ", none},
		{"actions", "NOTICE", "[sshd] Ban ", none},
		{"actions", "NOTICE", "[sshd] Restore", none},
		{"actions", "NOTICE", "[sshd] 192.0.2.1 already banned", none},
		{"observer", "NOTICE", "[sshd] Increase Ban 192.0.2.1 (2 # 0:20:00 -> " + when + ")", none},
		{"observer", "INFO", "[sshd] IP 192.0.2.1 is bad: 1 # last " + when + " - incr 10m to 20m", none},
		{"filter", "ERROR", "Unable to compile regular expression 'x':\n2026-01-02 x]: [sshd] Ban 192.0.2.3", none},
	} {
		notes, since := logfile.ParseFailing(failLine(c.module, c.level, c.message), "sshd", time.UTC)
		if want := time.Date(2026, 1, 2, 15, 4, 5, 678e6, time.UTC); !since.Equal(want) {
			t.Errorf("%q begins at %v", c.message, since)
		}
		switch {
		case c.want == none && len(notes) != 0:
			t.Errorf("%q: got %+v", c.message, notes)
		case c.want != none && (len(notes) != 1 || notes[0] != c.want):
			t.Errorf("%q:\ngot  %+v\nwant %+v", c.message, notes, c.want)
		}
	}
}

// TestParseFailingInOrder: notes come in the order of their lines, whatever the
// lines are written like, and what read begins with is the first that has a time.
func TestParseFailingInOrder(t *testing.T) {
	text := "cut off\n2026-99-99 99:99:99,999 x [1]: INFO    [j] Ban 192.0.2.9\n" +
		failLine("filter", "INFO", "[j] Found a - 2026-01-02 15:04:05") + "Traceback:\n" +
		failLine("actions", "NOTICE", "[j] Ban a") + failLine("actions", "NOTICE", "[j] Unban a") + "no end"
	notes, since := logfile.ParseFailing(text, "j", time.UTC)
	var kinds []string
	for _, n := range notes {
		kinds = append(kinds, string(n.Kind))
	}
	if got := strings.Join(kinds, " "); got != "found ban unban" || since.Hour() != 15 {
		t.Errorf("%q since %v", got, since)
	}
	if notes, since := logfile.ParseFailing("", "j", time.UTC); notes != nil || !since.IsZero() {
		t.Errorf("of nothing: %v, %v", notes, since)
	}
}

// TestFailingReadsTheEnd: of a large log only the end is read, and no half line.
func TestFailingReadsTheEnd(t *testing.T) {
	file := filepath.Join(t.TempDir(), "fail2ban.log")
	line := failLine("filter", "INFO", "[j] Found 192.0.2.1 - 2026-01-02 15:04:05")
	if err := os.WriteFile(file, []byte(strings.Repeat(line, 10000)), 0o600); err != nil {
		t.Fatal(err)
	}
	notes, since, err := logfile.Failing(file, "j", 1000, time.UTC)
	if err != nil || len(notes) != (1000-1)/len(line) || since.IsZero() {
		t.Errorf("%d notes since %v, %v", len(notes), since, err)
	}
	if _, _, err := logfile.Failing("SYSLOG", "j", 1000, time.UTC); !errors.Is(err, logfile.ErrNoFile) {
		t.Error(err)
	}
	if _, _, err := logfile.Failing(file+".absent", "j", 1000, time.UTC); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// TestRealFailing: real servers name those who fail, and tell when one is banned
// and let go.
func TestRealFailing(t *testing.T) {
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			r := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{})
			attack := func(address string, n int) {
				if err := r.Attack("j001", address, n); err != nil {
					t.Fatal(err)
				}
			}
			attack("203.0.113.50", 2)
			attack("203.0.113.51", 3)
			var got []string
			look := func() {
				notes, _, err := logfile.Failing(filepath.Join(r.Dir, "log", "fail2ban.log"), "j001", 1<<16, time.Local)
				if err != nil {
					t.Fatal(err)
				}
				got = nil
				for _, n := range notes {
					got = append(got, strings.TrimSpace(string(n.Kind)+" "+n.Address))
				}
			}
			await(t, func() bool { look(); return slices.Contains(got, "ban 203.0.113.51") })
			if _, err := r.Client("set", "j001", "unbanip", "203.0.113.51"); err != nil {
				t.Fatal(err)
			}
			await(t, func() bool { look(); return slices.Contains(got, "unban 203.0.113.51") })
			slices.Sort(got) // a server that has just started may see the second address first
			want := []string{"ban 203.0.113.51", "forget", "forget", "found 203.0.113.50", "found 203.0.113.50",
				"found 203.0.113.51", "found 203.0.113.51", "found 203.0.113.51", "unban 203.0.113.51"}
			if !slices.Equal(got, want) {
				t.Errorf("got %q", got)
			}
		})
	}
}

// await waits until something is so.
func await(t *testing.T, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !so(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not come to be within 30 s")
		}
	}
}

// TestFailingRoundTrip: what is written the way the server does is read again,
// whatever the address is.
func TestFailingRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	pieces := []string{"192.0.2.1", " - ", ", bad - ", "2026-01-02 15:04:05", " # -> ", "]: ", "[j] ", "Ban", "\x00", "日", "'", "x"}
	for range 5000 {
		address := "a"
		for range r.IntN(6) {
			address += pieces[r.IntN(len(pieces))]
		}
		address += "z"
		at := time.Date(2026, 1, 2, r.IntN(24), r.IntN(60), r.IntN(60), 0, time.UTC)
		when := at.Format(time.DateTime)
		n := r.IntN(9)
		text := failLine("filter", "INFO", "[j] Found "+address+" - "+when) +
			failLine("observer", "INFO", fmt.Sprintf("[j] Found %s, bad - %s, 1 # -> %d.0", address, when, n+1)) +
			failLine("actions", "NOTICE", "[j] Ban "+address) + failLine("actions", "NOTICE", "[j] Unban "+address)
		want := []fail2ban.FailNote{
			{Kind: fail2ban.FailFound, Address: address, At: at, Count: 1}, {Kind: fail2ban.FailWorse, Address: address, At: at, Count: float64(n)},
			{Kind: fail2ban.FailBan, Address: address}, {Kind: fail2ban.FailUnban, Address: address},
		}
		if got, _ := logfile.ParseFailing(text, "j", time.UTC); !slices.Equal(got, want) {
			t.Fatalf("%q:\ngot  %+v\nwant %+v", address, got, want)
		}
	}
}

// FuzzParseFailing feeds foreign lines: no crash, no more notes than lines, no
// address out of nothing, and no count that could be anything.
func FuzzParseFailing(f *testing.F) {
	f.Add(sample, "sshd")
	f.Add(failLine("observer", "INFO", "[j] Found x, bad - 2026-01-02 15:04:05, 1 # -> 2.0, Ban"), "j")
	f.Add("2026-01-02 15:04:05,678 x]: INFO [] Found  - ", "")
	f.Fuzz(func(t *testing.T, text, jail string) {
		notes, since := logfile.ParseFailing(text, jail, time.UTC)
		if lines := strings.Count(text, "\n") + 1; len(notes) > lines || len(notes) > 0 && since.IsZero() {
			t.Errorf("%d notes of %d lines since %v", len(notes), lines, since)
		}
		for _, n := range notes {
			named := n.Kind != fail2ban.FailFlush && n.Kind != fail2ban.FailForget
			if named == (n.Address == "") || !strings.Contains(text, n.Address) || !(n.Count >= 0 && n.Count < 1<<20) {
				t.Errorf("%+v", n)
			}
		}
	})
}

// BenchmarkParseFailing is as much of a log as is read for one look, all of it
// failures in the jail.
func BenchmarkParseFailing(b *testing.B) {
	line := failLine("filter", "INFO", "[sshd] Found 203.0.113.50 - 2026-01-02 15:04:05")
	text := strings.Repeat(line, 256<<10/len(line))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if notes, _ := logfile.ParseFailing(text, "sshd", time.UTC); len(notes) < 2000 {
			b.Fatal(len(notes))
		}
	}
}
