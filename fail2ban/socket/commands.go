package socket

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/wire"
)

// refusals are the commands that the server did not know, so that it is not
// asked again: each refusal leaves an error in fail2ban's log. Another server
// process may be of another version, and is asked again.
type refusals struct{ short, stats, echo bool }

// Ping asks whether the server answers at all.
func (c *Client) Ping(ctx context.Context) error {
	v, err := c.plain(ctx, "ping fail2ban", "ping")
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
	const op = "ask fail2ban for its version"
	v, err := c.plain(ctx, op, "version")
	if err != nil {
		return "", err
	}
	r := newReader(v)
	version := r.text(v, "the version", longestVersion)
	if r.err == nil && !isVersion(version) {
		r.err = unexpected(v)
	}
	return version, c.failReading(op, r)
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
	v, err := c.plain(ctx, op, "status")
	if err != nil {
		return nil, err
	}
	r := newReader(v)
	names, n := readJails(r, v)
	if err := c.failReading(op, r); err != nil || len(names) == n {
		return names, err
	}
	return c.jailsWithCommas(ctx, op, names, n)
}

// Stats asks for the counts of all jails in one command. The jails come without
// sources. The error is fail2ban.ErrUnsupported before 1.1.0.
func (c *Client) Stats(ctx context.Context) ([]fail2ban.Jail, error) {
	const op = "ask for the counts of all jails"
	if c.refused().stats {
		return nil, c.fail(op, fail2ban.ErrUnsupported)
	}
	v, err := c.plain(ctx, op, "stats")
	if errors.Is(err, fail2ban.ErrUnsupported) {
		c.refuse(func(r *refusals) { r.stats = true })
	}
	if err != nil {
		return nil, err
	}
	r := newReader(v)
	jails := readStats(r, v)
	return jails, c.failReading(op, r)
}

// Banned asks in which jails an address is banned now (0.11.2 and later).
func (c *Client) Banned(ctx context.Context, address string) ([]string, error) {
	op := "ask where " + quoted(address) + " is banned"
	v, err := c.one(ctx, op, "banned", address)
	if err != nil {
		return nil, err
	}
	r := newReader(v)
	if v.Len() != 1 {
		r.unexpected()
	}
	jails := r.list(v.At(0), jailNames)
	return jails, c.failReading(op, r)
}

// AreBanned asks of each address whether a jail bans it now (0.11.2 and later). An address
// has to be written as fail2ban writes it.
func (c *Client) AreBanned(ctx context.Context, jail string, addresses []string) ([]bool, error) {
	if len(addresses) == 0 {
		return nil, nil
	}
	op := "ask whom jail " + quoted(jail) + " bans"
	v, err := c.one(ctx, op, append([]string{"get", jail, "banned"}, addresses...)...)
	if err != nil {
		return nil, err
	}
	banned := make([]bool, len(addresses))
	if n, one := v.Int(); one && len(addresses) == 1 {
		banned[0] = n != 0
		return banned, nil
	}
	r := newReader(v)
	if v.Len() != len(addresses) {
		r.unexpected()
		return nil, c.failReading(op, r)
	}
	for i := range banned {
		n, _ := v.At(i).Int() // what is not a number is not banned
		banned[i] = n != 0
	}
	return banned, c.failReading(op, r)
}

// Bans asks for the bans of a jail with their times, ordered by their end. It
// makes the server write a line for each: 5 µs of nobody being answered for
// every ban. The times are in loc, the server's zone. A line that cannot be
// read becomes a Ban with that line as its address and no times.
func (c *Client) Bans(ctx context.Context, jail string, loc *time.Location) ([]fail2ban.Ban, error) {
	op := "ask for the bans of jail " + quoted(jail)
	v, err := c.one(ctx, op, "get", jail, "banip", "--with-time")
	if err != nil {
		return nil, err
	}
	r := newReader(v)
	bans := readBans(r, v, loc)
	return bans, c.failReading(op, r)
}

