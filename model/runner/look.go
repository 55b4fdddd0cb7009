package runner

import (
	"context"
	"errors"
	"slices"
	"time"

	"bantop/fail2ban"
)

// known is what a server said about itself that rarely changes. It is asked
// again when something shows that it may have: another process, other jails,
// totals that fell; and every detailsAge, since a plain reload may show
// nowhere.
type known struct {
	version string
	pid     int
	names   []string
	totals  fail2ban.Counts
	details map[string]fail2ban.Jail // sources, actions, age of the last line
	log     string                   // its log target
	changed bool                     // other jails than at the look before, even if some failed in between
	asked   time.Time
}

const detailsAge = 10 * time.Second

// look asks for all jails: their counts, and what is known of the rest.
func (r *Runner) look(ctx context.Context) ([]fail2ban.Jail, error) {
	jails, err := r.ask(ctx)
	if err != nil {
		r.known = known{names: r.known.names} // whoever answers next may be another
		return nil, err
	}
	return jails, nil
}

func (r *Runner) ask(ctx context.Context) ([]fail2ban.Jail, error) {
	client := r.opts.Client
	if err := r.askVersion(ctx); err != nil {
		return nil, err
	}
	jails, err := r.askCounts(ctx)
	if err != nil {
		return nil, err
	}
	if pid := client.PID(); pid != r.known.pid {
		r.known = known{pid: pid, names: r.known.names}
		if err := r.askVersion(ctx); err != nil {
			return nil, err
		}
	}
	if r.due(jails) {
		if jails, err = r.askDetails(ctx, jails); err != nil {
			return nil, err
		}
	}
	for i, j := range jails {
		d := r.known.details[j.Name]
		d.Name, d.Counts = j.Name, j.Counts
		jails[i] = d
	}
	return jails, nil
}

func (r *Runner) askVersion(ctx context.Context) error {
	if r.known.version != "" {
		return nil
	}
	version, err := r.opts.Client.Version(ctx)
	r.known.version = version
	return err
}

// askCounts asks for the counts of all jails, sorted by name: in one command
// from 1.1 on, where that costs a fifth of asking for each (200 jails: 0.5 and
// 2.4 ms), else for each jail.
func (r *Runner) askCounts(ctx context.Context) ([]fail2ban.Jail, error) {
	client := r.opts.Client
	if fail2ban.AtLeast(r.known.version, 1, 1) {
		jails, err := client.Stats(ctx)
		if !errors.Is(err, fail2ban.ErrUnsupported) {
			return sorted(jails), err
		}
	}
	names, err := client.Jails(ctx)
	if err != nil {
		return nil, err
	}
	jails, err := client.JailStatuses(ctx, names)
	return sorted(jails), err
}

// due tells whether the details are to be asked for again, and takes note of
// what tells it next time.
func (r *Runner) due(jails []fail2ban.Jail) bool {
	k := &r.known
	var totals fail2ban.Counts
	names := make([]string, len(jails))
	for i, j := range jails {
		totals = totals.Add(j.Counts)
		names[i] = j.Name
	}
	k.changed = k.names != nil && !slices.Equal(names, k.names)
	due := k.details == nil || k.changed ||
		totals.TotalBanned < k.totals.TotalBanned || totals.TotalFailed < k.totals.TotalFailed ||
		time.Since(k.asked) >= detailsAge
	k.names, k.totals = names, totals
	return due
}

// askDetails asks for the sources and actions of the jails. A jail that went
// meanwhile is left out of the result.
func (r *Runner) askDetails(ctx context.Context, jails []fail2ban.Jail) ([]fail2ban.Jail, error) {
	client := r.opts.Client
	names := r.known.names
	statuses, err := client.JailStatuses(ctx, names)
	if err != nil {
		return nil, err
	}
	actions, err := client.Actions(ctx, names)
	if err != nil {
		return nil, err
	}
	details := make(map[string]fail2ban.Jail, len(statuses))
	for _, j := range statuses {
		a, ok := actions[j.Name]
		if !ok {
			continue
		}
		j.Actions = a
		for _, file := range j.Files {
			if t := r.opts.LastMod(file); t.After(j.LastLine) {
				j.LastLine = t
			}
		}
		details[j.Name] = j
	}
	if r.known.log, err = client.LogTarget(ctx); err != nil {
		return nil, err
	}
	log := r.known.log
	r.logTarget.Store(&log)
	r.known.details, r.known.asked = details, time.Now()
	return slices.DeleteFunc(jails, func(j fail2ban.Jail) bool {
		_, ok := details[j.Name]
		return !ok
	}), nil
}

func sorted(jails []fail2ban.Jail) []fail2ban.Jail {
	slices.SortFunc(jails, func(a, b fail2ban.Jail) int {
		switch {
		case a.Name < b.Name:
			return -1
		case a.Name > b.Name:
			return 1
		default:
			return 0
		}
	})
	return jails
}
