package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bantop/fail2ban/ending"
	"bantop/model"
	"bantop/tui/plain"
	"bantop/tui/words"
)

// How activate and deactivate end beside 0.
const (
	exitRefused = 1 // nothing was changed, or it was rolled back
	exitStuck   = 4 // it was not rolled back completely, or that is not proven
)

// changeFlags are what the commands that change the jails have in common.
type changeFlags struct {
	rehearse    bool
	noRehearsal bool
	commit      bool
	own         []string
	json        bool
}

func (c *changeFlags) add(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&c.rehearse, "rehearse", false, "only find out what it would do; nothing is changed")
	cmd.Flags().BoolVar(&c.commit, "commit", false, "it is confirmed as soon as every jail is proven to run")
	cmd.Flags().BoolVar(&c.json, "json", false, "as JSON; the names stay, further ones may be added")
}

// given reports whether somebody gave any of the flags.
func (c *changeFlags) given() bool {
	return c.rehearse || c.noRehearsal || c.commit || c.json || len(c.own) > 0
}

// addAll is add with the flags of what may make a jail run.
func (c *changeFlags) addAll(cmd *cobra.Command) {
	c.add(cmd)
	cmd.Flags().BoolVar(&c.noRehearsal, "no-rehearsal", false, "start no scratch server, where none can run")
	cmd.Flags().StringArrayVar(&c.own, "own", nil, "do it although it bans this `ADDRESS`, from which somebody is logged in")
}

const changeLong = `
It is rehearsed on a copy first, and nothing of the running server is touched
before that went well. Then the file is written and fail2ban reloaded, and every
jail is proven to run. Somebody has to confirm it: here, or, better, from another
login with sudo bantop confirm; else it is taken back. A guard of its own process does
that, also where this terminal is gone. It ends with
  0  confirmed, or rehearsed well
  1  refused, or taken back
  4  taken back, and that is not proven`

// newActivate is `bantop activate`.
func newActivate(f *flags) *cobra.Command {
	var c changeFlags
	cmd := &cobra.Command{
		Use:   "activate JAIL",
		Short: "Activate a jail, and get back safely",
		Long:  "Activate a jail.\n" + changeLong,
		Example: `  sudo bantop activate nginx-http-auth --rehearse
  sudo bantop activate nginx-http-auth
  sudo bantop activate nginx-http-auth --yes --commit`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return change(cmd, f, c, model.ChangeActivate, args[0])
		},
	}
	c.addAll(cmd)
	return cmd
}

// newDeactivate is `bantop deactivate`.
func newDeactivate(f *flags) *cobra.Command {
	var c changeFlags
	cmd := &cobra.Command{
		Use:   "deactivate JAIL",
		Short: "Deactivate a jail, and no other",
		Long:  "Deactivate a jail; its bans end.\n" + changeLong,
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return change(cmd, f, c, model.ChangeDeactivate, args[0])
		},
	}
	c.add(cmd)
	return cmd
}

// change rehearses a change, asks, makes it, and waits for its end.
func change(cmd *cobra.Command, f *flags, c changeFlags, kind model.ChangeKind, jail string) error {
	return prepare(cmd, f, c, model.RehearsalRequested{Kind: kind, Jail: jail})
}

// prepare is change with what is wanted, but for its time and whether it is rehearsed.
func prepare(cmd *cobra.Command, f *flags, c changeFlags, want model.RehearsalRequested) error {
	if c.rehearse && (c.noRehearsal || c.commit) {
		return fmt.Errorf("%s: --rehearse changes nothing: it goes with neither --commit nor --no-rehearsal", cmd.Name())
	}
	l, err := f.looker(cmd)
	if err != nil {
		return err
	}
	defer l.close()
	if err := f.certain(cmd); err != nil {
		return err
	}
	if err := l.up(string(want.Kind) + " " + want.Jail); err != nil {
		return refused(cmd, err)
	}
	l.runner.Sweep()
	want.At, want.Skip = time.Now().Round(0), c.noRehearsal
	l.feed(want)
	l.finish(cmd.Context())
	if err := interrupted(cmd); err != nil {
		return err
	}
	if !c.json {
		if err := plain.RehearsalText(cmd.OutOrStdout(), door(), l.state); err != nil {
			return err
		}
	}
	if !c.rehearse && l.state.Preparing.Ready() {
		if err := l.makeChange(cmd, f, c); err != nil {
			return err
		}
	}
	return changeEnd(cmd, l.state, c)
}

// refused says why nothing is changed, and is how the command ends.
func refused(cmd *cobra.Command, err error) error {
	report(cmd.ErrOrStderr(), err)
	return exitCode(exitRefused)
}

// makeChange asks for the change that was rehearsed, hands it to a guard and
// follows it to its end.
func (l *looker) makeChange(cmd *cobra.Command, f *flags, c changeFlags) error {
	own := l.state.OwnBanned()
	for _, o := range own {
		if !slices.Contains(c.own, o.Addr.String()) {
			return refused(cmd, fmt.Errorf("%s: %s\nnext: add it to the jail's ignoreip, or --own %s does it all the same", cmd.Name(), words.OwnWouldBan(l.state), o.Addr))
		}
	}
	yes, err := agreed(cmd, f, words.ChangeQuestion(l.state))
	if err != nil || !yes {
		return err
	}
	return l.begin(cmd, f, c)
}

