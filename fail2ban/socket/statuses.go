package socket

import (
	"context"
	"errors"
	"hash/maphash"
	"maps"
	"slices"

	"bantop/fail2ban"
	"bantop/fail2ban/wire"
)

// JailStatus asks for the counts and sources of one jail. The error is
// fail2ban.ErrUnknownJail where there is no such jail.
func (c *Client) JailStatus(ctx context.Context, jail string) (fail2ban.Jail, error) {
	op := "ask for the status of jail " + quote(jail)
	replies, err := c.statuses(ctx, op, []string{jail}, c.knownSources())
	if err != nil {
		return fail2ban.Jail{}, err
	}
	return c.readStatus(op, new(reader), jail, replies[0])
}

// JailStatuses asks for the counts and sources of jails, many in one go. A jail
// that the server no longer knows is left out.
//
// The name of the jail does not stand in its status, but what it reads does. A
// status that reads what its jail has read before is the jail's, since a jail that
// reads the same is never asked for right before it without a fence between them.
// Any other is asked for again with a fence on both sides. So what a look costs does
// not grow.
func (c *Client) JailStatuses(ctx context.Context, jails []string) ([]fail2ban.Jail, error) {
	const op = "ask for the status of the jails"
	known := c.knownSources()
	out, other, err := c.readStatuses(ctx, op, jails, known)
	if err != nil || len(other) == 0 {
		return out, err
	}
	again := make([]string, len(other))
	for k, i := range other {
		again[k] = out[i].Name
		delete(known, out[i].Name)
	}
	sure, _, err := c.readStatuses(ctx, op, again, known)
	if err != nil {
		return nil, err
	}
	for _, j := range sure {
		i := slices.IndexFunc(out, func(o fail2ban.Jail) bool { return o.Name == j.Name })
		out[i] = j
		again = slices.DeleteFunc(again, func(name string) bool { return name == j.Name })
	}
	return slices.DeleteFunc(out, func(j fail2ban.Jail) bool { return slices.Contains(again, j.Name) }), nil
}

// readStatuses asks once. It takes note of the sources of the jails whose sources are
// not known, and says which of the others have other ones.
func (c *Client) readStatuses(ctx context.Context, op string, jails []string, known map[string]uint64) (out []fail2ban.Jail, other []int, err error) {
	replies, err := c.statuses(ctx, op, jails, known)
	if err != nil {
		return nil, nil, err
	}
	out = make([]fail2ban.Jail, 0, len(jails))
	learnt := make(map[string]uint64)
	var r reader
	for i, jail := range jails {
		j, err := c.readStatus(op, &r, jail, replies[i])
		if errors.Is(err, fail2ban.ErrUnknownJail) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		source := sourceOf(j)
		if before, is := known[jail]; !is {
			learnt[jail] = source
		} else if source != before {
			other = append(other, len(out))
		}
		out = append(out, j)
	}
	c.learn(learnt)
	return out, other, nil
}

// statuses sends `status JAIL short` for each jail: without the list of
// addresses, which with 100,000 bans takes 104 ms instead of 0.2. A server that
// refuses the short form (a version before 0.9) is asked without.
func (c *Client) statuses(ctx context.Context, op string, jails []string, known map[string]uint64) ([]wire.Value, error) {
	short := !c.refused().short
	commands := make([][]string, 0, len(jails)+1)
	for i, jail := range jails {
		source, is := known[jail]
		if i > 0 && (!is || source == known[jails[i-1]]) {
			commands = append(commands, fence)
		}
		command := []string{"status", jail}
		if short {
			command = append(command, "short")
		}
		commands = append(commands, command)
	}
	replies, err := c.exchange(ctx, op, commands...)
	if err != nil || !short || !slices.ContainsFunc(replies, unsupported) {
		return replies, err
	}
	c.refuse(func(r *refusals) { r.short = true })
	return c.statuses(ctx, op, jails, known)
}

func (c *Client) readStatus(op string, r *reader, jail string, reply wire.Value) (fail2ban.Jail, error) {
	v, err := reply.Result()
	if err != nil {
		return fail2ban.Jail{}, c.fail(op, err)
	}
	r.whole = v
	j := readJail(r, jail, v)
	return j, c.failReading(op, r)
}

func unsupported(reply wire.Value) bool {
	_, err := reply.Result()
	return errors.Is(err, fail2ban.ErrUnsupported)
}

// sourceSeed is the same for all clients of the process.
var sourceSeed = maphash.MakeSeed()

// sourceOf is a number for what a jail reads.
func sourceOf(j fail2ban.Jail) uint64 {
	var h maphash.Hash
	h.SetSeed(sourceSeed)
	for _, list := range [][]string{j.Files, j.Journal} {
		for _, s := range list {
			h.WriteString(s)
			h.WriteByte(0)
		}
		h.WriteByte(1)
	}
	return h.Sum64()
}

// knownSources is what is known of the sources of jails.
func (c *Client) knownSources() map[string]uint64 {
	<-c.turn
	defer func() { c.turn <- struct{}{} }()
	return maps.Clone(c.sources)
}

// learn takes note of the sources of jails.
func (c *Client) learn(sources map[string]uint64) {
	if len(sources) == 0 {
		return
	}
	<-c.turn
	defer func() { c.turn <- struct{}{} }()
	if c.sources == nil || len(c.sources) > 2*jailNames.most { // jails come and go
		c.sources = make(map[string]uint64)
	}
	maps.Copy(c.sources, sources)
}
