package model

import (
	"slices"
	"time"
)

// JailsAwaited says that a reload said OK, and that these jails were to appear
// through it.
type JailsAwaited struct {
	Jails []string
	At    time.Time
}

// Awaited is a jail that was to appear.
type Awaited struct {
	Jail    string
	At      time.Time
	Skipped bool // it did not
}

// jailsAwaited waits for jails; one that was waited for before is waited for
// anew.
func (r Runtime) jailsAwaited(msg JailsAwaited) Runtime {
	all := slices.DeleteFunc(slices.Clone(r.Awaited), func(a Awaited) bool { return slices.Contains(msg.Jails, a.Jail) })
	for _, jail := range msg.Jails {
		all = append(all, Awaited{Jail: jail, At: msg.At})
	}
	r.Awaited = all
	return r
}

// skipped is X5: a jail that was to appear through a reload that said OK, and
// did not, was skipped; its activation failed.
func skipped(r Runtime, res *result) (Runtime, []Event) {
	if len(r.Awaited) == 0 || !r.judged(res) {
		return r, nil
	}
	var left []Awaited
	var events []Event
	for _, a := range r.Awaited {
		_, listed := res.status.Jail(a.Jail)
		switch {
		case listed:
			continue
		case !a.Skipped && res.Started.After(a.At):
			a.Skipped = true
			events = append(events, Event{At: res.Finished, Kind: JailSkipped, Jail: a.Jail})
		}
		left = append(left, a)
	}
	r.Awaited = left
	return r, events
}
