package model

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"bantop/fail2ban"
)

// Named is whom a jail was known to ban when its bans were last asked for: what is new
// since is named once.
type Named struct {
	Jail  string
	bans  map[banKey]bool
	ahead int // bans that were named before its counter told of them
}

// banKey tells bans of a jail apart.
type banKey struct {
	address string
	start   int64 // Unix
}

func keyOf(b fail2ban.Ban) banKey { return banKey{b.Address, b.Start.Unix()} }

// maxNamed is how many addresses an event names, and maxSeconds over how many seconds bans
// are told of each with its own time.
const (
	maxNamed   = 10
	maxSeconds = 5
)

// bansFetched tells of new bans, and names them: those that were not there when the bans
// of the jail were last asked for, or the newest, the first time.
func (s State) bansFetched(msg BansFetched) (State, []Effect) {
	i := slices.IndexFunc(s.Named, func(n Named) bool { return n.Jail == msg.Jail })
	known := i >= 0
	was := Named{Jail: msg.Jail}
	if known {
		was = s.Named[i]
	}
	if len(msg.Bans) == 0 { // they could not be asked, or are over already
		count := max(0, msg.Count-was.ahead)
		if was.ahead > 0 {
			was.ahead = max(0, was.ahead-msg.Count)
			s.Named = slices.Clone(s.Named)
			s.Named[i] = was
		}
		return s.tellBans(msg.Jail, msg.At, count, nil)
	}
	now := Named{Jail: msg.Jail, bans: make(map[banKey]bool, len(msg.Bans))}
	var fresh []fail2ban.Ban
	for _, b := range msg.Bans {
		now.bans[keyOf(b)] = true
		if !known || !was.bans[keyOf(b)] {
			fresh = append(fresh, b)
		}
	}
	slices.SortStableFunc(fresh, func(a, b fail2ban.Ban) int { return a.Start.Compare(b.Start) })
	count := max(0, msg.Count-was.ahead)
	if !known {
		fresh = fresh[max(0, len(fresh)-count):]
	}
	now.ahead = max(0, was.ahead+len(fresh)-msg.Count)
	all := slices.Clone(s.Named)
	if known {
		all[i] = now
	} else {
		all = append(all, now)
	}
	s.Named = slices.DeleteFunc(all, func(n Named) bool { // of jails that are gone
		_, runs := s.Runtime.Server.Jail(n.Jail)
		return !runs && n.Jail != msg.Jail
	})
	return s.tellBans(msg.Jail, msg.At, max(count, len(fresh)), fresh)
}

// tellBans tells of bans, each second's with its own time, which is the one that the
// server has; those that are not known by name at the time of the look.
func (s State) tellBans(jail string, at time.Time, count int, fresh []fail2ban.Ban) (State, []Effect) {
	var events []Event
	for _, same := range bySecond(fresh) {
		e := Event{At: same[len(same)-1].Start, Kind: BansMade, Jail: jail, Count: len(same), Note: addressesOf(same)}
		if e.At.IsZero() || e.At.After(at) {
			e.At = at
		}
		events = append(events, e)
	}
	if more := count - len(fresh); more > 0 {
		events = append(events, Event{At: at, Kind: BansMade, Jail: jail, Count: more})
	}
	if len(events) == 0 {
		return s, nil
	}
	return s.step(EventsTold{Events: events})
}

// bySecond are bans by the second that they were made in; all together if those are many.
func bySecond(bans []fail2ban.Ban) [][]fail2ban.Ban {
	var out [][]fail2ban.Ban
	for _, b := range bans {
		if n := len(out); n > 0 && out[n-1][0].Start.Equal(b.Start) {
			out[n-1] = append(out[n-1], b)
		} else {
			out = append(out, []fail2ban.Ban{b})
		}
	}
	if len(out) > maxSeconds {
		return [][]fail2ban.Ban{bans}
	}
	return out
}

// addressesOf names the newest of some bans.
func addressesOf(bans []fail2ban.Ban) string {
	var names []string
	for _, b := range slices.Backward(bans) {
		if len(names) == maxNamed {
			break
		}
		names = append(names, b.Address)
	}
	text := strings.Join(names, ", ")
	if more := len(bans) - len(names); more > 0 {
		text += " and " + strconv.Itoa(more) + " more"
	}
	return text
}
