package socket

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/wire"
)

// conn is one connection and the goroutine that reads its replies, so that a
// caller can stop waiting without breaking a reply in two.
type conn struct {
	c       *net.UnixConn
	replies chan reply
	done    chan struct{}
	owed    int          // replies still to come whose callers have given up
	mark    string       // of the newest fence behind them
	marked  time.Time    // when it was put up
	begun   atomic.Int64 // when the newest bytes of an unfinished reply came, in Unix nanoseconds; 0: none is unfinished
}

type reply struct {
	value wire.Value
	err   error
}

func newConn(c *net.UnixConn, lim wire.Limits) *conn {
	k := &conn{c: c, replies: make(chan reply, 16), done: make(chan struct{})}
	go k.read(wire.NewDecoder(k, lim))
	return k
}

// read hands on replies until the connection ends.
func (k *conn) read(d *wire.Decoder) {
	for {
		v, err := d.Decode()
		k.begun.Store(0)
		if d.Buffered() > 0 {
			k.begun.Store(time.Now().UnixNano())
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
	k.begun.Store(time.Now().UnixNano())
	return n, err
}

// stalled tells whether a reply stopped in its middle that long ago. A server
// that has not begun to answer is busy; one that has does not stop.
func (k *conn) stalled(after time.Duration) bool {
	begun := k.begun.Load()
	return begun != 0 && time.Since(time.Unix(0, begun)) > after
}

// waiting reports whether something came that nobody is owed.
func (k *conn) waiting() bool { return len(k.replies) > 0 || k.begun.Load() != 0 }

func (k *conn) close() {
	close(k.done)
	_ = k.c.Close() // nothing can be done about it, and nothing is lost
}

// settle reads the replies that are owed and drops them. A fence behind them shows
// where they end, since one that was lost would be waited for in vain, and for ever:
// a server that is slow answers the fence after them, however long that takes. The
// fence may have been lost, too, so there is another one when that time has gone by.
func (k *conn) settle(ctx context.Context, command []string, again time.Duration) error {
	if k.owed <= 0 {
		return nil
	}
	if time.Since(k.marked) > again {
		request, err := wire.AppendRequest(nil, command...)
		if err != nil {
			return err
		}
		if err := k.write(ctx, request); err != nil {
			return failure(fail2ban.ErrClosed, err)
		}
		k.mark, k.marked = command[1], time.Now()
	}
	for {
		v, err := k.next(ctx)
		if err != nil {
			return err
		}
		reply, err := v.Result()
		if echoed(reply) == k.mark || k.owed <= 0 && noEcho(err) { // see passed
			k.owed, k.marked = 0, time.Time{}
			return nil
		}
		k.owed = max(0, k.owed-1)
	}
}

// roundTrip writes a request that has n replies and waits for them. When ctx
// ends first, the replies that are missing are owed. Nothing is sent, and the error
// is errStray, if something waits that was not asked for.
func (k *conn) roundTrip(ctx context.Context, request []byte, n int) ([]wire.Value, error) {
	if k.waiting() {
		return nil, failure(fail2ban.ErrClosed, errStray)
	}
	if err := k.write(ctx, request); err != nil {
		return nil, err
	}
	values := make([]wire.Value, 0, n)
	for len(values) < n {
		v, err := k.next(ctx)
		if err != nil {
			k.owed = n - len(values)
			return values, err
		}
		values = append(values, v)
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

// next waits for one reply.
func (k *conn) next(ctx context.Context) (wire.Value, error) {
	select {
	case r := <-k.replies:
		return r.value, readError(r.err)
	default:
	}
	select {
	case r := <-k.replies:
		return r.value, readError(r.err)
	case <-ctx.Done():
		return wire.Value{}, ctx.Err()
	}
}

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
