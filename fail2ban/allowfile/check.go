package allowfile

import (
	"context"
	"errors"
	"io/fs"

	"bantop/fail2ban"
)

// Check looks whether fail2ban still goes by the file. There is a result for each
// address, as List has them: Unchanged where it is on the jail's list, with all
// that the configuration has there without the file, else Refused; its Err says why.
// The error is about the file, or a configuration that cannot be read: because of
// the file, as it then says, or without.
//
// It runs fail2ban-client twice, or not at all where there is no file.
func Check(ctx context.Context, o Options) ([]fail2ban.Result, error) {
	w := newWork(o, "look what is allowed for good")
	defer w.close()
	switch err := w.open(); {
	case errors.Is(err, fs.ErrNotExist) || err == nil && len(w.file.lists) == 0:
		return nil, nil
	case err != nil:
		return nil, w.fail(err)
	}
	err := w.look(ctx)
	if err == nil && w.broken != nil {
		err = refuse("allow something again, which mends it, or delete the file", "with it fail2ban cannot read its configuration any more: %w", w.broken)
	}
	if err != nil {
		return nil, w.fail(err)
	}
	var results []fail2ban.Result
	for _, l := range w.file.lists {
		err := w.whyIdle(l)
		for _, t := range l.targets() {
			r := fail2ban.Result{Target: t, Outcome: fail2ban.Unchanged}
			if err != nil {
				r.Outcome, r.Err = fail2ban.Refused, w.fail(err)
			}
			results = append(results, r)
		}
	}
	return results, nil
}

// whyIdle is why fail2ban does not go by a list; nil where it does.
func (w *work) whyIdle(l list) error {
	got, want := w.now.ignore[printed(l.jail)], w.base.with(l.jail, l.addrs)
	switch {
	case !w.base.enables(l.jail):
		return refuse("enable the jail, or take it out", "fail2ban's configuration enables no jail %q", l.jail)
	case got == want:
		return nil
	case !l.known && got == (dump{}).with(l.jail, l.addrs):
		file, section := w.setter(l.jail)
		return refuse("allow it again, which mends that", "the list of [%s] here hides the one that %s has got in [%s]", l.jail, file, section)
	}
	return w.whyOther(l.jail, got, want)
}
