package fail2ban_test

import (
	"strings"
	"testing"
	"time"

	"bantop/fail2ban"
)

var berlin = time.FixedZone("CET", 3600)

// TestParseBan walks the lines of `get JAIL banip --with-time`.
func TestParseBan(t *testing.T) {
	start := time.Date(2026, 1, 2, 15, 4, 5, 0, berlin)
	for _, c := range []struct {
		name, line string
		want       fail2ban.Ban
	}{
		{"an address", "203.0.113.5 \t2026-01-02 15:04:05 + 600 = 2026-01-02 15:14:05",
			fail2ban.Ban{Address: "203.0.113.5", Start: start, End: start.Add(10 * time.Minute), Length: 10 * time.Minute}},
		{"a network", "198.51.100.0/24 \t2026-01-02 15:04:05 + 1 = 2026-01-02 15:04:06",
			fail2ban.Ban{Address: "198.51.100.0/24", Start: start, End: start.Add(time.Second), Length: time.Second}},
		{"permanent", "2001:db8::1 \t2026-01-02 15:04:05 + -1 = 9999-12-31 23:59:59",
			fail2ban.Ban{Address: "2001:db8::1", Start: start, Length: fail2ban.Permanent}},
		{"a user name with anything in it", "a + b = c\t \t2026-01-02 15:04:05 + 1 = 2026-01-02 15:04:06",
			fail2ban.Ban{Address: "a + b = c\t", Start: start, End: start.Add(time.Second), Length: time.Second}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := fail2ban.ParseBan(c.line, berlin)
			if err != nil || !got.Start.Equal(c.want.Start) || !got.End.Equal(c.want.End) ||
				got.Address != c.want.Address || got.Length != c.want.Length {
				t.Errorf("got %+v, %v", got, err)
			}
			if back := fail2ban.FormatBan(got, berlin); back != c.line {
				t.Errorf("written again: %q", back)
			}
		})
	}
}

// TestParseBanRefuses walks lines that are no ban, with the words that say why.
func TestParseBanRefuses(t *testing.T) {
	for line, want := range map[string]string{
		"":                              "no tab",
		"203.0.113.5":                   "no tab",
		"a \t":                          `no " + "`,
		"a \t2026-01-02 15:04:05 + 600": `no " = "`,
		"a \t2026-01-02 15:04:05 + x = 2026-01-02 15:04:06":   "its length",
		"a \t2026-13-02 15:04:05 + 1 = 2026-01-02 15:04:06":   "its start",
		"a \t2026-01-02 15:04:05 + 1 = 2026-01-02 15:04:60":   "its end",
		"a \t2026-01-02 15:04:05 + 1e9 = 2026-01-02 15:04:06": "its length",
	} {
		if got, err := fail2ban.ParseBan(line, berlin); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, %v, want an error with %q", line, got, err, want)
		}
	}
}

// FuzzParseBan feeds foreign lines: no crash, and what is read is written as
// it was.
func FuzzParseBan(f *testing.F) {
	f.Add("203.0.113.5 \t2026-01-02 15:04:05 + 600 = 2026-01-02 15:14:05")
	f.Add("x \t2026-01-02 15:04:05 + -1 = 9999-12-31 23:59:59")
	f.Fuzz(func(t *testing.T, line string) {
		b, err := fail2ban.ParseBan(line, time.UTC)
		if err != nil {
			return
		}
		again, err := fail2ban.ParseBan(fail2ban.FormatBan(b, time.UTC), time.UTC)
		if err != nil || again != b {
			t.Errorf("%+v, written and read: %+v, %v", b, again, err)
		}
	})
}

// TestSeconds walks fail2ban's numbers of seconds.
func TestSeconds(t *testing.T) {
	for n, want := range map[int64]time.Duration{
		0: 0, 600: 10 * time.Minute, -1: fail2ban.Permanent, -600: fail2ban.Permanent,
		1 << 62: 9223372036 * time.Second,
	} {
		if got := fail2ban.Seconds(n); got != want {
			t.Errorf("%d: %v, want %v", n, got, want)
		}
	}
}
