package socket

import (
	"context"
	"fmt"

	"bantop/fail2ban"
	"bantop/fail2ban/wire"
)

// Load has the server carry out a stream, which is what `fail2ban-client reload` does
// once it has read the configuration: jails that the stream does not name go, bans stay
// (1.0.2 and 1.1.0, server/transmitter.py). It is sent once. What the server answers to
// others has to wait meanwhile; give ctx a deadline.
//
// A stream that the server refuses takes every jail down: prove it first. The error is
// a *fail2ban.Error; its cause is a *fail2ban.ServerError if the server refused it.
func (c *Client) Load(ctx context.Context, commands []any) error {
	return c.load(ctx, "reload fail2ban", "--all", nil, commands)
}

// LoadJail is Load for one jail, which is made anew: its actions, which Load takes away
// if they changed, and its counts, which start at 0; its bans come back from fail2ban's
// database. The commands may be those of all jails: those of others are left out.
func (c *Client) LoadJail(ctx context.Context, jail string, commands []any) error {
	var own []any
	for _, command := range commands {
		if items, is := command.([]any); is && len(items) > 1 && items[1] == jail && items[0] != "config-error" {
			own = append(own, items)
		}
	}
	if len(own) == 0 {
		return c.fail("restart jail "+quoted(jail), fmt.Errorf("the configuration does not enable it: %w", fail2ban.ErrUnknownJail))
	}
	return c.load(ctx, "restart jail "+quoted(jail), jail, []any{"--restart"}, own)
}

// load is a reload: a jail or --all, its options, and the stream.
func (c *Client) load(ctx context.Context, op, jail string, options, commands []any) error {
	if options == nil {
		options = []any{}
	}
	request, err := wire.AppendCall(nil, "reload", jail, options, commands)
	if err != nil {
		return c.fail(op, err)
	}
	ctx, end, err := c.begin(ctx)
	if err != nil {
		return c.fail(op, err)
	}
	defer end()
	if _, err := c.batch(ctx, [][]string{{"ping"}}); err != nil { // whether the connection still leads to the server
		return c.fail(op, err)
	}
	if err := c.conn.settle(ctx); err != nil {
		c.keep(err)
		return c.fail(op, err)
	}
	replies, err := c.conn.roundTrip(ctx, request, [][]string{{"reload"}})
	c.keep(err)
	if err != nil {
		return c.fail(op, err)
	}
	if _, err := replies[0].Result(); err != nil {
		return c.fail(op, err)
	}
	return nil
}
