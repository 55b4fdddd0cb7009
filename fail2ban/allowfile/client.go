package allowfile

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"

	"bantop/fail2ban/control"
)

// Client is the Control that runs fail2ban-client; program "" is the one on the
// PATH. As in package control no shell is involved: an absolute program, a list of
// arguments, an environment of its own.
func Client(program string) Control { return client(program) }

type client string

func (c client) Test(ctx context.Context, conf string) error {
	_, err := c.run(ctx, "test fail2ban's configuration", conf, "-t")
	return err
}

func (c client) Dump(ctx context.Context, conf string) (string, error) {
	return c.run(ctx, "read fail2ban's configuration", conf, "-d")
}

// run runs fail2ban-client on a folder and returns what it printed.
func (c client) run(ctx context.Context, doing, conf, flag string) (string, error) {
	program := string(c)
	if program == "" {
		path, err := exec.LookPath("fail2ban-client")
		if err != nil {
			return "", fmt.Errorf("%s: %w", doing, control.ErrNoClient)
		}
		program = path
	}
	cmd := exec.CommandContext(ctx, program, "-c", conf, flag)
	cmd.Env = environment()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		code := -1
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			code = exit.ExitCode()
		}
		if ctx.Err() != nil {
			code, err = -1, ctx.Err()
		}
		return "", &control.Error{Doing: doing, Code: code, Output: reason(errs.String()), Cause: err}
	}
	return out.String(), nil
}

// environment is what fail2ban-client sees: little, and English.
func environment() []string {
	env := []string{"LANG=C.UTF-8"}
	for _, name := range []string{"PATH", "HOME", "TZ", "PYTHONPATH"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// reason is the last error that fail2ban-client told of, else its last line, in one
// line of 300 bytes at most. Errors in which it only says that it gives up are
// passed over (1.0.2 and 1.1.0):
//
//	2026-11-25 02:58:03,555 fail2ban [25493]: ERROR   Failed during configuration: …
//	2026-11-25 02:58:03,556 fail2ban [25493]: ERROR   Init of command line failed
//	2026-11-25 02:58:03,556 fail2ban [25493]: ERROR   ERROR: test configuration failed
func reason(errs string) string {
	said, last, more := "", "", false
	for line := range strings.Lines(errs) {
		_, message, isError := strings.Cut(line, ": ERROR ")
		message = strings.TrimPrefix(strings.TrimSpace(message), "Failed during configuration: ")
		last = strings.TrimSpace(line)
		switch {
		case isError:
			if more = message != "ERROR: test configuration failed" && message != "Init of command line failed"; more {
				said = message
			}
		case more && !logLine.MatchString(line):
			said += " " + last
		default:
			more = false
		}
	}
	const most = 300
	said = cmp.Or(said, last)
	return strings.ToValidUTF8(said[:min(len(said), most)], "")
}

// logLine is how a line of its log begins; others go on with the one before.
var logLine = regexp.MustCompile(`^\d{4}-\d\d-\d\d `)
