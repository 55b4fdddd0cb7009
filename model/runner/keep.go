package runner

import (
	"context"
	"errors"

	"bantop/fail2ban"
)

// Keep writes into fail2ban's configuration who is never banned.
type Keep interface {
	// Allow puts addresses on the ignore lists of jails, and Disallow takes them off.
	Allow(ctx context.Context, targets []fail2ban.Target) ([]fail2ban.Result, error)
	Disallow(ctx context.Context, targets []fail2ban.Target) ([]fail2ban.Result, error)
	// Has tells whether any of them stands there by bantop's doing.
	Has(targets []fail2ban.Target) bool
	// Hint is what to do next about an error of these.
	Hint(err error) string
}

// errCannotKeep: there is no configuration to write into.
var errCannotKeep = errors.New("there is no configuration to write into")

// allowForGood puts addresses on the ignore lists of the running server, and into
// the configuration, so that they are there after a reload, too.
func (c *chunk) allowForGood(ctx context.Context, targets []fail2ban.Target) ([]fail2ban.Result, error) {
	results, err := c.runner.opts.Client.AddIgnore(ctx, targets)
	if err != nil {
		return results, err
	}
	kept, err := c.keep(func(k Keep) ([]fail2ban.Result, error) { return k.Allow(ctx, targets) })
	for i := range results {
		switch {
		case results[i].Outcome == fail2ban.Refused:
		case err != nil:
			results[i].Outcome, results[i].Err = fail2ban.Refused, errors.New("it is on the list until the next reload only: "+c.whyNotKept(err))
		case i < len(kept) && kept[i].Outcome == fail2ban.Done:
			results[i].Outcome = fail2ban.Done
		}
	}
	return results, nil
}

// disallow takes addresses off the ignore lists of the running server, and out of
// the configuration, where bantop wrote them.
func (c *chunk) disallow(ctx context.Context, targets []fail2ban.Target) ([]fail2ban.Result, error) {
	results, err := c.runner.opts.Client.DelIgnore(ctx, targets)
	k := c.runner.opts.Keep
	if err != nil || k == nil || !k.Has(targets) {
		return results, err
	}
	kept, err := k.Disallow(ctx, targets)
	for i := range results {
		switch {
		case err != nil:
			results[i].Outcome, results[i].Err = fail2ban.Refused, errors.New("it is off the list until the next reload only: "+c.whyNotKept(err))
		case i < len(kept) && kept[i].Outcome == fail2ban.Done:
			results[i].Outcome = fail2ban.Done
		}
	}
	return results, nil
}

func (c *chunk) keep(do func(Keep) ([]fail2ban.Result, error)) ([]fail2ban.Result, error) {
	if c.runner.opts.Keep == nil {
		return nil, errCannotKeep
	}
	return do(c.runner.opts.Keep)
}

// whyNotKept is an error and what to do next about it.
func (c *chunk) whyNotKept(err error) string {
	text := err.Error()
	if k := c.runner.opts.Keep; k != nil && k.Hint(err) != "" {
		text += "; " + k.Hint(err)
	}
	return text
}
