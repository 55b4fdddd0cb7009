package socket

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"bantop/fail2ban"
	"bantop/fail2ban/wire"
)

// script is the commands of one act on some targets, and what became of each.
type script struct {
	verb    string
	results []fail2ban.Result
	request []byte
	sent    [][]string // the commands, with the fences among them
	of      []int      // the target that each command but the fences is for
}

// none is the target of a command that is for none of them.
const none = -1

func newScript(verb string, targets []fail2ban.Target) *script {
	s := &script{verb: verb, results: make([]fail2ban.Result, len(targets))}
	for i, t := range targets {
		s.results[i].Target = t
	}
	return s
}

// jails are the jails of the targets, each once, in the order in which they come.
func (s *script) jails() []string {
	targets := make([]fail2ban.Target, len(s.results))
	for i, r := range s.results {
		targets[i] = r.Target
	}
	return jailsOf(targets)
}

// op says what the whole act is.
func (s *script) op() string {
	if len(s.results) == 1 {
		return s.opOf(s.results[0].Target)
	}
	return fmt.Sprintf("%s %d addresses", s.verb, len(s.results))
}

// opOf says what is done to one target.
func (s *script) opOf(t fail2ban.Target) string {
	if t.Jail == "" {
		return s.verb + " " + quoted(t.Address) + " in every jail"
	}
	return s.verb + " " + quoted(t.Address) + " in jail " + quoted(t.Jail)
}

// add appends a command for target i, or for none. What cannot be sent is the
// error.
func (s *script) add(i int, command ...string) error {
	request, err := wire.AppendRequest(s.request, command...)
	if err != nil {
		return err
	}
	s.request, s.sent, s.of = request, append(s.sent, command), append(s.of, i)
	return nil
}

// fence appends a fence, unless one stands there.
func (s *script) fence(command []string) error {
	if len(s.sent) == 0 || isFence(s.sent[len(s.sent)-1]) {
		return nil
	}
	request, err := wire.AppendRequest(s.request, command...)
	if err != nil {
		return err
	}
	s.request, s.sent = request, append(s.sent, command)
	return nil
}

// misread is why an address cannot be sent. Whoever can make a jail ban a name
// chooses the name; were it "--all", `unban` would end every ban (1.0.2 and
// 1.1.0, server/transmitter.py).
func misread(address string) error {
	switch {
	case address == "":
		return errors.New("there is no address")
	case strings.HasPrefix(address, "--"):
		return errors.New("fail2ban may take it for an option")
	}
	return nil
}

// addFor appends a command for target i unless it was refused before. What
// cannot be sent is refused here, so that one target does not stop the others.
func (c *Client) addFor(s *script, i int, command ...string) {
	r := &s.results[i]
	if r.Outcome == fail2ban.Refused {
		return
	}
	err := misread(r.Address)
	if err == nil {
		err = s.add(i, command...)
	}
	if err != nil {
		r.Outcome, r.Err = fail2ban.Refused, c.fail(s.opOf(r.Target), err)
	}
}

// once sends a script and returns the replies, those that came before an error
// too. It is sent once: what one asks can be asked again when a connection
// breaks, what one does may have been done. So a ping first finds out whether
// the connection that was kept still leads to the server. Sent tells whether
// that went well; else nothing was done.
//
// The script goes out whole: how much of it holds the server for how long is
// known to who measured the act before, not from what reading commands cost.
// Nor is the time that it takes counted among theirs.
func (c *Client) once(ctx context.Context, s *script) (replies []wire.Value, sent bool, err error) {
	ctx, end, err := c.begin(ctx)
	if err != nil {
		return nil, false, c.fail(s.op(), err)
	}
	defer end()
	if len(s.of) == 0 {
		return nil, true, nil
	}
	if _, err := c.batch(ctx, [][]string{{"ping"}}); err != nil {
		return nil, false, c.fail(s.op(), err)
	}
	if !c.known.echo {
		if err := s.fence(c.nextFence()); err != nil {
			return nil, false, c.fail(s.op(), err)
		}
	}
	if err := c.conn.settle(ctx); err != nil {
		c.keep(err)
		return nil, false, c.fail(s.op(), err)
	}
	replies, err = c.conn.roundTrip(ctx, s.request, s.sent)
	c.keep(err)
	if errors.Is(err, errStray) {
		return nil, false, c.fail(s.op(), err)
	}
	replies, misplaced := c.passed(s.sent, replies)
	if misplaced != nil {
		c.drop()
		err = misplaced
	}
	if err != nil {
		return replies, true, c.fail(s.op(), err)
	}
	return replies, true, nil
}
