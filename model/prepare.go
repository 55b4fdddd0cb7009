package model

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/addr"
)

// Preparing is a change that somebody looks into, in this instance alone: it is
// rehearsed, and then handed to a guard. Nothing of the live server is touched.
type Preparing struct {
	Kind      ChangeKind // "" before the first
	Jail      string
	At        time.Time
	Rehearsal fail2ban.Rehearsal
	File      FileChange   // that would be written
	More      []FileChange // further files that get another name
	On        bool         // the jail is to run by it
	Running   bool         // the rehearsal goes on
	Skipped   bool         // it is not wanted
	Starting  bool         // a guard is being started
	Begun     bool         // it holds the way back: Runtime.Change tells the rest
	Reason    string       // why it cannot be done; "" where it can
	Hint      string

	id     uint64
	limit  time.Duration // of the rehearsal, as it was begun
	text   *[]byte
	was    []byte
	made   Made
	loose  []string // jails that may go with the file that is set aside
	change ChangeID // that a guard was handed
}

// OwnChange is the change that was prepared here, once a guard has begun it.
func (s State) OwnChange() (Change, bool) {
	c := s.Runtime.Change
	if !s.Preparing.Begun || c == nil || !c.Is(s.Preparing.change) {
		return Change{}, false
	}
	return *c, true
}

// RehearsalRequested says that somebody wants to know what a change would do.
type RehearsalRequested struct {
	Kind ChangeKind
	Jail string
	At   time.Time
	Text *[]byte // the file's new content, of ChangeEdit
	Was  []byte  // what it held when somebody began to edit it; nil where it was not there
	Skip bool    // no scratch server is to be started
	Made Made    // what is to be taken back, of ChangeRevert
}

// Rehearse asks for the next step of a rehearsal. Its result is a
// RehearsalStepped with the same ID.
type Rehearse struct {
	ID   uint64
	Kind ChangeKind
	Jail string
	Text *[]byte
	Was  []byte
	Skip bool
	Made Made            // of ChangeRevert
	Live []fail2ban.Jail // what runs, with its actions

	Limit time.Duration
}

// EndRehearsal asks that whatever a rehearsal uses be taken away.
type EndRehearsal struct{ ID uint64 }

// RehearsalStepped is what a rehearsal has found so far.
type RehearsalStepped struct {
	ID        uint64
	At        time.Time
	Rehearsal fail2ban.Rehearsal
	File      FileChange
	More      []FileChange // further files, of ChangeRevert
	On        bool
	Reason    string // why it could not even be tried; "" where it could
	Hint      string
}

// RehearsalDropped says that nobody wants to know any more.
type RehearsalDropped struct{}

// ChangeRequested says that somebody has answered the question whether to make the
// change that was rehearsed.
type ChangeRequested struct {
	At     time.Time
	Meant  bool // that it bans an own address was asked about
	Commit bool // nobody has to confirm it
}

// StartGuard asks that a guard carry out a plan. Its result is a GuardStarted.
type StartGuard struct {
	ID   uint64
	Plan Plan
}

// GuardStarted says that a guard holds the way back, or why none does.
type GuardStarted struct {
	ID     uint64
	At     time.Time
	Reason string
	Hint   string
}

// ConfirmRequested says that somebody confirms the change that is under way.
type ConfirmRequested struct{ At time.Time }

// RevertRequested says that somebody wants it taken back.
type RevertRequested struct{ At time.Time }

func (s State) updatePreparing(msg Msg) (State, []Effect) {
	switch msg := msg.(type) {
	case RehearsalRequested:
		return s.rehearsalRequested(msg)
	case RehearsalStepped:
		return s.rehearsalStepped(msg)
	case SurveyRequested:
		return s.surveyRequested(msg)
	case SurveyStopped:
		return s.surveyStopped(msg)
	case RehearsalDropped:
		return s.rehearsalDropped()
	case ChangeRequested:
		return s.changeRequested(msg)
	case GuardStarted:
		return s.guardStarted(msg)
	case ConfirmRequested:
		return s.confirmRequested(msg)
	case RevertRequested:
		return s.revertRequested(msg)
	default:
		return s, nil
	}
}

// rehearsalRequested begins a rehearsal; one that goes on is dropped for it.
func (s State) rehearsalRequested(msg RehearsalRequested) (State, []Effect) {
	s = s.at(msg.At)
	s, effects := s.rehearsalDropped()
	s.rehearsals++
	s.Preparing = Preparing{Kind: msg.Kind, Jail: msg.Jail, At: msg.At, Running: true, Skipped: msg.Skip,
		id: s.rehearsals, limit: s.InForce().ActivationLimit, text: msg.Text, was: msg.Was,
		made: msg.Made}
	return s, append(effects, s.rehearse())
}

