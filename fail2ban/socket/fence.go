package socket

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"bantop/fail2ban"
	"bantop/fail2ban/wire"
)

// The protocol has no numbers: an answer belongs to a question by its place in
// the stream alone. One that comes twice, too late or not at all would make all
// that follow belong to the wrong question, and the counts of one jail stand in
// the row of another. So
//
//   - nothing is asked while something waits that nobody is owed (errStray): the
//     connection is made anew;
//   - a question whose answer does not show by its form what it answers is followed
//     by a fence, the command `echo` with a number, which the server sends back
//     (server/transmitter.py, 1.0.2 and 1.1.0). Another answer in its place means that
//     all before it may be misplaced (errStep): none of them is used, and the
//     connection is made anew;
//   - two questions next to each other whose answers look the same have a fence
//     between them, or something in the answer that tells them apart (see
//     JailStatuses).
//
// A fence at the end of a batch costs the server 6 µs: 4 % of a look at ten jails
// on 1.0.2. One after every question would cost 60 %.

// errStray: an answer came that nobody asked for.
var errStray = errors.New("an answer that was not asked for")

// errStep: an answer is not in its place.
var errStep = fmt.Errorf("%w: an answer to another question", wire.ErrFormat)

// fence stands for a fence among commands.
var fence []string

const fenceWord = "bantop fence "

// fenced puts the fences into commands, and one at the end.
func (c *Client) fenced(commands [][]string) [][]string {
	out := make([][]string, 0, len(commands)+1)
	for _, command := range commands {
		if command == nil {
			if c.known.echo {
				continue
			}
			command = c.nextFence()
		}
		out = append(out, command)
	}
	if !c.known.echo && !(len(out) > 0 && isFence(out[len(out)-1])) {
		out = append(out, c.nextFence())
	}
	return out
}

// anotherFence is nextFence, nil for a server that knows none. The caller has the turn.
func (c *Client) anotherFence() []string {
	if c.known.echo {
		return nil
	}
	return c.nextFence()
}

func (c *Client) nextFence() []string {
	return []string{"echo", fenceWord + strconv.FormatUint(c.fences.Add(1), 10)}
}

// passed takes the answers to fences out of the replies to commands. With an error
// it returns those before the last fence that was in its place.
func (c *Client) passed(commands [][]string, replies []wire.Value) ([]wire.Value, error) {
	kept, good := make([]wire.Value, 0, len(replies)), 0
	for i, reply := range replies {
		if !isFence(commands[i]) {
			if strings.HasPrefix(echoed(reply), fenceWord) {
				return kept[:good], failure(fail2ban.ErrProtocol, errStep)
			}
			kept = append(kept, reply)
			continue
		}
		err := resultError(reply)
		switch {
		case echoed(reply) == commands[i][1]:
			good = len(kept)
		case noEcho(err) && (i == 0 || !noEcho(resultError(replies[i-1]))):
			c.known.echo = true // an old server, which leaves an error in its log for each
		case errors.Is(err, fail2ban.ErrClosed):
			return kept[:good], err
		default:
			return kept[:good], failure(fail2ban.ErrProtocol, errStep)
		}
	}
	return kept, nil
}

func isFence(command []string) bool {
	return len(command) == 2 && command[0] == "echo" && strings.HasPrefix(command[1], fenceWord)
}

func isEcho(command []string, text string) bool { return isFence(command) && command[1] == text }

// echoed is the text that a reply says `echo` was sent with, "" for another reply.
func echoed(reply wire.Value) string {
	v, err := reply.Result()
	if err != nil {
		return ""
	}
	if v.Kind() != wire.List && v.Kind() != wire.Tuple || v.Len() != 1 {
		return ""
	}
	s, _ := v.At(0).Str()
	return s
}

// noEcho reports whether a server says that it does not know `echo`: an old one.
func noEcho(err error) bool {
	e, ok := errors.AsType[*fail2ban.ServerError](err)
	return ok && e.Message == "Invalid command"
}

func resultError(reply wire.Value) error {
	_, err := reply.Result()
	return err
}

// between puts a fence between each two commands.
func between(commands [][]string) [][]string {
	out := make([][]string, 0, 2*len(commands))
	for i, command := range commands {
		if i > 0 {
			out = append(out, fence)
		}
		out = append(out, command)
	}
	return out
}
