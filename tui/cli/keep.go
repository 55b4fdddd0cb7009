package cli

import (
	"context"
	"slices"

	"bantop/fail2ban"
	"bantop/fail2ban/allowfile"
	"bantop/fail2ban/ending"
)

// keep writes into a configuration who is never banned.
type keep struct{ options allowfile.Options }

// Allow writes addresses down. The folder is locked meanwhile: the process is not
// stopped.
func (k keep) Allow(ctx context.Context, targets []fail2ban.Target) ([]fail2ban.Result, error) {
	defer ending.Hold()()
	return allowfile.Allow(ctx, k.options, targets)
}

// Disallow takes addresses out, likewise.
func (k keep) Disallow(ctx context.Context, targets []fail2ban.Target) ([]fail2ban.Result, error) {
	defer ending.Hold()()
	return allowfile.Disallow(ctx, k.options, targets)
}

// Has tells whether any of them is written down.
func (k keep) Has(targets []fail2ban.Target) bool {
	kept, err := allowfile.List(k.options)
	return err == nil && slices.ContainsFunc(kept, func(t fail2ban.Target) bool { return slices.Contains(targets, t) })
}

// Hint is what to do next about an error.
func (k keep) Hint(err error) string { return allowfile.Hint(err) }
