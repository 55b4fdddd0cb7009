package model

import (
	"slices"
	"strings"
	"time"

	"bantop/fail2ban"
)

// RateMinutes is how many minutes back the bans of a jail are counted.
const RateMinutes = 60

// Rate is how many bans a jail made in each of the last minutes, counted from
// its totals since bantop looks.
type Rate struct {
	Jail   string
	total  int                 // its total at the last look
	hold   time.Time           // until then a growing total is bans that come back, not new ones
	minute int64               // the minute that the last of bans stands for, since 1970
	bans   [RateMinutes]uint32 // oldest first
}

// restoring is how long after a jail started its bans come back from the
// database and count into its total.
const restoring = 3 * time.Second

// PerMinute are the bans in the last n minutes, oldest first, the one that now
// is in last.
func (r Rate) PerMinute(now time.Time, n int) []int {
	out := make([]int, n)
	shift := int(minuteOf(now) - r.minute)
	for i := range out {
		if at := RateMinutes - n + i + shift; at >= 0 && at < RateMinutes {
			out[i] = int(r.bans[at])
		}
	}
	return out
}

func minuteOf(t time.Time) int64 { return t.Unix() / 60 }

// add counts bans that were made about now.
func (r Rate) add(n int, now time.Time) Rate {
	if shift := minuteOf(now) - r.minute; shift > 0 {
		var bans [RateMinutes]uint32
		if shift < RateMinutes {
			copy(bans[:], r.bans[shift:])
		}
		r.bans, r.minute = bans, minuteOf(now)
	}
	r.bans[RateMinutes-1] += uint32(n)
	return r
}

// RateOf finds the rate of a jail.
func (s State) RateOf(jail string) (Rate, bool) {
	i, ok := slices.BinarySearchFunc(s.Rates, jail, byJail)
	if !ok {
		return Rate{}, false
	}
	return s.Rates[i], true
}

func byJail(r Rate, jail string) int { return strings.Compare(r.Jail, jail) }

// PerMinute are the bans of all jails in the last n minutes, oldest first.
func (s State) PerMinute(n int) []int {
	sum := make([]int, n)
	for _, r := range s.Rates {
		for i, bans := range r.PerMinute(s.Now, n) {
			sum[i] += bans
		}
	}
	return sum
}

// growth is how many bans a jail made since the last look.
type growth struct {
	jail  fail2ban.Jail
	count int
}

// follow compares the totals of the newest result with those before it: what
// they grew by are new bans. A jail that is gone keeps its minutes for as long
// as there is something in them.
func (s State) follow() (State, []growth) {
	server := s.Runtime.Server
	if !server.Kind.Up() {
		return s, nil
	}
	var grown []growth
	first := len(s.Rates) == 0
	rates := make([]Rate, 0, len(server.Jails))
	for _, r := range s.Rates {
		if _, ok := server.Jail(r.Jail); !ok && slices.Max(r.PerMinute(server.At, RateMinutes)) > 0 {
			r.total = absent
			rates = append(rates, r)
		}
	}
	for _, j := range server.Jails {
		old, known := s.RateOf(j.Name)
		if !known {
			old = Rate{Jail: j.Name, total: absent, minute: minuteOf(server.At)}
		}
		next, grew := old.follow(j.Jail, server.At, !first, s.Runtime.Starting())
		if grew > 0 {
			grown = append(grown, growth{j.Jail, grew})
		}
		rates = append(rates, next)
	}
	slices.SortFunc(rates, func(a, b Rate) int { return byJail(a, b.Jail) })
	s.Rates = rates
	return s, grown
}

// count tells of new bans. Who was banned is asked for first, where that is
// little for the server to write.
func (s State) count() (State, []Effect) {
	s, grown := s.follow()
	at := s.Runtime.Server.At
	var effects []Effect
	var events []Event
	lines := 0
	for _, g := range grown {
		if lines += g.jail.Banned; lines <= maxAsked {
			effects = append(effects, FetchBans{Jail: g.jail.Name, At: at, Count: g.count})
			continue
		}
		events = append(events, Event{At: at, Kind: BansMade, Jail: g.jail.Name, Count: g.count})
	}
	if len(events) == 0 {
		return s, effects
	}
	s, commit := s.step(EventsTold{Events: events})
	return s, append(effects, commit...)
}

// maxAsked is how many bans the server may be made to write after one look to
// name the new ones: 400 are 2 ms of its time.
const maxAsked = 400

// absent is the total of a jail that was not there at the last look.
const absent = -1

// follow takes note of a jail's total, and returns how many bans it made since
// the last look. A total that fell, or of a jail that was not there, starts
// anew: what it grows by then are bans that come back. On the first look of all
// there is no telling, and a server has seldom just started.
func (r Rate) follow(j fail2ban.Jail, now time.Time, restores, starting bool) (Rate, int) {
	was := r.total
	r.total = j.TotalBanned
	grew := j.TotalBanned - was
	switch {
	case was == absent || grew < 0:
		if restores {
			r.hold = now.Add(restoring)
		}
		return r, 0
	case grew == 0 || starting || now.Before(r.hold):
		return r, 0
	default:
		return r.add(grew, now), grew
	}
}
