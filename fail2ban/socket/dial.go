package socket

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"bantop/fail2ban"
	"bantop/fail2ban/wire"
)

// dial connects. A full queue (EAGAIN) is tried again while ctx allows, since
// with a queue of 1 it often lasts only as long as another client's command.
func (c *Client) dial(ctx context.Context) (*conn, error) {
	if c.heldBySystemd() {
		return nil, failure(fail2ban.ErrNotRunning, errors.New("systemd holds its socket, and connecting would start it"))
	}
	var d net.Dialer
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, 100*time.Millisecond) {
		nc, err := d.DialContext(ctx, "unix", c.opts.Path)
		if err == nil {
			return newConn(nc.(*net.UnixConn), c.opts.Limits, stall*c.opts.Timeout, c.anotherFence), nil
		}
		if !errors.Is(err, syscall.EAGAIN) {
			return nil, c.dialError(err)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, failure(fail2ban.ErrBusy, unwrapNet(err))
		}
	}
}

// dialError says what a failed connect means (connect(2) and unix(7), Linux).
func (c *Client) dialError(err error) error {
	cause := unwrapNet(err)
	switch {
	case errors.Is(err, syscall.ENOENT), errors.Is(err, syscall.ENOTDIR):
		return failure(fail2ban.ErrNotRunning, cause)
	case errors.Is(err, syscall.ECONNREFUSED):
		if fi, statErr := os.Stat(c.opts.Path); statErr == nil && fi.Mode().Type() != os.ModeSocket {
			return failure(fail2ban.ErrNotRunning, errors.New("that path is no socket"))
		}
		return failure(fail2ban.ErrStaleSocket, cause)
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		return failure(fail2ban.ErrPermission, cause)
	case errors.Is(err, syscall.EINVAL): // longer than sockaddr_un holds, 107 bytes
		return failure(fail2ban.ErrNotRunning, errors.New("that path is too long for a socket"))
	default:
		return err
	}
}

// mayConnect tells whether this user may open the socket now. A connection that
// is kept does not notice that the right to it was taken away.
func (c *Client) mayConnect() bool {
	err := unix.Faccessat(unix.AT_FDCWD, c.opts.Path, unix.W_OK, unix.AT_EACCESS)
	return !errors.Is(err, unix.EACCES)
}

// unwrapNet strips the address that package net puts before a system error:
// the message names the socket already.
func unwrapNet(err error) error {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno
	}
	return err
}

// failure is an error whose kind is known and whose circumstances are filled
// in by fail.
func failure(kind, cause error) *fail2ban.Error {
	return &fail2ban.Error{Kind: kind, Cause: cause}
}

// fail makes the error that a caller sees.
func (c *Client) fail(op string, err error) error {
	e, ok := errors.AsType[*fail2ban.Error](err)
	if !ok {
		e = failure(kindOf(err), err)
	}
	e.Op, e.Socket = op, c.opts.Path
	if e.Kind == e.Cause || e.Kind == fail2ban.ErrTimeout {
		e.Cause = nil // it says no more than the kind
	}
	if e.Hint == "" {
		e.Hint = c.hint(e.Kind)
	}
	return e
}

// kindOf is the kind of an error that nothing but itself tells.
func kindOf(err error) error {
	for _, kind := range []error{fail2ban.ErrUnknownJail, fail2ban.ErrUnsupported, fail2ban.ErrClosed} {
		if errors.Is(err, kind) {
			return kind
		}
	}
	switch {
	case errors.Is(err, wire.ErrFormat):
		return fail2ban.ErrProtocol
	case errors.Is(err, context.DeadlineExceeded):
		return fail2ban.ErrTimeout
	default:
		return nil
	}
}
