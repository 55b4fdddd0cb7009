package socket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/ending"
	"bantop/fail2ban/wire"
)

// conn is one connection and the goroutine that reads its replies, so that a
// caller can stop waiting without breaking a reply in two.
type conn struct {
	c       *net.UnixConn
	replies chan reply
	done    chan struct{}
	stall   time.Duration   // how long a reply may stand still in its middle
	fence   func() []string // another fence; nil if the server knows none
	owed    int             // replies still to come whose callers have given up
	mark    string          // of the newest fence behind them
	marked  time.Time       // when it was put up
	newest  atomic.Int64    // when the newest bytes of an unfinished reply came (Unix, ns); 0: none is unfinished
	begun   atomic.Int64    // when its first bytes came; 0 likewise
}

type reply struct {
	value wire.Value
	err   error
}

func newConn(c *net.UnixConn, lim wire.Limits, stall time.Duration, fence func() []string) *conn {
	k := &conn{c: c, replies: make(chan reply, 16), done: make(chan struct{}), stall: stall, fence: fence}
	ending.Go(func() { k.read(wire.NewDecoder(k, lim)) })
	return k
}

// read hands on replies until the connection ends.
func (k *conn) read(d *wire.Decoder) {
	for {
		v, err := d.Decode()
		k.newest.Store(0)
		k.begun.Store(0)
		if d.Buffered() > 0 {
			k.came()
		}
		select {
		case k.replies <- reply{v, err}:
		case <-k.done:
			return
		}
		if err != nil {
			return
		}
	}
}

// Read takes note of when bytes came.
func (k *conn) Read(b []byte) (int, error) {
	n, err := k.c.Read(b)
	k.came()
	return n, err
}

func (k *conn) came() {
	now := time.Now().UnixNano()
	k.newest.Store(now)
	k.begun.CompareAndSwap(0, now)
}

// stalled reports whether a reply stopped in its middle too long ago, or goes on for
// ever. A server that has not begun to answer is busy; one that has does not stop.
func (k *conn) stalled() bool {
	const whole = 6 // times as long as it may stand still
	since := func(at *atomic.Int64) time.Duration { return time.Since(time.Unix(0, at.Load())) }
	return k.newest.Load() != 0 && (since(&k.newest) >= k.stall || since(&k.begun) >= whole*k.stall)
}

// waiting reports whether something came that nobody is owed.
func (k *conn) waiting() bool { return len(k.replies) > 0 || k.newest.Load() != 0 }

func (k *conn) close() {
	close(k.done)
	_ = k.c.Close() // nothing can be done about it, and nothing is lost
}

// settle reads the replies that are owed and drops them. A fence behind them shows
// where they end, since one that was lost would be waited for in vain, and for ever:
// a server that is slow answers the fence after them, however long that takes.
func (k *conn) settle(ctx context.Context) error {
	for k.owed > 0 {
		if err := k.ask(ctx); err != nil {
			return err
		}
		v, err := k.next(ctx)
		switch {
		case err == errSilence:
			continue
		case err != nil:
			return err
		case k.mark != "" && echoed(v) == k.mark:
			k.owed = 0
		case k.owed > 1 || k.mark == "" || noEcho(resultError(v)):
			k.owed--
		}
	}
	k.mark, k.marked = "", time.Time{}
	return nil
}

// ask puts up a fence where there was none for as long as a reply may stand still: the
// one before may have been lost, too. It is owed.
func (k *conn) ask(ctx context.Context) error {
	if time.Since(k.marked) <= k.stall || k.newest.Load() != 0 { // a reply that comes is not lost
		return nil
	}
	command := k.fence()
	if command == nil {
		return nil
	}
	request, err := wire.AppendRequest(nil, command...)
	if err != nil {
		return err
	}
	if err := k.write(ctx, request); err != nil {
		return err
	}
	if k.mark == "" {
		k.owed++
	}
	k.mark, k.marked = command[1], time.Now()
	return nil
}

// roundTrip writes the request that commands were made into, and waits for their
// replies. When ctx ends first, the replies that are missing are owed. Nothing is sent,
// and the error is errStray, if something waits that was not asked for.
func (k *conn) roundTrip(ctx context.Context, request []byte, commands [][]string) ([]wire.Value, error) {
	if k.waiting() {
		return nil, failure(fail2ban.ErrClosed, errStray)
	}
	if err := k.write(ctx, request); err != nil {
		return nil, err
	}
	values := make([]wire.Value, 0, len(commands))
	k.owed, k.mark, k.marked = len(commands), "", time.Now()
	for len(values) < len(commands) {
		v, err := k.next(ctx)
		if err == errSilence { // one may have been lost
			if err = k.ask(ctx); err == nil {
				continue
			}
		}
		if err != nil {
			return values, err
		}
		k.owed--
		values = append(values, v)
		if text := echoed(v); strings.HasPrefix(text, fenceWord) && !isEcho(commands[len(values)-1], text) {
			return values, failure(fail2ban.ErrProtocol, errStep)
		}
	}
	return values, nil
}

func (k *conn) write(ctx context.Context, request []byte) error {
	if deadline, ok := ctx.Deadline(); ok {
		if err := k.c.SetWriteDeadline(deadline); err != nil {
			return failure(fail2ban.ErrClosed, err)
		}
	}
	_, err := k.c.Write(request)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return context.DeadlineExceeded
	default:
		return failure(fail2ban.ErrClosed, unwrapNet(err))
	}
}

// next waits for one reply, or for silence.
func (k *conn) next(ctx context.Context) (wire.Value, error) {
	select {
	case r := <-k.replies:
		return r.value, readError(r.err)
	default:
	}
	silence := time.NewTimer(k.stall)
	defer silence.Stop()
	select {
	case r := <-k.replies:
		return r.value, readError(r.err)
	case <-ctx.Done():
		return wire.Value{}, ctx.Err()
	case <-silence.C:
		if k.stalled() {
			return wire.Value{}, failure(fail2ban.ErrProtocol, errStalled)
		}
		return wire.Value{}, errSilence
	}
}

var (
	// errSilence: nothing came for as long as a reply may stand still.
	errSilence = errors.New("silence")
	// errStalled: a reply stopped in its middle.
	errStalled = fmt.Errorf("%w: it stopped in its middle", wire.ErrFormat)
)

// readError says what a failed read means.
func readError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, wire.ErrFormat):
		return failure(fail2ban.ErrProtocol, err)
	case err == io.EOF:
		return failure(fail2ban.ErrClosed, nil)
	default: // cut in the middle, or reset
		return failure(fail2ban.ErrClosed, unwrapNet(err))
	}
}
