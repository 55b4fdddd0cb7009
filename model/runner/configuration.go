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

const (
	logTail = 64 << 10 // bytes of the log that are looked at
	logMost = 50       // notes of it that are handed on
)

// readLog returns what the log says about reloads, jails and errors, newest
// last. That it cannot be read is no fault: it only adds to what is seen.
func (r *Runner) readLog() []fail2ban.LogNote {
	all, err := logfile.Tail(r.known.log, logTail, r.opts.Zone)
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
