package socket

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/wire"
)

// refusals are the commands that the server did not know, so that it is not
// asked again: each refusal leaves an error in fail2ban's log. Another server
// process may be of another version, and is asked again.
type refusals struct{ short, stats bool }

// Ping asks whether the server answers at all.
func (c *Client) Ping(ctx context.Context) error {
	v, err := c.one(ctx, "ping fail2ban", "ping")
	if err != nil {
		return err
	}
	if s, _ := v.Str(); s != "pong" {
		return c.unreadable("ping fail2ban", v)
	}
	return nil
}

// Version asks which version the server is, such as "1.0.2".
func (c *Client) Version(ctx context.Context) (string, error) {
	return c.text(ctx, "ask fail2ban for its version", "version")
}

// LogTarget asks where the server writes its log: a file, or one of SYSTEMD-
// JOURNAL, SYSLOG, SYSOUT, STDOUT and STDERR.
func (c *Client) LogTarget(ctx context.Context) (string, error) {
	return c.text(ctx, "ask fail2ban for its log", "get", "logtarget")
}

// DBFile asks for the server's database file; "" where it keeps none.
func (c *Client) DBFile(ctx context.Context) (string, error) {
	return c.text(ctx, "ask fail2ban for its database", "get", "dbfile")
}

// Jails asks for the names of the jails, sorted as the server lists them.
func (c *Client) Jails(ctx context.Context) ([]string, error) {
	const op = "list the jails"
	v, err := c.one(ctx, op, "status")
	if err != nil {
		return nil, err
	}
	names, ok := readJails(v)
	if !ok {
		return nil, c.unreadable(op, v)
	}
	return names, nil
}

// JailStatus asks for the counts and sources of one jail. The error is
// fail2ban.ErrUnknownJail where there is no such jail.
func (c *Client) JailStatus(ctx context.Context, jail string) (fail2ban.Jail, error) {
	op := "ask for the status of jail " + quote(jail)
	replies, err := c.statuses(ctx, op, []string{jail})
	if err != nil {
		return fail2ban.Jail{}, err
	}
	j, err := c.readStatus(op, jail, replies[0])
	return j, err
}

// JailStatuses asks for the counts and sources of jails, many in one go. A jail
// that the server no longer knows is left out.
func (c *Client) JailStatuses(ctx context.Context, jails []string) ([]fail2ban.Jail, error) {
	const op = "ask for the status of the jails"
	replies, err := c.statuses(ctx, op, jails)
	if err != nil {
		return nil, err
	}
	out := make([]fail2ban.Jail, 0, len(jails))
	for i, jail := range jails {
		j, err := c.readStatus(op, jail, replies[i])
		if errors.Is(err, fail2ban.ErrUnknownJail) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, j)
	}
	return out, nil
}

// statuses sends `status JAIL short` for each jail: without the list of
// addresses, which with 100,000 bans takes 104 ms instead of 0.2. A server that
// refuses the short form (a version before 0.9) is asked without.
func (c *Client) statuses(ctx context.Context, op string, jails []string) ([]wire.Value, error) {
	short := !c.refused().short
	commands := make([][]string, len(jails))
	for i, jail := range jails {
		commands[i] = []string{"status", jail}
		if short {
			commands[i] = append(commands[i], "short")
		}
	}
	replies, err := c.exchange(ctx, op, commands...)
	if err != nil || !short || !slices.ContainsFunc(replies, unsupported) {
		return replies, err
	}
	c.refuse(func(r *refusals) { r.short = true })
	return c.statuses(ctx, op, jails)
}

// Stats asks for the counts of all jails in one command. The jails come without
// sources. The error is fail2ban.ErrUnsupported before 1.1.0.
func (c *Client) Stats(ctx context.Context) ([]fail2ban.Jail, error) {
	const op = "ask for the counts of all jails"
	if c.refused().stats {
		return nil, c.fail(op, fail2ban.ErrUnsupported)
	}
	v, err := c.one(ctx, op, "stats")
	if errors.Is(err, fail2ban.ErrUnsupported) {
		c.refuse(func(r *refusals) { r.stats = true })
	}
	if err != nil {
		return nil, err
	}
	jails, ok := readStats(v)
	if !ok {
		return nil, c.unreadable(op, v)
	}
	return jails, nil
}

// Banned asks in which jails an address is banned now (0.11.2 and later).
func (c *Client) Banned(ctx context.Context, address string) ([]string, error) {
	op := "ask where " + quote(address) + " is banned"
	v, err := c.one(ctx, op, "banned", address)
	if err != nil {
		return nil, err
	}
	jails, ok := v.At(0).Strings()
	if !ok || v.Len() != 1 {
		return nil, c.unreadable(op, v)
	}
	return cloned(jails), nil
}

