package socket

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/wire"
)

// BanFor bans addresses in jails for a length of their own, at least; for ever
// where it is fail2ban.Permanent. The Length of a result is how long the ban
// lasts from now on: the jail's own time where that is longer. It is rounded up
// to seconds. A ban is never made to end sooner than it would have.
//
// The server has no such command, and a ban is for no length in particular: it
// ends by what the ban time of its jail is at that moment. `set JAIL bantime`
// changes all bans of the jail, those that were made before too. But a ban that
// is prolonged gets a time of its own, and keeps it (1.0.2 and 1.1.0, measured;
// server/banmanager.py, addBanTicket). So each address is banned, and once all
// actions have run the ban time is changed, each is banned again, which runs no
// action, and the ban time is put back, all in one go. That is half a
// millisecond for ten addresses. What is measured of it:
//
//   - Only a longer ban can be made. While the ban time is shorter than it was
//     the server may let others of the jail go, and while actions run it does:
//     with a jail of 20 s, 5 bans a second and an action of 20 ms, 25 bans of 5 s
//     made 41 of 108 others end early.
//   - To change the ban time before the actions run would have them told the
//     length, and had 77 of 201 others end late, by up to another ban time. So
//     the actions are told the jail's own time (<bantime>), which matters to those
//     alone that make the firewall forget by itself.
//   - For ever is not longer than a ban time of for ever, so such a ban is prolonged
//     once before. Where the jail's own bans are for ever it has no time of its own.
//   - bantime.increment may make the ban longer than the length. It does not make
//     it shorter, nor does bantime.maxtime.
//   - A reload leaves the length; after a restart of the server the ban ends when
//     one of the jail's own length would have, or as bantime.increment has it.
//
// The ban time is put back by the server itself, also when this process dies
// right after sending; where the connection breaks it is looked at, and put back
// over another. That is an error of its own where it fails and the server runs.
func (c *Client) BanFor(ctx context.Context, targets []fail2ban.Target, length time.Duration) ([]fail2ban.Result, error) {
	if len(targets) == 0 {
		return nil, nil
	}
	op := newScript("ban", targets).op()
	if length != fail2ban.Permanent && length <= 0 {
		return nil, c.fail(op, fmt.Errorf("a ban cannot last %v", length))
	}
	if length != fail2ban.Permanent {
		length = (length + time.Second - 1).Truncate(time.Second)
	}
	own, err := c.banTimes(ctx, op, targets)
	if err != nil {
		return nil, err
	}
	var results []fail2ban.Result
	for chunk := range slices.Chunk(targets, mostBanFor) {
		r, err := c.banFor(ctx, chunk, length, own)
		results = append(results, r...)
		if err != nil {
			return results, err
		}
	}
	return results, nil
}

// mostBanFor is how many targets BanFor sends in one go: three commands for each
// are no more than the 64 KiB that the server reads at once. What it has read it
// does to the end; of what it has not, it does nothing once the client is gone
// (measured: of 115 KB it did 64, and left the ban time as it was in the middle).
const mostBanFor = 150

// banTimes are the ban times of the jails of the targets, now. A jail that the
// server does not know is left out.
func (c *Client) banTimes(ctx context.Context, op string, targets []fail2ban.Target) (map[string]time.Duration, error) {
	values, err := c.perJail(ctx, op, targets, "bantime")
	if err != nil {
		return nil, err
	}
	times := make(map[string]time.Duration, len(values))
	for jail, v := range values {
		n, ok := v.Int()
		if !ok {
			return nil, c.unreadable(op, v)
		}
		times[jail] = fail2ban.Seconds(n)
	}
	return times, nil
}

