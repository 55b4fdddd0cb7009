package socket

import (
	"context"
	"errors"
	"strings"

	"bantop/fail2ban"
	"bantop/fail2ban/wire"
)

// What all acts have in common. The commands for all targets go out in one go,
// once: no act is sent a second time, whatever happens. There is a result for
// each target, in order. When something breaks meanwhile the error comes with
// the results, and the outcome of what was not answered is Unknown; without any
// result nothing was sent. Give ctx a deadline that leaves the time that the
// actions may take, which run while the server answers nobody; without one it is
// Options.Timeout. What was sent is done by the server all the same.
//
// All is sent at once, however much it is, so ask for no more than holds the
// server as long as it may be held. It reads 64 KiB at once, and does what it has
// read to the end.
//
// An address is sent as it is given. The server takes any text (see Ban), and
// finds a ban only by the very text that it lists (see Unban); addr.Format
// writes an address that way. An empty address, and one that begins like an
// option, are refused here.
//
// Every refusal by the server leaves an error in fail2ban's log. What is said of
// it was measured on 1.0.2 and 1.1.0.

// Ban bans addresses in jails, for as long as the bans of each jail last.
//
// An address that is banned already is Unchanged, and yet its ban then ends one
// ban time from now, unless it would have ended later: the server prolongs it.
// No action runs for it; where it was banned more than 3 s ago the server logs
// a line, and looks whether the firewall is in order.
//
// The server bans everything: what the jail ignores, "not-an-ip" as a name,
// 10.0.0.0/33 as 10.0.0.0, 0.0.0.0/0 as 0.0.0.0 and ::/0 as ::. It lists
// 198.51.100.7/24 as 198.51.100.0/24, IPv6 in its shortest form, ::ffff:192.0.2.9
// as 192.0.2.9. Only a length that is no number, 10.0.0.0/x, is refused by 1.0.2
// (a ValueError), and a name to 1.1.0.
func (c *Client) Ban(ctx context.Context, targets []fail2ban.Target) ([]fail2ban.Result, error) {
	return c.act(ctx, "ban", targets, banCommand, counted)
}

func banCommand(t fail2ban.Target) []string { return []string{"set", t.Jail, "banip", t.Address} }

// Unban ends bans in their jails. The Count of a result is how many: a network
// that is not banned itself ends the bans of all that it holds (0.0.0.0/0 those
// of all of IPv4), where one that is banned ends its own alone. An address inside
// of a network that is banned is not banned by itself: Unchanged.
//
// Only the text that the server lists finds a ban: 2001:DB8::1, [2001:db8::1],
// 203.0.113.9/32 and ::ffff:192.0.2.9 find none. What is listed as 10.0.0.0 and
// was banned as 10.0.0.0/33 is found by that alone, and so is 0.0.0.0/0, with all
// of IPv4. A name that is not banned is looked up in the DNS while the server
// answers nobody, and the addresses that it has are unbanned.
//
// Whether it was banned or not, the server forgets all earlier bans of the
// address in that jail: the next counts as its first.
func (c *Client) Unban(ctx context.Context, targets []fail2ban.Target) ([]fail2ban.Result, error) {
	return c.act(ctx, "unban", targets, func(t fail2ban.Target) []string {
		return []string{"set", t.Jail, "unbanip", t.Address}
	}, counted)
}

// UnbanEverywhere ends the bans of addresses in every jail, as Unban does in
// one. The Count of a result is how many there were; its Jail is empty.
func (c *Client) UnbanEverywhere(ctx context.Context, addresses []string) ([]fail2ban.Result, error) {
	targets := make([]fail2ban.Target, len(addresses))
	for i, a := range addresses {
		targets[i].Address = a
	}
	return c.act(ctx, "unban", targets, func(t fail2ban.Target) []string { return []string{"unban", t.Address} }, counted)
}

// AddIgnore puts addresses on the ignore lists of jails, until the next reload
// or restart: failures of theirs no longer count. Bans that they have go on.
//
// It is Unchanged where the same address is on the list already, in any
// spelling; a network on it that holds the address does not matter. The server
// takes what it takes for a ban, but for 0.0.0.0/0 it lists as 0.0.0.0 what
// ignores everybody.
func (c *Client) AddIgnore(ctx context.Context, targets []fail2ban.Target) ([]fail2ban.Result, error) {
	const verb = "ignore"
	lists, err := c.perJail(ctx, newScript(verb, targets).op(), targets, "ignoreip")
	if err != nil {
		return nil, err
	}
	entries := make(map[string]int, len(lists))
	for jail, list := range lists {
		entries[jail] = list.Len()
	}
	// The answer is the list as it is then, whether it grew or not.
	read := func(t fail2ban.Target, list wire.Value) (fail2ban.Outcome, int, error) {
		if list.Kind() != wire.List {
			return fail2ban.Unknown, 0, unexpected(list)
		}
		more := list.Len() - entries[t.Jail]
		entries[t.Jail] = list.Len()
		if more <= 0 {
			return fail2ban.Unchanged, 0, nil
		}
		return fail2ban.Done, more, nil
	}
	return c.act(ctx, verb, targets, func(t fail2ban.Target) []string {
		return []string{"set", t.Jail, "addignoreip", t.Address}
	}, read)
}

