package cli

import (
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
	return &cobra.Command{
		Use:   "revert [JAIL]",
		Short: "Take back the change of the jails that is under way",
		Long: `Take back the change that is under way, whoever made it, and wait until every
jail is proven to be back. It ends with 1 where there is none, and with 4 where
the jails are not proven to be back, and with 77 where only root can see it.`,
		Example: `  sudo bantop revert
  sudo bantop revert sshd`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return decide(cmd, f, args, model.RevertRequested{At: time.Now().Round(0)})
		},
	}
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
	case !under:
		return fmt.Errorf("%s: no change of the jails is under way", cmd.Name())
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
	for {
		if _, under := l.state.Runtime.UnderWay(); !under {
			break
		}
		select {
		case msg := <-told:
			l.feed(msg)
			l.finish(cmd.Context())
		case <-cmd.Context().Done():
			return fmt.Errorf("%s: the guard goes on by itself", cmd.Name())
		}
	}
	fmt.Fprintln(cmd.OutOrStdout(), door().Text(words.Change(l.state.Runtime, time.Now())))
	if c := l.state.Runtime.Change; c != nil && c.Step == model.StepStuck {
		return exitCode(exitStuck)
	}
	return nil
}
