package runner

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"bantop/fail2ban"
)

// TestNamed: addresses are the server's, times are the database's if the order of the
// addresses, which is that of their ends, bears them out.
func TestNamed(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	row := func(address string, start time.Duration, length time.Duration) fail2ban.JailBan {
		b := fail2ban.JailBan{Jail: "j", Count: 2, Ban: fail2ban.Ban{Address: address, Start: at.Add(start), Length: length}}
		if length != fail2ban.Permanent {
			b.End = b.Start.Add(length)
		}
		return b
	}
	const ban = 10 * time.Minute
	held := heldBans{
		row("a", 0, ban), row("b", time.Second, ban), row("c", 2*time.Second, ban), row("d", 3*time.Second, ban),
		row("over", -time.Hour, ban), row("other", 4*time.Second, time.Hour), row("lifted", time.Second, ban),
	}
	for _, c := range []struct {
		name  string
		names []string
		known []string // whose end is known
	}{
		{"as the database says", []string{"a", "b", "c", "d"}, []string{"a", "b", "c", "d"}},
		{"one was prolonged by hand", []string{"b", "c", "d", "a"}, []string{"b", "c", "d"}},
		{"one that is over there and not here", []string{"a", "b", "over"}, []string{"a", "b"}},
		{"one with another length", []string{"a", "other", "b"}, []string{"a", "b"}},
		{"one that the database lacks", []string{"a", "new", "b"}, []string{"a", "b"}},
	} {
		got := named("j", c.names, held, ban)
		var names, known []string
		for _, b := range got {
			names = append(names, b.Address)
			if !b.End.IsZero() {
				known = append(known, b.Address)
			}
			if !b.Database || b.Jail != "j" || b.End.IsZero() != (b.Length == 0) {
				t.Errorf("%s: %+v", c.name, b)
			}
		}
		if !slices.Equal(names, c.names) || !slices.Equal(known, c.known) {
			t.Errorf("%s: %q, known %q", c.name, names, known)
		}
	}
}

// TestNamedProperty: whatever was prolonged, no end is told that is not the ban's, as long
// as fewer were prolonged than not, and some ban ends in the time that was added.
func TestNamedProperty(t *testing.T) {
	const n, ban = 60, 10 * time.Minute
	at := time.Unix(1_800_000_000, 0)
	for seed := range 300 {
		var held heldBans
		ends := map[string]time.Time{}
		var names []string
		for i := range n {
			name := fmt.Sprint(i)
			start := at.Add(time.Duration(i) * time.Second)
			held = append(held, fail2ban.JailBan{Jail: "j", Ban: fail2ban.Ban{Address: name, Start: start, Length: ban, End: start.Add(ban)}})
			ends[name] = start.Add(ban)
			if (i*7+seed*13)%11 == 0 { // by hand
				ends[name] = ends[name].Add(time.Duration(1+(i*seed)%90) * time.Minute)
			}
			names = append(names, name)
		}
		slices.SortStableFunc(names, func(a, b string) int { return ends[a].Compare(ends[b]) })
		for _, b := range named("j", names, held, ban) {
			if !b.End.IsZero() && !b.End.Equal(ends[b.Address]) && overtaken(held, b.End, ends[b.Address]) {
				t.Fatalf("seed %d: %s ends %v, and %v is told", seed, b.Address, ends[b.Address], b.End)
			}
		}
	}
}

// overtaken reports whether a ban that was not prolonged ends between two moments.
func overtaken(held heldBans, from, to time.Time) bool {
	n := 0
	for _, b := range held {
		if b.End.After(from) && b.End.Before(to) {
			n++
		}
	}
	const prolonged = 6 // of 60 at most
	return n > prolonged
}
