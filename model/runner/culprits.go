package runner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/confdir"
	"bantop/fail2ban/tempdir"
)

const (
	// trials is how often a configuration is tried while culprits are looked for: each
	// trial finds at least one more.
	trials = 24
	// searching is how long that may take in all.
	searching = 45 * time.Second
)

// trialOff is the file of the copy that switches jails off: fail2ban reads it last.
const trialOff = "zzzzzzzz-bantop-trial.local"

// prover tries a configuration folder, see prove.
type prover func(ctx context.Context, conf string) error

// culprits finds every line because of which fail2ban would not come up with every jail
// now. On a copy, what is found is taken out of the way, and the rest is tried again,
// until nothing is refused: a file that may be set aside as it would be, and the jails
// that need it are off; of another the jail is off, or else the line is a comment.
//
// whole reports whether setting aside is enough: with all those files gone, all other
// jails come up. An error says why that is not known.
func (f *finding) culprits(ctx context.Context, prove prover) (whole bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, searching)
	defer cancel()
	private, err := tempdir.Make("", tempdir.Rehearsal)
	if err != nil {
		return false, err
	}
	defer tempdir.Remove(private)
	trial, err := confdir.CopyInto(f.conf, private)
	if err != nil {
		return false, err
	}
	t := &trying{Trial: trial, finding: f, whole: true}
	for range trials {
		err := prove(ctx, trial.Dir)
		refused, is := errors.AsType[*fail2ban.RefusedError](err)
		if err == nil || !is {
			return t.whole && err == nil, err
		}
		moved := false
		for _, slip := range refused.Slips {
			gone, err := t.remove(ctx, slip, prove)
			if err != nil {
				return false, err
			}
			moved = moved || gone
		}
		if !moved {
			return false, nil
		}
	}
	return false, nil
}

// trying is a copy from which culprits are taken.
type trying struct {
	*confdir.Trial
	*finding
	off   []byte // what trialOff says
	whole bool   // only files that may be set aside were taken
}

// remove takes the culprit of a slip out of the copy. It reports whether that changed
// anything.
func (t *trying) remove(ctx context.Context, slip fail2ban.Slip, prove prover) (bool, error) {
	slip, err := t.locate(ctx, slip, prove)
	if err != nil {
		return false, err
	}
	if slip.File == "" {
		t.whole = false
		return t.switchOff(slip.Jail)
	}
	slip.Reason = t.InPlace(slip.Reason)
	t.blame(slip, true)
	if confdir.MayAside(t.packages, t.conf, slip.File) == "" {
		return t.setAside(slip)
	}
	t.whole = false
	if moved, err := t.switchOff(slip.Jail); moved || err != nil {
		return moved, err
	}
	if t.isHeader(slip.Place) { // without it the options below it are another jail's
		return false, nil
	}
	return t.comment(slip.Place)
}

// isHeader reports whether a line of the copy begins a section.
func (t *trying) isHeader(at fail2ban.Place) bool {
	text, err := os.ReadFile(filepath.Join(t.Dir, at.File))
	lines := strings.Split(string(text), "\n")
	return err == nil && at.Line >= 1 && at.Line <= len(lines) && strings.HasPrefix(lines[at.Line-1], "[")
}

// locate is a slip with the line that is really its reason; without one, if none is
// found. What fail2ban says does often not name the jail: then each that is enabled is
// tried, the likeliest first.
func (t *trying) locate(ctx context.Context, slip fail2ban.Slip, prove prover) (fail2ban.Slip, error) {
	const most = 6 // lines that are tried
	candidates := []fail2ban.Slip{slip}
	jails := t.likely
	if slip.Jail != "" {
		jails = []string{slip.Jail}
	}
	for _, jail := range jails {
		at, ok := confdir.Blame(os.DirFS(t.Dir), slip.Reason, jail)
		if ok && !slices.ContainsFunc(candidates, func(s fail2ban.Slip) bool { return s.Place == at }) {
			candidates = append(candidates, fail2ban.Slip{Place: at, Jail: jail, Option: slip.Option, Reason: slip.Reason})
		}
	}
	catalogue, err := confdir.ReadCatalogue(os.DirFS(t.Dir))
	if err != nil {
		return slip, err
	}
	for _, c := range candidates[:min(most, len(candidates))] {
		for _, fault := range catalogue.Faults { // it cannot be read, and a comment in its place changes little
			spoilt := fault.File == c.File && fault.Line < c.Line && t.isHeader(fault.Place) // all below is another's
			if fault.Place == c.Place || spoilt {
				return fail2ban.Slip{Place: fault.Place, Reason: fault.Reason}, nil
			}
		}
		guilty, err := t.guilty(ctx, c, prove)
		if err != nil || guilty {
			return c, err
		}
	}
	slip.Place = fail2ban.Place{}
	return slip, nil
}

// setAside takes a file out of the copy, and switches the jails off that need it.
func (t *trying) setAside(slip fail2ban.Slip) (bool, error) {
	if _, err := os.Stat(filepath.Join(t.Dir, slip.File)); err != nil {
		return false, nil // it is gone, and not the reason
	}
	if err := t.Put(slip.File, nil); err != nil {
		return false, err
	}
	for _, jail := range t.lostWithout(slip.File, t.jailsOf(slip.File)) {
		if _, err := t.switchOff(jail); err != nil {
			return false, err
		}
	}
	return true, nil
}

// switchOff switches a jail off in the copy. It reports whether it was on.
func (t *trying) switchOff(jail string) (bool, error) {
	if _, err := confdir.OverrideName(jail); err != nil || jail == "" {
		return false, nil
	}
	text := confdir.SetEnabled(t.off, jail, false)
	if bytes.Equal(text, t.off) {
		return false, nil
	}
	t.off = text
	return true, t.Put(confdir.JailDir+"/"+trialOff, text)
}

// comment makes a line of the copy a comment.
func (t *trying) comment(at fail2ban.Place) (bool, error) {
	text, err := os.ReadFile(filepath.Join(t.Dir, at.File))
	lines := strings.Split(string(text), "\n")
	if err != nil || at.Line < 1 || at.Line > len(lines) || strings.HasPrefix(lines[at.Line-1], "#") {
		return false, nil
	}
	lines[at.Line-1] = "# " + lines[at.Line-1]
	return true, t.Put(at.File, []byte(strings.Join(lines, "\n")))
}

// guilty reports whether a line is really the reason: with it a comment, fail2ban
// refuses the configuration for another one, or for none.
func (t *trying) guilty(ctx context.Context, slip fail2ban.Slip, prove prover) (bool, error) {
	was, err := os.ReadFile(filepath.Join(t.Dir, slip.File))
	if err != nil || slip.File == "" {
		return false, nil // it is gone, and not the reason
	}
	if changed, err := t.comment(slip.Place); err != nil || !changed {
		return false, err
	}
	err = prove(ctx, t.Dir)
	if err := t.Put(slip.File, was); err != nil {
		return false, err
	}
	refused, is := errors.AsType[*fail2ban.RefusedError](err)
	if err != nil && !is {
		return false, fmt.Errorf("try %s: %w", slip.Place, err)
	}
	return err == nil || !slices.ContainsFunc(refused.Slips, func(s fail2ban.Slip) bool {
		return s.Reason == slip.Reason
	}), nil
}
