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
// lasts from now on: the jail's own time where that is longer, or where there is
// an error, with which the other is not known to have been reached. The length is
// rounded up to seconds. No ban is made to end sooner than it would have.
//
// The server has no such command, and a ban is for no length in particular: it
// ends by what the ban time of its jail is at the moment, so that `set JAIL
// bantime` changes all bans of the jail, those made before too. But a ban that is
// prolonged gets a time of its own, and keeps it (1.0.2 and 1.1.0, measured;
// server/banmanager.py, addBanTicket). So each address is banned; when all
// actions have run the ban time is changed, each is banned again, for which no
// action runs, and the ban time is put back: all in one go. The ban time is
// another for 0.6 ms with ten addresses, 3.3 ms with 150. What else was measured:
//
//   - Only a longer ban can be made. While the ban time is shorter than it was, the
//     server lets others of the jail go. With a jail of 20 s, 5 bans a second and an
//     action of 20 ms, 25 bans of 5 s made 41 of 108 others end early.
//   - Were the ban time changed before the actions run, they would be told the
//     length, and others end late, by up to another ban time: 30 bans of 1 h made
//     77 of 201 do so, and none this way. So the actions are told the jail's own
//     time (<bantime>). That matters to those alone that leave the end of a ban to
//     the firewall.
//   - For ever is not longer than a ban time of for ever, so that a ban for ever is
//     prolonged once before.
//   - With bantime.increment another thread of the server gives the ban its time a
//     moment later, and may overwrite the length by a shorter one: for 21 of 120
//     addresses that had been banned before. There all are prolonged again when
//     that thread has had time to. The ban may be longer than the length.
//   - A reload leaves the length. After a restart of the server the ban ends when
//     one of the jail's own length would have, or as bantime.increment has it.
//
// The server puts the ban time back by itself, also when this process dies after
// sending. Where the connection breaks, the ban time is looked at over another
// one, and put back; that this failed is part of the error.
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
	increments, err := c.perJail(ctx, op, targets, "bantime.increment")
	if err != nil {
		return nil, err
	}
	b := banning{length: length, own: own, again: make(map[string]bool)}
	for jail, v := range increments {
		n, _ := v.Int() // None where it was never set
		b.again[jail] = n != 0
	}
	var results []fail2ban.Result
	for chunk := range slices.Chunk(targets, mostBanFor) {
		r, err := c.banFor(ctx, b, chunk)
		results = append(results, r...)
		if err != nil {
			return results, err
		}
	}
	return results, nil
}

// banning is what BanFor knows of the length and of the jails.
type banning struct {
	length time.Duration
	own    map[string]time.Duration // how long the bans of each jail last
	again  map[string]bool          // jails with bantime.increment
}

// prolongs tells whether bans of a jail have to be prolonged for the length.
func (b banning) prolongs(jail string) bool {
	own, known := b.own[jail]
	return known && longer(b.length, own)
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
func (c *Client) banFor(ctx context.Context, b banning, targets []fail2ban.Target) ([]fail2ban.Result, error) {
	s := newScript("ban", targets)
	for i, t := range targets {
		c.addFor(s, i, banCommand(t)...)
	}
	replies, sent, err := c.prolong(ctx, b, s, b.prolongs)
	if !sent {
		return nil, err
	}
	c.readBans(s, replies)
	again := func(jail string) bool { return b.again[jail] && b.prolongs(jail) }
	if err == nil && slices.ContainsFunc(s.jails(), again) {
		select {
		case <-time.After(incrementTime + time.Duration(len(targets))*incrementEach):
		case <-ctx.Done():
		}
		_, _, err = c.prolong(ctx, b, &script{verb: s.verb, results: s.results}, again)
	}
	for i := range s.results {
		r := &s.results[i]
		if r.Outcome != fail2ban.Done && r.Outcome != fail2ban.Unchanged {
			continue
		}
		if r.Length = b.own[r.Jail]; err == nil && b.prolongs(r.Jail) {
			r.Length = b.length
		}
	}
	return s.results, err
}

// incrementTime and incrementEach are what the server's observer thread is given
// to look up and write down bans. It takes 0.1 ms for each where the disk is
// quick.
const (
	incrementTime = 50 * time.Millisecond
	incrementEach = 5 * time.Millisecond
)

// prolong sends a script, and in the same go has the bans of some jails last for
// the length from now on. It sees to it that the ban times are put back. Sent is
// false where nothing was done.
func (c *Client) prolong(ctx context.Context, b banning, s *script, jails func(string) bool) (replies []wire.Value, sent bool, err error) {
	back := make(map[string]int) // which command puts the ban time of a jail back
	for _, jail := range s.jails() {
		if !jails(jail) {
			continue
		}
		if b.length == fail2ban.Permanent {
			c.banAgain(s, jail)
		}
		if err := s.add(none, "set", jail, "bantime", seconds(b.length)); err != nil {
			return nil, false, c.fail(s.op(), err)
		}
		c.banAgain(s, jail)
		if err := s.add(none, "set", jail, "bantime", seconds(b.own[jail])); err != nil {
			return nil, false, c.fail(s.op(), err)
		}
		back[jail] = len(s.of) - 1
	}
	replies, sent, err = c.once(ctx, s)
	if sent && (errors.Is(err, fail2ban.ErrClosed) || errors.Is(err, fail2ban.ErrProtocol)) {
		for _, jail := range s.jails() {
			if k, changed := back[jail]; changed && k >= len(replies) {
				err = also(err, c.putBack(ctx, b, jail))
			}
		}
	}
	for k, reply := range replies {
		if _, failed := reply.Result(); s.of[k] == none && failed != nil && !errors.Is(failed, fail2ban.ErrUnknownJail) {
			err = also(err, c.fail(s.op(), failed))
		}
	}
	return replies, sent, err
}

// banAgain appends the commands that ban all targets of a jail once more.
func (c *Client) banAgain(s *script, jail string) {
	for i, r := range s.results {
		if r.Jail == jail {
			c.addFor(s, i, banCommand(r.Target)...)
		}
	}
}

// readBans reads whether each target was banned from the reply to its first
// command.
func (c *Client) readBans(s *script, replies []wire.Value) {
	read := make([]bool, len(s.results))
	for k, reply := range replies {
		if i := s.of[k]; i != none && !read[i] {
			read[i] = true
			c.readResult(s, i, reply, counted)
		}
	}
}

// putBack sets the ban time of a jail to what it was, where it is still the one
// that bans were to be prolonged with: a server that was started anew has its
// own, and one that does not run has none.
func (c *Client) putBack(ctx context.Context, b banning, jail string) error {
	op := "put back the ban time of jail " + quoted(jail) + ", " + b.own[jail].String()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.opts.Timeout)
	defer cancel()
	times, err := c.banTimes(ctx, op, []fail2ban.Target{{Jail: jail}})
	switch {
	case errors.Is(err, fail2ban.ErrNotRunning), errors.Is(err, fail2ban.ErrStaleSocket):
		return nil
	case err != nil:
		return err
	}
	if now, known := times[jail]; !known || now != b.length {
		return nil
	}
	_, err = c.one(ctx, op, "set", jail, "bantime", seconds(b.own[jail]))
	return err
}

// also is an error with another that came of it; either may be nil.
func also(err, more error) error {
	switch {
	case err == nil:
		return more
	case more == nil:
		return err
	default:
		return fmt.Errorf("%w; %w", err, more)
	}
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
