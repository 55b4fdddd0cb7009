// Package control runs fail2ban-client for what only it can do: it turns the
// configuration into the commands that set up a server. Everything else goes
// over the socket.
//
// No shell is involved: an absolute program, a list of arguments, an
// environment of its own.
package control

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// Options say which fail2ban. The zero value of a field means fail2ban-client's
// own default.
type Options struct {
	Program string // fail2ban-client; default the one on the PATH
	Conf    string // configuration folder
	Socket  string
	PIDFile string

	// Unit tells systemd's unit of this server, "" where systemd does not run it.
	// It is asked only when something is to be restarted; nil is never.
	Unit func(context.Context) string
}

// Control runs fail2ban-client for one server.
type Control struct{ opts Options }

// New returns a Control. Nothing is run yet.
func New(opts Options) *Control {
	for _, path := range []*string{&opts.Conf, &opts.Socket, &opts.PIDFile} {
		*path = absolute(*path)
	}
	if strings.Contains(opts.Program, "/") {
		opts.Program = absolute(opts.Program)
	}
	return &Control{opts}
}

// ErrNoClient: there is no fail2ban-client to run.
var ErrNoClient = errors.New("fail2ban-client is not installed")

// Error is a run that failed.
type Error struct {
	Doing   string // "read the configuration"
	Program string // that was run; "" is fail2ban-client
	Code    int    // what it ended with; -1 if it did not end by itself
	Output  string // what it said, the last line that is an error
	Cause   error
}

func (e *Error) Error() string {
	s := e.Doing + ": " + cmp.Or(e.Program, "fail2ban-client")
	switch {
	case errors.Is(e.Cause, context.DeadlineExceeded):
		s += " took too long"
	case e.Code >= 0:
		s += fmt.Sprintf(" ended with %d", e.Code)
	default:
		s += ": " + e.Cause.Error()
	}
	if e.Output != "" {
		s += ": " + e.Output
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// run runs fail2ban-client and returns what it printed, both streams apart.
func (c *Control) run(ctx context.Context, doing string, args ...string) (stdout, stderr string, err error) {
	program, err := c.program()
	if err != nil {
		return "", "", fmt.Errorf("%s: %w", doing, err)
	}
	cmd := Command(ctx, program, append(c.flags(), args...)...)
	cmd.WaitDelay = time.Second // a server that it started may hold its output open
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	if errors.Is(err, exec.ErrWaitDelay) { // it ended well, and the server that it started holds its output
		err = nil
	}
	if err != nil {
		code := -1
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			code = exit.ExitCode()
		}
		if ctx.Err() != nil {
			code, err = -1, ctx.Err()
		}
		return out.String(), errs.String(), &Error{Doing: doing, Code: code, Output: Reason(errs.String()), Cause: err}
	}
	return out.String(), errs.String(), nil
}

// Version is the version of fail2ban-client, such as "1.0.2". A server that runs
// since before an update has another.
func (c *Control) Version(ctx context.Context) (string, error) {
	program, err := c.program()
	if err != nil {
		return "", err
	}
	out, err := Command(ctx, program, "-V").Output()
	if err != nil {
		return "", &Error{Doing: "ask fail2ban-client for its version", Code: -1, Cause: err}
	}
	return strings.TrimSpace(string(out)), nil
}

func (c *Control) program() (string, error) {
	if c.opts.Program != "" {
		return c.opts.Program, nil
	}
	path, err := LookPath("fail2ban-client")
	if err != nil {
		if unsafe, is := errors.AsType[*UnsafeError](err); is {
			return "", unsafe
		}
		return "", ErrNoClient
	}
	return path, nil
}

func (c *Control) flags() []string {
	var flags []string
	for _, f := range []struct{ name, value string }{{"-c", c.opts.Conf}, {"-s", c.opts.Socket}, {"-p", c.opts.PIDFile}} {
		if f.value != "" {
			flags = append(flags, f.name, f.value)
		}
	}
	return flags
}
