package model

// transition carries out R2 to R6: what it means that the server went away or
// came back.
func transition(r Runtime, res *result) (Runtime, []Event) {
	switch was, is := res.before.Kind, res.status.Kind; {
	case is.Up() && !was.Up():
		return cameOnline(r, res)
	case is == Offline && was.Up():
		return wentOffline(r, res)
	case is == Offline && was == Unknown && r.Seen.Kind.Up():
		return foundOffline(r, res)
	default: // R6
		return r, nil
	}
}

// cameOnline is R2.
func cameOnline(r Runtime, res *result) (Runtime, []Event) {
	res.fresh = true
	events := []Event{{At: res.Finished, Kind: CameOnline, Note: res.Version}}
	if !r.open() || r.Pending.Kind != PendingCrash {
		return r, events
	}
	r = r.recovered()
	return r, append(events, Event{At: res.Finished, Kind: Recovered, Jail: r.Pending.Jail})
}

// wentOffline is R3, with R4 and R5.
func wentOffline(r Runtime, res *result) (Runtime, []Event) {
	r.Outage++
	events := []Event{{At: res.Finished, Kind: WentOffline, Note: res.Reason}}
	r, more := crash(r, res, false)
	return r, append(events, more...)
}

// foundOffline is X10: the first look after a reboot finds offline what was
// online before, with an activation inside the window: enabled, and did not
// come up with the machine. (Without a reboot the shared record still says
// online, and that is R3.) Without such an activation it is no transition.
func foundOffline(r Runtime, res *result) (Runtime, []Event) {
	if !res.isBlamed {
		return r, nil
	}
	return wentOffline(r, res)
}

// crash puts an outage down to the activation before it, if there is one inside the
// window and the server was not stopped in order.
func crash(r Runtime, res *result, recovered bool) (Runtime, []Event) {
	var events []Event
	if res.skewed {
		events = append(events, Event{At: res.Finished, Kind: ClockSkew, Jail: res.blamed.Jail, Took: -res.age})
	}
	r, excused := r.excuse(res.Finished)
	if !res.isBlamed || excused || !res.Stopped.IsZero() {
		return r, events
	}
	p := Pending{
		PendingID:  PendingID{PendingCrash, res.blamed.Jail, res.blamed.At, r.Outage},
		DetectedAt: res.Finished,
		Recovered:  recovered,
		Also:       r.Blame.others(res.blamed, res.Finished, res.Window),
		AtStart:    res.first,
	}
	r, made := r.pend(p)
	if !made {
		return r, events
	}
	events = append(events, p.event())
	if recovered {
		events = append(events, Event{At: res.Finished, Kind: Recovered, Jail: p.Jail})
	}
	return r, events
}

// restart is X7: the server went away and came back between two looks. Inside
// the window of an activation that is a crash and its recovery.
func restart(r Runtime, res *result) (Runtime, []Event) {
	if !res.before.Kind.Up() || !res.status.Kind.Up() || !replaced(res.before, res.status) {
		return r, nil
	}
	res.fresh, res.restarted = true, true
	r.Outage++
	events := []Event{{At: res.Finished, Kind: Restarted, Note: res.Version}}
	r, more := crash(r, res, true)
	return r, append(events, more...)
}

// replaced tells whether another process answers. Where the process is not
// known, totals that fell in every jail tell it; in one jail alone that is
// `reload --restart JAIL`.
func replaced(was, is ServerStatus) bool {
	if was.PID != 0 && is.PID != 0 {
		return was.PID != is.PID
	}
	fell := false
	for _, j := range is.Jails {
		old, ok := was.Jail(j.Name)
		switch {
		case !ok || old.TotalBanned == 0 && old.TotalFailed == 0:
			// nothing could fall
		case j.TotalBanned < old.TotalBanned || j.TotalFailed < old.TotalFailed:
			fell = true
		default:
			return false
		}
	}
	return fell
}