// Bans asks for the bans of a jail with their times, ordered by their end. It
// makes the server write a line for each: 5 µs of nobody being answered for
// every ban. The times are in loc, the server's zone. A line that cannot be
// read becomes a Ban with that line as its address and no times.
func (c *Client) Bans(ctx context.Context, jail string, loc *time.Location) ([]fail2ban.Ban, error) {
	op := "ask for the bans of jail " + quote(jail)
	v, err := c.one(ctx, op, "get", jail, "banip", "--with-time")
	if err != nil {
		return nil, err
	}
	lines, ok := v.Strings()
	if !ok {
		return nil, c.unreadable(op, v)
	}
	bans := make([]fail2ban.Ban, len(lines))
	for i, line := range lines {
		line = strings.Clone(line)
		if bans[i], err = fail2ban.ParseBan(line, loc); err != nil {
			bans[i] = fail2ban.Ban{Address: line}
		}
	}
	return bans, nil
}

// Actions asks for the names of the actions of each jail, many in one go. A
// jail that the server no longer knows is left out.
func (c *Client) Actions(ctx context.Context, jails []string) (map[string][]string, error) {
	const op = "ask for the actions of the jails"
	commands := make([][]string, len(jails))
	for i, jail := range jails {
		commands[i] = []string{"get", jail, "actions"}
	}
	replies, err := c.exchange(ctx, op, commands...)
	if err != nil {
		return nil, err
	}
	actions := make(map[string][]string, len(jails))
	for i, jail := range jails {
		v, err := replies[i].Result()
		if errors.Is(err, fail2ban.ErrUnknownJail) {
			continue
		}
		if err != nil {
			return nil, c.fail(op, err)
		}
		names, ok := v.Strings()
		if !ok {
			return nil, c.unreadable(op, v)
		}
		actions[jail] = cloned(names)
	}
	return actions, nil
}

// JailSettings asks for the settings in force in one jail.
func (c *Client) JailSettings(ctx context.Context, jail string) (fail2ban.JailSettings, error) {
	op := "ask for the settings of jail " + quote(jail)
	commands := make([][]string, len(settingNames))
	for i, name := range settingNames {
		commands[i] = []string{"get", jail, name}
	}
	replies, err := c.exchange(ctx, op, commands...)
	if err != nil {
		return fail2ban.JailSettings{}, err
	}
	values := make(map[string]wire.Value, len(settingNames))
	for i, name := range settingNames {
		v, err := replies[i].Result()
		if err != nil {
			return fail2ban.JailSettings{}, c.fail(op, err)
		}
		values[name] = v
	}
	s, ok := readSettings(values)
	if !ok {
		return fail2ban.JailSettings{}, c.fail(op, fmt.Errorf("%w: a setting of another kind than expected", wire.ErrFormat))
	}
	s.Name = jail
	return s, nil
}

// one sends one command and returns the value of its reply.
func (c *Client) one(ctx context.Context, op string, command ...string) (wire.Value, error) {
	replies, err := c.exchange(ctx, op, command)
	if err != nil {
		return wire.Value{}, err
	}
	v, err := replies[0].Result()
	if err != nil {
		return wire.Value{}, c.fail(op, err)
	}
	return v, nil
}

// text sends one command whose answer is a string, or nothing.
func (c *Client) text(ctx context.Context, op string, command ...string) (string, error) {
	v, err := c.one(ctx, op, command...)
	if err != nil {
		return "", err
	}
	if k := v.Kind(); k != wire.String && k != wire.None {
		return "", c.unreadable(op, v)
	}
	return strings.Clone(v.Text()), nil
}

// unreadable is the error for an answer of another form than expected.
func (c *Client) unreadable(op string, v wire.Value) error { return c.fail(op, unexpected(v)) }

func unexpected(v wire.Value) error {
	text := v.Text()
	const most = 60
	if len(text) > most {
		text = text[:most] + "…"
	}
	return fmt.Errorf("%w: %q is not what was asked for", wire.ErrFormat, text)
}

func (c *Client) readStatus(op, jail string, reply wire.Value) (fail2ban.Jail, error) {
	v, err := reply.Result()
	if err != nil {
		return fail2ban.Jail{}, c.fail(op, err)
	}
	j, ok := readJail(jail, v)
	if !ok {
		return fail2ban.Jail{}, c.unreadable(op, v)
	}
	return j, nil
}

func (c *Client) refused() refusals {
	<-c.turn
	defer func() { c.turn <- struct{}{} }()
	return c.known
}

func (c *Client) refuse(note func(*refusals)) {
	<-c.turn
	defer func() { c.turn <- struct{}{} }()
	note(&c.known)
}

func unsupported(reply wire.Value) bool {
	_, err := reply.Result()
	return errors.Is(err, fail2ban.ErrUnsupported)
}

// quote puts a name into a sentence.
func quote(name string) string { return fmt.Sprintf("%q", name) }
