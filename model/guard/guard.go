// Package guard carries a change of fail2ban's configuration out and holds the way
// back: in a process of its own, so that it does its work also when the terminal
// is hung up, or the bantop that wanted the change is killed.
//
// What is to be done is the model's: a Change says what comes next, and what came
// of that goes into the state that all instances share, where somebody else may
// confirm the change or take it back.
package guard

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/control"
	"bantop/fail2ban/handset"
	"bantop/model"
	"bantop/model/store"
)

// Server is what a guard asks of fail2ban. *socket.Client is one.
type Server interface {
	Jails(ctx context.Context) ([]string, error)
	JailStatuses(ctx context.Context, jails []string) ([]fail2ban.Jail, error)
	Actions(ctx context.Context, jails []string) (map[string][]string, error)
	PID() int
	Gone() bool
}

// Control is what a guard has fail2ban-client or systemd do. *control.Control is one.
type Control interface {
	Restart(ctx context.Context, s control.State) error
}

// Files changes the configuration.
type Files interface {
	// Write makes the change, or does nothing.
	Write(ctx context.Context, c model.FileChange) error
	// Restore makes it undone, whether it was made or not, also where somebody
	// else wrote to the file since: that is kept under another name.
	Restore(ctx context.Context, c model.FileChange) error
	// Withdraw is Restore after a Write that failed: what somebody else wrote
	// stays in its place.
	Withdraw(ctx context.Context, c model.FileChange) error
	// Done takes away what was kept for Restore.
	Done(ctx context.Context, c model.FileChange) error
	// Mode is the mode of the file as it is, or that it would be made with.
	Mode(ctx context.Context, c model.FileChange) fs.FileMode
	// Sum is the sum (store.Sum) of the file as it is named now; "" if it does not
	// exist, or cannot be read.
	Sum(ctx context.Context, c model.FileChange) string
}

// Options say how a guard works. All but Now must be set.
type Options struct {
	Server  Server
	Control Control
	Proof   Proof
	Loader  Loader
	Files   Files
	Store   store.Store
	Texts   store.Texts   // of the file that is changed, in the folder of Store
	Keeper  Keeper        // nil keeps nothing
	Host    string        // for the journal
	Patient time.Duration // how long jails may take to appear; default 5 s
	Hang    time.Duration // after which a server that does nothing counts as hung; default 30 s
}

// each is how much longer so many jails may take to be loaded.
func (o Options) each(jails int) time.Duration { return time.Duration(jails) * reloadEach }

// Guard carries out one change.
type Guard struct {
	opts    Options
	began   time.Time
	runtime model.Runtime    // as this guard knows it: the store's, where that can be used
	alone   bool             // the store failed, and knows less
	missed  []store.Act      // entries that the journal lacks
	act     store.Acting     // what the right to act is held for
	file    model.FileChange // of the change under way, with its texts

	former, loaded control.Stream // what set the server up before the change, and what did last
	runs           runs           // what the server was last set up with
	certain        bool           // it had read the files as they stood before the change
	kept           handset.Values // what was set by hand before the change
	report         handset.Report // what was set again, in this step
	silence        silence        // of the server, while it does not answer
	goneSince      time.Time      // zero while the server is there
}

// New returns a guard.
func New(o Options) *Guard {
	if o.Patient <= 0 {
		o.Patient = patient
	}
	if o.Hang <= 0 {
		o.Hang = hangTime
	}
	return &Guard{opts: o, began: time.Now()}
}

const (
	patient   = 5 * time.Second
	storeTime = 5 * time.Second
	// pollEvery is how soon what another instance says about the change is seen.
	pollEvery = 100 * time.Millisecond
)

// now is the wall clock as it went on since the guard began: one that is set
// meanwhile gives nobody more time to confirm, and nobody less.
func (g *Guard) now() time.Time { return g.began.Add(time.Since(g.began)).Round(0) }

// BusyError says that somebody else acts on the server.
type BusyError struct{ Acting store.Acting }

func (e *BusyError) Error() string {
	a := e.Acting
	who := a.Who
	if a.TTY != "" {
		who += " (" + a.TTY + ")"
	}
	doing := a.Act
	if a.Jail != "" {
		doing += " of " + a.Jail
	}
	return fmt.Sprintf("%s is busy with: %s, since %s", who, doing, a.Since.Local().Format(time.TimeOnly))
}

