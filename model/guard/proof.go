package guard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"bantop/fail2ban"
	"bantop/fail2ban/control"
	"bantop/model"
)

// Proof finds out whether fail2ban comes up with its configuration, on a scratch
// server, without touching the one that runs.
type Proof interface {
	// Read is what the configuration sets a server up with.
	Read(ctx context.Context) (control.Stream, error)
	// Prove is nil if a server comes up with that, with every jail. Either error is a
	// *fail2ban.RefusedError if fail2ban would refuse it; any other means that it could
	// not be found out.
	Prove(ctx context.Context, s control.Stream) error
}

// Loader changes what the running server does.
type Loader interface {
	// Load has the server take over exactly this, as a reload does that reads it from
	// the configuration. The jails of restart are made anew, with the actions that they
	// have now.
	Load(ctx context.Context, s control.Stream, restart ...string) error
	// Stop stops a jail. One that does not run is no error.
	Stop(ctx context.Context, jail string) error
}

// keepFormer reads what sets the server up before the change, for the way back, and
// keeps it for the guard that takes over if this one is killed. A configuration that
// cannot be read is no reason to change nothing: the change may be what mends it.
func (g *Guard) keepFormer(ctx context.Context) (sum string, err error) {
	g.former, g.runs = control.Stream{}, runs{}
	s, err := g.opts.Proof.Read(ctx)
	if err != nil {
		return "", nil
	}
	g.former = s
	if g.opts.Keeper != nil {
		g.runs = runs{s, g.certain}
		g.kept = g.opts.Keeper.Take(ctx, s, g.runs.certain, true)
	}
	return g.opts.Texts.KeepFormer([]byte(s.Text()))
}

// formerly is what set the server up before the change.
func (g *Guard) formerly(c model.Change) (control.Stream, error) {
	if g.former.Text() != "" {
		return g.former, nil
	}
	text, err := g.opts.Texts.ReadFormer(c.FormerSum)
	if err != nil {
		return control.Stream{}, err
	}
	g.former, err = control.ParseStream(string(text))
	return g.former, err
}

// proven reads the configuration and proves that a server comes up with it. What is
// found goes into did. A stream that was read is returned with the error of its proof.
func (g *Guard) proven(ctx context.Context, c model.Change, did *model.ChangeDid) (control.Stream, error) {
	s, err := g.opts.Proof.Read(ctx)
	if err == nil {
		err = wanting(c, g.opts.Proof.Prove(ctx, s))
	}
	refused, is := errors.AsType[*fail2ban.RefusedError](err)
	did.Judged = err == nil || is
	if is {
		for _, slip := range refused.Slips {
			did.Slips = append(did.Slips, strings.Join(strings.Fields(slip.String()), " "))
		}
	}
	return s, faulty(did, err)
}

// wanting is the error of a proof, but for jails that may go with the file that is set
// aside: a jail whose filter or action is missing is left out, and does no harm (1.0.2
// and 1.1.0).
func wanting(c model.Change, err error) error {
	refused, is := errors.AsType[*fail2ban.RefusedError](err)
	if !is || len(c.Loose) == 0 {
		return err
	}
	slips := slices.DeleteFunc(slices.Clone(refused.Slips), func(s fail2ban.Slip) bool {
		return slices.Contains(c.Loose, s.Jail) && strings.Contains(s.Reason, "Unable to read")
	})
	if len(slips) == 0 {
		return nil
	}
	return &fail2ban.RefusedError{Slips: slips}
}

// faulty takes note of what kind of failure the error of a proof is.
func faulty(did *model.ChangeDid, err error) error {
	if _, is := errors.AsType[*fail2ban.RefusedError](err); is {
		did.Fault = model.FaultRefused
		return err
	}
	if err != nil {
		did.Fault = model.FaultUnknown
		return fmt.Errorf("cannot find out whether fail2ban comes up with its configuration: %w", err)
	}
	return nil
}

// forward has the server take over the configuration, once it is proven to come up
// with it. It loads what was proven: whatever somebody writes meanwhile does no harm.
func (g *Guard) forward(ctx context.Context, c model.Change, did *model.ChangeDid) error {
	s, err := g.proven(ctx, c, did)
	if err != nil && !(c.Unproven && did.Fault == model.FaultUnknown && s.Text() != "") {
		did.Untouched = true
		return err
	}
	if c.Kind == model.ChangeSetAside && g.answers(ctx) != nil {
		if err := g.look(ctx, c, did); err == nil || did.Fault == model.FaultGone {
			return g.start(ctx, c, err == nil)
		}
		did.Untouched = true
		return errors.New("fail2ban does not answer, and its process lives: nothing is started beside it")
	}
	if err := g.load(ctx, c, s); err != nil || c.Kind != model.ChangeSetAside {
		return err
	}
	return g.bringBack(ctx, c, s)
}

// load has the server take over a stream.
func (g *Guard) load(ctx context.Context, c model.Change, s control.Stream) error {
	ctx, cancel := g.reloading(ctx, c)
	defer cancel()
	g.loaded = s
	g.expect(c)
	return g.keeping(ctx, c, s, func() error { return g.opts.Loader.Load(ctx, s, c.Restart...) })
}

// reloading gives the server the time that a reload may take.
func (g *Guard) reloading(ctx context.Context, c model.Change) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, reloadTime+g.opts.each(len(c.Before)+len(c.Gains)))
}

// bringBack goes on loading until the jails are there that are to come back. After
// a faulty reload, the first good one says OK and may leave no jail at all.
func (g *Guard) bringBack(ctx context.Context, c model.Change, s control.Stream) error {
	for n := 1; ; n++ {
		_, err := g.prove(ctx, c, g.opts.Patient)
		if err == nil || n == reloads {
			return nil // what is missing is found when it is proven
		}
		if err := g.load(ctx, c, s); err != nil {
			return err
		}
	}
}

// reloads is how often a reload is done for jails to come back.
const reloads = 3
