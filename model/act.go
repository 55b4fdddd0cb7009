package model

import (
	"slices"
	"strings"
	"time"
)

// ActKind is what somebody can do to the server or to what is shown of it.
type ActKind string

// The kinds of act.
const (
	ActReload  ActKind = "reload"
	ActRestart ActKind = "restart"
	ActDismiss ActKind = "dismiss"
	ActMend    ActKind = "mend" // make jails anew that lost their actions through a reload
)

// Acting is the newest act, under way or done.
type Acting struct {
	Kind     ActKind // "" before the first
	At       time.Time
	Running  bool
	Reason   string // why it failed or was refused; "" where it did not
	Hint     string
	Missing  []string // jails that should be there afterwards and are not
	Attempts int      // how often it was done until all were there
	Kept     []string // what was set by hand and was put back
	Lost     []string // what could not be
	Wanted   int      // how many jails should be there afterwards, as far as that is known

	id     uint64
	intent Intent // that was announced for it
}

// ActRequested says that somebody has answered the question whether to do it.
type ActRequested struct {
	Kind    ActKind
	At      time.Time
	EndHung bool // of ActRestart: somebody agreed to end a server that hangs
}

// ActFinished is the result of Perform.
type ActFinished struct {
	ID       uint64
	At       time.Time
	Reason   string // why it failed; "" where it did not
	Hint     string
	Missing  []string // jails of Perform.Want that are not there
	Attempts int
	Kept     []string // what was set by hand and was put back
	Lost     []string // what could not be
}

// Perform asks that something be done to the server. Its result is an
// ActFinished with the same ID.
type Perform struct {
	ID   uint64
	Kind ActKind
	Want []string // jails that should be there afterwards; of ActMend, those to mend

	EndHung bool // of ActRestart: a server that hangs is ended
}

// Journal asks that something be written into the journal of acts.
type Journal struct {
	At      time.Time
	Act     string
	Jail    string
	Address string
	Result  string
}

func (s State) updateActs(msg Msg) (State, []Effect) {
	switch msg := msg.(type) {
	case Unlocked:
		return s.unlocked(msg)
	case LockRequested:
		return s.lockRequested(msg)
	case ActRequested:
		return s.actRequested(msg)
	case ActFinished:
		return s.actFinished(msg)
	default:
		return s, nil
	}
}

// actRequested does it, where it is allowed and nothing else is being done.
func (s State) actRequested(msg ActRequested) (State, []Effect) {
	s = s.at(msg.At)
	if s.Acting.Running && msg.Kind != ActDismiss {
		return s, nil // the screen shows what is being done
	}
	if c, under := s.Runtime.UnderWay(); under && msg.Kind != ActDismiss {
		s.Acting = Acting{Kind: msg.Kind, At: msg.At, Reason: c.Person() + " is changing " + c.Jail + " (" + string(c.Kind) + ")", Hint: "confirm that or take it back first", id: s.Acting.id}
		return s, nil
	}
	s, ok := s.allowed(msg.At)
	switch {
	case !ok && s.Acting.Running:
		return s, nil
	case !ok:
		s.Acting = Acting{Kind: msg.Kind, At: msg.At, Reason: "this pane is locked", Hint: "press o to unlock it", id: s.Acting.id}
		return s, nil
	case msg.Kind == ActDismiss:
		return s.dismiss(msg.At)
	}
	want := slices.Clone(s.Runtime.Expected)
	if msg.Kind == ActMend {
		if want = s.Runtime.Bare(); len(want) == 0 {
			return s, nil
		}
	}
	s.Acting = Acting{Kind: msg.Kind, At: msg.At, Running: true, Wanted: len(want), id: s.Acting.id + 1}
	perform := Perform{ID: s.Acting.id, Kind: msg.Kind, Want: want, EndHung: msg.EndHung}
	if msg.Kind != ActRestart {
		return s, []Effect{perform}
	}
	// All instances are told that the server goes away as it should (X6).
	s.Acting.intent = Intent{Kind: IntentRestart, At: msg.At, By: s.Who}
	s, effects := s.step(IntentAnnounced{Intent: s.Acting.intent})
	return s, append(effects, perform)
}

// dismiss takes the pending away, in every instance.
func (s State) dismiss(at time.Time) (State, []Effect) {
	p := s.Runtime.Pending
	if p == nil {
		return s, nil
	}
	if !s.Acting.Running {
		s.Acting = Acting{Kind: ActDismiss, At: at, id: s.Acting.id}
	}
	s, effects := s.step(PendingDismissed{ID: p.PendingID})
	return s, append(effects, Journal{At: at, Act: string(ActDismiss) + " " + string(p.Kind), Jail: p.Jail, Result: "done"})
}

// actFinished takes in what came of it, and looks at the server at once. After a
// reload that said OK, the jails that were lost are to appear (X5).
func (s State) actFinished(msg ActFinished) (State, []Effect) {
	s = s.at(msg.At)
	if msg.ID != s.Acting.id {
		return s, nil
	}
	a := s.Acting
	a.Running, a.Reason, a.Hint, a.Attempts = false, msg.Reason, msg.Hint, msg.Attempts
	a.Missing = slices.Clone(msg.Missing)
	a.Kept, a.Lost = slices.Clone(msg.Kept), slices.Clone(msg.Lost)
	s.Acting = a
	var effects []Effect
	switch {
	case msg.Reason != "" && a.Kind == ActRestart:
		s, effects = s.step(IntentEnded{Intent: a.intent})
	case msg.Reason == "" && a.Kind == ActReload:
		var awaited []string
		for _, l := range s.Runtime.Lost {
			awaited = append(awaited, l.Jail)
		}
		if len(awaited) > 0 {
			s, effects = s.step(JailsAwaited{Jails: awaited, At: msg.At})
		}
	}
	s, more := s.refreshRequested()
	return s, slices.Concat(effects, []Effect{Journal{At: msg.At, Act: string(a.Kind), Result: a.result()}}, more)
}

// result is what came of an act, for the journal.
func (a Acting) result() string {
	switch {
	case a.Reason != "":
		return a.Reason
	case len(a.Missing) > 0:
		return "done, without " + strings.Join(a.Missing, ", ")
	default:
		return "done"
	}
}
