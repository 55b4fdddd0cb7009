package model

import (
	"slices"
	"time"

	"bantop/fail2ban"
)

// ProbeFinished is the result of a look at the server.
type ProbeFinished struct {
	ProbeID
	Request           uint64 // the Seq of the Probe that it answers
	Unshared          bool   // it is for this instance alone
	Started, Finished time.Time
	Latency           time.Duration // how long the server took, by a clock that nobody sets
	Boot              time.Duration // of Finished, since the machine started; 0 where that is not known

	// Update sets these, from the settings: what judges the state of all instances,
	// and how fail2ban-client is called.
	Window  time.Duration // how long a crash is put down to an activation
	Confirm time.Duration // within which a change has to be confirmed
	Limit   time.Duration // for a rehearsal
	Control string

	Fault  Fault
	Gone   bool   // the server's process is known to have ended
	Reason string // of the fault, in words
	Hint   string // what to do next about it

	// Stopped is when the server's log says that it was stopped in order, or, if it
	// answers, the process before it; zero if the log does not say so.
	Stopped time.Time

	// Where the server answered:
	Version string
	PID     int
	Since   time.Time // when its process started
	Jails   []fail2ban.Jail
	Log     []fail2ban.LogNote // the newest of its log, where the jails changed; oldest first
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
	first     bool // it is the first of a prober
}

// A rule is one step of judging a result. It returns what there is to tell.
type rule func(Runtime, *result) (Runtime, []Event)

// rules are the rules in their order: each sees what those before it did.
var rules = []rule{
	clockStep,  // R4
	restart,    // X7
	transition, // R2 to R6, X10
	settle,     // X13
	reload,     // what the log tells of
	observed,   // X9
	missing,    // X3
	skipped,    // X5
	jailStates, // X4, X12
}

// probed carries out a probe result.
func (r Runtime) probed(p ProbeFinished) (Runtime, []Event) {
	if !p.After(r.Applied) { // R11
		return r, nil
	}
	res := &result{ProbeFinished: p, before: r.Decisive, status: p.status()}
	res.first = p.Term > r.Applied.Term
	res.stopped(r.Seen)
	r.Applied, r.Control = p.ProbeID, p.Control
	r.Window, r.Confirm, r.Limit = p.Window, p.Confirm, p.Limit
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
	if s.Kind == Offline {
		s.Stopped = p.Stopped
	}
	if s.Kind != Online {
		return s
	}
	s.Version, s.PID, s.Boot = p.Version, p.PID, p.Since
	s.Jails = make([]Jail, len(p.Jails))
	for i, j := range p.Jails {
		s.Jails[i] = Jail{Jail: j.Clone(), State: JailOK}
		s.Totals = s.Totals.Add(j.Counts)
	}
	return s
}

// stopped drops a stop that cannot be the end of the process that was seen last: the
// server answered after it.
func (res *result) stopped(seen ServerStatus) {
	if res.Stopped.Before(seen.At.Add(-stopSlack)) {
		res.Stopped, res.status.Stopped = time.Time{}, time.Time{}
	}
}

// stopSlack is how much earlier than the last look that the server answered its log
// may say that it was stopped: it answers until it has stopped its jails.
const stopSlack = 10 * time.Second

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
	judge := s.settings()
	if msg.Unshared { // somebody else looks for all
		judge = s.InForce()
	}
	msg.Window, msg.Confirm, msg.Limit, msg.Control = judge.RecoveryWindow, judge.ActivationConfirm,
		judge.ActivationLimit, s.Control
	before := s.Runtime.Applied
	step := s.step
	if msg.Unshared {
		step = s.stepAlone
	}
	s, effects := step(msg)
	if s.Runtime.Applied != before {
		var bans []Effect
		s, bans = s.count()
		effects = append(effects, bans...)
	}
	if msg.Request != s.Probing.Seq || !s.Probing.InFlight { // not the one that is waited for
		return s, effects
	}
	s.Probing.InFlight = false
	s, probe := s.probe(s.nextProbe())
	s, stale := s.stale()
	s, doubts := s.doubts()
	s, setup := s.recheckSetup()
	return s, slices.Concat(effects, probe, stale, doubts, setup)
}

// probe asks for a look at the server after a while. One is in flight at most
// (R11).
func (s State) probe(after time.Duration) (State, []Effect) {
	if s.Probing.InFlight {
		return s, nil
	}
	s.Probing = Probing{Seq: s.Probing.Seq + 1, InFlight: true}
	return s, []Effect{Probe{Seq: s.Probing.Seq, After: after, Applied: s.Runtime.Applied}}
}

// settleProbe is how often a server that gathers its jails is looked at.
const settleProbe = 250 * time.Millisecond

// nextProbe is how long the rules want to wait for the next look.
func (s State) nextProbe() time.Duration {
	if s.Runtime.Starting() {
		return settleProbe
	}
	wait := s.settings().Refresh
	if check, due := s.Runtime.Blame.nextCheck(s.Now, s.InForce().RecoveryWindow); due {
		wait = min(wait, check)
	}
	return wait
}

// refreshRequested looks at once, unless somebody does so already. Where
// something is wrong with the jails, it asks the configuration again; where
// somebody looks at the setup, all of it.
func (s State) refreshRequested() (State, []Effect) {
	var effects []Effect
	if s.Checkup.open {
		s, effects = s.checkSetup(true)
	}
	if len(s.Runtime.Lost) > 0 || len(s.Runtime.Reviews) > 0 {
		var reading []Effect
		s, reading = s.readConfiguration()
		effects = append(effects, reading...)
	}
	if s.Probing.InFlight {
		return s, append(effects, Hurry{})
	}
	s, probe := s.probe(0)
	return s, append(effects, probe...)
}

// readConfiguration asks the configuration, unless it is being asked.
func (s State) readConfiguration() (State, []Effect) {
	if s.Reading {
		return s, nil
	}
	s.Reading = true
	return s, []Effect{ReadConfiguration{}}
}

// doubts asks the configuration where only it can tell what to make of what a
// look found (X3, X12, X14).
func (s State) doubts() (State, []Effect) {
	if len(s.Runtime.unsure()) == 0 && !s.Runtime.unreviewed() && !s.Runtime.unchecked() {
		return s, nil
	}
	return s.readConfiguration()
}

// configurationRead takes in what the configuration says. What came up while
// it was being asked is asked about again.
func (s State) configurationRead(msg ConfigurationRead) (State, []Effect) {
	s = s.at(msg.At)
	s.Reading = false
	s, effects := s.step(msg)
	s, doubts := s.doubts()
	return s, append(effects, doubts...)
}

// activationRecorded looks at once at what an activation does to the server,
// and goes on doing so (X8).
func (s State) activationRecorded(msg ActivationRecorded) (State, []Effect) {
	s, effects := s.step(msg)
	return s, append(effects, Hurry{})
}
