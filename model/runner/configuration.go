package runner

import (
	"context"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/logfile"
	"bantop/model"
)

// readingTime is how long the configuration may take to be read: 0.1 s with a
// few jails, half a second with the ninety of Debian.
const readingTime = 10 * time.Second

// doReadConfiguration asks what fail2ban's configuration says.
func (r *Runner) doReadConfiguration(ctx context.Context) model.Msg {
	msg := model.ConfigurationRead{Started: r.now()}
	if r.opts.Control == nil {
		msg.Reason = "nobody can be asked"
		msg.At = r.now()
		return msg
	}
	reading, cancel := context.WithTimeout(ctx, readingTime)
	defer cancel()
	dump, err := r.opts.Control.Dump(reading)
	if ctx.Err() != nil {
		return nil
	}
	msg.At = r.now()
	if err != nil {
		msg.Reason = err.Error()
		return msg
	}
	for _, j := range dump.Jails {
		msg.Jails = append(msg.Jails, model.ConfiguredJail{Name: j.Name, Actions: len(j.Actions)})
	}
	msg.Faulty = dump.Faulty
	return msg
}

// doCheckSetup looks at all that bantop needs.
func (r *Runner) doCheckSetup(ctx context.Context, e model.CheckSetup) model.Msg {
	var checks []model.Check
	if r.opts.Checks != nil {
		checks = r.opts.Checks(ctx, e.Fresh)
	}
	if ctx.Err() != nil {
		return nil
	}
	return model.SetupChecked{At: r.now(), Checks: checks}
}

const (
	logTail = 64 << 10 // bytes of the log that are looked at
	logMost = 50       // notes of it that are handed on
)

// doReadLog reads the newest of fail2ban's log, for somebody to look at. It asks
// the server where that is, or takes where it last was.
func (r *Runner) doReadLog(ctx context.Context) model.Msg {
	asking, cancel := context.WithTimeout(ctx, r.answerTime())
	defer cancel()
	target, err := r.opts.Client.LogTarget(asking)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		target = r.lastLog()
	}
	msg := model.LogRead{At: r.now()}
	notes, err := logfile.Tail(target, logTail, r.zone())
	if err != nil {
		msg.Reason = err.Error()
		return msg
	}
	r.logTarget.Store(&target)
	msg.Notes = notes[max(0, len(notes)-logLines):]
	return msg
}

// lastLog is where the server's log was when it was last known, else where its
// configuration says.
func (r *Runner) lastLog() string {
	if t := r.logTarget.Load(); t != nil {
		return *t
	}
	return r.opts.LogTarget
}

// logLines is how many notes are handed on to somebody who wants to look at them.
const logLines = 200

// readLog returns what the log says about reloads, jails and errors, newest
// last. That it cannot be read is no fault: it only adds to what is seen.
func (r *Runner) readLog() []fail2ban.LogNote {
	all, err := logfile.Tail(r.known.log, logTail, r.zone())
	if err != nil {
		return nil
	}
	var notes []fail2ban.LogNote
	for _, n := range all {
		if n.Kind != fail2ban.LogOther {
			notes = append(notes, n)
		}
	}
	return notes[max(0, len(notes)-logMost):]
}
