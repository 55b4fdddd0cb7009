package proven

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/control"
	"bantop/fail2ban/handset"
	"bantop/fail2ban/logfile"
)

// Take finds what was set by hand in the running server, which was set up with a stream.
// Certain says that it really was: else what differs may have been changed in a file that
// was not loaded yet, so only what bantop itself put on an ignore list is kept, and the
// rest is told (Values.Unsure). Own also finds bans with a time of their own.
func (c *Control) Take(ctx context.Context, was control.Stream, certain, own bool) handset.Values {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	v := handset.Take(ctx, c.opts.Server, was, own, c.zone())
	if certain {
		return v
	}
	var ours []fail2ban.Target
	if c.opts.Allowed != nil {
		ours = c.opts.Allowed(ctx)
	}
	all := v.Items
	v.Items = nil
	for _, i := range all {
		if i.Option == "ignoreip" && slices.Contains(ours, fail2ban.Target{Jail: i.Jail, Address: i.Value}) {
			v.Items = append(v.Items, i)
		} else {
			v.Unsure = append(v.Unsure, i)
		}
	}
	return v
}

// PutBack sets again what a reload or restart dropped, and takes note of it.
func (c *Control) PutBack(ctx context.Context, v handset.Values, was, now control.Stream) handset.Report {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), putBackTime)
	defer cancel()
	if v.None() {
		return handset.Report{}
	}
	r := handset.PutBack(ctx, c.opts.Server, v, was, now, c.zone())
	c.mu.Lock()
	defer c.mu.Unlock()
	c.report.Kept = append(c.report.Kept, r.Kept...)
	c.report.Lost = append(c.report.Lost, r.Lost...)
	return r
}

// putBackTime is how long it may take to set values again.
const putBackTime = 30 * time.Second

// Report is what was put back since it was last asked for.
func (c *Control) Report() handset.Report {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.report
	c.report = handset.Report{}
	return r
}

// Certain reports whether no file that says something of jails was changed since the server
// last read them: then what the files do not say was set by hand.
func (c *Control) Certain(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	loaded := c.opts.Server.Started()
	if target, err := c.opts.Server.LogTarget(ctx); err == nil {
		const most = 256 << 10
		if at, said := logfile.Reloaded(target, most, c.zone()); said && at.After(loaded) {
			loaded = at
		}
	}
	return !loaded.IsZero() && newest(c.opts.Conf).Before(loaded)
}

// newest is when a file that says something of jails was last changed.
func newest(conf string) (at time.Time) {
	for _, pattern := range []string{"jail.conf", "jail.local", "jail.d/*.conf", "jail.d/*.local", "paths-*.conf"} {
		files, _ := filepath.Glob(filepath.Join(conf, pattern)) // the pattern is a good one
		for _, file := range files {
			if info, err := os.Stat(file); err == nil && info.ModTime().After(at) {
				at = info.ModTime()
			}
		}
	}
	if info, err := os.Stat(filepath.Join(conf, "jail.d")); err == nil && info.ModTime().After(at) { // a file went
		at = info.ModTime()
	}
	return at
}

// zone is the server's time zone.
func (c *Control) zone() *time.Location {
	if c.opts.Zone != nil {
		return c.opts.Zone()
	}
	return time.Local
}

// AwaitJails waits for jails to be there after a restart, and their bans to be back from
// fail2ban's database, for a while.
func (c *Control) AwaitJails(ctx context.Context, jails []string) {
	ctx, cancel := context.WithTimeout(ctx, putBackTime)
	defer cancel()
	for ctx.Err() == nil {
		names, err := c.opts.Server.Jails(ctx)
		missing := slices.ContainsFunc(jails, func(jail string) bool { return !slices.Contains(names, jail) })
		if err == nil && !missing {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	const restoring = 2 * time.Second // a jail restores its bans once its thread runs
	select {
	case <-time.After(restoring):
	case <-ctx.Done():
	}
}