func (s State) rehearse() Effect {
	p := s.Preparing
	return Rehearse{ID: p.id, Kind: p.Kind, Jail: p.Jail, Text: p.text, Was: p.was, Skip: p.Skipped, Made: p.made,
		Live: s.live(), Limit: p.limit}
}

// live are the jails that run, with their actions.
func (s State) live() []fail2ban.Jail {
	live := make([]fail2ban.Jail, len(s.Runtime.Server.Jails))
	for i, j := range s.Runtime.Server.Jails {
		live[i] = j.Jail.Clone()
	}
	return live
}

// rehearsalStepped takes in what was found, and goes on until all is known.
func (s State) rehearsalStepped(msg RehearsalStepped) (State, []Effect) {
	s = s.at(msg.At)
	if s, effects, mine := s.surveyStepped(msg); mine {
		return s, effects
	}
	if msg.ID != s.Preparing.id || !s.Preparing.Running {
		return s, []Effect{EndRehearsal{ID: msg.ID}}
	}
	p := s.Preparing
	p.Rehearsal, p.File, p.More, p.On, p.Reason, p.Hint = msg.Rehearsal, msg.File, msg.More, msg.On, msg.Reason, msg.Hint
	p.Running = msg.Reason == "" && msg.Rehearsal.Step != fail2ban.RehearseDone
	s.Preparing = p
	if p.Running {
		return s, []Effect{s.rehearse()}
	}
	effects := []Effect{EndRehearsal{ID: msg.ID}}
	if found := p.finding(); found != "" {
		effects = append(effects, Journal{At: msg.At, Act: "rehearse " + string(p.Kind), Jail: p.Jail, Result: found})
	}
	return s, effects
}

// rehearsalDropped ends a rehearsal that goes on, and forgets what it found.
func (s State) rehearsalDropped() (State, []Effect) {
	var effects []Effect
	if s.Preparing.Running {
		effects = []Effect{EndRehearsal{ID: s.Preparing.id}}
	}
	s.Preparing = Preparing{}
	return s, effects
}

// finding is why the change cannot be made, for the journal; "" where it can.
func (p Preparing) finding() string {
	switch {
	case p.Reason != "":
		return "refused: " + p.Reason
	case !p.Rehearsal.OK():
		return string(p.Rehearsal.Verdict) + ": " + p.Rehearsal.Reason
	default:
		return ""
	}
}

// Files are all files that the change is made in.
func (p Preparing) Files() []FileChange { return append([]FileChange{p.File}, p.More...) }

// Loose are the jails that may go with the files that are set aside, sorted.
func (p Preparing) Loose() []string { return slices.Clone(p.loose) }

// Ready tells whether the change that was rehearsed can be made.
func (p Preparing) Ready() bool {
	return p.Kind != "" && !p.Running && !p.Starting && !p.Begun && p.Reason == "" && p.Rehearsal.OK()
}

// Bans reports whether the rehearsal found whom the jail would ban: the jail runs by the
// change.
func (p Preparing) Bans() bool {
	return p.Rehearsal.OK() && p.Kind != ChangeDeactivate && (p.Kind != ChangeRevert || p.On)
}

// OwnBanned are the logins that the rehearsed jail would ban.
func (s State) OwnBanned() []Own {
	var out []Own
	for _, text := range s.Preparing.Rehearsal.WouldBan {
		p, _, err := addr.Parse(text)
		if err != nil {
			continue
		}
		for _, o := range s.Logins.Own {
			if addr.Holds(p, addr.Of(o.Addr)) {
				out = append(out, o)
			}
		}
	}
	return out
}

// changeRequested hands the change to a guard, where it may be made.
func (s State) changeRequested(msg ChangeRequested) (State, []Effect) {
	s = s.at(msg.At)
	if !s.Preparing.Ready() {
		return s, nil
	}
	refuse := func(reason, hint string) (State, []Effect) {
		s.Preparing.Reason, s.Preparing.Hint = reason, hint
		return s, nil
	}
	if own := s.OwnBanned(); len(own) > 0 && !msg.Meant {
		return refuse("it would ban "+own[0].Addr.String()+", from where "+own[0].Who+" is logged in", "allow that address first, or type it out")
	}
	if lost := s.Runtime.lostNames(); s.Preparing.Kind == ChangeSetAside && len(lost) > 0 && len(minus(lost, s.Preparing.loose)) == 0 {
		return refuse("no jail would come back: none that is lost can run without that file", "mend it by hand, then: fail2ban-client reload")
	}
	if c, under := s.Runtime.UnderWay(); under {
		return refuse(c.Person()+" is changing "+c.Jail+" ("+string(c.Kind)+")",
			"wait for it, or take it back: sudo bantop revert")
	}
	if !s.Sharing.Shared {
		return refuse("the way back cannot be kept: "+cmp.Or(s.Sharing.Reason, "nothing is kept here"), "mend that first, or name another folder with --state-dir")
	}
	s, ok := s.allowed(msg.At)
	if !ok {
		return refuse("this pane is locked", "press o to unlock it")
	}
	plan := s.plan(msg)
	s.Preparing.Starting, s.Preparing.change = true, plan.ChangeID
	return s, []Effect{StartGuard{ID: s.Preparing.id, Plan: plan}}
}

