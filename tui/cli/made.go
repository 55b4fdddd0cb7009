package cli

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"bantop/config"
	"bantop/fail2ban/confdir"
	"bantop/model"
	"bantop/model/store"
	"bantop/tui/plain"
	"bantop/tui/words"
)

// printMade prints what bantop changed in the configuration, the newest so many.
func printMade(cmd *cobra.Command, f *flags, s config.Settings, last int, asJSON bool) error {
	all, err := store.NewTexts(keptIn(s)).Made()
	if err != nil && len(all) == 0 {
		return &failure{fmt.Errorf("history: %w", err), exitIO}
	}
	var listed []plain.Listed
	for _, m := range all[max(0, len(all)-last):] {
		listed = append(listed, plain.Listed{Made: m, States: fileStates(s.Conf, m)})
	}
	var printed error
	if asJSON {
		printed = plain.MadeJSON(cmd.OutOrStdout(), listed)
	} else {
		printed = plain.MadeText(cmd.OutOrStdout(), door(), listed, f.again(cmd, "revert"))
	}
	if err != nil {
		return &failure{fmt.Errorf("history: %w", err), exitIO}
	}
	return printed
}

// fileStates are how the files of a change stand now.
func fileStates(conf string, m model.Made) []plain.FileState {
	out := make([]plain.FileState, len(m.Files))
	for i, f := range m.Files {
		out[i] = fileState(conf, f)
	}
	return out
}

func fileState(conf string, f model.FileChange) plain.FileState {
	dir, err := confdir.OpenDir(conf, f.Dir)
	if err != nil {
		return plain.FileUnknown
	}
	defer dir.Close()
	is, err := dir.Read(f.Name)
	if err != nil {
		return plain.FileUnknown
	}
	if f.Aside != "" {
		return asideState(dir, f, is)
	}
	switch store.Sum(is) {
	case f.NowSum:
		return plain.FileAsLeft
	case f.WasSum:
		return plain.FileAsWas
	default:
		return plain.FileChanged
	}
}

// asideState is that of a file that was renamed: is is what stands under its former name.
func asideState(dir *confdir.Dir, f model.FileChange, is []byte) plain.FileState {
	aside, err := dir.Read(f.Aside)
	switch {
	case err != nil:
		return plain.FileUnknown
	case aside == nil && is != nil && store.Sum(is) == f.NowSum:
		return plain.FileAsWas
	case is == nil && aside != nil && store.Sum(aside) == f.NowSum:
		return plain.FileAsLeft
	default:
		return plain.FileChanged
	}
}

// revertMade takes back a change that was confirmed earlier, as a change of its own.
func revertMade(cmd *cobra.Command, f *flags, c changeFlags, number int) error {
	settings, err := f.settings(cmd)
	if err != nil {
		return err
	}
	if err := f.unseen(settings.Settings); err != nil {
		return err
	}
	all, err := store.NewTexts(keptIn(settings.Settings)).Made()
	at := slices.IndexFunc(all, func(m model.Made) bool { return m.Number == number })
	if at < 0 {
		return noSuchChange(cmd, f, number, all, err)
	}
	m := all[at]
	states := fileStates(settings.Conf, m)
	if newer := over(all[at+1:], m); newer > 0 && slices.Contains(states, plain.FileChanged) {
		return refused(cmd, fmt.Errorf("revert: change %d changed the same file after change %d\nnext: take that one back first: %s",
			newer, number, f.again(cmd, "revert")+" "+strconv.Itoa(newer)))
	}
	if !slices.ContainsFunc(states, func(s plain.FileState) bool { return s != plain.FileAsWas }) {
		fmt.Fprintln(cmd.OutOrStdout(), door().Text(words.NothingToTakeBack(m)))
		return nil
	}
	return prepare(cmd, f, c, model.RehearsalRequested{Kind: model.ChangeRevert, Jail: m.Jail, Made: m})
}

// over is the number of the newest change that changed a file of m later; 0 if none did.
func over(later []model.Made, m model.Made) (number int) {
	for _, l := range later {
		if slices.ContainsFunc(l.Files, func(f model.FileChange) bool { return slices.ContainsFunc(m.Files, f.Same) }) {
			number = l.Number
		}
	}
	return number
}

func noSuchChange(cmd *cobra.Command, f *flags, number int, all []model.Made, err error) error {
	for _, e := range parts(err) {
		if damaged, is := errors.AsType[*store.DamagedError](e); is && damaged.Number == number {
			return &failure{fmt.Errorf("revert: %w\nnext: edit the file by hand", damaged), exitIO}
		}
	}
	if err != nil && len(all) == 0 {
		return &failure{fmt.Errorf("revert: %w", err), exitIO}
	}
	return &failure{fmt.Errorf("revert: there is no change %d\nnext: %s lists what bantop changed",
		number, f.again(cmd, "history")+" --changes"), exitNo}
}

// parts are the errors that one is joined of.
func parts(err error) []error {
	if joined, is := err.(interface{ Unwrap() []error }); is {
		return joined.Unwrap()
	}
	return []error{err}
}

// isNumber is the number of a change that somebody typed; false if it is none.
func isNumber(arg string) (int, bool) {
	n, err := strconv.Atoi(arg)
	return n, err == nil && n > 0 && strconv.Itoa(n) == arg
}
