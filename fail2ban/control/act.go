package control

import (
	"context"
	"errors"
	"fmt"
)

// Reload makes the server read its configuration again. That it said OK does
// not mean that all of its jails are there afterwards: compare them.
func (c *Control) Reload(ctx context.Context) error {
	return c.whole(ctx, "reload fail2ban", "reload")
}

// ReloadJail makes one jail anew, as the configuration has it: its actions, which a
// plain reload takes away where they changed, and its counts, which start at 0.
func (c *Control) ReloadJail(ctx context.Context, jail string) error {
	return c.whole(ctx, "restart jail "+jail, "reload", "--restart", jail)
}

// State is how it stands with a server that is to be started.
type State int

// The states of a server.
const (
	Runs State = iota
	Stopped
	Died // it left its socket, and its process is known to be gone
)

// Restart makes a new server process: through systemd where that runs the
// service, else through fail2ban-client, in the way that the state of the
// server needs. After a crash that left the socket every other way refuses
// (255, "not running but the socket exists", 1.0.2).
func (c *Control) Restart(ctx context.Context, s State) error {
	if c.opts.Unit != nil {
		if unit := c.opts.Unit(ctx); unit != "" {
			return systemctl(ctx, "restart", unit)
		}
	}
	args := map[State][]string{Runs: {"restart"}, Stopped: {"start"}, Died: {"-x", "start"}}[s]
	return c.whole(ctx, "restart fail2ban", args...)
}

// systemctl makes systemd do something with a unit, in a session of its own: a guard
// that is ended meanwhile does not leave a restart half done.
func systemctl(ctx context.Context, verb, unit string) error {
	program, err := LookPath("systemctl")
	if err != nil {
		return fmt.Errorf("%s fail2ban: %w", verb, err)
	}
	return wholly(ctx, verb+" fail2ban", program, "--no-ask-password", verb, unit)
}

// Hint is what to do next about a run that failed, "" where nothing is known.
func Hint(err error) string {
	unsafe, is := errors.AsType[*UnsafeError](err)
	switch {
	case is:
		return unsafe.Hint()
	case errors.Is(err, ErrNoClient):
		return "install fail2ban, or run bantop where it is"
	case errors.Is(err, context.DeadlineExceeded):
		return "look at fail2ban's log: it may be held up by a slow action"
	default:
		return "look at fail2ban's log, and at what fail2ban-client -t says"
	}
}
