package model

import (
	"cmp"
	"slices"
)

// Sharing is where this instance stands with the state that it shares.
type Sharing struct {
	Shared   bool
	Reason   string // why it is not shared; "" where nobody wanted it to be, as in the demo
	Next     string // what to do about that; "" if nothing is known
	Missed   int    // acts of this instance that are not in the journal
	Unheard  string // what was last asked of a guard and did not reach it; "" if all did
	Apart    bool   // the server is another user's, whose changes are not seen here
	Revision uint64 // of the newest stored state that was taken over

	commit      uint64        // number of the newest commit
	outstanding []uncommitted // that the store has not answered, oldest first
}

// uncommitted is what a message gave here, before the store says what it gave
// in the shared state.
type uncommitted struct {
	commit uint64
	events []Event
	asked  string // of the guard: what, see ask
}

// Stored is a state that the store holds: the answer to a Commit, or what
// others did.
type Stored struct {
	Commit   uint64 // that it answers; 0 where it is what others did
	Request  uint64 // the Seq of the Probe that it answers, by what another saw; 0 where it answers none
	Revision uint64
	Runtime  Runtime
	Events   []Event // since the last one that was handed on
	Written  int     // acts that were missing in the journal and are in it now
}

// StoreFailed says that the store cannot be used: the state is this instance's
// own from now on.
type StoreFailed struct {
	Reason string
	Next   string // what to do about it; "" if nothing is known
	Missed int    // acts that are not in the journal because of it
}

// Followed says that another instance looks at the server: it is not this one's
// turn.
type Followed struct{ Seq uint64 }

// EventsTold are events that one instance saw and all should show.
type EventsTold struct{ Events []Event }

func (s State) updateSharing(msg Msg) (State, []Effect) {
	switch msg := msg.(type) {
	case Stored:
		return s.stored(msg)
	case StoreFailed:
		return s.storeFailed(msg), nil
	case Followed:
		return s.followed(msg)
	default:
		return s, nil
	}
}

// step carries out a message of the shared state: at once here, for this
// instance to show, and in the store, whose result counts. What there is to
// tell is told when the store has it, by all instances the same.
func (s State) step(msg Msg) (State, []Effect) {
	if !s.Sharing.Shared {
		return s.stepAlone(msg)
	}
	runtime, events := Step(s.Runtime, msg)
	s.Runtime = runtime
	s.Sharing.commit++
	s.Sharing.outstanding = append(slices.Clone(s.Sharing.outstanding),
		uncommitted{commit: s.Sharing.commit, events: events})
	return s, []Effect{Commit{ID: s.Sharing.commit, Msg: msg}}
}

// ask has a message carried out in the shared state, for the guard of a change to
// read. What it leads to is shown when the store has it: a confirmation that cannot be
// written did not reach the guard, and the change is rolled back.
func (s State) ask(what string, msg Msg) (State, []Effect) {
	if !s.Sharing.Shared {
		return s.unheard(what, cmp.Or(s.Sharing.Reason, "nothing is shared here")), nil
	}
	if slices.ContainsFunc(s.Sharing.outstanding, func(u uncommitted) bool { return u.asked == what }) {
		return s, nil // it is on its way
	}
	s.Sharing.commit++
	s.Sharing.Unheard = ""
	s.Sharing.outstanding = append(slices.Clone(s.Sharing.outstanding), uncommitted{commit: s.Sharing.commit, asked: what})
	return s, []Effect{Commit{ID: s.Sharing.commit, Msg: msg}}
}

// unheard tells that what was asked of a guard did not reach it.
func (s State) unheard(what, reason string) State {
	s.Sharing.Unheard = what
	return s.log([]Event{{At: s.Now, Kind: ChangeUnheard, Note: what + " did not reach the guard: " + reason}})
}