// banFor bans as many as fit in one go.
func (c *Client) banFor(ctx context.Context, targets []fail2ban.Target, length time.Duration, own map[string]time.Duration) ([]fail2ban.Result, error) {
	s := newScript("ban", targets)
	for i, t := range targets {
		c.addFor(s, i, banCommand(t)...)
	}
	back := make(map[string]int) // which command puts the ban time of a jail back
	for _, jail := range jailsOf(targets) {
		was, known := own[jail]
		if !known || !longer(length, was) {
			continue
		}
		if err := c.prolong(s, jail, length, was); err != nil {
			return nil, c.fail(s.op(), err)
		}
		back[jail] = len(s.of) - 1
	}
	replies, sent, err := c.once(ctx, s)
	if !sent {
		return nil, err
	}
	failed := c.readBans(s, replies, length, own)
	if err == nil && failed != nil {
		err = c.fail(s.op(), failed)
	}
	if errors.Is(err, fail2ban.ErrClosed) || errors.Is(err, fail2ban.ErrProtocol) {
		for _, jail := range jailsOf(targets) {
			if k, changed := back[jail]; changed && k >= len(replies) {
				err = errors.Join(err, c.putBack(ctx, jail, length, own[jail]))
			}
		}
	}
	return s.results, err
}

// prolong makes the bans of a jail last for the length from now on.
func (c *Client) prolong(s *script, jail string, length, own time.Duration) error {
	again := func() {
		for i, r := range s.results {
			if r.Jail == jail {
				c.addFor(s, i, banCommand(r.Target)...)
			}
		}
	}
	if length == fail2ban.Permanent {
		again()
	}
	if err := s.add(none, "set", jail, "bantime", seconds(length)); err != nil {
		return err
	}
	again()
	return s.add(none, "set", jail, "bantime", seconds(own))
}

// readBans reads what became of each target: whether it was banned from the
// reply to its first command, for how long from whether all of them were
// answered. The error is why a ban time was not set.
func (c *Client) readBans(s *script, replies []wire.Value, length time.Duration, own map[string]time.Duration) error {
	var failed error
	left := make([]int, len(s.results)) // how many commands for a target were not carried out
	for _, i := range s.of {
		if i != none {
			left[i]++
		}
	}
	first := make([]bool, len(s.results))
	for k, reply := range replies {
		_, err := reply.Result()
		i := s.of[k]
		if i == none {
			if err != nil && !errors.Is(err, fail2ban.ErrUnknownJail) {
				failed = err
			}
			continue
		}
		if !first[i] {
			first[i] = true
			c.readResult(s, i, reply, counted)
		}
		if err == nil {
			left[i]--
		}
	}
	for i := range s.results {
		r := &s.results[i]
		if r.Outcome != fail2ban.Done && r.Outcome != fail2ban.Unchanged {
			continue
		}
		if r.Length = own[r.Jail]; failed == nil && left[i] == 0 && longer(length, r.Length) {
			r.Length = length
		}
	}
	return failed
}

// putBack sets the ban time of a jail to what it was, where it is still the one
// that bans were to be prolonged with: a server that was started anew has its
// own, and one that does not run has none.
func (c *Client) putBack(ctx context.Context, jail string, length, own time.Duration) error {
	op := "put back the ban time of jail " + quote(jail) + ", " + own.String()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.opts.Timeout)
	defer cancel()
	times, err := c.banTimes(ctx, op, []fail2ban.Target{{Jail: jail}})
	switch {
	case errors.Is(err, fail2ban.ErrNotRunning), errors.Is(err, fail2ban.ErrStaleSocket):
		return nil
	case err != nil:
		return err
	}
	if now, known := times[jail]; !known || now != length {
		return nil
	}
	_, err = c.one(ctx, op, "set", jail, "bantime", seconds(own))
	return err
}

// longer tells whether a ban of one length lasts longer than one of another.
func longer(a, b time.Duration) bool {
	return b != fail2ban.Permanent && (a == fail2ban.Permanent || a > b)
}

// seconds writes a ban time as the server takes it.
func seconds(d time.Duration) string {
	if d == fail2ban.Permanent {
		return "-1"
	}
	return strconv.FormatInt(int64(d/time.Second), 10)
}
