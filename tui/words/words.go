// Package words says in plain language what the model knows, the same on every
// screen and in every printed line.
package words

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"bantop/fail2ban"
	"bantop/model/banlist"
)

// Count writes a number with commas: 1,284.
func Count(n int) string {
	s := strconv.Itoa(n)
	neg := ""
	if n < 0 {
		neg, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return neg + s
}

// Short writes a number in so many cells, at least 4: with commas where they
// fit, else as 12k or 3M.
func Short(n, cells int) string {
	s := Count(n)
	for _, unit := range []struct {
		name string
		n    int
	}{{"k", 1e3}, {"M", 1e6}, {"G", 1e9}} {
		if len(s) <= cells {
			break
		}
		s = Count(n/unit.n) + unit.name
	}
	return s
}

// Plural is a number and its noun: "1 ban", "1,284 bans".
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Count(n) + " " + noun + "s"
}

// Span is how long something took or lasts, in its two largest units: "4s",
// "5m 12s", "3d 4h". What is negative, by clocks that differ, is "0s".
func Span(d time.Duration) string {
	d = max(0, d.Round(time.Second))
	units := []struct {
		name string
		len  time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}}
	for i, u := range units {
		n := d / u.len
		if n == 0 && u.name != "s" {
			continue
		}
		out := strconv.Itoa(int(n)) + u.name
		if i+1 < len(units) {
			if m := d % u.len / units[i+1].len; m > 0 {
				out += " " + strconv.Itoa(int(m)) + units[i+1].name
			}
		}
		return out
	}
	return "0s"
}

// Age is how long ago something was, for a row of a table: in one unit, and
// without seconds, so that rows do not change all the time: "now", "5m", "3h".
func Age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "now"
	case d < time.Hour:
		return strconv.Itoa(int(d/time.Minute)) + "m"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d/time.Hour)) + "h"
	default:
		return strconv.Itoa(int(d/(24*time.Hour))) + "d"
	}
}

// Countdown is how long something still lasts, by the second: "9:41".
func Countdown(d time.Duration) string {
	d = max(0, d)
	return strconv.Itoa(int(d/time.Minute)) + ":" + fmt.Sprintf("%02d", int(d%time.Minute/time.Second))
}

// Left is how long something still lasts, for a row of a table: as Span, without
// seconds.
func Left(d time.Duration) string {
	if d < time.Minute {
		return "<1m"
	}
	return Span(d.Truncate(time.Minute))
}

// TimeLeft is how long a ban still lasts, for a row of a table: in its last minute
// by the second.
func TimeLeft(d time.Duration) string {
	switch {
	case d == fail2ban.Permanent:
		return "for ever"
	case d <= 0:
		return "over"
	case d < time.Minute:
		return Span(d)
	default:
		return Left(d)
	}
}

// StillLasts is how long a ban still lasts, in a sentence.
func StillLasts(r banlist.Row, now time.Time) string {
	left := r.Left(now)
	switch {
	case !r.Timed():
		return "until when is not known"
	case left == fail2ban.Permanent || left <= 0:
		return TimeLeft(left)
	default:
		return TimeLeft(left) + " left"
	}
}

// When is a moment of the past, for a row of a table: the time of a day, and which
// where it is not today.
func When(t, now time.Time) string {
	switch {
	case t.Year() <= 1: // the zero time, in any zone
		return ""
	case t.Year() == now.Year() && t.YearDay() == now.YearDay():
		return t.Format("15:04:05")
	case t.Year() == now.Year():
		return t.Format("2 Jan 15:04")
	default:
		return t.Format(time.DateOnly)
	}
}

// Latency is how long a server took to answer, without digits that change at
// every look: "<1 ms", "2 ms", "1.2 s".
func Latency(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "<1 ms"
	case d < time.Second:
		return strconv.Itoa(int(d.Round(time.Millisecond)/time.Millisecond)) + " ms"
	default:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	}
}

// BanTime is how long bans last: "10m", or "for ever".
func BanTime(d time.Duration) string {
	if d == fail2ban.Permanent {
		return "for ever"
	}
	return Span(d)
}

// List joins names as a sentence does: "a", "a and b", "a, b and c".
func List(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}
