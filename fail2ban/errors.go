package fail2ban

import (
	"errors"
	"fmt"
	"strings"
)

// The kinds of failure that a caller may want to tell apart, with errors.Is.
var (
	// ErrNotRunning: there is no socket, so no server (ENOENT), or systemd
	// holds the socket of a service that is not running.
	ErrNotRunning = errors.New("fail2ban is not running")
	// ErrStaleSocket: the socket is there and nobody listens (ECONNREFUSED).
	ErrStaleSocket = errors.New("fail2ban died and left its socket")
	// ErrPermission: this user may not open the socket (EACCES, EPERM).
	ErrPermission = errors.New("no permission to talk to fail2ban")
	// ErrBusy: the server is alive, but its listen queue of 1 is full (EAGAIN).
	ErrBusy = errors.New("fail2ban is busy with other clients")
	// ErrTimeout: no whole answer came in time.
	ErrTimeout = errors.New("fail2ban did not answer in time")
	// ErrProtocol: an answer came that cannot be read.
	ErrProtocol = errors.New("fail2ban's answer cannot be read")
	// ErrClosed: the server closed the connection instead of answering; it is
	// going away, or just went.
	ErrClosed = errors.New("fail2ban closed the connection")
	// ErrUnknownJail: the server knows no jail of that name.
	ErrUnknownJail = errors.New("fail2ban has no such jail")
	// ErrUnsupported: this version of the server does not know the command.
	ErrUnsupported = errors.New("this fail2ban does not know the command")
)

// Error is a failure of one exchange with the server.
type Error struct {
	Op     string // what was being done: "list the jails"
	Socket string // on which socket
	Kind   error  // one of the errors above, or nil for another refusal by the server
	Cause  error  // what happened: a system error, a *ServerError, a decoding error
	Hint   string // what to do next: a command to run, or a sentence
}

// Error tells what was tried and what happened; the next step is in Hint.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)", e.Op, e.Socket)
	if e.Kind != nil {
		fmt.Fprintf(&b, ": %v", e.Kind)
	}
	if e.Cause != nil {
		fmt.Fprintf(&b, ": %v", e.Cause)
	}
	return b.String()
}

// Unwrap makes errors.Is and errors.As find both the kind and the cause.
func (e *Error) Unwrap() []error {
	var errs []error
	if e.Kind != nil {
		errs = append(errs, e.Kind)
	}
	if e.Cause != nil {
		errs = append(errs, e.Cause)
	}
	return errs
}

// Hint returns what to do next about err, or "" where nothing is known.
func Hint(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Hint
	}
	if e, ok := errors.AsType[hinter](err); ok {
		return e.Hint()
	}
	return ""
}

// hinter is an error of another package that knows what to do next.
type hinter interface {
	error
	Hint() string
}

// ServerError is an exception that the server answered with: a refusal in its
// own words.
type ServerError struct {
	Class   string // the Python class, such as "fail2ban.exceptions.UnknownJailException"; may be empty
	Message string // its arguments as text
}

// Error gives the class without its module, and the server's words.
func (e *ServerError) Error() string {
	class := e.Class[strings.LastIndexByte(e.Class, '.')+1:]
	switch {
	case class == "":
		return e.Message
	case e.Message == "":
		return class
	default:
		return class + ": " + e.Message
	}
}

// Is tells which kind of failure the exception is: an unknown jail by its
// class, an unknown command by its words (server/transmitter.py raises a bare
// Exception("Invalid command…") in every version from 0.11 to 1.1).
func (e *ServerError) Is(target error) bool {
	switch target {
	case ErrUnknownJail:
		return strings.HasSuffix(e.Class, "UnknownJailException")
	case ErrUnsupported:
		return strings.HasPrefix(e.Message, "Invalid command")
	default:
		return false
	}
}