// DelIgnore takes addresses off the ignore lists of jails, until the next reload
// or restart. A single address is found by the very text that is listed, a
// network in any spelling, and what is listed as 0.0.0.0 may be 0.0.0.0/0 and
// is found by that alone. It is Unchanged where it is not on the list: the
// server raises ValueError("list.remove(x): x not in list").
func (c *Client) DelIgnore(ctx context.Context, targets []fail2ban.Target) ([]fail2ban.Result, error) {
	read := func(_ fail2ban.Target, list wire.Value) (fail2ban.Outcome, int, error) {
		if list.Kind() != wire.List {
			return fail2ban.Unknown, 0, unexpected(list)
		}
		return fail2ban.Done, 1, nil
	}
	return c.act(ctx, "stop ignoring", targets, func(t fail2ban.Target) []string {
		return []string{"set", t.Jail, "delignoreip", t.Address}
	}, read)
}

// reading reads the value that a command for a target was answered with: the
// outcome, how many bans or entries changed, and an error where it is no such
// answer.
type reading func(fail2ban.Target, wire.Value) (fail2ban.Outcome, int, error)

// counted reads an answer that is the number of bans that were made or ended.
func counted(_ fail2ban.Target, v wire.Value) (fail2ban.Outcome, int, error) {
	switch n, ok := v.Int(); {
	case !ok:
		return fail2ban.Unknown, 0, unexpected(v)
	case n == 0:
		return fail2ban.Unchanged, 0, nil
	default:
		return fail2ban.Done, int(n), nil
	}
}

// act sends one command for each target.
func (c *Client) act(ctx context.Context, verb string, targets []fail2ban.Target, command func(fail2ban.Target) []string, read reading) ([]fail2ban.Result, error) {
	s, fences := newScript(verb, targets), !c.refused().echo
	for i, t := range targets {
		if fences {
			if err := s.fence(c.nextFence()); err != nil {
				return nil, c.fail(s.op(), err)
			}
		}
		c.addFor(s, i, command(t)...)
	}
	replies, sent, err := c.once(ctx, s)
	if !sent {
		return nil, err
	}
	for k, reply := range replies {
		c.readResult(s, s.of[k], reply, read)
	}
	return s.results, err
}

// readResult reads the reply to a command for target i.
func (c *Client) readResult(s *script, i int, reply wire.Value, read reading) {
	r := &s.results[i]
	v, err := reply.Result()
	switch {
	case err == nil:
		r.Outcome, r.Count, err = read(r.Target, v)
	case notListed(err):
		r.Outcome, err = fail2ban.Unchanged, nil
	case !errors.Is(err, wire.ErrFormat):
		r.Outcome = fail2ban.Refused
	}
	if err != nil {
		r.Err = c.fail(s.opOf(r.Target), err)
	}
}

// notListed tells whether an address was not on the ignore list that it was to
// be taken off.
func notListed(err error) bool {
	e, ok := errors.AsType[*fail2ban.ServerError](err)
	return ok && strings.HasSuffix(e.Class, "ValueError") && strings.HasSuffix(e.Message, "not in list")
}

// perJail asks for one setting of each jail of the targets. A jail that the
// server does not know is left out, and so is a setting.
func (c *Client) perJail(ctx context.Context, op string, targets []fail2ban.Target, setting string) (map[string]wire.Value, error) {
	jails := jailsOf(targets) // their answers look the same
	commands := make([][]string, len(jails))
	for i, jail := range jails {
		commands[i] = []string{"get", jail, setting}
	}
	replies, err := c.exchange(ctx, op, between(commands)...)
	if err != nil {
		return nil, err
	}
	values := make(map[string]wire.Value, len(jails))
	for i, jail := range jails {
		v, err := replies[i].Result()
		if errors.Is(err, fail2ban.ErrUnknownJail) || errors.Is(err, fail2ban.ErrUnsupported) {
			continue
		}
		if err != nil {
			return nil, c.fail(op, err)
		}
		values[jail] = v
	}
	return values, nil
}

// jailsOf are the jails of some targets, each once, in the order in which they
// come.
func jailsOf(targets []fail2ban.Target) []string {
	var jails []string
	seen := make(map[string]bool)
	for _, t := range targets {
		if !seen[t.Jail] {
			seen[t.Jail] = true
			jails = append(jails, t.Jail)
		}
	}
	return jails
}

// StopJail stops a jail, with its bans. It is sent once. The other jails are not touched.
func (c *Client) StopJail(ctx context.Context, jail string) error {
	op := "stop jail " + quoted(jail)
	replies, err := c.unfenced(ctx, op, "stop", jail)
	_, err = c.first(op, replies, err)
	return err
}

// SetOption sets an option of a jail, such as bantime, or adds to one, until fail2ban reads its
// configuration again. It is sent once.
func (c *Client) SetOption(ctx context.Context, jail, option string, values ...string) error {
	op := "set " + option + " of jail " + quoted(jail)
	replies, err := c.unfenced(ctx, op, append([]string{"set", jail, option}, values...)...)
	_, err = c.first(op, replies, err)
	return err
}
