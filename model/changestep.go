package model

import (
	"slices"
	"time"

	"bantop/fail2ban"
)

// backReloads is how often a reload is tried on the way back. After a faulty one,
// the first good reload says OK and may leave no jail at all; the next brings them
// (1.0.2 and 1.1.0, measured).
const backReloads = 3

// UnderWay is the change that has not ended; false where there is none.
func (r Runtime) UnderWay() (Change, bool) {
	if r.Change == nil || r.Change.Step.Over() {
		return Change{}, false
	}
	return *r.Change, true
}

func (r Runtime) changed(msg Msg) (Runtime, []Event) {
	if msg, begins := msg.(ChangeBegun); begins {
		return r.changeBegun(msg)
	}
	c, under := r.UnderWay()
	if !under {
		return r.changeBroughtAlong(msg), nil
	}
	switch msg := msg.(type) {
	case ChangeDid:
		if c.ChangeID.Is(msg.ID) && c.Step == msg.Step {
			return r.changeDid(c, msg)
		}
	case ChangeConfirmed:
		if c.ChangeID.Is(msg.ID) && c.Step == StepConfirm {
			c.EndedBy = msg.By
			return r.enter(c.did(StepConfirm, msg.At, ""), StepConfirmed, msg.At)
		}
	case ChangeReverted:
		if c.ChangeID.Is(msg.ID) && c.Step.forward() {
			c.EndedBy = msg.By
			return r.turnBack(c, msg.At, msg.By+" took it back")
		}
	case ChangeTold:
		if c.ChangeID.Is(msg.Change.ChangeID) {
			msg.Change.File = msg.Change.File.Bare()
			r.Change = &msg.Change
		}
	case ChangeExpired:
		if c.ChangeID.Is(msg.ID) && c.Step == StepConfirm && !msg.At.Before(c.Deadline) {
			return r.turnBack(c, msg.At, "nobody confirmed it in time")
		}
	case ChangeTaken:
		if c.ChangeID.Is(msg.ID) && c.Step.forward() {
			c.Touched = true // whatever became of it
			if msg.File.Name != "" {
				c.File = msg.File.Bare()
			}
			return r.turnBack(c, msg.At, "the guard ended at the step: "+string(c.Step))
		}
	}
	return r, nil
}

// changeBroughtAlong takes over what a guard tells of its change in a state that
// knows nothing of it: the state was removed meanwhile and begun anew.
func (r Runtime) changeBroughtAlong(msg Msg) Runtime {
	told, is := msg.(ChangeTold)
	if !is || r.Change != nil && !r.Change.At.Before(told.Change.At) {
		return r
	}
	told.Change.File = told.Change.File.Bare()
	r.Change = &told.Change
	return r
}

// changeBegun is step 4: it is recorded who did it, for a crash to be put down to.
func (r Runtime) changeBegun(msg ChangeBegun) (Runtime, []Event) {
	if _, under := r.UnderWay(); under {
		return r, nil
	}
	msg.Plan.File = msg.Plan.File.Bare() // no text of the configuration is shared
	r.Change = &Change{Plan: msg.Plan, Certain: msg.Certain, Before: msg.Before, PID: msg.PID, Step: StepWrite, Since: msg.At,
		FormerSum: msg.FormerSum}
	if msg.Plan.Kind.BringsJails() {
		r.Blame = r.Blame.record(Activation{Jail: msg.Plan.Jail, At: msg.Plan.At, By: msg.Plan.By, TTY: msg.Plan.TTY,
			Source: "bantop", Window: msg.Plan.Window})
	}
	return r, []Event{{At: msg.At, Kind: ChangeStarted, Jail: msg.Plan.Jail, Note: string(msg.Plan.Kind) + ", by " + msg.Plan.Person()}}
}

// Person is who wants it.
func (p Plan) Person() string { return personOn(p.By, p.TTY) }

func personOn(who, tty string) string {
	if tty == "" {
		return who
	}
	return who + " (" + tty + ")"
}

// changeDid goes on to the step after one that ended.
func (r Runtime) changeDid(c Change, msg ChangeDid) (Runtime, []Event) {
	if len(msg.Kept)+len(msg.Lost) > 0 {
		c.Kept, c.Lost = union(c.Kept, msg.Kept), union(c.Lost, msg.Lost)
	}
	failed := msg.Reason != ""
	if c.Step == StepConfirm && !failed { // all is as it should be, still
		return r, nil
	}
	if c.Step.forward() {
		if failed {
			c.Hint, c.Missing, c.Untouched = msg.Hint, msg.Missing, msg.Untouched
			return r.turnBack(c.judged(msg), msg.At, msg.Reason)
		}
		return r.enter(c.did(c.Step, msg.At, ""), c.after(), msg.At)
	}
	if msg.Fault == FaultBusy {
		c.Waiting = fail2ban.OneLine(msg.Reason)
		r.Change = &c
		return r, nil
	}
	c = c.did(c.Step, msg.At, msg.Reason).judged(msg)
	c.Missing, c.Waiting = msg.Missing, ""
	if failed {
		c.Hint = msg.Hint
	}
	c, step := c.back(msg)
	return r.enter(c, step, msg.At)
}

