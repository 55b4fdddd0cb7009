package model

import (
	"slices"
	"time"
)

// Runtime is the part of the state that all instances of bantop that look at
// one server agree on.
type Runtime struct {
	Setup    bool         // it was complete once (R10)
	Server   ServerStatus // the newest result, of any kind (R1)
	Decisive ServerStatus // the newest that said whether the server runs (X1)
	Seen     ServerStatus // the newest that the server answered: its numbers stay on the screen

	Applied  ProbeID       // of the newest result that counted (R11)
	Clock    Clock         // at that moment (R4)
	Settling Settling      // (X13)
	Window   time.Duration // how long an outage is put down to an activation
	Confirm  time.Duration // within which a change has to be confirmed; 0: an older bantop looks
	Limit    time.Duration // for a rehearsal; likewise
	Control  string        // how fail2ban-client is called
	Expected []string      // jails that should be there, sorted (X3)
	Judged   bool          // Expected was set
	Lost     []Lost        // those that are not, sorted (X3)
	Awaited  []Awaited     // jails that a reload was to bring (X5)
	Reviews  []Review      // jails without actions, and whether that is meant so (X12)
	Reload   Reload        // the newest that the log tells of

	Intents   []Intent    // outages that somebody asked for (X6)
	Outage    uint64      // counts the times that the server went away
	Pending   *Pending    // a recovery that somebody should see to
	Dismissed []PendingID // those that may not come back, newest last, at most maxDismissed
	Blame     Blame       // what a crash is put down to
	Locks     uint64      // counts the times that every session was locked
	Change    *Change     // of the configuration: the one under way, or the newest that ended
}

// NewRuntime is the shared state before anybody looked.
func NewRuntime() Runtime {
	return Runtime{Server: ServerStatus{Kind: Unknown}, Decisive: ServerStatus{Kind: Unknown}}
}

// Step is the shared state after a message, and what there is to tell about
// it. It is pure: where state is shared, it is the body of the transaction.
func Step(r Runtime, msg Msg) (Runtime, []Event) {
	switch msg := msg.(type) {
	case ProbeFinished:
		return r.probed(msg)
	case ActivationRecorded:
		r.Blame = r.Blame.record(msg.Activation)
		return r, nil
	case ActivationCleared:
		r.Blame = r.Blame.clear(msg.At)
		return r, nil
	case PendingCreated:
		return r.pendingCreated(msg)
	case PendingDismissed:
		return r.pendingDismissed(msg), nil
	case ConfigurationRead:
		return r.configurationRead(msg)
	case JailsAwaited:
		return r.jailsAwaited(msg), nil
	case IntentAnnounced:
		return r.intentAnnounced(msg), nil
	case IntentEnded:
		return r.intentEnded(msg), nil
	case Rebooted:
		return r.rebooted(), nil
	case SessionsLocked:
		return r.sessionsLocked(), nil
	case SetupCompleted:
		return r.setupCompleted(), nil
	case ChangeBegun, ChangeDid, ChangeConfirmed, ChangeReverted, ChangeExpired, ChangeTaken, ChangeTold:
		return r.changed(msg)
	case ChangeKnown:
		if c, under := r.UnderWay(); under {
			c = c.Knowing(msg.Own)
			r.Change = &c
		}
		return Step(r, msg.Msg)
	case EventsTold:
		return r, slices.Clone(msg.Events)
	default:
		return r, nil
	}
}

// ProbeID orders the results of probes: by the term of who probed, then by
// number.
type ProbeID struct{ Term, Seq uint64 }

// After tells whether the result is newer.
func (p ProbeID) After(o ProbeID) bool {
	return p.Term > o.Term || p.Term == o.Term && p.Seq > o.Seq
}

// Clock is one moment on two clocks.
type Clock struct {
	Wall time.Time
	Boot time.Duration // since the machine started, sleep included; 0 where that is not known
}

// Settling is a server that has just started: at first it answers with none of
// its jails, and is not judged by them (X13). Measured: 60 jails, 90 ms.
type Settling struct {
	Since time.Time // the zero time: it is settled
	Still time.Time // its jails are the same since then
}

const (
	settleStill = 2 * time.Second  // with the same jails for that long it is settled
	settleMost  = 30 * time.Second // and in any case after that
)

// Starting tells whether the server has just started and still gathers its
// jails.
func (r Runtime) Starting() bool { return r.Server.Kind.Up() && !r.Settling.Since.IsZero() }

// absent are the expected jails that are not among those names.
func (r Runtime) absent(names []string) []string {
	var out []string
	for _, name := range r.Expected {
		if _, ok := slices.BinarySearch(names, name); !ok {
			out = append(out, name)
		}
	}
	return out
}

// Rebooted says that the machine has started anew since the state was kept.
type Rebooted struct{ At time.Time }

// rebooted forgets what was known of the server: that was another life of it.
// Activations and pendings stay: enabled before a reboot that fails is the
// classic (X10).
func (r Runtime) rebooted() Runtime {
	r.Server = ServerStatus{Kind: Unknown}
	r.Decisive = ServerStatus{Kind: Unknown}
	r.Settling, r.Clock = Settling{}, Clock{}
	return r
}
