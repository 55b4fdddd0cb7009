package guard

import (
	"context"
	"slices"

	"bantop/fail2ban/control"
	"bantop/fail2ban/handset"
	"bantop/model"
)

// Keeper keeps what was set by hand over the reloads and restarts of a change.
// *proven.Control is one.
type Keeper interface {
	// Certain reports whether the server has read the configuration as it stands.
	Certain(ctx context.Context) bool
	// Take finds what was set by hand in a server that was set up with a stream, and, if
	// own is set, the bans that have a time of their own.
	Take(ctx context.Context, was control.Stream, certain, own bool) handset.Values
	// PutBack sets it again, if it is gone.
	PutBack(ctx context.Context, v handset.Values, was, now control.Stream) handset.Report
	// AwaitJails waits for jails and their bans after a restart.
	AwaitJails(ctx context.Context, jails []string)
}

// runs is what the server was last set up with, as far as the guard knows.
type runs struct {
	stream  control.Stream
	certain bool // nothing else can have been loaded
}

// keeping takes what was set by hand, does what drops it, and sets it again.
func (g *Guard) keeping(ctx context.Context, c model.Change, now control.Stream, do func() error) error {
	if g.opts.Keeper == nil {
		return do()
	}
	was := g.runs
	if !was.stream.Known() { // the guard before this one is gone: the jails that stay have what they had
		was.stream, _ = g.formerly(c) // without it nothing is known to be set by hand
		was.certain = c.Certain
	}
	kept := g.opts.Keeper.Take(ctx, was.stream, was.certain, len(c.Restart) > 0)
	err := do()
	g.tellKept(ctx, c, g.opts.Keeper.PutBack(ctx, kept, was.stream, now))
	if err == nil {
		g.runs = runs{now, now.Known()}
	}
	return err
}

// restarting is keeping for a new process. One that is gone already can tell nothing: of
// it is kept what was found before the change.
func (g *Guard) restarting(ctx context.Context, c model.Change, answers bool, do func() error) error {
	if g.opts.Keeper == nil {
		return do()
	}
	kept, was := g.kept, g.runs
	if answers {
		kept = g.opts.Keeper.Take(ctx, was.stream, was.certain, true)
	}
	if err := do(); err != nil || kept.None() {
		return err
	}
	jails := make([]string, len(c.Before))
	for i, b := range c.Before {
		jails[i] = b.Jail
	}
	g.opts.Keeper.AwaitJails(ctx, jails)
	g.tellKept(ctx, c, g.opts.Keeper.PutBack(ctx, kept, was.stream, was.stream))
	return nil
}

// tellKept writes into the journal what was set again.
func (g *Guard) tellKept(ctx context.Context, c model.Change, r handset.Report) {
	for _, told := range []struct {
		items  []handset.Item
		result string
	}{{r.Kept, "put back"}, {r.Lost, "lost: it could not be put back"}} {
		for _, i := range told.items {
			p := c.Plan
			p.Jail = i.Jail
			g.journal(ctx, p, "keep "+i.Option+" "+i.Shown(), told.result)
		}
	}
	g.report.Kept = append(slices.Clone(g.report.Kept), r.Kept...)
	g.report.Lost = append(slices.Clone(g.report.Lost), r.Lost...)
}

// texts are items as they are told.
func itemTexts(items []handset.Item) []string {
	var out []string
	for _, i := range items {
		out = append(out, i.String())
	}
	return out
}
