package model

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"bantop/fail2ban"
)

// jailState is what a jail's own facts say (X4, X12).
func jailState(j fail2ban.Jail) JailState {
	switch {
	case !j.HasSource():
		return JailNotStarted
	case len(j.Actions) == 0:
		return JailNoAction
	default:
		return JailOK
	}
}

// jailStates makes the server degraded where a jail does not do its work, and
// tells of jails that stopped doing it, or do it again (X4, X12).
func jailStates(r Runtime, res *result) (Runtime, []Event) {
	var events []Event
	for _, j := range res.status.Jails {
		was := JailOK
		if old, ok := r.Seen.Jail(j.Name); ok && !res.fresh {
			was = old.State
		}
		switch {
		case j.State != JailOK && j.State != was:
			events = append(events, Event{At: res.Finished, Kind: JailBad, Jail: j.Name, Note: string(j.State)})
		case j.State == JailOK && was != JailOK:
			events = append(events, Event{At: res.Finished, Kind: JailMended, Jail: j.Name})
		}
	}
	if bad := sick(res.status.Jails); len(bad) > 0 {
		res.status.Kind = Degraded
		res.status.Reason, res.status.Hint = diagnosis(bad), advice(bad, res.Control)
	}
	return r, events
}

// sick are the jails that do not do their work.
func sick(jails []Jail) []Jail {
	var bad []Jail
	for _, j := range jails {
		if j.State != JailOK {
			bad = append(bad, j)
		}
	}
	return bad
}

// diagnosis says in words what the jails have.
func diagnosis(bad []Jail) string {
	var parts []string
	for _, state := range []JailState{JailNotStarted, JailNoAction} {
		var names []string
		for _, j := range bad {
			if j.State == state {
				names = append(names, j.Name)
			}
		}
		switch {
		case len(names) == 0:
		case len(names) <= 3:
			parts = append(parts, strings.Join(names, ", ")+": "+string(state))
		default:
			parts = append(parts, strconv.Itoa(len(names))+" jails: "+string(state))
		}
	}
	return strings.Join(parts, "; ")
}

// advice is what helps: the command that mends the first jail without actions,
// else where to look.
func advice(bad []Jail, control string) string {
	for _, j := range bad {
		if j.State == JailNoAction { // measured on 0.11.2 to 1.1.2-dev: a plain reload loses them
			return j.Name + " bans on paper only; this mends it: sudo " + control + " reload --restart " + j.Name
		}
	}
	return bad[0].Name + " has neither log file nor journal to read; fail2ban's log says why"
}

// presence tells of jails that came or went while the server ran. Not while it
// gathers them (X13).
func presence(r Runtime, res *result) (Runtime, []Event) {
	if res.fresh || !res.status.Kind.Up() || !r.Settling.Since.IsZero() {
		return r, nil
	}
	is, was := res.status.Names(), res.before.Names()
	var events []Event
	for _, name := range was {
		if !slices.Contains(is, name) {
			events = append(events, Event{At: res.Finished, Kind: JailGone, Jail: name})
		}
	}
	for _, name := range is {
		if !slices.Contains(was, name) {
			events = append(events, Event{At: res.Finished, Kind: JailAppeared, Jail: name})
		}
	}
	return r, events
}

// settle is X13: whether the jails of a server that has just started are all
// there. It also keeps the list of jails that should be (the first of X3).
func settle(r Runtime, res *result) (Runtime, []Event) {
	if !res.status.Kind.Up() {
		r.Settling = Settling{}
		return r, nil
	}
	names := res.status.Names()
	switch {
	case res.fresh:
		r.Settling = Settling{Since: res.Finished, Still: res.Finished}
	case r.Settling.Since.IsZero():
	case !slices.Equal(names, res.before.Names()):
		r.Settling.Still = res.Finished
	}
	if s := r.Settling; !s.Since.IsZero() && r.settled(res, names) {
		r.Settling = Settling{}
	}
	if r.Settling.Since.IsZero() {
		r = r.expect(res.status.Jails)
	}
	return r, nil
}

// settled tells whether a server that has started may be judged by its jails.
func (r Runtime) settled(res *result, names []string) bool {
	s := r.Settling
	switch {
	case r.Judged && len(r.missing(names)) == 0:
		return true
	case res.Finished.Sub(s.Still) >= settleStill, res.Finished.Sub(s.Since) >= settleMost:
		return true
	case res.before.Kind == Unknown && !res.Since.IsZero():
		// bantop has just started, the server has not.
		return res.Finished.Sub(res.Since) >= settleMost
	case res.before.Kind == Unknown:
		return len(names) > 0
	default:
		return false
	}
}

// expect adds to the jails that should be there those that are. At first that
// is every jail; later one that has nothing to read has never started.
func (r Runtime) expect(jails []Jail) Runtime {
	expected := slices.Clone(r.Expected)
	for _, j := range jails {
		if !r.Judged || j.State != JailNotStarted {
			if at, ok := slices.BinarySearch(expected, j.Name); !ok {
				expected = slices.Insert(expected, at, j.Name)
			}
		}
	}
	r.Expected, r.Judged = expected, true
	return r
}

// Uptime is how long the server has run, 0 where that is not known.
func (s ServerStatus) Uptime(now time.Time) time.Duration {
	if s.Boot.IsZero() {
		return 0
	}
	return max(0, now.Sub(s.Boot))
}
