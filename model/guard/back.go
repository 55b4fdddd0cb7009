package guard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/control"
	"bantop/fail2ban/proven"
	"bantop/model"
)

// loadBack has the server take over what it ran before, by the way that the model
// chose. Nothing is sent to it before that is proven.
func (g *Guard) loadBack(ctx context.Context, c model.Change, did *model.ChangeDid) error {
	if err := g.look(ctx, c, did); err != nil {
		return err
	}
	switch c.Way {
	case model.BackByStop:
		return g.stopGained(ctx, c)
	case model.BackByFormer:
		s, err := g.formerly(c)
		if err == nil {
			err = g.opts.Proof.Prove(ctx, s)
		}
		if err := faulty(did, err); err != nil && !(c.Unproven && did.Fault == model.FaultUnknown && s.Text() != "") {
			return fmt.Errorf("load what fail2ban ran before: %w", err)
		}
		return g.load(ctx, c, s)
	default:
		s, err := g.proven(ctx, c, did)
		if err != nil {
			return err
		}
		return g.load(ctx, c, s)
	}
}

// stopGained stops the jails that the change brought.
func (g *Guard) stopGained(ctx context.Context, c model.Change) error {
	ctx, cancel := g.reloading(ctx, c)
	defer cancel()
	g.loaded = control.Stream{}
	for _, jail := range gained(c) {
		if err := g.opts.Loader.Stop(ctx, jail); err != nil {
			return err
		}
	}
	return nil
}

// gained are the jails that a change brings and that did not run before.
func gained(c model.Change) []string {
	return slices.DeleteFunc(slices.Clone(c.Gains), func(jail string) bool {
		return slices.ContainsFunc(c.Before, func(b model.Standing) bool { return b.Jail == jail })
	})
}

// restart makes a new server process, once it is proven that it comes up. A server
// that does not answer is ended only if the change itself made it hang: nothing is
// ever started beside a living process.
func (g *Guard) restart(ctx context.Context, c model.Change, did *model.ChangeDid) error {
	ctx, cancel := context.WithTimeout(ctx, restartTime)
	defer cancel()
	if _, err := g.proven(ctx, c, did); err != nil && !(did.Fault == model.FaultUnknown && c.Unproven) {
		return err
	}
	did.Fault = ""
	err := g.look(ctx, c, did)
	switch {
	case err == nil, did.Fault == model.FaultGone:
		return g.start(ctx, c, err == nil)
	case !c.Hung || did.Fault == model.FaultBusy:
		return err
	}
	did.Fault = ""
	if err := proven.End(ctx, g.pid(c)); err != nil {
		did.Fault = model.FaultHung
		return fmt.Errorf("end fail2ban, which hangs: %w", err)
	}
	return g.restarting(ctx, c, false, func() error { return g.opts.Control.Restart(ctx, control.Died) })
}

// start starts the server, or makes a new one of one that answers.
func (g *Guard) start(ctx context.Context, c model.Change, answers bool) error {
	state := control.Runs
	if !answers {
		state = control.Stopped
		if errors.Is(g.answers(ctx), fail2ban.ErrStaleSocket) {
			state = control.Died
		}
	}
	g.loaded = control.Stream{}
	return g.restarting(ctx, c, answers, func() error { return g.opts.Control.Restart(ctx, state) })
}

// answers asks the server something that it answers at once.
func (g *Guard) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	_, err := g.opts.Server.Jails(ctx)
	return err
}

// pid is the process of the server, 0 if that is not known.
func (g *Guard) pid(c model.Change) int {
	if pid := g.opts.Server.PID(); pid > 0 {
		return pid
	}
	return c.PID
}

// settle is how long a server must be gone before a new one is started: somebody who
// restarts it is not overtaken (a restart takes 0.6 s, 1.0.2 and 1.1.0, measured).
const settle = 2 * time.Second

// look asks whether the server answers. If it does not, did.Fault says how it stands
// with it.
func (g *Guard) look(ctx context.Context, c model.Change, did *model.ChangeDid) error {
	err := g.answers(ctx)
	if err == nil {
		g.silence, g.goneSince = silence{}, time.Time{}
		return nil
	}
	pid := g.pid(c)
	if g.goneSince.IsZero() {
		g.goneSince = time.Now()
	}
	absent := errors.Is(err, fail2ban.ErrNotRunning) || errors.Is(err, fail2ban.ErrStaleSocket)
	switch {
	case pid > 0 && proven.Alive(pid), !absent && !g.opts.Server.Gone():
		return g.silent(ctx, c, did, pid, err)
	case c.PID != 0 && time.Since(g.goneSince) < settle:
		did.Fault = model.FaultBusy
		return errors.New("fail2ban has ended; somebody may be restarting it")
	default:
		did.Fault = model.FaultGone
		return err
	}
}