// after is the step after one that went well.
func (c Change) after() ChangeStep {
	switch {
	case c.Step == StepWrite:
		return StepReload
	case c.Step == StepReload:
		return StepProve
	case c.Commit:
		return StepConfirmed
	default:
		return StepConfirm
	}
}

// did takes note of a step that ended.
func (c Change) did(step ChangeStep, at time.Time, reason string) Change {
	c.Done = append(slices.Clone(c.Done), StepDone{Step: step, Took: max(0, at.Sub(c.Since)), Reason: reason})
	return c
}

// turnBack begins the way back.
func (r Runtime) turnBack(c Change, at time.Time, why string) (Runtime, []Event) {
	c = c.did(c.Step, at, why)
	c.Why = fail2ban.Short(why)
	return r.enter(c, StepRestore, at)
}

// enter begins a step. What jails should be there goes with it (X3): the file
// says so, from the moment that it is written until it is put back.
func (r Runtime) enter(c Change, step ChangeStep, at time.Time) (Runtime, []Event) {
	was := c.Step
	c.Step, c.Since = step, at
	switch step {
	case StepReload:
		c.Touched = true
		for _, jail := range c.Loses {
			if slices.Contains(r.Expected, jail) {
				c.Forgotten = append(slices.Clone(c.Forgotten), jail)
				r = r.forget(jail)
			}
		}
	case StepConfirm:
		c.Deadline = at.Add(c.Confirm)
	case StepRestore:
		r.Expected = union(r.Expected, c.Forgotten)
	case StepReloadBack:
		if c.Kind == ChangeSetAside { // they were lost before, and still are
			break
		}
		for _, jail := range c.Gains {
			r = r.forget(jail)
		}
	case StepRestart:
		c.Restarted = true
	}
	if step.Over() { // what is kept is for people
		c.File, c.Before = c.File.Bare(), nil
	}
	r.Change = &c
	return r.switchedOff(c), c.events(was, at)
}

// events are what there is to tell of a step that begins.
func (c Change) events(was ChangeStep, at time.Time) []Event {
	e := Event{At: at, Jail: c.Jail}
	switch {
	case c.Step == StepConfirm:
		e.Kind = ChangeProven
	case c.Step == StepConfirmed:
		e.Kind, e.Note = ChangeKept, c.EndedBy
	case c.Step == StepRestore && was.forward():
		e.Kind, e.Note = ChangeTurned, c.Why
	case c.Step == StepTakenBack:
		e.Kind, e.Note = ChangeBack, c.Why
	case c.Step == StepStuck:
		e.Kind, e.Note = ChangeStuck, c.Why
	default:
		return nil
	}
	return []Event{e}
}

// Expect is how the jails should stand when the change is made.
func (c Change) Expect() []Standing {
	var out []Standing
	for _, b := range c.Before {
		b.Unwanted = slices.Contains(c.Loses, b.Jail)
		out = append(out, b)
	}
	for _, jail := range c.Gains {
		if !slices.ContainsFunc(c.Before, func(b Standing) bool { return b.Jail == jail }) {
			out = append(out, Standing{Jail: jail, Started: true, Armed: slices.Contains(c.Armed, jail)})
		}
	}
	return out
}

// Carry asks that the step which a change is in be carried out. Its result is a
// ChangeDid.
type Carry struct{ Change Change }

// watchEvery is how often the server is looked at while nobody has confirmed.
const watchEvery = time.Second

// busyEvery is how often a busy server is asked again on the way back.
const busyEvery = time.Second

// Next is what is to be done for a change now, and how long after that there is
// something to do again. It is a message where no effect is needed to know it, and
// nothing of either where the change is over.
func (c Change) Next(now time.Time) (Effect, Msg, time.Duration) {
	switch {
	case c.Step.Over():
		return nil, nil, 0
	case c.Step == StepConfirm && !now.Before(c.Deadline):
		return nil, ChangeExpired{ID: c.ChangeID, At: now}, 0
	case c.Step == StepConfirm:
		return Carry{c}, nil, min(watchEvery, c.Deadline.Sub(now))
	case c.Waiting != "":
		return Carry{c}, nil, busyEvery
	default:
		return Carry{c}, nil, 0
	}
}
