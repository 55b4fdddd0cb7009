package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"bantop/config/load"
	"bantop/fail2ban"
	"bantop/fail2ban/control"
	"bantop/fail2ban/handset"
	"bantop/fail2ban/proven"
	"bantop/model"
	"bantop/model/store"
)

const (
	// actTime is how long an act may take. A reload stops and starts jails, one
	// after the other, each for up to two seconds (1.0.2, measured).
	actTime = 5 * time.Minute
	// reloads is how often a reload is done until the jails are there. After a
	// faulty one, the first good reload says OK and may leave no jail at all; the
	// next brings them (1.0.2 and 1.1.0, measured).
	reloads = 3
	// gathering is how long jails may take to appear after an act that said OK.
	gathering = 3 * time.Second
)

// doPerform does something to the server: one instance at a time, the others
// are told who does what.
func (r *Runner) doPerform(ctx context.Context, e model.Perform) model.Msg {
	ctx, cancel := context.WithTimeout(ctx, actTime)
	defer cancel()
	msg := model.ActFinished{ID: e.ID}
	held, unlock, err := r.lock(ctx, e)
	switch {
	case err != nil:
		msg.Reason = err.Error()
	case unlock == nil:
		msg.Reason = fmt.Sprintf("%s (%s) is doing a %s since %s", held.Who, held.TTY, held.Act, held.Since.Local().Format(time.TimeOnly))
		msg.Hint = "wait for it"
	default:
		defer unlock()
		msg.Attempts, msg.Missing, err = r.perform(ctx, e)
		msg.Kept, msg.Lost = r.tellKept(ctx)
		if err != nil {
			msg.Reason, msg.Hint = err.Error(), cmp.Or(fail2ban.Hint(err), control.Hint(err))
		}
	}
	msg.At = r.now()
	return msg
}

// tellKept tells what was set by hand and was put back, also in the journal.
func (r *Runner) tellKept(ctx context.Context) (kept, lost []string) {
	keeper, is := r.opts.Control.(interface{ Report() handset.Report })
	if !is {
		return nil, nil
	}
	report := keeper.Report()
	var entries []model.Journal
	for _, i := range report.Kept {
		kept = append(kept, i.String())
		entries = append(entries, r.keptEntry(i, "put back"))
	}
	for _, i := range report.Lost {
		lost = append(lost, i.String())
		entries = append(entries, r.keptEntry(i, "lost: it could not be put back"))
	}
	if len(entries) > 0 {
		_ = r.doJournal(ctx, entries...) // else they are written later
	}
	return kept, lost
}

func (r *Runner) keptEntry(i handset.Item, result string) model.Journal {
	return model.Journal{At: r.now(), Act: "keep " + i.Option, Jail: i.Jail, Address: i.Shown(), Result: result}
}

// lock takes the right to act. Where nothing is shared, nobody else is known to
// act.
func (r *Runner) lock(ctx context.Context, e model.Perform) (held store.Acting, unlock func(), err error) {
	if !r.shared.usable() {
		return held, func() {}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	p := r.opts.Person
	held, ok, err := r.shared.store.Lock(ctx, store.Acting{Act: string(e.Kind), Who: p.Who, TTY: p.TTY, Since: r.now()})
	if err != nil || !ok {
		return held, nil, err
	}
	return held, func() {
		ctx, cancel := context.WithTimeout(context.Background(), storeTime)
		defer cancel()
		_ = r.shared.store.Unlock(ctx) // else it is free when this process ends
	}, nil
}

// perform does it, and looks which of the wanted jails are missing afterwards.
func (r *Runner) perform(ctx context.Context, e model.Perform) (attempts int, missing []string, err error) {
	c := r.opts.Control
	if c == nil {
		return 0, nil, errors.New("nothing can be done here: there is no fail2ban-client")
	}
	if e.Kind == model.ActRestart {
		if err := r.restart(ctx, c, e.EndHung); err != nil {
			return 1, nil, err
		}
		missing, err = r.gather(ctx, e.Want)
		return 1, missing, err
	}
	if e.Kind == model.ActMend {
		missing, err = r.mend(ctx, c, e.Want)
		return 1, missing, err
	}
	for attempts < reloads {
		attempts++
		if err := c.Reload(ctx); err != nil {
			return attempts, nil, err
		}
		if missing, err = r.gather(ctx, e.Want); err != nil || len(missing) == 0 {
			return attempts, missing, err
		}
	}
	return attempts, missing, nil
}

// restart makes a new server process. One that hangs is ended only if somebody agreed.
func (r *Runner) restart(ctx context.Context, c Control, endHung bool) error {
	err := c.Restart(ctx, r.serverState(ctx))
	hung, is := errors.AsType[*proven.HungError](err)
	ender, can := c.(interface{ RestartHung(context.Context) error })
	if !is || hung.Busy || !endHung || !can {
		return err
	}
	return ender.RestartHung(ctx)
}

// mend makes jails anew, and returns those that have no action all the same.
func (r *Runner) mend(ctx context.Context, c Control, jails []string) (bare []string, err error) {
	for _, jail := range jails {
		if err := c.ReloadJail(ctx, jail); err != nil {
			return nil, err
		}
	}
	if _, err := r.gather(ctx, jails); err != nil {
		return nil, err
	}
	actions, err := r.opts.Client.Actions(ctx, jails)
	return slices.DeleteFunc(slices.Clone(jails), func(jail string) bool { return len(actions[jail]) > 0 }), err
}

// serverState is how it stands with the server that is to be restarted.
func (r *Runner) serverState(ctx context.Context) control.State {
	ctx, cancel := context.WithTimeout(ctx, r.answerTime())
	defer cancel()
	_, err := r.opts.Client.Jails(ctx)
	switch {
	case errors.Is(err, fail2ban.ErrNotRunning):
		return control.Stopped
	case errors.Is(err, fail2ban.ErrStaleSocket) && r.opts.Client.Gone():
		return control.Died
	default:
		return control.Runs
	}
}

// gather waits until the wanted jails are listed, for a while, and returns those
// that are not.
func (r *Runner) gather(ctx context.Context, want []string) ([]string, error) {
	for deadline := time.Now().Add(r.gathering); ; {
		asking, cancel := context.WithTimeout(ctx, actTime)
		names, err := r.opts.Client.Jails(asking)
		cancel()
		missing := slices.DeleteFunc(slices.Clone(want), func(name string) bool { return slices.Contains(names, name) })
		if err == nil && len(missing) == 0 || time.Now().After(deadline) {
			return missing, err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return missing, ctx.Err()
		}
	}
}

// doKeepSettings writes settings into bantop's own file.
func (r *Runner) doKeepSettings(e model.KeepSettings) model.Msg {
	file, err := load.Write(r.opts.File, e.Values)
	if err != nil {
		return model.SettingsKept{File: file, Reason: err.Error()}
	}
	return model.SettingsKept{File: file}
}
