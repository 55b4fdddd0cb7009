package guard

import (
	"context"
	"fmt"
	"slices"
	"time"

	"bantop/fail2ban/proven"
	"bantop/model"
)

// How a server that does not answer is judged. A server that is busy is not dead: it
// hangs only if for hangTime it used less than a hundredth of a processor (the threads
// that poll log files wake once a second, also while the one that answers hangs) and
// no command of it made progress.
const (
	tick       = 10 * time.Millisecond // of processor time in proc(5)
	hangTime   = 30 * time.Second
	afterwards = 10 * time.Second // instead of hangTime, once the command that held it up was ended
)

// silence is what was seen of a server that does not answer.
type silence struct {
	since time.Time     // when it was found silent; zero if it answers
	calm  time.Time     // since when it seems to do nothing
	used  time.Duration // processor time, its commands' included, at calm
	ended int           // commands that were ended
}

// mostEnded is how many commands are ended that hold the server up.
const mostEnded = 3

// silent judges a server that does not answer, whose process lives.
func (g *Guard) silent(ctx context.Context, c model.Change, did *model.ChangeDid, pid int, cause error) error {
	now, family := time.Now(), proven.Descendants(pid)
	used := usedBy(pid, family)
	s := &g.silence
	if s.since.IsZero() {
		*s = silence{since: now, calm: now, used: used}
	}
	most := g.opts.Hang
	if s.ended > 0 {
		most = min(most, afterwards)
	}
	runs := slices.ContainsFunc(family, func(p proven.Process) bool { return p.Runs })
	young := slices.ContainsFunc(family, func(p proven.Process) bool { return p.Age() < most && s.ended == 0 })
	if runs || used-s.used > now.Sub(s.calm)/100+2*tick || used < s.used {
		s.calm, s.used = now, used
	}
	if young || now.Sub(s.calm) < most {
		did.Fault = model.FaultBusy
		return fmt.Errorf("fail2ban is busy: it has not answered for %s", now.Sub(s.since).Round(time.Second))
	}
	if own := ownCommand(c, family, most); own.PID > 0 && s.ended < mostEnded {
		err := proven.EndCommand(ctx, own)
		s.ended++
		s.calm, s.used = now, 0
		did.Fault = model.FaultBusy
		if err != nil {
			return fmt.Errorf("end a command that holds fail2ban up: %w", err)
		}
		return fmt.Errorf("ended a command of %s that held fail2ban up (process %d)", c.Jail, own.PID)
	}
	did.Fault = model.FaultHung
	if s.ended > 0 {
		did.Fault = model.FaultOwnHang
	}
	return fmt.Errorf("fail2ban hangs: process %d has not answered for %s, does nothing, and was left running: %w",
		pid, now.Sub(s.since).Round(time.Second), cause)
}

// expect takes note of what the server has done so far, before it is given something to
// do that it may never answer.
func (g *Guard) expect(c model.Change) {
	now, pid := time.Now(), g.pid(c)
	g.silence = silence{since: now, calm: now, used: usedBy(pid, proven.Descendants(pid))}
}

// usedBy is the processor time of a process and its descendants.
func usedBy(pid int, family []proven.Process) time.Duration {
	used := proven.Look(pid).Used
	for _, p := range family {
		used += p.Used
	}
	return used
}

// ownCommand is a command that the server started after the change had begun and that
// has run for too long.
func ownCommand(c model.Change, family []proven.Process, most time.Duration) proven.Process {
	if !c.Kind.BringsJails() {
		return proven.Process{}
	}
	for _, p := range family {
		if p.Began.After(c.At) && p.Age() > most {
			return p
		}
	}
	return proven.Process{}
}
