package model

import (
	"path"
	"slices"
	"time"

	"bantop/fail2ban"
)

// Suspect is a file of the configuration that may be why jails are lost, or why
// the server does not start.
type Suspect struct {
	Dir, Name string    // "jail.d", "nginx-x.local"; Dir is "" for a file such as jail.local
	Changed   time.Time // when it was last written to
	Jail      string    // that it is about; "" where that is not known
	Jails     []string  // that can hardly run without it
	Line      int       // that the fault stems from; 0 where that is not known
	Proven    bool      // this line is why fail2ban would not come up with every jail now: it was tried
	Reason    string    // what fail2ban says about it
	Keep      string    // why the file is not to be renamed; "" if it may be
}

// Place is the line that the fault stems from.
func (v Suspect) Place() fail2ban.Place {
	return fail2ban.Place{File: path.Join(v.Dir, v.Name), Line: v.Line}
}

// Suspects are what may be to blame, the surest first.
type Suspects struct {
	At       time.Time // zero before the first time
	List     []Suspect
	Reason   string // why nobody could be found; "" where somebody could look
	Whole    bool   // it was tried: without all that may be set aside, every other jail comes up
	inFlight bool
}

// Aside are the files that are proven to be at fault and may be renamed; Edit are those
// that have to be corrected.
func (s Suspects) Aside() (aside, edit []Suspect) {
	for _, v := range s.List {
		switch {
		case v.Proven && v.Keep == "":
			aside = append(aside, v)
		case v.Proven:
			edit = append(edit, v)
		}
	}
	return aside, edit
}

// FindSuspects asks which file is to blame. Its result is a SuspectsFound.
type FindSuspects struct {
	Jail    string          // that was activated last; "" if that is not known
	Live    []fail2ban.Jail // what runs
	Log     []string        // fail2ban's errors since the newest start or reload, the newest last
	Stopped bool            // the server was stopped in order: what was changed of late is not why
}

// SuspectsFound is the result of FindSuspects.
type SuspectsFound struct {
	At     time.Time
	List   []Suspect
	Reason string
	Whole  bool
}

// SetAsideChosen says that somebody wants files of suspects out of the way.
type SetAsideChosen struct {
	Suspects []Suspect // at least one
	At       time.Time
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
	e := FindSuspects{Live: s.live(), Stopped: !s.Runtime.Server.Stopped.IsZero()}
	if p := s.Runtime.Pending; p != nil && !p.Recovered {
		e.Jail = p.Jail
	}
	for _, n := range fail2ban.SinceRepair(s.Evidence.Notes) {
		if n.Kind == fail2ban.LogError {
			e.Log = append(e.Log, n.Text)
		}
	}
	return s, []Effect{e}
}

func (s State) suspectsFound(msg SuspectsFound) State {
	s = s.at(msg.At)
	s.Suspects = Suspects{At: msg.At, List: msg.List, Reason: msg.Reason, Whole: msg.Whole}
	return s
}

// asideEnding is what the name of a file ends with that fail2ban is not to read: it
// reads *.conf and *.local alone (1.0.2, client/configreader.py).
const asideEnding = ".off"

// setAsideChosen prepares the change. It was tried when the suspects were found.
func (s State) setAsideChosen(msg SetAsideChosen) (State, []Effect) {
	s = s.at(msg.At)
	s, effects := s.rehearsalDropped()
	if len(msg.Suspects) == 0 {
		return s, effects
	}
	s.rehearsals++
	var files []FileChange
	var loose []string
	for _, v := range msg.Suspects {
		if f := (FileChange{Dir: v.Dir, Name: v.Name, Aside: v.Name + asideEnding}); !slices.ContainsFunc(files, f.Same) {
			files = append(files, f)
		}
		loose = union(loose, v.loose())
	}
	jail := msg.Suspects[0].Jail
	s.Preparing = Preparing{Kind: ChangeSetAside, Jail: jail, At: msg.At, id: s.rehearsals, loose: loose,
		File: files[0], More: files[1:],
		Rehearsal: fail2ban.Rehearsal{Jail: jail, Step: fail2ban.RehearseDone, Verdict: fail2ban.VerdictReady}}
	if _, edit := s.Suspects.Aside(); len(edit) > 0 {
		s.Preparing.Reason = "fail2ban would refuse its configuration still: " + edit[0].Place().String() + ": " + edit[0].Reason
		s.Preparing.Hint = "correct " + edit[0].Place().String() + " first"
	}
	return s, effects
}

// Same reports whether both are of one file.
func (f FileChange) Same(o FileChange) bool { return f.Dir == o.Dir && f.Name == o.Name }

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

// Unguarded are the jails that do not run after a change: those that went with a file
// that was set aside, and those that are lost and that it was not to bring back.
func (r Runtime) Unguarded(c Change) []string {
	var out []string
	for _, jail := range c.Loose {
		j, listed := r.Server.Jail(jail)
		if !listed || j.State == JailNotStarted || !r.Server.At.After(c.Since) { // an older look knows nothing of it
			out = append(out, jail)
		}
	}
	for _, l := range r.Lost {
		out = append(out, l.Jail)
	}
	return minus(union(out, nil), c.Gains)
}
