package runner

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/addr"
	"bantop/model"
)

// Acts are what a Client does to addresses. Each sends everything in one go, and
// nothing twice.
type Acts interface {
	Ban(ctx context.Context, targets []fail2ban.Target) ([]fail2ban.Result, error)
	BanFor(ctx context.Context, targets []fail2ban.Target, length time.Duration) ([]fail2ban.Result, error)
	Unban(ctx context.Context, targets []fail2ban.Target) ([]fail2ban.Result, error)
	UnbanEverywhere(ctx context.Context, addresses []string) ([]fail2ban.Result, error)
	AddIgnore(ctx context.Context, targets []fail2ban.Target) ([]fail2ban.Result, error)
	DelIgnore(ctx context.Context, targets []fail2ban.Target) ([]fail2ban.Result, error)
}

// chunkTime is how long a chunk of an act may take: with one address whose action
// is slow, that is what the action takes.
const chunkTime = 2 * time.Minute

// doActOn does something to addresses, and says what came of each.
func (r *Runner) doActOn(ctx context.Context, e model.ActOn) model.Msg {
	ctx, cancel := context.WithTimeout(ctx, chunkTime)
	defer cancel()
	c := &chunk{runner: r, kind: e.Kind, results: make([]model.Result, len(e.Targets))}
	for i, t := range e.Targets {
		c.results[i] = model.Result{BatchTarget: t, Outcome: model.OutcomeUnknown}
	}
	msg := model.ActedOn{ID: e.ID}
	err := c.run(ctx, e)
	msg.At, msg.Took, msg.Results = r.now(), c.took, c.results[:c.tried]
	if err != nil {
		msg.Reason, msg.Hint = reason(err, chunkTime), fail2ban.Hint(err)
	}
	return msg
}

// chunk is what an act is being done to.
type chunk struct {
	runner  *Runner
	kind    model.ActKind
	results []model.Result
	tried   int // of the first of them it is known, or not known, what came of it
	took    time.Duration
	own     []string // addresses of this machine, once they were asked for
}

// run does the act, run by run of targets that can be done in one go.
func (c *chunk) run(ctx context.Context, e model.ActOn) error {
	if c.kind == model.ActBan && !e.Ignored {
		if err := c.refuseIgnored(ctx); err != nil {
			return err
		}
	}
	for c.tried < len(c.results) {
		n := c.alike()
		if c.results[c.tried].Outcome != model.OutcomeUnknown { // it was refused already
			c.tried += n
			continue
		}
		if err := c.do(ctx, c.results[c.tried:c.tried+n]); err != nil {
			return err
		}
		c.tried += n
	}
	return nil
}

// alike is how many targets, from the next one on, can be done in one go.
func (c *chunk) alike() int {
	rest := c.results[c.tried:]
	n := 1
	for n < len(rest) && rest[n].Length == rest[0].Length && (rest[n].Outcome == model.OutcomeUnknown) == (rest[0].Outcome == model.OutcomeUnknown) {
		n++
	}
	return n
}

// do does one go, and takes note of the results.
func (c *chunk) do(ctx context.Context, results []model.Result) error {
	targets := make([]fail2ban.Target, len(results))
	addresses := make([]string, len(results))
	for i, r := range results {
		targets[i], addresses[i] = r.Target, r.Address
	}
	begun := time.Now()
	answers, err := c.send(ctx, targets, addresses, results[0].Length)
	c.took += time.Since(begun)
	for i, a := range answers[:min(len(answers), len(results))] {
		results[i].Outcome, results[i].Reason = outcomeOf(a, results[i].Length)
	}
	if err != nil { // without a result nothing was sent
		c.tried += min(len(answers), len(results))
	}
	return err
}

func (c *chunk) send(ctx context.Context, targets []fail2ban.Target, addresses []string, length time.Duration) ([]fail2ban.Result, error) {
	client := c.runner.opts.Client
	switch c.kind {
	case model.ActUnban:
		return client.Unban(ctx, targets)
	case model.ActUnbanEverywhere:
		return client.UnbanEverywhere(ctx, addresses)
	case model.ActAllow:
		return client.AddIgnore(ctx, targets)
	case model.ActAllowForGood:
		return c.allowForGood(ctx, targets)
	case model.ActDisallow:
		return c.disallow(ctx, targets)
	}
	if length == 0 {
		return client.Ban(ctx, targets)
	}
	return client.BanFor(ctx, targets, length)
}

