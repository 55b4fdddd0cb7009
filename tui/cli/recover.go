package cli

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"bantop/model"
	"bantop/tui/plain"
	"bantop/tui/words"
)

// recoverFlags are what is to be done.
type recoverFlags struct{ reload, restart, endHung, dismiss, mend, setAside, json bool }

// act is what is to be done, "" where that is to be asked.
func (f recoverFlags) act() (model.ActKind, error) {
	var acts []model.ActKind
	for _, a := range []struct {
		set bool
		act model.ActKind
	}{{f.reload, model.ActReload}, {f.restart, model.ActRestart}, {f.dismiss, model.ActDismiss}, {f.mend, model.ActMend}} {
		if a.set {
			acts = append(acts, a.act)
		}
	}
	switch len(acts) {
	case 0:
		return "", nil
	case 1:
		return acts[0], nil
	default:
		return "", fmt.Errorf("recover: --%s and --%s cannot both be", acts[0], acts[1])
	}
}

// newRecover is `bantop recover`.
func newRecover(f *flags) *cobra.Command {
	var r recoverFlags
	cmd := &cobra.Command{
		Use:   "recover",
		Short: "See what happened to fail2ban, and get it back",
		Long: `Say what happened: who enabled what, which jails should run and which do, and
what fail2ban's log says. Then reload or restart fail2ban, or dismiss what was
found. Without a choice it asks, if somebody can be asked. A restart starts a
server that died and left its socket, too.

Nothing is reloaded or restarted before it is proven on a scratch server, with the
whole configuration, that fail2ban comes up again; else it is left as it is, and what
is wrong is told with file and line. What was set by hand (ignore lists, ban times,
bans with a time of their own) is put back afterwards; a reload or restart by others
drops it. It ends with
  0  done, and every jail is there; or nothing was chosen
  1  it failed, or jails are missing`,
		Example: `  sudo bantop recover
  sudo bantop recover --reload
  sudo bantop recover --restart --yes`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return recoverServer(cmd, f, r) },
	}
	cmd.Flags().BoolVar(&r.reload, "reload", false, "read the configuration again")
	cmd.Flags().BoolVar(&r.restart, "restart", false, "a new server process; starts one that is not running")
	cmd.Flags().BoolVar(&r.endHung, "end-hung", false, "with --restart: end a server that has not answered for 30 s and does nothing")
	cmd.Flags().BoolVar(&r.dismiss, "dismiss", false, "hide it in every pane")
	cmd.Flags().BoolVar(&r.setAside, "set-aside", false, "rename the files that are to blame, so that fail2ban does not read them")
	cmd.Flags().BoolVar(&r.mend, "mend", false, "make jails anew that lost their actions through a reload")
	cmd.Flags().BoolVar(&r.json, "json", false, "as JSON; the names stay, further ones may be added")
	return cmd
}

// recoverServer shows what happened, and does what was chosen.
func recoverServer(cmd *cobra.Command, f *flags, r recoverFlags) error {
	act, err := r.act()
	if err != nil {
		return err
	}
	l, err := f.looker(cmd)
	if err != nil {
		return err
	}
	defer l.close()
	if err := f.unseen(l.state.Settings.Effective.Settings); err != nil {
		return err
	}
	l.feed(model.EvidenceOpened{})
	l.finish(cmd.Context())
	if err := interrupted(cmd); err != nil {
		return err
	}
	if !r.json {
		if err := plain.Evidence(cmd.OutOrStdout(), door(), l.state); err != nil {
			return err
		}
	}
	var aside []model.Suspect
	switch {
	case r.setAside && act == "":
		if aside, err = mayAside(cmd, l.state); err != nil {
			return err
		}
	case act == "" && !r.json && isTerminal(cmd.InOrStdin()):
		choice, err := choose(cmd, l.state)
		if err != nil {
			return err
		}
		act, aside = choice.Act, choice.Aside
	}
	if len(aside) > 0 {
		return l.setAside(cmd, f, aside, r.json)
	}
	if act != "" {
		if err := l.act(cmd, f, act, r.endHung); err != nil {
			return err
		}
	}
	return outcome(cmd, l.state, r.json)
}

