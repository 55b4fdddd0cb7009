// Package socket is the client of fail2ban-server's unix socket.
//
// The server has one thread that answers, one command at a time, and a listen
// queue of 1 (1.0.2 to 1.1.0, server/asyncserver.py). So a Client
//
//   - keeps one connection and sends many commands in one go;
//   - never has a batch that holds the server much longer than Options.Hold, acts
//     aside, which go out as they are given (see Client.Ban);
//   - sends no act a second time;
//   - does not hang up on a server that is slow: connections that wait in the
//     queue lock out everybody else, fail2ban-client included. An answer that
//     comes too late for its caller is read and dropped before the next
//     command is sent.
package socket

import (
	"context"
	"errors"
	"sync/atomic"
	"syscall"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/wire"
)

// Options say which server, and how. The zero value of a field other than
// Path means its default.
type Options struct {
	Path    string        // the server's socket
	PIDFile string        // the server's pid file; "" where it is not known
	Timeout time.Duration // for an exchange whose context has no deadline; default 2 s
	Hold    time.Duration // how long one batch may keep the server from others; default 50 ms
	Limits  wire.Limits   // on one reply
	Control string        // how fail2ban-client is called for this server, for hints

	// Processes tells of the server's process. The default asks the kernel; a
	// server that shares its caller's process, as in tests and in the demo, has
	// another way to tell that it was restarted.
	Processes Processes
	// Proc is where the proc file system is mounted; default /proc.
	Proc string
}

// Processes tells of processes.
type Processes interface {
	// Peer is the process at the other end of a connection, 0 where that is not
	// known.
	Peer(syscall.Conn) int
	// Running tells whether a process has not ended.
	Running(pid int) bool
	// Started is when a process started, the zero time where that is not known.
	Started(pid int) time.Time
}

// Client talks to one server. It may be used by several goroutines; their
// exchanges follow one another. Close it to give the connection back.
type Client struct {
	opts  Options
	turn  chan struct{} // holds one token: who has it may use what follows
	conn  *conn         // nil before the first exchange and after an error
	pace  time.Duration // measured cost of one command of a batch, 0 before the first
	pid   int
	known refusals

	budget  wire.Budget   // what may still be built of the answers of one exchange
	fences  atomic.Uint64 // how many were put up, see fence.go
	commas  atomic.Pointer[joined]
	sources memory // what each jail was known to read, see JailStatuses
	actions memory // its actions likewise
}

// New returns a Client. It connects when it is first asked something.
func New(opts Options) *Client {
	if opts.Timeout <= 0 {
		opts.Timeout = 2 * time.Second
	}
	if opts.Hold <= 0 {
		opts.Hold = 50 * time.Millisecond
	}
	if opts.Processes == nil {
		opts.Processes = kernel{}
	}
	if opts.Limits.Memory <= 0 {
		opts.Limits.Memory = wire.DefaultMemory
	}
	if opts.Proc == "" {
		opts.Proc = "/proc"
	}
	c := &Client{opts: opts, turn: make(chan struct{}, 1)}
	c.opts.Limits.Budget = &c.budget
	c.turn <- struct{}{}
	return c
}

// Close closes the connection. An exchange under way ends first.
func (c *Client) Close() error {
	<-c.turn
	defer func() { c.turn <- struct{}{} }()
	c.drop()
	return nil
}

// PID returns the process that answered the newest exchange, 0 where the
// kernel does not tell or systemd holds the socket for it.
func (c *Client) PID() int {
	<-c.turn
	defer func() { c.turn <- struct{}{} }()
	return c.pid
}

// Started returns when the server's process started, the zero time where that
// is not known.
func (c *Client) Started() time.Time {
	if pid := c.PID(); pid > 0 {
		return c.opts.Processes.Started(pid)
	}
	return time.Time{}
}

// Gone tells whether the server's process is known to have ended: the one
// behind the connection, or else the one that its pid file names.
func (c *Client) Gone() bool {
	pid := c.PID()
	if pid == 0 {
		pid = readPIDFile(c.opts.PIDFile)
	}
	return pid > 0 && !c.opts.Processes.Running(pid)
}

func (c *Client) drop() {
	if c.conn != nil {
		c.conn.close()
		c.conn = nil
	}
}

// exchange sends commands and returns their replies, in order, each still to
// be read with Result; each is known to belong to its command. A command that is
// fence has no reply. On an error the replies are nil; the error is a
// *fail2ban.Error unless ctx was cancelled.
func (c *Client) exchange(ctx context.Context, op string, commands ...[]string) ([]wire.Value, error) {
	return c.send(ctx, op, (*Client).fenced, commands)
}

