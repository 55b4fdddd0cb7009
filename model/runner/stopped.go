package runner

import (
	"context"
	"errors"
	"os"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/control"
	"bantop/fail2ban/logfile"
)

// stops remembers what a log said of the newest stop, as long as the log is the same:
// a server that is down is looked at every second.
type stops struct {
	path     string
	size     int64
	modified time.Time
	at       time.Time
}

// stoppedAt is when the server that does not run was stopped in order: zero if its log
// cannot be read or does not say so, if that was before this machine started (the
// server should have come up with it), or if it would not start again: then it may
// have been a restart that ended here, which leaves nothing but the stop in the log
// ("Have not found any log file", 1.0.2 and 1.1.0).
func (r *Runner) stoppedAt(ctx context.Context, target string) time.Time {
	info, err := os.Stat(target)
	if err != nil {
		return time.Time{}
	}
	if s := r.stops; s.path == target && s.size == info.Size() && s.modified.Equal(info.ModTime()) {
		return s.at
	}
	notes, err := logfile.Tail(target, logTail, r.zone())
	if err != nil {
		return time.Time{}
	}
	at := fail2ban.StoppedAt(notes, false)
	if boot := r.opts.Boot(); boot > 0 && at.Before(r.now().Add(-boot)) {
		at = time.Time{}
	}
	if !at.IsZero() && r.refused(ctx) {
		at = time.Time{}
	}
	if ctx.Err() == nil {
		r.stops = stops{path: target, size: info.Size(), modified: info.ModTime(), at: at}
	}
	return at
}

// refused reports whether fail2ban would not start with its configuration, as far as
// `fail2ban-client -t` knows: a missing log is no fault for -d (1.0.2 and 1.1.0).
func (r *Runner) refused(ctx context.Context) bool {
	control, can := r.opts.Control.(tester)
	if !can {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, readingTime)
	defer cancel()
	return isRefusal(control.Test(ctx))
}

// tester tests fail2ban's configuration. *control.Control is one.
type tester interface {
	Test(ctx context.Context) error
}

// isRefusal reports whether fail2ban-client ended by itself, and refused.
func isRefusal(err error) bool {
	e, ok := errors.AsType[*control.Error](err)
	return ok && e.Code > 0
}
