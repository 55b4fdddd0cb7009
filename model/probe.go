package model

import (
	"slices"
	"time"

	"bantop/fail2ban"
)

// ProbeFinished is the result of a look at the server.
type ProbeFinished struct {
	ProbeID
	Started, Finished time.Time
	Latency           time.Duration // how long the server took, by a clock that nobody sets
	Boot              time.Duration // of Finished, since the machine started; 0 where that is not known

	// Update sets these two, from the settings: how long a crash is put down to an
	// activation, and how fail2ban-client is called.
	Window  time.Duration
	Control string

	Fault  Fault
	Gone   bool   // the server's process is known to have ended
	Reason string // of the fault, in words
	Hint   string // what to do next about it

	// Where the server answered:
	Version string
	PID     int
	Since   time.Time // when its process started
	Jails   []fail2ban.Jail
}

// RefreshRequested is somebody who does not want to wait for the next look.
type RefreshRequested struct{}

// result is one probe result on its way through the rules, with what stood
// before it.
type result struct {
	ProbeFinished
	status ServerStatus
	before ServerStatus // the decisive one

	blamed    Activation // the newest activation, as it was before this result
	age       time.Duration
	isBlamed  bool // it is the suspect
	skewed    bool // it is ahead of the clock
	restarted bool
	fresh     bool // the server came online or is another process
}

// A rule is one step of judging a result. It returns what there is to tell.
type rule func(Runtime, *result) (Runtime, []Event)

// rules are the rules in their order: each sees what those before it did. The
// places of X9 (observed activations) and X3, X5 (lost and skipped jails) are
// before and at presence.
var rules = []rule{
	clockStep,  // R4
	restart,    // X7
	transition, // R2 to R6
	presence,   // jails that came or went
	jailStates, // X4, X12
	settle,     // X13
}

// probed carries out a probe result.
func (r Runtime) probed(p ProbeFinished) (Runtime, []Event) {
	if !p.After(r.Applied) { // R11
		return r, nil
	}
	r.Applied = p.ProbeID
	res := &result{ProbeFinished: p, before: r.Decisive, status: p.status()}
	res.blamed, res.age, res.isBlamed, res.skewed = r.Blame.suspect(p.Finished, p.Window)
	if !res.status.Kind.Decisive() { // X1: no transition
		r, events := clockStep(r, res)
		return r.hold(res.status), events
	}
	var events []Event
	for _, apply := range rules {
		var more []Event
		r, more = apply(r, res)
		events = append(events, more...)
	}
	r = r.hold(res.status)
	r.Decisive = r.Server
	if r.Server.Kind.Up() {
		r.Seen = r.Server
	}
	return r, events
}

// hold makes a status the newest (R1): it replaces the one before it whole, but
// for the moment since when the kind is the same.
func (r Runtime) hold(status ServerStatus) Runtime {
	if r.Server.Kind == status.Kind {
		status.Since = r.Server.Since
	}
	r.Server = status
	return r
}

// status is what the result says by itself.
func (p ProbeFinished) status() ServerStatus {
	s := ServerStatus{
		Kind:    p.Fault.kind(p.Gone),
		Reason:  p.Reason,
		Hint:    p.Hint,
		At:      p.Finished,
		Since:   p.Finished,
		Latency: p.Latency,
	}
	if s.Kind != Online {
		return s
	}
	s.Version, s.PID, s.Boot = p.Version, p.PID, p.Since
	s.Jails = make([]Jail, len(p.Jails))
	for i, j := range p.Jails {
		s.Jails[i] = Jail{Jail: j.Clone(), State: jailState(j)}
		s.Totals = s.Totals.Add(j.Counts)
	}
	return s
}

// clockStep tells of a wall clock that was set between two probes (R4).
func clockStep(r Runtime, res *result) (Runtime, []Event) {
	now := Clock{Wall: res.Finished, Boot: res.Boot}
	was := r.Clock
	r.Clock = now
	if was.Boot == 0 || now.Boot == 0 {
		return r, nil
	}
	step := now.Wall.Sub(was.Wall) - (now.Boot - was.Boot)
	if step.Abs() <= clockSlack {
		return r, nil
	}
	return r, []Event{{At: now.Wall, Kind: ClockSkew, Took: step}}
}

// clockSlack is how far the wall clock may go astray between two probes.
const clockSlack = 5 * time.Second

// probeFinished takes in a result and asks for the next look.
func (s State) probeFinished(msg ProbeFinished) (State, []Effect) {
	s = s.at(msg.Finished)
	msg.Window, msg.Control = s.Settings.RecoveryWindow, s.Control
	before := s.Runtime.Applied
	s = s.step(msg)
	var bans []Effect
	if s.Runtime.Applied != before {
		s, bans = s.count()
	}
	if msg.ProbeID != (ProbeID{term, s.Probing.Seq}) || !s.Probing.InFlight { // not the one that is waited for
		return s, bans
	}
	s.Probing.InFlight = false
	s, effects := s.probe(s.nextProbe())
	s, detail := s.detailStale()
	return s, slices.Concat(effects, bans, detail)
}

// probe asks for a look at the server after a while. One is in flight at most
// (R11).
func (s State) probe(after time.Duration) (State, []Effect) {
	if s.Probing.InFlight {
		return s, nil
	}
	s.Probing = Probing{Seq: s.Probing.Seq + 1, InFlight: true}
	return s, []Effect{Probe{Term: term, Seq: s.Probing.Seq, After: after}}
}

// term is the term of the one prober there is.
const term = 1

// settleProbe is how often a server that gathers its jails is looked at.
const settleProbe = 250 * time.Millisecond

// nextProbe is how long the rules want to wait for the next look.
func (s State) nextProbe() time.Duration {
	if s.Runtime.Starting() {
		return settleProbe
	}
	return s.Settings.Refresh
}

// refreshRequested looks at once, unless somebody does so already.
func (s State) refreshRequested() (State, []Effect) {
	if s.Probing.InFlight {
		return s, []Effect{Hurry{}}
	}
	return s.probe(0)
}
