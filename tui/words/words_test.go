package words_test

import (
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/tui/words"
)

// TestWords walks numbers and times and how they are said.
func TestWords(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct{ got, want string }{
		{words.Count(0), "0"}, {words.Count(999), "999"}, {words.Count(1284), "1,284"},
		{words.Count(1234567), "1,234,567"}, {words.Count(-1284), "-1,284"}, {words.Count(100000), "100,000"},
		{words.Short(999999, 7), "999,999"}, {words.Short(1234567, 7), "1,234k"}, {words.Short(1234567, 5), "1M"},
		{words.Short(0, 4), "0"}, {words.Short(1<<40, 6), "1,099G"}, {words.Plural(1, "ban"), "1 ban"}, {words.Plural(0, "ban"), "0 bans"}, {words.Plural(1284, "ban"), "1,284 bans"},
		{words.Span(0), "0s"}, {words.Span(-5 * time.Second), "0s"}, {words.Span(4*time.Second + 400*time.Millisecond), "4s"},
		{words.Span(time.Minute), "1m"}, {words.Span(5*time.Minute + 12*time.Second), "5m 12s"},
		{words.Span(3*day + 4*time.Hour + 59*time.Minute), "3d 4h"}, {words.Span(3*day + 59*time.Minute), "3d"},
		{words.Span(400 * day), "400d"},
		{words.Age(-time.Hour), "now"}, {words.Age(59 * time.Second), "now"}, {words.Age(time.Minute), "1m"},
		{words.Age(119 * time.Minute), "1h"}, {words.Age(47 * time.Hour), "47h"}, {words.Age(2 * day), "2d"},
		{words.Countdown(9*time.Minute + 41*time.Second), "9:41"}, {words.Countdown(-time.Second), "0:00"}, {words.Countdown(time.Hour), "60:00"},
		{words.Left(-time.Second), "<1m"}, {words.Left(59 * time.Second), "<1m"}, {words.Left(9*time.Minute + 59*time.Second), "9m"},
		{words.Left(25*time.Hour + 59*time.Minute), "1d 1h"},
		{words.Latency(300 * time.Microsecond), "<1 ms"}, {words.Latency(2400 * time.Microsecond), "2 ms"},
		{words.Latency(1234 * time.Millisecond), "1.2 s"},
		{words.BanTime(fail2ban.Permanent), "for ever"}, {words.BanTime(10 * time.Minute), "10m"},
		{words.List(nil), ""}, {words.List([]string{"a"}), "a"}, {words.List([]string{"a", "b"}), "a and b"},
		{words.List([]string{"a", "b", "c"}), "a, b and c"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