// stepAlone carries out a message for this instance alone.
func (s State) stepAlone(msg Msg) (State, []Effect) {
	runtime, events := Step(s.Runtime, msg)
	s.Runtime = runtime
	return s.log(events), nil
}

// stored takes over what the store holds. While own commits are under way, what
// others did is taken over with the last of them: an older view does not undo
// what was just done here.
func (s State) stored(msg Stored) (State, []Effect) {
	s, effects := s.takeOver(msg)
	if msg.Commit != 0 {
		var complete []Effect
		s, complete = s.completeSetup()
		effects = append(effects, complete...)
	}
	s, next := s.followed(Followed{Seq: msg.Request})
	return s, append(effects, next...)
}

func (s State) takeOver(msg Stored) (State, []Effect) {
	s.Sharing.Missed = max(0, s.Sharing.Missed-msg.Written)
	if !s.Sharing.Shared {
		return s.rejoin(msg)
	}
	s.Sharing.outstanding = slices.DeleteFunc(slices.Clone(s.Sharing.outstanding), func(u uncommitted) bool {
		return msg.Commit != 0 && u.commit <= msg.Commit
	})
	s = s.log(msg.Events)
	if msg.Revision <= s.Sharing.Revision || len(s.Sharing.outstanding) > 0 {
		return s, nil
	}
	seen := s.Runtime.Server.At
	s.Sharing.Revision = msg.Revision
	s.Runtime = msg.Runtime
	s = s.at(msg.Runtime.Server.At)
	if msg.Runtime.Server.At.Equal(seen) {
		return s, nil
	}
	s, _ = s.follow()
	return s.stale()
}

// rejoin takes over what the store holds after this instance went on alone, and
// brings what happened meanwhile: activations, a pending, dismissals, a lock. To
// bring what is there already changes nothing.
func (s State) rejoin(msg Stored) (State, []Effect) {
	alone := s.Runtime
	s.Sharing = Sharing{Shared: true, Missed: s.Sharing.Missed, Revision: msg.Revision, commit: s.Sharing.commit}
	s.Runtime = msg.Runtime
	s = s.log(msg.Events)
	var all []Effect
	bring := func(msg Msg) {
		var effects []Effect
		s, effects = s.step(msg)
		all = append(all, effects...)
	}
	for _, a := range alone.Blame.Activations {
		if !msg.Runtime.Blame.has(a) {
			bring(ActivationRecorded{Activation: a})
		}
	}
	if p := alone.Pending; p != nil && !msg.Runtime.isDismissed(p.PendingID) && !msg.Runtime.knows(*p) {
		bring(PendingCreated{Pending: *p})
	}
	for _, id := range alone.Dismissed {
		if !msg.Runtime.isDismissed(id) {
			bring(PendingDismissed{ID: id})
		}
	}
	if alone.Locks > msg.Runtime.Locks {
		bring(SessionsLocked{})
	}
	return s, all
}

// storeFailed goes on alone, and tells what was waiting for the store.
func (s State) storeFailed(msg StoreFailed) State {
	s.Sharing.Shared, s.Sharing.Reason, s.Sharing.Next = false, msg.Reason, msg.Next
	for _, u := range s.Sharing.outstanding {
		s = s.log(u.events)
		if u.asked != "" {
			s = s.unheard(u.asked, msg.Reason)
		}
	}
	s.Sharing.outstanding = nil
	if msg.Missed > 0 {
		s.Sharing.Missed += msg.Missed
		s = s.log([]Event{{At: s.Now, Kind: JournalMissed, Count: msg.Missed, Note: msg.Reason}})
	}
	return s
}

// followed asks for the next turn.
func (s State) followed(msg Followed) (State, []Effect) {
	if msg.Seq != s.Probing.Seq || !s.Probing.InFlight {
		return s, nil
	}
	s.Probing.InFlight = false
	s, probe := s.probe(s.settings().Refresh)
	s, setup := s.recheckSetup()
	return s, append(probe, setup...)
}
