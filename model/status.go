package model

import (
	"slices"
	"strings"
	"time"

	"bantop/fail2ban"
)

// Kind is what a look at the server found.
type Kind string

// The kinds of a server's status (X1).
const (
	Unknown      Kind = "unknown"      // nobody has looked yet
	Online       Kind = "online"       // it answers, and its jails run
	Degraded     Kind = "degraded"     // it answers, and some of its jails do not do their work
	Unresponsive Kind = "unresponsive" // it is there and does not answer, or not in a way that can be read
	Blocked      Kind = "blocked"      // this user may not talk to it
	Offline      Kind = "offline"      // it does not run
)

// Up tells whether the server answers: online or degraded.
func (k Kind) Up() bool { return k == Online || k == Degraded }

// Decisive tells whether the kind says if the server runs. Only such results
// make transitions (X1).
func (k Kind) Decisive() bool { return k.Up() || k == Offline }

// JailState is how it stands with one jail.
type JailState string

// The states of a jail.
const (
	JailOK          JailState = "ok"
	JailNotStarted  JailState = "not started" // nothing to read: it never started (X4)
	JailNoAction    JailState = "no action"   // it bans on paper only (X12)
	JailLost        JailState = "lost"        // it should be there and is not (X3)
	JailSkippedOver JailState = "skipped"     // a reload said OK and did not bring it (X5)
)

// Jail is a jail as the server lists it, and what that means.
type Jail struct {
	fail2ban.Jail
	State JailState
}

// ServerStatus is the result of one look at the server.
type ServerStatus struct {
	Kind    Kind
	Reason  string    // why it is not online; "" where it is
	Hint    string    // what to do next about that
	At      time.Time // when the look ended
	Since   time.Time // since when it is of this kind
	Latency time.Duration

	// Stopped is when it was stopped in order, as its log says; zero if it is up, or
	// if that is not known.
	Stopped time.Time `json:",omitzero"`

	// The rest is known only where the server answered.
	Version string
	PID     int       // 0 where that is not known
	Boot    time.Time // when its process started; zero where that is not known
	Jails   []Jail    // sorted by name
	Totals  fail2ban.Counts
}

// Names are the names of the jails.
func (s ServerStatus) Names() []string {
	names := make([]string, len(s.Jails))
	for i, j := range s.Jails {
		names[i] = j.Name
	}
	return names
}

// Jail finds a jail by its name.
func (s ServerStatus) Jail(name string) (Jail, bool) {
	i, ok := slices.BinarySearchFunc(s.Jails, name, func(j Jail, name string) int {
		return strings.Compare(j.Name, name)
	})
	if !ok {
		return Jail{}, false
	}
	return s.Jails[i], true
}

// Fault is how a look at the server failed.
type Fault string

// The faults (X2).
const (
	Answered    Fault = ""
	NotRunning  Fault = "not running"  // no socket
	StaleSocket Fault = "stale socket" // a socket that nobody listens on
	Denied      Fault = "denied"       // no permission
	Busy        Fault = "busy"         // its queue is full
	NoAnswer    Fault = "no answer"    // none in time, or the connection was closed
	Unreadable  Fault = "unreadable"   // an answer, but not one that can be used
)

// kind is what a fault means (X2). A server that does not answer is offline
// only where its process is known to be gone: slow is not dead.
func (f Fault) kind(gone bool) Kind {
	switch f {
	case Answered:
		return Online
	case NotRunning, StaleSocket:
		return Offline
	case Denied:
		return Blocked
	default:
		if gone {
			return Offline
		}
		return Unresponsive
	}
}
