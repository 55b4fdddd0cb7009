package model

import (
	"slices"
	"strings"
	"time"
)

// PendingKind is what is to be recovered from.
type PendingKind string

// The kinds of pending.
const (
	PendingCrash PendingKind = "crash"      // the server went away after an activation
	PendingLost  PendingKind = "jails lost" // jails that should be there are not
)

// PendingID tells pendings apart. Two instances that see one outage make the
// same.
type PendingID struct {
	Kind        PendingKind
	Jail        string
	ActivatedAt time.Time
	Outage      uint64
}

// Pending is a recovery that somebody should see to, until it is dismissed.
type Pending struct {
	PendingID
	DetectedAt time.Time
	Recovered  bool     // it is over; what happened stays to be seen
	Lost       []string // the jails of PendingLost
	Also       []string // other jails that were activated inside the window (X11)
	AtStart    bool     // it was found when bantop began to look (X10)
	Reload     Reload   // the newest before it, of PendingLost
	Checked    bool     `json:",omitempty"` // the configuration was asked about Jail, of PendingCrash (X14)
}

// PendingCreated says that another instance found a pending.
type PendingCreated struct{ Pending Pending }

// PendingDismissed says that somebody has seen it and wants it gone.
type PendingDismissed struct{ ID PendingID }

const maxDismissed = 64

func (r Runtime) isDismissed(id PendingID) bool { return slices.ContainsFunc(r.Dismissed, id.equal) }

func (id PendingID) equal(o PendingID) bool {
	return id.Kind == o.Kind && id.Jail == o.Jail && id.Outage == o.Outage && id.ActivatedAt.Equal(o.ActivatedAt)
}

// open tells whether there is a pending that is not recovered: no other takes
// its place (R5).
func (r Runtime) open() bool { return r.Pending != nil && !r.Pending.Recovered }

// knows tells whether there is such a pending, detected no later.
func (r Runtime) knows(p Pending) bool {
	return r.Pending != nil && r.Pending.equal(p.PendingID) && !p.DetectedAt.Before(r.Pending.DetectedAt)
}

// pend makes a pending, unless there is an open one or it was dismissed.
func (r Runtime) pend(p Pending) (Runtime, bool) {
	if r.open() || r.isDismissed(p.PendingID) {
		return r, false
	}
	r.Pending = &p
	return r, true
}

func (r Runtime) pendingCreated(msg PendingCreated) (Runtime, []Event) {
	p := msg.Pending
	if r.Pending != nil && r.Pending.equal(p.PendingID) {
		if p.DetectedAt.Before(r.Pending.DetectedAt) { // the earlier detection wins
			same := *r.Pending
			same.DetectedAt = p.DetectedAt
			r.Pending = &same
		}
		return r, nil
	}
	r, made := r.pend(p)
	if !made {
		return r, nil
	}
	return r, []Event{p.event()}
}

// event tells of a pending.
func (p Pending) event() Event {
	if p.Kind == PendingLost {
		return Event{At: p.DetectedAt, Kind: JailsLost, Jail: p.Jail, Note: strings.Join(p.Lost, ", ")}
	}
	return Event{At: p.DetectedAt, Kind: ActivationCrash, Jail: p.Jail, Took: p.DetectedAt.Sub(p.ActivatedAt)}
}

// recovered marks the pending as recovered. It is a copy: the old one may be
// part of another State.
func (r Runtime) recovered() Runtime {
	p := *r.Pending
	p.Recovered = true
	r.Pending = &p
	return r
}

// pendingDismissed takes a pending away for good. It leaves the activation, and
// may be done twice (R7).
func (r Runtime) pendingDismissed(msg PendingDismissed) Runtime {
	if !r.isDismissed(msg.ID) {
		all := append(slices.Clone(r.Dismissed), msg.ID)
		r.Dismissed = all[max(0, len(all)-maxDismissed):]
	}
	if r.Pending != nil && r.Pending.equal(msg.ID) {
		r.Pending = nil
	}
	if msg.ID.Kind == PendingLost {
		r, _ = r.dismissLost().rejudge(r.Server.At) // what is dismissed is no news
	}
	return r
}
