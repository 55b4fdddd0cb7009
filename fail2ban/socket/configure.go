package socket

import "context"

// Configure sends commands that set a server up. They go out many at once, so that
// those behind one that is refused were carried out, too: it is for a server that
// is bantop's own, never for the one that guards the machine. The error is about
// the first that was refused, which is returned, too; its cause is a
// *fail2ban.ServerError.
func (c *Client) Configure(ctx context.Context, op string, commands [][]string) (refused []string, err error) {
	replies, err := c.exchange(ctx, op, commands...)
	if err != nil {
		return nil, err
	}
	for i, reply := range replies {
		if _, err := reply.Result(); err != nil {
			return commands[i], c.fail(op, err)
		}
	}
	return nil, nil
}
