package words

import (
	"fmt"
	"slices"
	"strconv"

	"bantop/fail2ban/quote"
	"bantop/model"
)

// takenBack says how a change was rolled back.
func takenBack(c *model.Change, who, done string) string {
	wanted := fmt.Sprintf("%s wanted to %s %s; ", who, c.Kind, c.Jail)
	if !c.Touched {
		return wanted + "nothing was changed: " + c.Why
	}
	if c.Untouched && !slices.ContainsFunc(c.Done, func(d model.StepDone) bool { return d.Step == model.StepReloadBack }) {
		return wanted + "rolled back before the running server was touched: " + c.Why
	}
	back := "rolled back, all jails restored"
	if c.Way == model.BackByStop {
		back = "rolled back, " + List(c.Gains) + " stopped, all other jails untouched"
	}
	if len(c.Missing) > 0 {
		back += ", but the bans of " + List(c.Missing) + " have run out or are lost"
	}
	return fmt.Sprintf("%s %s; %s: %s", who, done, back, c.Why)
}

// Slips are what is wrong with the configuration after a change that ended, each
// FILE:LINE and why, and at last what that means. Nothing if nothing is known to be
// wrong.
func Slips(c model.Change) []string {
	if len(c.Slips) == 0 {
		return nil
	}
	return append(slices.Clone(c.Slips), "until that is corrected, any reload or restart of fail2ban fails")
}

// LastResort is what is left to do by hand about a change that was not rolled back
// completely.
func LastResort(s model.State, c model.Change) []string {
	test, start := s.Control+" -t", s.Control+" start; or "+s.Control+" -x start if that refuses"
	switch c.Left {
	case model.FaultHung, model.FaultOwnHang:
		pid := strconv.Itoa(c.PID)
		return []string{
			"the file was put back; fail2ban hangs and was left running, nothing was started beside it",
			"see what it waits for: ps --ppid " + pid + " -o pid,etime,args",
			"to end it, which leaves the machine unguarded until it is started: kill -9 " + pid + "; then " +
				s.Control + " -x start",
		}
	case model.FaultRefused, model.FaultUnknown:
		mend := "correct what is named above"
		if c.Left == model.FaultUnknown {
			mend = "find out whether the configuration is right: " + test
		}
		if c.Down {
			return []string{"the file was put back; fail2ban is not running, and was not started", mend, start}
		}
		return []string{
			"the file was put back; everything that ran was left running, with the change still in it", mend, s.Control + " reload",
		}
	}
	file := s.Settings.Effective.Conf + "/" + c.File.Dir + "/" + c.File.Name
	return []string{
		"look at " + quote.Word(file) + ": it should hold what it held before the change; mv it to " +
			quote.Word(c.File.Name+".off") + " if there was none",
		test + ", and correct what it names",
		s.Control + " restart; or " + s.Control + " -x start if fail2ban does not run",
	}
}
