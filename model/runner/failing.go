package runner

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"time"

	"bantop/fail2ban/logfile"
	"bantop/model"
)

// failTail is how much of the end of fail2ban's log is read for who fails in a
// jail, in bytes: some 2,900 failures.
const failTail = 256 << 10

// readFailing reads what fail2ban's log says of who fails in a jail. It asks the
// server where that is, or takes where it last was.
func (r *Runner) readFailing(ctx context.Context, jail string, zone *time.Location) model.FailingLog {
	target, err := r.opts.Client.LogTarget(ctx)
	if err != nil {
		target = r.lastLog()
	}
	var log model.FailingLog
	log.Notes, log.Since, err = logfile.Failing(target, jail, failTail, zone)
	if err != nil {
		log.Reason = whyNoFailing(err, target)
	}
	return log
}

// whyNoFailing is why nobody says who fails.
func whyNoFailing(err error, target string) string {
	switch {
	case errors.Is(err, logfile.ErrNoFile) && target != "":
		return "fail2ban logs to " + target + ", which bantop does not read"
	case errors.Is(err, fs.ErrPermission):
		return "fail2ban's log is closed to you: run sudo bantop"
	case errors.Is(err, fs.ErrNotExist):
		return "fail2ban's log " + target + " is missing: sudo fail2ban-client flushlogs"
	default:
		return strings.TrimPrefix(err.Error(), "read fail2ban's log: ")
	}
}
