package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"bantop/fail2ban"
)

// Stream is all that sets a server up: what a reload or a start sends it, as
// `fail2ban-client -d` prints it, in its order. It may hold secrets of actions.
type Stream struct {
	text     string
	commands [][]any
}

// ParseStream reads what `fail2ban-client -d` printed: a Python list a line (1.0.2 and
// 1.1.0, client/configurator.py). Nothing of it is passed over: a line that cannot be
// read is an error.
func ParseStream(text string) (Stream, error) {
	s := Stream{text: text}
	for line := range strings.Lines(text) {
		if line = strings.TrimSuffix(line, "\n"); line == "" {
			continue
		}
		items, ok := command(line)
		if !ok {
			return Stream{}, fmt.Errorf("read the dump of fail2ban's configuration: %.100q is not a command", line)
		}
		s.commands = append(s.commands, items)
	}
	if len(s.commands) == 0 {
		return Stream{}, errors.New("read the dump of fail2ban's configuration: it is empty")
	}
	return s, nil
}

// Text is the stream as it was printed, for ParseStream.
func (s Stream) Text() string { return s.text }

// Known reports whether there is a stream: the zero value is not.
func (s Stream) Known() bool { return len(s.commands) > 0 }

// Commands are the commands, as the socket takes them: each a list of at least one
// item, the first a string; the others are nil, bool, int, float64, string, []any or
// map[string]any.
func (s Stream) Commands() []any {
	out := make([]any, len(s.commands))
	for i, c := range s.commands {
		out[i] = c
	}
	return out
}

// Jails are the jails that it starts, in its order.
func (s Stream) Jails() []string {
	var jails []string
	for _, c := range s.commands {
		if c[0] != "start" || len(c) != 2 {
			continue
		}
		if name, ok := c[1].(string); ok && !slices.Contains(jails, name) {
			jails = append(jails, name)
		}
	}
	return jails
}

// Setting is the value that it sets server-wide, such as "dbfile"; nil if it sets none,
// or None.
func (s Stream) Setting(name string) any {
	for _, c := range s.commands {
		if len(c) == 3 && c[0] == "set" && c[1] == name {
			return c[2]
		}
	}
	return nil
}

// refusedCode is what fail2ban-client ends with if the configuration is refused (1.0.2
// and 1.1.0, measured); a Python that cannot run it ends with 1.
const refusedCode = 255

// Stream reads the configuration as a whole. If fail2ban refuses to read it, the error
// is a *fail2ban.RefusedError, without a place; a jail that it would leave out is a
// command config-error of the stream.
func (c *Control) Stream(ctx context.Context) (Stream, error) {
	text, err := c.DumpText(ctx)
	if e, ok := errors.AsType[*Error](err); ok && e.Code == refusedCode && e.Output != "" {
		return Stream{}, &fail2ban.RefusedError{Slips: []fail2ban.Slip{{Reason: e.Output}}}
	}
	if err != nil {
		return Stream{}, err
	}
	return ParseStream(text)
}
