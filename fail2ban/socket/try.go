package socket

import (
	"context"
	"errors"

	"bantop/fail2ban"
	"bantop/fail2ban/wire"
)

// Try sends commands to a server that is bantop's own, many at once, and returns why
// each was refused: a *fail2ban.ServerError, or nil. Items are as in Load. An error
// means that it is not known of all.
func (c *Client) Try(ctx context.Context, op string, commands []any) (refused []error, err error) {
	const atOnce = 64
	for len(commands) > 0 {
		n := min(len(commands), atOnce)
		got, err := c.try(ctx, commands[:n])
		if err != nil {
			return nil, c.fail(op, err)
		}
		refused, commands = append(refused, got...), commands[n:]
	}
	return refused, nil
}

func (c *Client) try(ctx context.Context, commands []any) ([]error, error) {
	ctx, end, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var request []byte
	for _, command := range commands {
		items, is := command.([]any)
		if !is {
			return nil, errors.New("a command is not a list")
		}
		one, err := wire.AppendCall(nil, items...)
		if err != nil {
			return nil, err
		}
		request = append(request, one...)
	}
	replies, err := c.attempt(ctx, request, make([][]string, len(commands)))
	if err != nil {
		return nil, err
	}
	refused := make([]error, len(replies))
	for i, reply := range replies {
		if _, err := reply.Result(); err != nil {
			e, is := errors.AsType[*fail2ban.ServerError](err)
			if !is {
				return nil, err
			}
			refused[i] = e
		}
	}
	return refused, nil
}