// BanNames asks for the addresses that a jail bans, ordered by the end of their bans. It
// holds the server up for 1.7 µs a ban, a quarter of what Bans does (1.0.2, measured).
func (c *Client) BanNames(ctx context.Context, jail string) ([]string, error) {
	op := "ask whom jail " + quoted(jail) + " bans"
	v, err := c.one(ctx, op, "get", jail, "banip")
	if err != nil {
		return nil, err
	}
	r := newReader(v)
	names := readNames(r, v)
	return names, c.failReading(op, r)
}

// JailSettings asks for the settings in force in one jail.
func (c *Client) JailSettings(ctx context.Context, jail string) (fail2ban.JailSettings, error) {
	op := "ask for the settings of jail " + quoted(jail)
	values, err := c.values(ctx, op, jail, settingNames)
	if err != nil {
		return fail2ban.JailSettings{}, err
	}
	r := new(reader)
	s := readSettings(r, values)
	s.Name = jail
	return s, c.failReading(op, r)
}

// filterNames are what JailFilter asks for, as settingNames.
var filterNames = []string{"usedns", "maxmatches", "failregex", "maxlines", "ignoreregex"}

// JailFilter asks for what the filter of a jail was set to.
func (c *Client) JailFilter(ctx context.Context, jail string) (fail2ban.JailFilter, error) {
	op := "ask for the filter of jail " + quoted(jail)
	values, err := c.values(ctx, op, jail, filterNames)
	if err != nil {
		return fail2ban.JailFilter{}, err
	}
	r := new(reader)
	f := readFilter(r, values)
	return f, c.failReading(op, r)
}

// values asks for options of a jail.
func (c *Client) values(ctx context.Context, op, jail string, names []string) (map[string]wire.Value, error) {
	commands := make([][]string, len(names))
	for i, name := range names {
		commands[i] = []string{"get", jail, name}
	}
	replies, err := c.exchange(ctx, op, commands...)
	if err != nil {
		return nil, err
	}
	values := make(map[string]wire.Value, len(names))
	for i, name := range names {
		v, err := replies[i].Result()
		if err != nil {
			return nil, c.fail(op, err)
		}
		values[name] = v
	}
	return values, nil
}

// one sends one command and returns the value of its reply.
func (c *Client) one(ctx context.Context, op string, command ...string) (wire.Value, error) {
	replies, err := c.exchange(ctx, op, command)
	return c.first(op, replies, err)
}

// first is the value of the first reply.
func (c *Client) first(op string, replies []wire.Value, err error) (wire.Value, error) {
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
	r := newReader(v)
	if v.Kind() == wire.None {
		return "", nil
	}
	s := r.text(v, "the path", longestPath)
	return s, c.failReading(op, r)
}

// plain is one for a command whose answer shows by its form what it answers.
func (c *Client) plain(ctx context.Context, op string, command ...string) (wire.Value, error) {
	replies, err := c.unfenced(ctx, op, command...)
	return c.first(op, replies, err)
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

// failReading is what was wrong with an answer, nil if nothing was.
func (c *Client) failReading(op string, r *reader) error {
	if r.err == nil {
		return nil
	}
	return c.fail(op, r.err)
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

// quoted puts a name into a sentence.
func quoted(name string) string { return fmt.Sprintf("%q", name) }

// Settings asks for what the server has for its options loglevel, dbpurgeage and
// dbmaxmatches, as it says them: dbpurgeage in seconds. One that it has not, without a
// database, is missing.
func (c *Client) Settings(ctx context.Context) (map[string]string, error) {
	const op = "ask fail2ban for its settings"
	names := []string{"loglevel", "dbpurgeage", "dbmaxmatches"}
	commands := make([][]string, len(names))
	for i, name := range names {
		commands[i] = []string{"get", name}
	}
	replies, err := c.exchange(ctx, op, commands...)
	if err != nil {
		return nil, err
	}
	out := make(map[string]string)
	for i, reply := range replies {
		v, err := reply.Result()
		if err != nil {
			return nil, c.fail(op, err)
		}
		if text := v.Text(); v.Kind() != wire.None && text != "" {
			out[names[i]] = fail2ban.OneLine(text)
		}
	}
	return out, nil
}
