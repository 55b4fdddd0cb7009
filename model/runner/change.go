package runner

import (
	"context"
	"errors"
	"time"

	"bantop/fail2ban"
	"bantop/model"
)

// guardTime is how long a guard may take to begin: it may have to take back what
// another left.
const guardTime = 2 * time.Minute

// doStartGuard hands a plan to a guard.
func (r *Runner) doStartGuard(ctx context.Context, e model.StartGuard) model.Msg {
	err := errors.New("no guard can be started here")
	if r.opts.Guard != nil {
		ctx, cancel := context.WithTimeout(ctx, guardTime)
		defer cancel()
		err = r.opts.Guard(ctx, &e.Plan)
	}
	msg := model.GuardStarted{ID: e.ID, At: r.now()}
	if err != nil {
		msg.Reason, msg.Hint = err.Error(), fail2ban.Hint(err)
	}
	return msg
}

// doTendChange starts another guard where the one of the change is gone.
func (r *Runner) doTendChange(ctx context.Context) model.Msg {
	if r.opts.Guard == nil || !r.shared.usable() {
		return nil
	}
	asking, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	if _, held, err := r.shared.store.Holder(asking); err != nil || held {
		return nil // it lives; or the next time is soon
	}
	ctx, end := context.WithTimeout(ctx, guardTime)
	defer end()
	_ = r.opts.Guard(ctx, nil) // else the next time is soon
	return nil
}
