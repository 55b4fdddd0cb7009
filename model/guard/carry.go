package guard

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/control"
	"bantop/model"
)

// How long things may take. A reload stops and starts jails, one after the other,
// each for up to two seconds (1.0.2, measured), and while it goes on, nobody gets
// an answer.
const (
	reloadTime  = 15 * time.Second
	reloadEach  = 2 * time.Second // more, a jail
	answerTime  = 5 * time.Second
	restartTime = time.Minute
)

// carry carries out the step that a change is in.
func (g *Guard) carry(ctx context.Context, c model.Change) model.ChangeDid {
	began := time.Now()
	did := model.ChangeDid{ID: c.ChangeID, Step: c.Step}
	var err error
	c.File = g.texts(c.File)
	switch c.Step {
	case model.StepWrite:
		err = g.opts.Files.Write(ctx, c.File)
	case model.StepRestore:
		err = g.restore(ctx, c)
	case model.StepReload:
		err = g.reload(ctx, c)
	case model.StepReloadBack:
		if err = g.answers(ctx); err == nil {
			err = g.reload(ctx, c)
		}
	case model.StepProve:
		did.Missing, err = g.prove(ctx, c, g.opts.Patient)
	case model.StepConfirm:
		did.Missing, err = g.watch(ctx, c)
	case model.StepProveBack:
		did.Missing, err = g.proveBack(ctx, c)
	case model.StepRestart:
		err = g.restart(ctx)
	default:
		err = fmt.Errorf("bantop does not know the step %q", c.Step)
	}
	did.At, did.Took = g.now(), time.Since(began)
	if err != nil {
		did.Reason, did.Hint = fail2ban.OneLine(err.Error()), hint(err)
	}
	return did
}

// restore makes the change of the file undone, where it was made.
func (g *Guard) restore(ctx context.Context, c model.Change) error {
	if !c.Touched && c.EndedBy == "" { // not even written
		return g.opts.Files.Withdraw(ctx, c.File)
	}
	return g.opts.Files.Restore(ctx, c.File)
}

// hint is what to do next about an error: its own, or none.
func hint(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return h.Hint()
	}
	return fail2ban.Hint(err)
}

// reload reads the configuration again, and gives jails whose actions changed new
// ones: a plain reload takes the old ones away and brings none.
func (g *Guard) reload(ctx context.Context, c model.Change) error {
	ctx, cancel := context.WithTimeout(ctx, reloadTime+time.Duration(len(c.Before)+len(c.Gains))*reloadEach)
	defer cancel()
	if c.Kind == model.ChangeSetAside && g.answers(ctx) != nil {
		return g.restart(ctx)
	}
	if err := g.opts.Control.Reload(ctx); err != nil {
		return err
	}
	if c.Kind == model.ChangeSetAside {
		return g.bringBack(ctx, c)
	}
	for _, jail := range c.Restart {
		if err := g.opts.Control.ReloadJail(ctx, jail); err != nil {
			return err
		}
	}
	return nil
}

// bringBack goes on reloading until the jails are there that are to come back. After
// a faulty reload, the first good one says OK and may leave no jail at all.
func (g *Guard) bringBack(ctx context.Context, c model.Change) error {
	for n := 1; ; n++ {
		_, err := g.prove(ctx, c, g.opts.Patient)
		if err == nil || n == reloads {
			return nil // what is missing is found when it is proven
		}
		if err := g.opts.Control.Reload(ctx); err != nil {
			return err
		}
	}
}

// reloads is how often a reload is done for jails to come back.
const reloads = 3

// answers tells whether fail2ban answers at all: where a reload still holds it up,
// another would only wait behind it.
func (g *Guard) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	_, err := g.opts.Server.Jails(ctx)
	return err
}

// restart makes a new server process. One that does not answer is ended first: it
// could not be told to stop.
func (g *Guard) restart(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, restartTime)
	defer cancel()
	err := g.answers(ctx)
	switch {
	case err == nil:
		return g.opts.Control.Restart(ctx, control.Runs)
	case errors.Is(err, fail2ban.ErrNotRunning):
		return g.opts.Control.Restart(ctx, control.Stopped)
	case errors.Is(err, fail2ban.ErrStaleSocket) && g.opts.Server.Gone():
		return g.opts.Control.Restart(ctx, control.Died)
	}
	if err := end(ctx, g.opts.Server.PID()); err != nil {
		return fmt.Errorf("end fail2ban, which does not answer: %w", err)
	}
	return g.opts.Control.Restart(ctx, control.Died)
}
