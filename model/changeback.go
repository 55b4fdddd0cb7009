package model

import "bantop/fail2ban"

// ChangeFault is the kind of failure that a step ended with, if the kind decides
// what comes next.
type ChangeFault string

// The kinds of failure. A step that failed otherwise has none.
const (
	// FaultRefused: fail2ban would not come up with the configuration; ChangeDid.Slips
	// says why. Nothing was sent to the server.
	FaultRefused ChangeFault = "refused"
	// FaultUnknown: it could not be found out whether fail2ban would come up. Nothing
	// was sent to the server.
	FaultUnknown ChangeFault = "unknown"
	// FaultGone: the server's process has ended.
	FaultGone ChangeFault = "gone"
	// FaultBusy: the server works on something and does not answer yet.
	FaultBusy ChangeFault = "busy"
	// FaultHung: the server hangs. Its process lives, so nothing is started beside it.
	FaultHung ChangeFault = "hung"
	// FaultOwnHang: the server hangs since a command of a changed jail ran for too
	// long. The command was ended, and the server still does not answer.
	FaultOwnHang ChangeFault = "own hang"
)

// BackWay is how the server gets back to what it ran before a change.
type BackWay string

// The ways back, in the order in which they are tried.
const (
	BackByFiles  BackWay = ""       // it loads the configuration, whose file was put back
	BackByFormer BackWay = "former" // it loads what set it up before the change
	BackByStop   BackWay = "stop"   // the activated jails are stopped, and nothing is loaded
)

// back is the step after one of the way back, and the change as it enters it.
// Nothing that runs is stopped or loaded before it is proven that it comes up again:
// a proof that fails leads to another way back, and at last to an end that leaves
// everything running.
func (c Change) back(msg ChangeDid) (Change, ChangeStep) {
	failed, step := msg.Reason != "", c.Step
	if step == StepReloadBack || step == StepRestart {
		c.Down = msg.Fault == FaultGone || failed && c.Down
	}
	switch {
	case step == StepRestore && failed:
		return c, StepStuck
	case step == StepRestore && !c.Touched:
		return c, StepTakenBack
	case step == StepRestore && (c.Untouched || c.Kind == ChangeSetAside):
		return c, StepProveBack // the server may still be as it was
	case step == StepRestore:
		return c.load()
	case step == StepProveBack && !failed:
		return c, StepTakenBack
	case !failed:
		return c, StepProveBack
	case step == StepRestart || msg.Fault == FaultHung:
		c.Left = msg.Fault
		return c, StepStuck
	case msg.Fault == FaultOwnHang:
		c.Hung = true
		return c.restart(msg.Fault)
	case msg.Fault == FaultGone:
		return c.restart(msg.Fault)
	case msg.Fault == FaultRefused || msg.Fault == FaultUnknown:
		return c.otherWay(msg.Fault)
	case c.Attempts < backReloads && !c.Restarted:
		c.Way = BackByFiles // a slip may be corrected by now
		return c.load()
	default:
		return c.restart(msg.Fault)
	}
}

// load makes the server load a configuration once more.
func (c Change) load() (Change, ChangeStep) {
	c.Attempts++
	return c, StepReloadBack
}

// restart makes a new server process, once.
func (c Change) restart(fault ChangeFault) (Change, ChangeStep) {
	if c.Restarted {
		c.Left = fault
		return c, StepStuck
	}
	return c, StepRestart
}

// otherWay is the way back after one whose proof failed.
func (c Change) otherWay(fault ChangeFault) (Change, ChangeStep) {
	former := c.FormerSum != "" && (fault == FaultRefused || c.Unproven)
	stops := c.Kind == ChangeActivate && len(c.Gains) > 0 && len(c.Restart) == 0
	switch {
	case c.Way == BackByFiles && former:
		c.Way = BackByFormer
	case c.Way != BackByStop && stops:
		c.Way = BackByStop
	default:
		c.Left = fault
		return c, StepStuck
	}
	return c, StepReloadBack
}

// mostSlips is how many slips are kept of one proof.
const mostSlips = 10

// judged takes over what is wrong with the configuration, if a step judged that.
func (c Change) judged(msg ChangeDid) Change {
	if !msg.Judged {
		return c
	}
	c.Slips = nil
	for _, s := range msg.Slips[:min(mostSlips, len(msg.Slips))] {
		c.Slips = append(c.Slips, fail2ban.Short(s))
	}
	return c
}
