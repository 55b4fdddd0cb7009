package guard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"bantop/fail2ban"
	"bantop/model"
)

// lookEvery is how often the jails are looked at until they are as they should be.
const lookEvery = 100 * time.Millisecond

// stand is how the jails stand.
func (g *Guard) stand(ctx context.Context) ([]model.Standing, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	jails, err := g.jails(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]model.Standing, len(jails))
	for i, j := range jails {
		out[i] = model.Standing{Jail: j.Name, Started: j.HasSource(), Armed: len(j.Actions) > 0, Banned: j.Banned}
	}
	return out, nil
}

// jails are all jails with what proves that they do their work, sorted.
func (g *Guard) jails(ctx context.Context) ([]fail2ban.Jail, error) {
	names, err := g.opts.Server.Jails(ctx)
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	jails, err := g.opts.Server.JailStatuses(ctx, names)
	if err != nil {
		return nil, err
	}
	actions, err := g.opts.Server.Actions(ctx, names)
	if err != nil {
		return nil, err
	}
	for i := range jails {
		jails[i].Actions = actions[jails[i].Name]
	}
	return jails, nil
}

// until looks at the jails until judge finds nothing wrong, for a while.
func (g *Guard) until(ctx context.Context, most time.Duration, judge func([]fail2ban.Jail) ([]string, error)) (missing []string, err error) {
	for deadline := time.Now().Add(most); ; {
		asking, cancel := context.WithTimeout(ctx, answerTime)
		jails, err := g.jails(asking)
		cancel()
		if err == nil {
			missing, err = judge(jails)
		}
		if err == nil || time.Now().After(deadline) {
			return missing, err
		}
		select {
		case <-time.After(lookEvery):
		case <-ctx.Done():
			return missing, ctx.Err()
		}
	}
}

// prove is that the change did what it was to do, and nothing else: the jails that
// ran are there, with a source and their actions, and so are those that it was to
// bring.
func (g *Guard) prove(ctx context.Context, c model.Change, most time.Duration) ([]string, error) {
	return g.until(ctx, most, func(jails []fail2ban.Jail) ([]string, error) {
		if c.PID != 0 && g.opts.Server.PID() != c.PID {
			return nil, errors.New("fail2ban went down")
		}
		return judge(c.Expect(), jails)
	})
}

// watch is prove, while nobody has confirmed the change. A server that is busy is
// none that is gone.
func (g *Guard) watch(ctx context.Context, c model.Change) ([]string, error) {
	missing, err := g.prove(ctx, c, 2*time.Second)
	if errors.Is(err, fail2ban.ErrTimeout) || errors.Is(err, fail2ban.ErrBusy) || errors.Is(err, context.DeadlineExceeded) {
		return nil, nil
	}
	return missing, err
}

// returning is how long bans may take to come back from fail2ban's database.
const returning = 10 * time.Second

// proveBack is that all is as it was before: every jail, and their bans. Jails that ban
// nobody any more are told, and are no failure: bans run out while a change waits, and
// if fail2ban lost them, neither a reload nor a restart brings them back.
func (g *Guard) proveBack(ctx context.Context, c model.Change) ([]string, error) {
	if c.PID == 0 && len(c.Before) == 0 { // it was down
		return nil, nil
	}
	jailsBack := false
	missing, err := g.until(ctx, max(g.opts.Patient, returning), func(jails []fail2ban.Jail) ([]string, error) {
		missing, err := judge(g.formerStand(c), jails)
		if jailsBack = err == nil; !jailsBack {
			return missing, err
		}
		return bansBack(c.Before, jails)
	})
	if jailsBack {
		return missing, nil
	}
	return missing, err
}

// formerStand is how the jails should stand after the way back. A gained jail is gone,
// unless somebody else's part of the configuration enables it by now.
func (g *Guard) formerStand(c model.Change) []model.Standing {
	want := slices.Clone(c.Before)
	for _, jail := range gained(c) {
		if c.Kind != model.ChangeSetAside && !slices.Contains(g.loaded.Jails(), jail) {
			want = append(want, model.Standing{Jail: jail, Unwanted: true})
		}
	}
	return want
}

// bansBack is that jails which banned somebody do so again. How many is no matter:
// bans end meanwhile.
func bansBack(before []model.Standing, jails []fail2ban.Jail) (missing []string, err error) {
	for _, b := range before {
		at := slices.IndexFunc(jails, func(j fail2ban.Jail) bool { return j.Name == b.Jail })
		if b.Banned > 0 && jails[at].Banned == 0 {
			missing = append(missing, b.Jail)
		}
	}
	if len(missing) > 0 {
		return missing, fmt.Errorf("the bans of %s are not back", list(missing))
	}
	return nil, nil
}

// judge says which jails are not as they should be, and what is wrong with them.
func judge(want []model.Standing, jails []fail2ban.Jail) ([]string, error) {
	var gone, idle, bare []string
	for _, w := range want {
		at := slices.IndexFunc(jails, func(j fail2ban.Jail) bool { return j.Name == w.Jail })
		switch {
		case w.Unwanted && at >= 0:
			return []string{w.Jail}, fmt.Errorf("%s still runs", w.Jail)
		case w.Unwanted:
		case at < 0:
			gone = append(gone, w.Jail)
		case w.Started && !jails[at].HasSource():
			idle = append(idle, w.Jail)
		case w.Armed && len(jails[at].Actions) == 0:
			bare = append(bare, w.Jail)
		}
	}
	for _, fault := range []struct {
		jails     []string
		one, many string
	}{
		{gone, "is not there", "are not there"},
		{idle, "has not started: it reads nothing", "have not started: they read nothing"},
		{bare, "has no action: it would ban on paper only", "have no action: they would ban on paper only"},
	} {
		switch len(fault.jails) {
		case 0:
			continue
		case 1:
			return fault.jails, fmt.Errorf("%s %s", fault.jails[0], fault.one)
		default:
			return fault.jails, fmt.Errorf("%s %s", list(fault.jails), fault.many)
		}
	}
	return nil, nil
}

// list names jails as one does in a sentence.
func list(jails []string) string {
	const most = 4
	if len(jails) > most {
		return fmt.Sprintf("%s and %d more jails", strings.Join(jails[:most], ", "), len(jails)-most)
	}
	if len(jails) == 1 {
		return jails[0]
	}
	return strings.Join(jails[:len(jails)-1], ", ") + " and " + jails[len(jails)-1]
}