// Run carries out a plan until it is confirmed or taken back. A change that a dead
// guard left unfinished is taken back first; with no plan, that is all. Begun is
// called once: with nil when the way back is held and the change begins, else with
// why it does not.
func (g *Guard) Run(ctx context.Context, plan *model.Plan, begun func(error)) error {
	err := g.begin(ctx, plan)
	begun(err)
	if err != nil {
		return err
	}
	defer g.unlock()
	if _, under := g.runtime.UnderWay(); !under {
		return nil // another guard was faster
	}
	return g.finish(ctx)
}

// begin takes the right to act, finishes what is left, and begins the change.
func (g *Guard) begin(ctx context.Context, plan *model.Plan) error {
	act := store.Acting{Act: "way back", Since: g.now()}
	if plan != nil {
		act = store.Acting{Act: string(plan.Kind), Jail: plan.Jail, Who: plan.By, TTY: plan.TTY, Since: g.now()}
	}
	g.act = act
	held, ok, err := g.opts.Store.Lock(ctx, act)
	switch {
	case err != nil:
		return fmt.Errorf("hold the way back: %w", err)
	case !ok:
		return &BusyError{held}
	}
	if err := g.enter(ctx, plan); err != nil {
		g.unlock()
		return err
	}
	return nil
}

func (g *Guard) enter(ctx context.Context, plan *model.Plan) error {
	snap, err := g.opts.Store.Load(ctx)
	if err != nil {
		return fmt.Errorf("hold the way back: %w", err)
	}
	g.runtime = snap.Runtime
	if c, left := g.runtime.UnderWay(); left {
		_ = g.apply(ctx, model.ChangeTaken{ID: c.ChangeID, At: g.now(), File: g.takeTexts(ctx, c.File)}) // goes on alone
		if plan == nil {
			return nil
		}
		if err := g.finish(ctx); err != nil {
			return fmt.Errorf("%s of %s was left unfinished, and could not be taken back: %w", c.Kind, c.Jail, err)
		}
	}
	recordLeft(ctx, g.runtime.Change, g.opts.Texts, g.opts.Files, g.opts.Host)
	if plan == nil {
		return g.opts.Texts.Drop() // of one that ended while its guard was killed
	}
	before, err := g.stand(ctx)
	if err != nil && plan.Kind != model.ChangeSetAside { // a server that is down may be what it is for
		return fmt.Errorf("look at the jails before the change: %w", err)
	}
	pid := g.opts.Server.PID()
	if err != nil {
		pid = 0
	}
	before = slices.DeleteFunc(before, func(b model.Standing) bool { return slices.Contains(plan.Loose, b.Jail) })
	g.certain = g.opts.Keeper != nil && g.opts.Keeper.Certain(ctx) // before anything is done in the folder
	shared := *plan
	if shared.File, err = g.keepTexts(ctx, plan.File); err != nil {
		return fmt.Errorf("hold the way back: %w", err)
	}
	sum, err := g.keepFormer(ctx)
	if err != nil {
		return fmt.Errorf("hold the way back: %w", errors.Join(err, g.opts.Texts.Drop()))
	}
	begun := model.ChangeBegun{Plan: shared, Before: before, PID: pid, At: g.now(), FormerSum: sum, Certain: g.certain}
	if err := g.apply(ctx, begun); err != nil {
		return fmt.Errorf("hold the way back: %w", errors.Join(err, g.opts.Texts.Drop()))
	}
	g.journal(ctx, *plan, string(plan.Kind), "begun")
	return nil
}

// ErrStuck: the way back was gone, and the jails are not proven to be back.
var ErrStuck = errors.New("the jails are not back")

// finish carries out the change that is under way, to its end.
func (g *Guard) finish(ctx context.Context) error {
	for {
		c, under := g.runtime.UnderWay()
		if !under {
			return g.ended(ctx)
		}
		effect, msg, wait := c.Next(g.now())
		if carry, is := effect.(model.Carry); is {
			msg = g.carry(ctx, carry.Change)
		}
		_ = g.apply(ctx, msg) // goes on with what it knows itself
		if wait > 0 {
			g.sleep(ctx, wait)
		}
		if ctx.Err() != nil { // the machine goes down, or somebody ends the guard: not without the way back
			ctx = context.WithoutCancel(ctx)
			_ = g.apply(ctx, model.ChangeReverted{ID: c.ChangeID, At: g.now(), By: "the end of the guard"})
		}
	}
}

