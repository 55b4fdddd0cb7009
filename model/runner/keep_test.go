package runner_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"bantop/fail2ban"
	"bantop/fail2ban/fail2bantest"
	"bantop/model"
	"bantop/model/runner"
)

// keeper writes down in memory who is never banned, or fails to.
type keeper struct {
	kept []fail2ban.Target
	err  error
}

func (k *keeper) change(targets []fail2ban.Target, keep bool) ([]fail2ban.Result, error) {
	if k.err != nil {
		return nil, k.err
	}
	var out []fail2ban.Result
	for _, t := range targets {
		r := fail2ban.Result{Target: t, Outcome: fail2ban.Unchanged}
		if slices.Contains(k.kept, t) != keep {
			r.Outcome = fail2ban.Done
		}
		k.kept = slices.DeleteFunc(k.kept, func(o fail2ban.Target) bool { return o == t })
		if keep {
			k.kept = append(k.kept, t)
		}
		out = append(out, r)
	}
	return out, nil
}

func (k *keeper) Allow(_ context.Context, targets []fail2ban.Target) ([]fail2ban.Result, error) {
	return k.change(targets, true)
}

func (k *keeper) Disallow(_ context.Context, targets []fail2ban.Target) ([]fail2ban.Result, error) {
	return k.change(targets, false)
}

func (k *keeper) Has(targets []fail2ban.Target) bool {
	return slices.ContainsFunc(targets, func(t fail2ban.Target) bool { return slices.Contains(k.kept, t) })
}

func (k *keeper) Hint(error) string { return "run bantop as root" }

// TestAllowForGood: an address is put on the running server's list and written
// down; where it cannot be written it is on the list, and that is told. Taken off,
// it goes from both.
func TestAllowForGood(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	k := &keeper{}
	r := start(t, s, func(o *runner.Options) { o.Keep = k })
	a := targets("sshd 198.51.100.7")
	do := func(what string, kind model.ActKind, want model.Outcome, kept int, words string) {
		t.Helper()
		msg := actOn(t, r, kind, false, a)
		if len(msg.Results) != 1 || msg.Results[0].Outcome != want || !strings.Contains(msg.Results[0].Reason, words) || len(k.kept) != kept {
			t.Errorf("%s: %+v, %d kept", what, msg, len(k.kept))
		}
	}
	do("until the next reload", model.ActAllow, model.OutcomeDone, 0, "")
	do("for good: it is on the list already", model.ActAllowForGood, model.OutcomeDone, 1, "")
	do("once more", model.ActAllowForGood, model.OutcomeNothing, 1, "")
	do("taken off", model.ActDisallow, model.OutcomeDone, 0, "")
	do("once more", model.ActDisallow, model.OutcomeNothing, 0, "")
	k.err = errors.New("permission denied")
	do("it cannot be written", model.ActAllowForGood, model.OutcomeRefused, 0, "until the next reload only: permission denied; run bantop as root")
	k.err = nil
	do("and then it can", model.ActAllowForGood, model.OutcomeDone, 1, "")
	k.err = errors.New("permission denied")
	do("it cannot be taken out", model.ActDisallow, model.OutcomeRefused, 1, "off the list until the next reload only")

	r = start(t, s, nil)
	do("nowhere to write", model.ActAllowForGood, model.OutcomeRefused, 1, "there is no configuration to write into")
}
