package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"bantop/model"
	"bantop/tui/words"
)

// newConfirm is `bantop confirm`.
func newConfirm(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:   "confirm [JAIL]",
		Short: "Confirm the change of the jails that is under way",
		Long: `Confirm the change that waits for it, whoever made it. From another login that
is the best proof that nobody is locked out. It ends with 1 where none waits,
and with 77 where only root can see it.`,
		Example: `  sudo bantop confirm
  sudo bantop confirm sshd`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return decide(cmd, f, args, model.ConfirmRequested{At: time.Now().Round(0)})
		},
	}
}

// newRevert is `bantop revert`.
func newRevert(f *flags) *cobra.Command {
	var c changeFlags
	cmd := &cobra.Command{
		Use:   "revert [JAIL|NUMBER]",
		Short: "Take back the change of the jails that is under way, or an earlier one",
		Long: `Take back the change that is under way, whoever made it, and wait until every
jail is proven to be back. It ends with 1 where there is none, and with 4 where
the jails are not proven to be back, and with 77 where only root can see it.

With the NUMBER of a change that was confirmed (bantop history --changes lists
them), take that one back. Its file has to be as bantop left it: what somebody
wrote into it since is never lost. That is a change like any other.
` + changeLong,
		Example: `  sudo bantop revert
  sudo bantop revert sshd
  sudo bantop history --changes
  sudo bantop revert 3 --rehearse
  sudo bantop revert 3`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				if number, is := isNumber(args[0]); is {
					return revertMade(cmd, f, c, number)
				}
			}
			if c.given() {
				return errors.New("revert: what is under way is taken back at once: flags of a change go with a NUMBER only")
			}
			return decide(cmd, f, args, model.RevertRequested{At: time.Now().Round(0)})
		},
	}
	c.addAll(cmd)
	return cmd
}

// decide confirms the change that is under way, or takes it back.
func decide(cmd *cobra.Command, f *flags, args []string, msg model.Msg) error {
	l, err := f.looker(cmd)
	if err != nil {
		return err
	}
	defer l.close()
	c, under := l.state.Runtime.UnderWay()
	_, confirms := msg.(model.ConfirmRequested)
	switch unseen := f.unseen(l.state.Settings.Effective.Settings); {
	case !under && unseen != nil:
		return unseen
	case !under && l.state.Sharing.Reason != "":
		return &failure{fmt.Errorf("%s: cannot tell whether a change is under way: %s\nnext: sudo bantop doctor",
			cmd.Name(), l.state.Sharing.Reason), exitIO}
	case !under:
		return &failure{fmt.Errorf("%s: no change of the jails is under way", cmd.Name()), exitNo}
	case len(args) > 0 && args[0] != c.Jail:
		return fmt.Errorf("%s: the change that is under way is of %s, not of %s", cmd.Name(), c.Jail, args[0])
	case confirms && c.Step != model.StepConfirm:
		return fmt.Errorf("%s: not yet: %s", cmd.Name(), words.Change(l.state.Runtime, time.Now()))
	}
	l.feed(msg)
	l.finish(cmd.Context())
	return l.awaitEnd(cmd)
}

// awaitEnd waits for the end of the change, and says how it ended.
func (l *looker) awaitEnd(cmd *cobra.Command) error {
	told := l.runner.Follow(cmd.Context())
	every := time.NewTicker(time.Second)
	defer every.Stop()
	for {
		if _, under := l.state.Runtime.UnderWay(); !under {
			break
		}
		if err := l.lost(time.Now()); err != nil {
			return &failure{fmt.Errorf("%s: %w", cmd.Name(), err), exitIO}
		}
		select {
		case msg := <-told:
			l.feed(msg)
		case <-every.C:
			l.feed(model.Ticked{At: time.Now().Round(0)}) // should its guard have been killed, another is started
		case <-cmd.Context().Done():
			return fmt.Errorf("%s: the guard goes on by itself", cmd.Name())
		}
		l.finish(cmd.Context())
	}
	fmt.Fprintln(cmd.OutOrStdout(), door().Text(words.Change(l.state.Runtime, time.Now())))
	c := l.state.Runtime.Change
	if c == nil {
		return nil
	}
	tellSlips(cmd, *c)
	if c.Step == model.StepStuck {
		tellLastResort(cmd, l.state, *c)
		return exitCode(exitStuck)
	}
	return nil
}

// goingBack is how long a rollback may take before nobody waits for its result any
// more: three reloads, a restart and the proofs (guard: 15 s, 60 s, 10 s each).
const goingBack = 3 * time.Minute

// lost is why the end of the change that is under way cannot be waited for: what was
// asked of its guard did not reach it, the state is not shared any more, or the guard
// has said nothing for too long. nil while there is hope.
func (l *looker) lost(now time.Time) error {
	c, under := l.state.Runtime.UnderWay()
	s := l.state.Sharing
	const next = "\nnext: make room or mend the state (sudo bantop doctor), then look: sudo bantop jails"
	switch {
	case !under:
		return nil
	case s.Unheard != "":
		return fmt.Errorf("not done: it did not reach the guard, which rolls the change of %s back unless somebody"+
			" confirms it: %s"+next, c.Jail, s.Reason)
	case s.Reason != "":
		return fmt.Errorf("how the change of %s ends cannot be seen any more, its guard goes on by itself: %s"+next,
			c.Jail, s.Reason)
	case c.Step == model.StepConfirm && now.Sub(c.Deadline) > goingBack:
		return fmt.Errorf("the time to confirm the change of %s ended %s ago, and its guard has not said what it did:"+
			" the state cannot be written, or the guard was killed"+next, c.Jail, words.Span(now.Sub(c.Deadline)))
	}
	return nil
}