// sleep waits, but not when another instance has something to say.
func (g *Guard) sleep(ctx context.Context, wait time.Duration) {
	for until := time.Now().Add(wait); time.Now().Before(until) && ctx.Err() == nil; {
		select {
		case <-time.After(min(pollEvery, time.Until(until))):
		case <-ctx.Done():
		}
		was := g.runtime.Change.Step
		snap, changed, err := g.opts.Store.Changed(ctx)
		if err != nil || !changed || !g.ours(snap.Runtime) {
			continue
		}
		if g.know(snap.Runtime); g.runtime.Change.Step != was {
			return
		}
	}
}

// apply carries a message out in the shared state. Where that fails, the guard goes
// on with a state of its own: the way back must not depend on a disk that is full.
func (g *Guard) apply(ctx context.Context, msg model.Msg) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
	defer cancel()
	own, _ := model.Step(g.runtime, msg)
	_, begins := msg.(model.ChangeBegun)
	if g.alone {
		msg = model.ChangeTold{Change: *own.Change}
		_, _, _ = g.opts.Store.Lock(ctx, g.act) // the store may be another, which does not know that this one acts
	}
	if own := g.runtime.Change; own != nil && !begins && !g.alone {
		msg = model.ChangeKnown{Own: *own, Msg: msg}
	}
	snap, err := g.opts.Store.Apply(ctx, msg)
	g.alone = err != nil || !begins && !g.ours(snap.Runtime)
	if g.alone {
		g.runtime = own
		return err
	}
	if c := snap.Runtime.Change; c != nil && own.Change != nil && c.Step != own.Change.Step { // others were faster
		g.know(snap.Runtime)
	} else {
		g.runtime = snap.Runtime
	}
	return nil
}

// know takes over what the state says, and keeps what only this guard knows.
func (g *Guard) know(r model.Runtime) {
	if own := g.runtime.Change; own != nil && r.Change != nil {
		c := r.Change.Knowing(*own)
		r.Change = &c
	}
	g.runtime = r
}

// ours reports whether a state knows of the change that this guard carries out. One
// that was removed and begun anew does not: it must not end the way back.
func (g *Guard) ours(r model.Runtime) bool {
	own := g.runtime.Change
	return own == nil || r.Change != nil && r.Change.Is(own.ChangeID)
}

// ended tells the journal how it ended.
func (g *Guard) ended(ctx context.Context) error {
	c := g.runtime.Change
	if c == nil {
		return nil
	}
	if c.Step == model.StepConfirmed {
		for _, f := range c.Plan.Files() {
			_ = g.opts.Files.Done(ctx, f) // what is left does no harm, and the next change takes it away
		}
	}
	g.tellAgain(ctx)
	unlisted := g.record(ctx, *c)
	g.file, g.former, g.loaded = model.FileChange{}, control.Stream{}, control.Stream{}
	_ = g.opts.Texts.Drop() // what is left goes when the next bantop starts
	result := string(c.Step)
	if c.Why != "" {
		result += ": " + c.Why
	}
	result += unlisted
	g.journal(ctx, c.Plan, string(c.Kind), result)
	if c.Step == model.StepStuck {
		return ErrStuck
	}
	return nil
}

// storeAgain is how long a guard that is done tries to write down what it did: else the
// next guard does it once more.
const storeAgain = time.Minute

// tellAgain writes down how the change ended, once the state can be written again.
func (g *Guard) tellAgain(ctx context.Context) {
	for deadline := time.Now().Add(storeAgain); g.alone && time.Now().Before(deadline) && ctx.Err() == nil; {
		select {
		case <-time.After(time.Second):
			_ = g.apply(ctx, model.ChangeTold{Change: *g.runtime.Change}) // else again
		case <-ctx.Done():
		}
	}
}

func (g *Guard) journal(ctx context.Context, p model.Plan, act, result string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
	defer cancel()
	g.missed = append(g.missed, store.Act{
		At: g.now(), Who: p.By, TTY: p.TTY, Host: g.opts.Host, Act: act, Jail: p.Jail, Result: result,
	})
	if g.opts.Store.Append(ctx, g.missed...) == nil { // else with the next entry
		g.missed = nil
	}
}

func (g *Guard) unlock() {
	ctx, cancel := context.WithTimeout(context.Background(), storeTime)
	defer cancel()
	_ = g.opts.Store.Unlock(ctx) // else it is free when this process ends
}
