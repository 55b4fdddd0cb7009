package allowfile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bantop/fail2ban/control"
)

// Why a change is refused, as far as that can be told: which file stands in the
// way.

// byHand is the hint where a file is to be edited instead.
func byHand(file, section string) string {
	return fmt.Sprintf("add it to ignoreip in [%s] there: %s", section, file)
}

// setter is the file that has the last word, but for bantop's own, about the ignore
// list of a jail, and the section in which; "" where that is not found.
func (w *work) setter(jail string) (file, section string) {
	for _, section = range []string{jail, "DEFAULT"} {
		if found := setters(os.DirFS(w.trial.Dir), section); len(found) > 0 {
			return filepath.Join(w.conf, found[len(found)-1].file), section
		}
	}
	return "", jail
}

// elsewhere is why an address that another file allows cannot be taken out of this
// one.
func (w *work) elsewhere(jail string) error {
	file, section := w.setter(jail)
	if file == "" {
		return refuse("take it out there", "another file has it")
	}
	return refuse("take it out of ignoreip there", "%s has it, in [%s]", file, section)
}

// whyFailed is why fail2ban does not take the configuration.
func (w *work) whyFailed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return err
	}
	before := w.old
	if w.broken != nil {
		before = nil
	}
	if before := w.trial.test(ctx, before); before != nil {
		return already(before)
	}
	return w.whyRefused(err)
}

// already is why fail2ban does not take the configuration as it is.
func already(err error) error {
	if e, ok := errors.AsType[*control.Error](err); ok && e.Code > 0 {
		return refuse("mend that first: fail2ban-client -t", "fail2ban does not take its configuration as it is: %w", err)
	}
	return err
}

// whyRefused is why fail2ban does not take the configuration with another content
// of the file: as a rule some file adds to a list as this one does, which only one
// may.
func (w *work) whyRefused(err error) error {
	jails := maps.Clone(w.named)
	for _, l := range w.file.lists {
		jails[l.jail] = true
	}
	for _, jail := range slices.Sorted(maps.Keys(jails)) {
		for _, s := range setters(os.DirFS(w.trial.Dir), jail) {
			if s.known && strings.Contains(err.Error(), "ignoreip") {
				file := filepath.Join(w.conf, s.file)
				return refuse(byHand(file, jail), "%s has %s in [%s], and fail2ban follows that in one file only: %w", file, known, jail, err)
			}
		}
	}
	return refuse("allow it by hand, in jail.local", "fail2ban does not take the configuration with it: %w", err)
}

// whyOther is why the ignore list of a jail is not what it should be.
func (w *work) whyOther(jail, got, want string) error {
	for _, s := range slices.Backward(setters(os.DirFS(w.trial.Dir), jail)) {
		if s.later {
			file := filepath.Join(w.conf, s.file)
			return refuse(byHand(file, jail), "%s is read after it, and sets ignoreip in [%s] anew", file, jail)
		}
	}
	return refuse("allow it by hand, in jail.local", "with it fail2ban would take %s for the ignore list of %s, instead of %s", short(got), jail, short(want))
}

// whyMore is why something else would change, too.
func (w *work) whyMore(ctx context.Context, line string) error {
	if w.broken != nil {
		return refuse("allow it by hand, in jail.local", "it would change more than ignore lists: %s", short(line))
	}
	before, err := w.trial.dump(ctx, w.old)
	if err != nil {
		return err
	}
	if line := difference(w.now, before, nil); line != "" {
		return refuse("try again; or allow it by hand, in jail.local", "fail2ban does not read a copy of the configuration as it reads the configuration itself: %s", short(line))
	}
	return refuse("allow it by hand, in jail.local", "it would change more than the ignore lists that are meant: %s", short(line))
}
