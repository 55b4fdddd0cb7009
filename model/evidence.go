package model

import (
	"slices"
	"time"

	"bantop/fail2ban"
)

// Evidence is what fail2ban's log says, for who wants to know what happened.
type Evidence struct {
	At     time.Time // when it was read; zero before
	Notes  []fail2ban.LogNote
	Reason string // why it cannot be read; "" where it can

	open     bool // somebody looks at it
	inFlight bool
}

// evidenceAge is how old it may get while somebody looks at it.
const evidenceAge = 2 * time.Second

// EvidenceOpened says that somebody looks at it.
type EvidenceOpened struct{}

// EvidenceClosed says that nobody does any more.
type EvidenceClosed struct{}

// ReadLog asks for the newest of fail2ban's log. Its result is a LogRead.
type ReadLog struct{}

// LogRead is the newest of fail2ban's log, oldest first.
type LogRead struct {
	At     time.Time
	Notes  []fail2ban.LogNote
	Reason string
}

func (s State) updateEvidence(msg Msg) (State, []Effect) {
	switch msg := msg.(type) {
	case SuspectsFound:
		return s.suspectsFound(msg), nil
	case SetAsideChosen:
		return s.setAsideChosen(msg)
	case EvidenceOpened:
		s.Evidence.open, s.Suspects = true, Suspects{inFlight: s.Suspects.inFlight}
		return s.readLog()
	case EvidenceClosed:
		s.Evidence.open = false
		return s, nil
	case LogRead:
		s = s.at(msg.At)
		s.Evidence.At, s.Evidence.Notes, s.Evidence.Reason = msg.At, slices.Clone(msg.Notes), msg.Reason
		s.Evidence.inFlight = false
		return s.reviewSuspects()
	default:
		return s, nil
	}
}

// readLog asks for it, unless it is being asked for.
func (s State) readLog() (State, []Effect) {
	if s.Evidence.inFlight {
		return s, nil
	}
	s.Evidence.inFlight = true
	return s, []Effect{ReadLog{}}
}

// evidenceStale asks for it again while somebody looks at it.
func (s State) evidenceStale() (State, []Effect) {
	if !s.Evidence.open || s.Now.Sub(s.Evidence.At) < evidenceAge {
		return s, nil
	}
	return s.readLog()
}
