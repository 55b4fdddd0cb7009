package runner

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"bantop/fail2ban"
	"bantop/model"
)

// doProbe waits for its time and, where it is this instance's turn, looks at the
// server. Two looks never overlap.
func (r *Runner) doProbe(ctx context.Context, e model.Probe) model.Msg {
	r.probe.Lock()
	defer r.probe.Unlock()
	if !r.wait(ctx, e.After) {
		return nil
	}
	t := r.turn(ctx, e)
	if t.instead != nil {
		r.budget.begin(time.Now()) // the next turn is as far away as if this had been a look
		return t.instead
	}
	msg, err := r.take(ctx)
	if ctx.Err() != nil {
		return nil
	}
	msg.ProbeID, msg.Request, msg.Unshared = t.id, e.Seq, t.unshared
	if errors.Is(err, fail2ban.ErrPermission) {
		// Others may be allowed to; what this user may not is no news for them.
		r.yield(ctx)
		msg.Unshared = true
	}
	return msg
}

// take takes one look at the server.
func (r *Runner) take(ctx context.Context) (model.ProbeFinished, error) {
	msg := model.ProbeFinished{Started: r.now()}
	mono := time.Now()
	r.budget.begin(mono)
	look, cancel := context.WithTimeout(ctx, r.answerTime())
	defer cancel()
	log, pid := r.lastLog(), r.known.pid
	jails, err := r.look(look)
	msg.Finished, msg.Latency, msg.Boot, msg.Fault = r.now(), time.Since(mono), r.opts.Boot(), faultOf(err)
	if err != nil {
		msg.Reason, msg.Hint = reason(err, r.answerTime()), fail2ban.Hint(err)
		msg.Gone = r.opts.Client.Gone()
		if errors.Is(err, fail2ban.ErrNotRunning) { // a crash leaves the socket
			msg.Stopped = r.stoppedAt(ctx, log)
		}
		return msg, err
	}
	r.budget.spend(msg.Latency)
	if r.opts.Watch {
		r.log.watch(ctx, r.known.log, r.Hurry)
	}
	if r.known.changed || pid != 0 && pid != r.known.pid { // other jails, or another process
		msg.Log = r.readLog()
		msg.Stopped = fail2ban.StoppedAt(msg.Log, true)
	}
	msg.Version, msg.Jails = r.known.version, jails
	msg.PID, msg.Since = r.opts.Client.PID(), r.opts.Client.Started().Round(0)
	return msg, nil
}

// wait waits until the next look is due, or somebody hurries. It tells whether
// there is to be one.
func (r *Runner) wait(ctx context.Context, after time.Duration) bool {
	timer := time.NewTimer(r.budget.wait(time.Now(), after, false))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	case <-r.hurry:
	}
	timer.Reset(r.budget.wait(time.Now(), after, true))
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// faultOf tells what an error means to the model.
func faultOf(err error) model.Fault {
	for _, f := range []struct {
		kind  error
		fault model.Fault
	}{
		{fail2ban.ErrNotRunning, model.NotRunning},
		{fail2ban.ErrStaleSocket, model.StaleSocket},
		{fail2ban.ErrPermission, model.Denied},
		{fail2ban.ErrBusy, model.Busy},
		{fail2ban.ErrTimeout, model.NoAnswer},
		{fail2ban.ErrClosed, model.NoAnswer},
	} {
		if errors.Is(err, f.kind) {
			return f.fault
		}
	}
	if err == nil {
		return model.Answered
	}
	return model.Unreadable
}

// reason is an error in the words of a status line.
func reason(err error, timeout time.Duration) string {
	e, ok := errors.AsType[*fail2ban.Error](err)
	switch {
	case !ok:
		return err.Error()
	case errors.Is(err, fail2ban.ErrTimeout):
		return "no answer for " + timeout.String() + " (" + e.Socket + ")"
	case e.Kind == nil: // a refusal in the server's own words
		return "fail2ban refused to " + e.Op + ": " + e.Cause.Error()
	case e.Cause == nil:
		return e.Kind.Error() + " (" + e.Socket + ")"
	default:
		return e.Kind.Error() + " (" + e.Socket + ": " + e.Cause.Error() + ")"
	}
}

// bootClock is the time since the machine started, its sleep included.
func bootClock() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

// lastMod is when a file was last written to, the zero time where that is not
// to be had.
func lastMod(path string) time.Time {
	fi, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	return fi.ModTime().Round(0)
}
