package model

import (
	"time"

	"bantop/fail2ban"
)

// Suspect is a file of the configuration that may be why jails are lost, or why
// the server does not start.
type Suspect struct {
	Dir, Name string    // "jail.d", "nginx-x.local"
	Changed   time.Time // when it was last written to
	Jail      string    // that it is about; "" where that is not known
	Jails     []string  // that can hardly run without it
	Line      int       // that the fault stems from; 0 where that is not known
	Proven    bool      // fail2ban refuses it: a rehearsal says so, or its own error
	Reason    string    // what it says about it
}

// Suspects are what may be to blame, the surest first.
type Suspects struct {
	At       time.Time // zero before the first time
	List     []Suspect
	Reason   string // why nobody could be found; "" where somebody could look
	inFlight bool
}

// FindSuspects asks which file is to blame. Its result is a SuspectsFound.
type FindSuspects struct {
	Jail string          // that was activated last; "" where that is not known
	Live []fail2ban.Jail // what runs
	Log  []string        // what fail2ban's log says, its errors, the newest last
}

// SuspectsFound is the result of FindSuspects.
type SuspectsFound struct {
	At     time.Time
	List   []Suspect
	Reason string
}

// SetAsideChosen says that somebody wants the file of a suspect out of the way.
type SetAsideChosen struct {
	Suspect Suspect
	At      time.Time
}

// trouble tells whether there is something that a file of the configuration may be
// to blame for.
func (r Runtime) trouble() bool {
	return r.open() || len(r.LostJails()) > 0 || r.Server.Kind == Offline
}

// reviewSuspects looks for who is to blame, where there is trouble, once what the
// log says is known. Where there is none any more, nobody is.
func (s State) reviewSuspects() (State, []Effect) {
	if !s.Runtime.trouble() {
		s.Suspects = Suspects{inFlight: s.Suspects.inFlight}
		return s, nil
	}
	if s.Suspects.inFlight || !s.Suspects.At.IsZero() || !s.Evidence.open {
		return s, nil
	}
	s.Suspects.inFlight = true
	e := FindSuspects{Live: s.live()}
	if p := s.Runtime.Pending; p != nil {
		e.Jail = p.Jail
	}
	for _, n := range s.Evidence.Notes {
		if n.Kind == fail2ban.LogError {
			e.Log = append(e.Log, n.Text)
		}
	}
	return s, []Effect{e}
}

func (s State) suspectsFound(msg SuspectsFound) State {
	s = s.at(msg.At)
	s.Suspects = Suspects{At: msg.At, List: msg.List, Reason: msg.Reason}
	return s
}

// asideEnding is what the name of a file ends with that fail2ban is not to read: it
// reads *.conf and *.local alone (1.0.2, client/configreader.py).
const asideEnding = ".off"

// setAsideChosen prepares the change. There is nothing to rehearse: what does harm
// goes, and what is lost is to come back.
func (s State) setAsideChosen(msg SetAsideChosen) (State, []Effect) {
	s = s.at(msg.At)
	s, effects := s.rehearsalDropped()
	s.rehearsals++
	v := msg.Suspect
	s.Preparing = Preparing{Kind: ChangeSetAside, Jail: v.Jail, At: msg.At, id: s.rehearsals, loose: v.loose(),
		File:      FileChange{Dir: v.Dir, Name: v.Name, Aside: v.Name + asideEnding},
		Rehearsal: fail2ban.Rehearsal{Jail: v.Jail, Step: fail2ban.RehearseDone, Verdict: fail2ban.VerdictReady}}
	return s, effects
}

// loose are the jails that may go with the file, sorted.
func (v Suspect) loose() []string {
	if v.Jail == "" {
		return union(v.Jails, nil)
	}
	return union(v.Jails, []string{v.Jail})
}

// lostNames are the jails that are to come back.
func (r Runtime) lostNames() []string {
	var out []string
	for _, jail := range r.Expected {
		if _, runs := r.Server.Jail(jail); !runs {
			out = append(out, jail)
		}
	}
	return out
}