// outcomeOf is what came of a target that was to be banned for so long; 0 is for as
// long as the jail bans.
func outcomeOf(r fail2ban.Result, length time.Duration) (model.Outcome, string) {
	switch r.Outcome {
	case fail2ban.Done:
		switch {
		case length == 0 && r.Count > 1:
			return model.OutcomeDone, fmt.Sprintf("(%d bans)", r.Count)
		case length == 0:
			return model.OutcomeDone, ""
		case length != fail2ban.Permanent && longer(r.Length, length+time.Second):
			return model.OutcomeDone, "for " + span(r.Length) + ": a ban of this jail is no shorter"
		case longer(length, r.Length):
			return model.OutcomeDone, "for " + span(r.Length) + ", as far as is known"
		}
		return model.OutcomeDone, ""
	case fail2ban.Unchanged:
		return model.OutcomeNothing, prolonged(r, length)
	case fail2ban.Refused:
		return model.OutcomeRefused, whyRefused(r.Err)
	default:
		if r.Err == nil {
			return model.OutcomeUnknown, "no answer came"
		}
		return model.OutcomeUnknown, r.Err.Error()
	}
}

// prolonged tells how long a ban lasts that was made again with a time of its own; ""
// if that is the jail's.
func prolonged(r fail2ban.Result, length time.Duration) string {
	switch {
	case length == 0 || r.Length != length:
		return ""
	case length == fail2ban.Permanent:
		return "its ban is for ever now"
	default:
		return "its ban lasts for another " + span(length) + " at least"
	}
}

// longer tells whether a ban of one length lasts longer than one of another.
func longer(a, b time.Duration) bool {
	return b != fail2ban.Permanent && (a == fail2ban.Permanent || a > b)
}

// span is how long a ban lasts: "10m", "1h30m", "ever".
func span(d time.Duration) string {
	if d == fail2ban.Permanent {
		return "ever"
	}
	text := d.Round(time.Second).String()
	for _, none := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, none) {
			text = text[:len(text)-2]
		}
	}
	return text
}

// whyRefused is an error without what it is about: that stands beside it.
func whyRefused(err error) string {
	e, ok := errors.AsType[*fail2ban.Error](err)
	switch {
	case err == nil:
		return "fail2ban refused it"
	case !ok:
		return err.Error()
	case e.Kind != nil:
		return e.Kind.Error()
	case e.Cause != nil:
		return e.Cause.Error()
	default:
		return e.Op
	}
}

// refuseIgnored refuses what is on the ignore list of its jail: fail2ban bans it
// all the same when it is told to (1.0.2 and 1.1.0).
func (c *chunk) refuseIgnored(ctx context.Context) error {
	lists := make(map[string]fail2ban.JailSettings)
	if c.own == nil {
		c.own = c.runner.opts.Addresses()
	}
	for i := range c.results {
		r := &c.results[i]
		list, known := lists[r.Jail]
		if !known {
			settings, err := c.runner.opts.Client.JailSettings(ctx, r.Jail)
			if err != nil && !errors.Is(err, fail2ban.ErrUnknownJail) { // which the server refuses
				return err
			}
			list = settings
			lists[r.Jail] = list
		}
		if by := ignoredBy(r.Address, list.IgnoreIP); by != "" {
			r.Outcome, r.Reason = model.OutcomeIgnored, by+" is on the ignore list of "+r.Jail
		} else if own := ignoredBy(r.Address, c.own); own != "" && list.IgnoreSelf {
			r.Outcome, r.Reason = model.OutcomeIgnored, own+" is an address of this machine, which "+r.Jail+" ignores (ignoreself)"
		}
	}
	return nil
}

// ignoredBy is the entry of an ignore list that holds an address or any of a
// network; "" where none does.
func ignoredBy(address string, list []string) string {
	p, _, err := addr.Parse(address)
	if err != nil {
		return ""
	}
	for _, entry := range list {
		if q, _, err := addr.Parse(entry); err == nil && q.Overlaps(p) {
			return entry
		}
	}
	return ""
}