// plan is what the rehearsed change is to lead to: the jail that it is about, and
// whatever else was edited meanwhile, which the same reload takes over.
func (s State) plan(msg ChangeRequested) Plan {
	p, r := s.Preparing, s.Preparing.Rehearsal
	plan := Plan{
		ChangeID: ChangeID{Kind: p.Kind, Jail: p.Jail, At: msg.At},
		By:       s.Who, TTY: s.TTY, File: p.File, More: p.More,
		Gains: slices.Clone(r.Appear), Loses: slices.Clone(r.Vanish), Restart: slices.Clone(r.Change),
		Confirm: s.InForce().ActivationConfirm, Window: s.InForce().RecoveryWindow, Commit: msg.Commit,
		Unproven: p.Skipped, Reverts: p.made.Number,
	}
	_, runs := s.Runtime.Server.Jail(p.Jail)
	switch {
	case p.Kind == ChangeActivate, p.On && (p.Kind == ChangeEdit || p.Kind == ChangeRevert):
		plan.Gains = union(plan.Gains, []string{p.Jail})
		if len(r.Actions) > 0 {
			plan.Armed = []string{p.Jail}
		}
	case p.Kind == ChangeSetAside:
		plan.Gains, plan.Loose, plan.Commit = minus(s.Runtime.lostNames(), p.loose), p.loose, true
	case p.Kind == ChangeDeactivate, runs:
		plan.Loses = union(plan.Loses, []string{p.Jail})
	}
	return plan
}

// guardStarted follows the change from then on in the shared state.
func (s State) guardStarted(msg GuardStarted) (State, []Effect) {
	s = s.at(msg.At)
	if msg.ID != s.Preparing.id {
		return s, nil
	}
	s.Preparing.Starting, s.Preparing.Begun = false, msg.Reason == ""
	s.Preparing.Reason, s.Preparing.Hint = msg.Reason, msg.Hint
	if msg.Reason == "" {
		return s, []Effect{Hurry{}}
	}
	return s, []Effect{Journal{At: msg.At, Act: string(s.Preparing.Kind), Jail: s.Preparing.Jail, Result: msg.Reason}}
}

// confirmRequested confirms the change that is under way, whoever made it: that
// somebody can say so proves most.
func (s State) confirmRequested(msg ConfirmRequested) (State, []Effect) {
	s = s.at(msg.At)
	c, under := s.Runtime.UnderWay()
	if !under || c.Step != StepConfirm {
		return s, nil
	}
	return s.asked("confirm", c, ChangeConfirmed{ID: c.ChangeID, At: msg.At, By: personOn(s.Who, s.TTY)})
}

// revertRequested has it taken back. To go back to what was is allowed to
// everybody who may confirm it.
func (s State) revertRequested(msg RevertRequested) (State, []Effect) {
	s = s.at(msg.At)
	c, under := s.Runtime.UnderWay()
	if !under || !c.Step.forward() {
		return s, nil
	}
	return s.asked("revert", c, ChangeReverted{ID: c.ChangeID, At: msg.At, By: personOn(s.Who, s.TTY)})
}

// asked asks something of the guard of a change. The journal holds that it was asked:
// how the change ended, the guard writes there.
func (s State) asked(what string, c Change, msg Msg) (State, []Effect) {
	s, effects := s.ask(what, msg)
	if len(effects) == 0 {
		return s, nil
	}
	return s, append(effects, Journal{At: s.Now, Act: what + " " + string(c.Kind), Jail: c.Jail, Result: "asked for"})
}

// tendEvery is how often it is looked whether a change still has its guard.
const tendEvery = 2 * time.Second

// TendChange asks whether the guard of the change that is under way still lives,
// and that another take its place where it does not.
type TendChange struct{ ID ChangeID }

// tend looks after a change that is under way: should its guard have been killed,
// the way back is another's.
func (s State) tend() (State, []Effect) {
	c, under := s.Runtime.UnderWay()
	if !under || !s.Sharing.Shared || s.Demo || s.Now.Sub(s.tended) < tendEvery && !s.Now.Before(s.tended) {
		return s, nil
	}
	s.tended = s.Now
	return s, []Effect{TendChange{ID: c.ChangeID}}
}

// Jails names what a plan is to bring and to take, for people.
func (p Plan) Jails() string {
	return strings.Join(slices.Concat(p.Gains, p.Loses), ", ")
}