// unfenced is exchange without a fence, for one command whose answer shows by its
// form what it answers.
func (c *Client) unfenced(ctx context.Context, op string, command ...string) ([]wire.Value, error) {
	return c.send(ctx, op, func(_ *Client, batch [][]string) [][]string { return batch }, [][]string{command})
}

// send sends commands, as many in one go as is good, prepared by prepare.
func (c *Client) send(
	ctx context.Context, op string, prepare func(*Client, [][]string) [][]string, commands [][]string,
) ([]wire.Value, error) {
	ctx, end, err := c.begin(ctx)
	if err != nil {
		return nil, c.fail(op, err)
	}
	defer end()
	replies := make([]wire.Value, 0, len(commands))
	for len(commands) > 0 {
		n := min(len(commands), c.batchSize())
		got, err := c.batch(ctx, prepare(c, commands[:n]))
		if err != nil {
			return nil, c.fail(op, err)
		}
		replies, commands = append(replies, got...), commands[n:]
	}
	return replies, nil
}

// begin waits until it is the caller's turn, and gives its exchange the time
// that it may take where ctx does not. Call end when it is over.
func (c *Client) begin(ctx context.Context) (_ context.Context, end func(), err error) {
	cancel := func() {}
	if _, ok := ctx.Deadline(); !ok {
		ctx, cancel = context.WithTimeout(ctx, c.opts.Timeout)
	}
	select {
	case <-c.turn:
		c.budget.Fill(c.opts.Limits.Memory)
		return ctx, func() { c.turn <- struct{}{}; cancel() }, nil
	case <-ctx.Done():
		cancel()
		return nil, nil, ctx.Err()
	}
}

// batchSize is how many commands go out together: as many as Hold allows at
// the measured cost, a few while it is not known.
func (c *Client) batchSize() int {
	const first, most = 32, 500 // most: 500 commands stay below the 64 KiB that the server reads at once
	if c.pace <= 0 {
		return first
	}
	return int(min(max(c.opts.Hold/c.pace, 1), most))
}

// batch sends commands in one go and reads their replies, those to fences left
// out. A kept connection that turns out dead or out of step before anything was
// sent is replaced once: the server was restarted meanwhile.
func (c *Client) batch(ctx context.Context, commands [][]string) ([]wire.Value, error) {
	if len(commands) == 0 {
		return nil, nil
	}
	var request []byte
	for _, command := range commands {
		var err error
		if request, err = wire.AppendRequest(request, command...); err != nil {
			return nil, err
		}
	}
	kept := c.conn != nil
	if kept && !c.mayConnect() {
		c.drop() // dial says what the matter is
	}
	replies, err := c.attempt(ctx, request, commands)
	if kept && len(replies) == 0 && errors.Is(err, fail2ban.ErrClosed) { // errStray, too
		replies, err = c.attempt(ctx, request, commands)
	}
	if err != nil {
		return nil, err
	}
	if replies, err = c.passed(commands, replies); err != nil {
		c.drop()
		return nil, err
	}
	return replies, nil
}

// attempt is one try of batch. With an error it returns the replies that came
// before it.
func (c *Client) attempt(ctx context.Context, request []byte, commands [][]string) ([]wire.Value, error) {
	if c.conn == nil {
		conn, err := c.dial(ctx)
		if err != nil {
			return nil, err
		}
		pid := c.opts.Processes.Peer(conn.c)
		if pid != c.pid || pid == 0 {
			c.known = refusals{}
		}
		c.conn, c.pid = conn, pid
	}
	if err := c.conn.settle(ctx); err != nil {
		c.keep(err)
		return nil, err
	}
	started := time.Now()
	replies, err := c.conn.roundTrip(ctx, request, commands)
	if err == nil {
		c.measure(time.Since(started) / time.Duration(len(commands)))
	}
	c.keep(err)
	return replies, err
}

// keep keeps the connection after an exchange that ended with err, where it can
// be used again.
func (c *Client) keep(err error) {
	switch {
	case err == nil:
	case !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled):
		c.drop()
	case c.conn.owed == 0, c.conn.stalled(): // it could not even be sent, or stopped in the middle
		c.drop()
	}
}

// stall is how many times the time for an answer a reply may stand still in its
// middle before the connection is given up.
const stall = 5

// measure takes note of what one command cost. A server that others keep busy
// looks slow, so a quick answer counts at once and a slow one by and by.
func (c *Client) measure(cost time.Duration) {
	cost = max(cost, time.Nanosecond)
	if c.pace == 0 || cost < c.pace {
		c.pace = cost
		return
	}
	c.pace += (cost - c.pace) / 4
}
