package socket

import (
	"context"
	"errors"
	"hash/maphash"
	"maps"
	"slices"
	"strings"
	"sync"

	"bantop/fail2ban"
	"bantop/fail2ban/wire"
)

// JailStatus asks for the counts and sources of one jail. The error is
// fail2ban.ErrUnknownJail where there is no such jail.
func (c *Client) JailStatus(ctx context.Context, jail string) (fail2ban.Jail, error) {
	op := "ask for the status of jail " + quoted(jail)
	replies, err := c.statuses(ctx, op, []string{jail}, c.sources.all())
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
	known := c.sources.all()
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
func (c *Client) readStatuses(
	ctx context.Context, op string, jails []string, known map[string]uint64,
) (out []fail2ban.Jail, other []int, err error) {
	replies, err := c.statuses(ctx, op, jails, known)
	if err != nil {
		return nil, nil, err
	}
	out = make([]fail2ban.Jail, 0, len(jails))
	learnt := make(map[string]uint64)
	var r reader
	for i, jail := range jails {
		j, err := c.readStatus(op, &r, jail, replies[i])
		if unknown(err, jail) {
			continue
		}
		if err != nil {
			return nil, nil, c.misplaced(op, err)
		}
		source := numberOf(j.Files, j.Journal)
		if before, is := known[jail]; !is {
			learnt[jail] = source
		} else if source != before {
			other = append(other, len(out))
		}
		out = append(out, j)
	}
	c.sources.learn(learnt)
	return out, other, nil
}

// statuses sends `status JAIL short` for each jail: without the list of
// addresses, which with 100,000 bans takes 104 ms instead of 0.2. A server that
// refuses the short form (a version before 0.9) is asked without.
func (c *Client) statuses(
	ctx context.Context, op string, jails []string, known map[string]uint64,
) ([]wire.Value, error) {
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

// unknown reports whether a server says that it does not know that very jail.
func unknown(err error, jail string) bool {
	e, ok := errors.AsType[*fail2ban.ServerError](err)
	return ok && errors.Is(err, fail2ban.ErrUnknownJail) && strings.Contains(e.Message, fail2ban.Short(jail))
}

// misplaced is the error for an answer about one jail of several: what is said of
// another jail is no answer.
func (c *Client) misplaced(op string, err error) error {
	if errors.Is(err, fail2ban.ErrUnknownJail) {
		return c.fail(op, failure(fail2ban.ErrProtocol, errStep))
	}
	return err
}

// Actions asks for the names of the actions of each jail, many in one go. A jail that
// the server no longer knows is left out. What is as it was known to be is not asked
// again; see JailStatuses.
func (c *Client) Actions(ctx context.Context, jails []string) (map[string][]string, error) {
	known := c.actions.all()
	actions, other, err := c.readActions(ctx, jails, known)
	if err != nil || len(other) == 0 {
		return actions, err
	}
	for _, jail := range other {
		delete(known, jail)
		delete(actions, jail)
	}
	sure, _, err := c.readActions(ctx, other, known)
	maps.Copy(actions, sure)
	return actions, err
}

// readActions asks once, with a fence before each jail whose actions are not known. It
// says which have other actions than they were known to have.
func (c *Client) readActions(
	ctx context.Context, jails []string, known map[string]uint64,
) (actions map[string][]string, other []string, err error) {
	const op = "ask for the actions of the jails"
	commands := make([][]string, 0, 2*len(jails))
	for _, jail := range jails {
		if _, is := known[jail]; !is && len(commands) > 0 {
			commands = append(commands, fence)
		}
		commands = append(commands, []string{"get", jail, "actions"})
	}
	replies, err := c.exchange(ctx, op, commands...)
	if err != nil {
		return nil, nil, err
	}
	var r reader
	actions = make(map[string][]string, len(jails))
	learnt := make(map[string]uint64)
	for i, jail := range jails {
		v, err := replies[i].Result()
		if unknown(err, jail) {
			continue
		}
		if err != nil {
			return nil, nil, c.misplaced(op, c.fail(op, err))
		}
		r.whole = v
		actions[jail] = r.list(v, actionNames)
		if r.err != nil {
			return nil, nil, c.fail(op, r.err)
		}
		n := numberOf(actions[jail])
		if before, is := known[jail]; !is {
			learnt[jail] = n
		} else if n != before {
			other = append(other, jail)
		}
	}
	c.actions.learn(learnt)
	return actions, other, nil
}

// seed is the same for all clients of the process.
var seed = maphash.MakeSeed()

// numberOf is a number for lists of names.
func numberOf(lists ...[]string) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	for _, list := range lists {
		for _, s := range list {
			h.WriteString(s)
			h.WriteByte(0)
		}
		h.WriteByte(1)
	}
	return h.Sum64()
}

// memory is what answers of jails were known to be, as a number for each. Several
// goroutines may use it.
type memory struct {
	mu sync.Mutex
	of map[string]uint64
}

func (m *memory) all() map[string]uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.of)
}

func (m *memory) learn(more map[string]uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.of == nil || len(m.of) > 2*jailNames.most { // jails come and go
		m.of = make(map[string]uint64)
	}
	maps.Copy(m.of, more)
}