// begin hands the change that somebody agreed to to a guard.
func (l *looker) begin(cmd *cobra.Command, f *flags, c changeFlags) error {
	now := time.Now().Round(0)
	l.feed(model.Unlocked{At: now})
	l.feed(model.ChangeRequested{At: now, Meant: true, Commit: c.commit})
	l.finish(cmd.Context())
	if !l.state.Preparing.Begun {
		return nil
	}
	return l.followChange(cmd, f, c)
}

// followChange tells of each step, and takes an answer where somebody can give
// one, until the change is over.
func (l *looker) followChange(cmd *cobra.Command, f *flags, c changeFlags) error {
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	told, answers := l.runner.Follow(ctx), make(chan string)
	asks := isTerminal(cmd.InOrStdin())
	if asks {
		ending.Go(func() { readLines(ctx, cmd.InOrStdin(), answers) })
	}
	said, asked, waits := 0, false, ""
	every := time.NewTicker(time.Second)
	defer every.Stop()
	for {
		if err := l.lost(time.Now()); err != nil {
			return &failure{fmt.Errorf("%s: %w", cmd.Name(), err), exitIO}
		}
		if change, begun := l.state.OwnChange(); begun {
			said = l.tellSteps(cmd, change, said, c)
			if change.Waiting != waits && change.Waiting != "" && !c.json {
				fmt.Fprintln(cmd.ErrOrStderr(), door().Text("the rollback waits: "+change.Waiting))
			}
			waits = change.Waiting
			if change.Step.Over() {
				return nil
			}
			if change.Step == model.StepConfirm && !asked && !c.json {
				asked = true
				command := string(door().Text(f.again(cmd, "confirm")))
				fmt.Fprint(cmd.ErrOrStderr(), confirmText(words.Span(change.Confirm), command, asks))
			}
		}
		select {
		case msg := <-told:
			l.feed(msg)
		case answer := <-answers:
			l.answerChange(answer)
		case <-every.C:
			l.feed(model.Ticked{At: time.Now().Round(0)}) // should its guard have been killed, another is started
		case <-ctx.Done():
			return fmt.Errorf("%s: the guard goes on by itself\nnext: %s, or %s",
				cmd.Name(), f.again(cmd, "confirm"), f.again(cmd, "revert"))
		}
		l.finish(ctx)
	}
}

// confirmText says how to confirm a change. Nobody can answer here if it does not ask.
func confirmText(within, command string, asks bool) string {
	if !asks {
		return "every jail runs. Confirm it within " + within + ", or it is rolled back:\n  " + command + "\n"
	}
	return "every jail runs. Confirm it within " + within + ": y here, or from another login:\n  " + command +
		"\nn takes it back\n"
}

func (l *looker) answerChange(answer string) {
	now := time.Now().Round(0)
	switch strings.ToLower(answer) {
	case "y", "yes":
		l.feed(model.ConfirmRequested{At: now})
	case "n", "no":
		l.feed(model.RevertRequested{At: now})
	}
}

// tellSteps writes the steps that were not told of.
func (l *looker) tellSteps(cmd *cobra.Command, change model.Change, said int, c changeFlags) int {
	for _, d := range change.Done[min(said, len(change.Done)):] {
		text := words.Step(d.Step) + " (" + words.Latency(d.Took) + ")"
		if d.Reason != "" {
			text += ": " + d.Reason
		}
		if !c.json {
			fmt.Fprintln(cmd.ErrOrStderr(), door().Text(text))
		}
	}
	return len(change.Done)
}

// readLines hands on what somebody types, until ctx ends.
func readLines(ctx context.Context, in io.Reader, lines chan<- string) {
	for s := bufio.NewScanner(in); s.Scan(); {
		select {
		case lines <- strings.TrimSpace(s.Text()):
		case <-ctx.Done():
			return
		}
	}
}

// changeEnd prints how a change ended, and ends accordingly.
func changeEnd(cmd *cobra.Command, s model.State, c changeFlags) error {
	change, begun := s.OwnChange()
	if c.json {
		if err := plain.ChangeJSON(cmd.OutOrStdout(), s); err != nil {
			return err
		}
	} else if s.Preparing.Reason != "" && s.Preparing.Rehearsal.OK() { // refused after what was printed
		refusal := fmt.Sprintf("%s %s: %s", cmd.Name(), s.Preparing.Jail, s.Preparing.Reason)
		if s.Preparing.Hint != "" {
			refusal += "\nnext: " + s.Preparing.Hint
		}
		report(cmd.ErrOrStderr(), errors.New(refusal))
	} else if begun {
		fmt.Fprintln(cmd.OutOrStdout(), door().Text(words.Change(s.Runtime, s.Now)))
	}
	tellSlips(cmd, change)
	switch {
	case change.Step == model.StepConfirmed:
		return nil
	case change.Step == model.StepStuck:
		tellLastResort(cmd, s, change)
		return exitCode(exitStuck)
	case !begun && s.Preparing.Reason == "" && s.Preparing.Rehearsal.OK():
		return nil // that was all that was wanted
	default:
		return exitCode(exitRefused)
	}
}

// tellSlips says what is wrong with the configuration after a change that ended.
func tellSlips(cmd *cobra.Command, change model.Change) {
	for _, t := range words.Slips(change) {
		fmt.Fprintln(cmd.ErrOrStderr(), door().Text("warning: "+t))
	}
}

// tellLastResort says what is left to do by hand.
func tellLastResort(cmd *cobra.Command, s model.State, change model.Change) {
	for _, t := range words.LastResort(s, change) {
		fmt.Fprintln(cmd.ErrOrStderr(), door().Text("next: "+t))
	}
}