// mayAside are the files that are to blame for certain and may be renamed, if that is
// enough. The error says what to do instead.
func mayAside(cmd *cobra.Command, s model.State) ([]model.Suspect, error) {
	aside, edit := s.Suspects.Aside()
	switch {
	case len(edit) > 0: // it is known what is wrong, and this does not mend it
		text := "recover: no file is set aside: "
		for i, v := range edit {
			if i > 0 {
				text += "; "
			}
			text += fmt.Sprintf("%s is to blame: %s; %s", v.Place(), v.Reason, v.Keep)
		}
		return nil, refused(cmd, fmt.Errorf("%s\nnext: correct %s, then: sudo bantop recover", text, edit[0].Place()))
	case len(aside) > 0 && !s.Suspects.Whole:
		return nil, refused(cmd, fmt.Errorf("recover: no file is set aside: without %s fail2ban would not come up with all other jails, either, or that is not known\n"+
			"next: correct %s, then: sudo bantop recover", aside[0].Place().File, aside[0].Place()))
	case len(aside) == 0:
		text := "recover: no file is proven to be to blame"
		if s.Suspects.Reason != "" {
			text += ": " + s.Suspects.Reason
		}
		return nil, errors.New(text + "\nnext: sudo bantop recover, which tells what is known")
	}
	return aside, nil
}

// setAside renames the files that are to blame, after somebody agreed, and brings the
// jails back.
func (l *looker) setAside(cmd *cobra.Command, f *flags, list []model.Suspect, asJSON bool) error {
	l.feed(model.SetAsideChosen{Suspects: list, At: time.Now().Round(0)})
	yes, err := agreed(cmd, f, words.ChangeQuestion(l.state))
	if err != nil || !yes {
		return err
	}
	c := changeFlags{commit: true, json: asJSON}
	if err := l.begin(cmd, f, c); err != nil {
		return err
	}
	return changeEnd(cmd, l.state, c)
}

// choose asks what is to be done; nothing, where that is the answer.
func choose(cmd *cobra.Command, s model.State) (words.Choice, error) {
	all := words.Choices(s)
	fmt.Fprintln(cmd.ErrOrStderr())
	for i, c := range all {
		fmt.Fprintln(cmd.ErrOrStderr(), door().Text(fmt.Sprintf("  %d  %-9s %s", i+1, c.Name, c.Does)))
	}
	answer, err := prompt(cmd, "What is to be done? Enter alone is nothing: ")
	if err != nil || answer == "" {
		return words.Choice{}, err
	}
	for i, c := range all {
		if answer == strconv.Itoa(i+1) || answer == c.Name {
			return c, nil
		}
	}
	return words.Choice{}, fmt.Errorf("recover: %q is none of the choices: nothing was done", answer)
}

// act does something to the server, after somebody agreed, and looks at what
// came of it. The command is the answer to whether this person means it.
func (l *looker) act(cmd *cobra.Command, f *flags, act model.ActKind, endHung bool) error {
	if !slices.ContainsFunc(words.Choices(l.state), func(c words.Choice) bool { return c.Act == act }) {
		switch act {
		case model.ActDismiss:
			return errors.New("recover: there is nothing to dismiss")
		case model.ActMend:
			return errors.New("recover: there is nothing to mend: no jail has lost its actions")
		}
		return errors.New("recover: fail2ban does not answer, so there is nothing to reload\n" +
			"next: sudo bantop recover --restart")
	}
	yes, err := agreed(cmd, f, words.ActQuestion(act, l.state))
	if err != nil || !yes {
		return err
	}
	now := time.Now().Round(0)
	l.feed(model.Unlocked{At: now})
	l.feed(model.ActRequested{Kind: act, At: now, EndHung: endHung})
	l.settle(cmd.Context())
	return nil
}

// outcome prints what was done, and ends with how that went.
func outcome(cmd *cobra.Command, s model.State, asJSON bool) error {
	var err error
	switch a := s.Acting; {
	case asJSON:
		err = plain.RecoveryJSON(cmd.OutOrStdout(), s)
	case a.Kind != "":
		err = plain.Outcome(cmd.OutOrStdout(), door(), s)
	}
	if err == nil && (s.Acting.Reason != "" || len(s.Acting.Missing) > 0) {
		err = exitCode(1)
	}
	return err
}
