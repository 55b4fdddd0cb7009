package guard

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/handset"
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
		err = g.write(ctx, c)
	case model.StepRestore:
		err = g.restore(ctx, c)
	case model.StepReload:
		err = g.forward(ctx, c, &did)
	case model.StepReloadBack:
		err = g.loadBack(ctx, c, &did)
	case model.StepProve:
		did.Missing, err = g.prove(ctx, c, g.opts.Patient)
	case model.StepConfirm:
		did.Missing, err = g.watch(ctx, c)
	case model.StepProveBack:
		if did.Missing, err = g.proveBack(ctx, c); err == nil && c.Untouched {
			g.slipsLeft(ctx, c, &did)
		}
	case model.StepRestart:
		err = g.restart(ctx, c, &did)
	default:
		err = fmt.Errorf("bantop does not know the step %q", c.Step)
	}
	did.Kept, did.Lost = itemTexts(g.report.Kept), itemTexts(g.report.Lost)
	g.report = handset.Report{}
	did.At, did.Took = g.now(), time.Since(began)
	if err != nil {
		did.Reason, did.Hint = reason(err), hint(err)
	}
	return did
}

// slipsLeft finds out what is still wrong with the configuration after a file was put
// back that was never loaded. That it cannot be found out changes nothing.
func (g *Guard) slipsLeft(ctx context.Context, c model.Change, did *model.ChangeDid) {
	_, _ = g.proven(ctx, c, did)
	did.Fault = ""
}

// restore makes the change of the files undone, where it was made.
func (g *Guard) restore(ctx context.Context, c model.Change) error {
	var errs []error
	for _, f := range c.Plan.Files() {
		if !c.Touched && c.EndedBy == "" { // not even written
			errs = append(errs, g.opts.Files.Withdraw(ctx, f))
		} else {
			errs = append(errs, g.opts.Files.Restore(ctx, f))
		}
	}
	return errors.Join(errs...)
}

// write makes the change of all files, or of none.
func (g *Guard) write(ctx context.Context, c model.Change) error {
	for i, f := range c.Plan.Files() {
		err := g.opts.Files.Write(ctx, f)
		for _, done := range c.Plan.Files()[:i] {
			if err != nil {
				err = errors.Join(err, g.opts.Files.Restore(ctx, done))
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// reason is an error in one line. A refusal stays whole: its places stand before words
// that OneLine would shorten.
func reason(err error) string {
	if _, is := errors.AsType[*fail2ban.RefusedError](err); is {
		return fail2ban.Short(strings.Join(strings.Fields(err.Error()), " "))
	}
	return fail2ban.OneLine(err.Error())
}

// hint is what to do next about an error: its own, or none.
func hint(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return h.Hint()
	}
	return fail2ban.Hint(err)
}
