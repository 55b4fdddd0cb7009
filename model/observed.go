package model

import (
	"slices"
	"time"

	"bantop/fail2ban"
)

// SourceObserved is the source of an activation that bantop saw and did not do.
const SourceObserved = "observed"

// recordedWithin is how long after an activation was recorded the jail may
// appear and be the one that was recorded.
const recordedWithin = 2 * time.Minute

// observed is X9: a jail that is listed now and was not before, with no record
// of ours, is an activation that somebody else did. It also tells of jails that
// came or went without being expected.
func observed(r Runtime, res *result) (Runtime, []Event) {
	if res.fresh || !r.judged(res) || !r.Judged || !res.before.Kind.Up() {
		return r, nil
	}
	is, was := res.status.Names(), res.before.Names()
	var events []Event
	for _, name := range was {
		if !slices.Contains(is, name) && !slices.Contains(r.Expected, name) {
			events = append(events, Event{At: res.Finished, Kind: JailGone, Jail: name})
		}
	}
	for _, name := range is {
		if slices.Contains(was, name) || slices.Contains(r.Expected, name) {
			continue
		}
		events = append(events, Event{At: res.Finished, Kind: JailAppeared, Jail: name})
		if !r.Blame.recorded(name, res.Finished) {
			a := Activation{Jail: name, At: res.appeared(name), Source: SourceObserved}
			r.Blame = r.Blame.record(a)
		}
	}
	return r, events
}

// appeared is when a jail appeared: as fail2ban's log says, else now.
func (res *result) appeared(jail string) time.Time {
	at := res.Finished
	for _, n := range res.Log {
		if n.Jail == jail && (n.Kind == fail2ban.LogCreated || n.Kind == fail2ban.LogStarted) {
			at = n.At
			if n.Kind == fail2ban.LogCreated {
				break // that is where it began
			}
		}
	}
	if at.After(res.Finished) {
		return res.Finished
	}
	return at
}

// recorded tells whether an activation of the jail was recorded of late.
func (b Blame) recorded(jail string, now time.Time) bool {
	return slices.ContainsFunc(b.Activations, func(a Activation) bool {
		return a.Jail == jail && a.Source != SourceObserved && now.Sub(a.At) <= recordedWithin
	})
}
