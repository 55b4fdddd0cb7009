package model

import (
	"slices"
	"time"
)

// Mark is what came of a check.
type Mark string

// The marks.
const (
	CheckOK    Mark = "ok"
	CheckNote  Mark = "note"  // it works; there is something to know
	CheckFault Mark = "fault" // it does not, or will not for long
)

// Check is one thing that bantop or fail2ban needs, and how it stands with it.
type Check struct {
	Name  string // "socket", "database", …
	Mark  Mark
	Found string // what is there
	Why   string // what is wrong, or to be known, and what comes of it; "" where all is well
	Mend  string // the one command that mends it; "" where there is none
}

// Checkup is the newest that was found about the setup.
type Checkup struct {
	At     time.Time // zero before the first
	Checks []Check   // in the order in which they are shown

	open     bool // somebody looks at it
	inFlight bool
	again    bool // and everything is to be looked at afresh after that
}

// SetupOpened says that somebody looks at the setup.
type SetupOpened struct{}

// SetupClosed says that nobody does any more.
type SetupClosed struct{}

// CheckSetup asks how it stands with all that bantop needs. Its result is a
// SetupChecked. What takes a process of its own is found out once, and again
// where Fresh is set.
type CheckSetup struct{ Fresh bool }

// SetupChecked is the result of CheckSetup.
type SetupChecked struct {
	At     time.Time
	Checks []Check
}

// SetupCompleted says that setup is complete (R10). That is kept: what breaks
// later is a fault of its own, not a setup that was never done.
type SetupCompleted struct{}

func (r Runtime) setupCompleted() Runtime {
	r.Setup = true
	return r
}

// SetupMissing tells whether bantop was never set up for this server, and now
// cannot be: it never answered, or what instances share cannot be kept (R10).
func (s State) SetupMissing() bool {
	r := s.Runtime
	looked := r.Server.Kind != Unknown
	answered := r.Server.Kind.Up() || r.Seen.Kind.Up()
	return looked && !s.Demo && !r.Setup && (!answered || s.Sharing.Reason != "")
}

// completeSetup is R10: the settings were read, or there were no State; the
// server answered; and the store has just written something down. Only success
// is kept.
func (s State) completeSetup() (State, []Effect) {
	if s.Runtime.Setup || !s.Sharing.Shared || !s.Runtime.Server.Kind.Up() {
		return s, nil
	}
	return s.step(SetupCompleted{})
}

func (s State) updateSetup(msg Msg) (State, []Effect) {
	switch msg := msg.(type) {
	case SetupOpened:
		s.Checkup.open = true
		return s.checkSetup(false)
	case SetupClosed:
		s.Checkup.open = false
		return s, nil
	case SetupChecked:
		return s.setupChecked(msg)
	default:
		return s, nil
	}
}

// checkSetup asks how it stands, unless that is being asked.
func (s State) checkSetup(fresh bool) (State, []Effect) {
	if s.Checkup.inFlight {
		s.Checkup.again = s.Checkup.again || fresh
		return s, nil
	}
	s.Checkup.inFlight = true
	return s, []Effect{CheckSetup{Fresh: fresh}}
}

func (s State) setupChecked(msg SetupChecked) (State, []Effect) {
	s = s.at(msg.At)
	again := s.Checkup.again
	s.Checkup.At, s.Checkup.Checks = msg.At, slices.Clone(msg.Checks)
	s.Checkup.inFlight, s.Checkup.again = false, false
	if !again {
		return s, nil
	}
	return s.checkSetup(true)
}

// recheckSetup looks again at each probe while somebody watches a setup that is
// not complete (R10).
func (s State) recheckSetup() (State, []Effect) {
	if !s.Checkup.open || !s.SetupMissing() {
		return s, nil
	}
	return s.checkSetup(false)
}
