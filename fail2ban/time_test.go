package fail2ban

import (
	"testing"
	"time"
)

// TestParseTime: times as fail2ban and people write them.
func TestParseTime(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"600": 10 * time.Minute, "90s": 90 * time.Second, "1h30m": 90 * time.Minute, "2d": 2 * day, "1w": 7 * day, "0": 0,
		"1w 3d": 10 * day, "2y": 17532 * time.Hour, "1mo": 730*time.Hour + 30*time.Minute, "1 hour 30 min": 90 * time.Minute,
		"1.5h": 90 * time.Minute, "1hour+30min": 90 * time.Minute, "1D": day, " 5 ": 5 * time.Second, "3 weeks": 21 * day,
		"1m": time.Minute, "1 2": 3 * time.Second, "0.5s": 500 * time.Millisecond,
	} {
		if got, err := ParseTime(text); err != nil || got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", " ", "x", "1x", "h", "-5m", "1h-30m", "9999999999999", "99999999999999999999s", "1h-", "999999999w", "1.h", "1e3", "1d,", "ever",
		"1d # x", "0x10", "1_0", "1:30",
	} {
		if got, err := ParseTime(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// FuzzParseTime: foreign text neither crashes it nor gives a negative time.
func FuzzParseTime(f *testing.F) {
	f.Add("1w 3d")
	f.Add("1.5hours+2m3")
	f.Fuzz(func(t *testing.T, text string) {
		if d, err := ParseTime(text); d < 0 || err != nil && d != 0 {
			t.Errorf("%q: %v, %v", text, d, err)
		}
	})
}
