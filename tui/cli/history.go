package cli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"bantop/config"
	"bantop/model/store"
	"bantop/tui/plain"
	"bantop/tui/safetext"
)

// newHistory is `bantop history`.
func newHistory(f *flags) *cobra.Command {
	var asJSON, acts, changes bool
	var last int
	cmd := &cobra.Command{
		Use:   "history",
		Short: "Say what happened, or who did what",
		Long: `Say what happened to fail2ban as far as bantop was looking: outages, jails that
were lost, bans. With --acts, who did what through bantop: every act with its
time, who, from where, and its result. With --changes, what bantop changed in
fail2ban's configuration and somebody confirmed: the files, the difference, and
whether each file is still as bantop left it. sudo bantop revert NUMBER takes one
back. The newest 200 are kept.`,
		Example: `  sudo bantop history --last 20
  sudo bantop history --acts
  sudo bantop history --changes
  sudo bantop history --acts --json | jq '.[] | select(.act == "restart")'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if acts && changes {
				return errors.New("history: --acts and --changes are two lists: choose one")
			}
			if last < 1 {
				return fmt.Errorf("history: --last %d: at least one", last)
			}
			settings, err := f.settings(cmd)
			if err != nil {
				return err
			}
			if err := f.unseen(settings.Settings); err != nil {
				return err
			}
			if changes {
				return printMade(cmd, f, settings.Settings, last, asJSON)
			}
			kept := keptBy(settings.Settings, cmd.ErrOrStderr())
			defer func() { _ = kept.Close() }() // it was only read
			show := printEvents
			if acts {
				show = printActs
			}
			lacks := complete(cmd, kept, acts)
			if err := interrupted(cmd); err != nil {
				return err
			}
			err = show(cmd, kept, last, asJSON)
			if err == nil {
				err = lacks
			}
			if err != nil {
				return &failure{err, exitIO}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON; the names stay, further ones may be added")
	cmd.Flags().BoolVar(&acts, "acts", false, "who did what, instead of what happened")
	cmd.Flags().BoolVar(&changes, "changes", false, "what bantop changed in fail2ban's configuration")
	cmd.Flags().IntVarP(&last, "last", "n", 50, "the newest `N`")
	return cmd
}

// complete fails if nothing more can be written down: what was done since is then
// missing in what was printed.
func complete(cmd *cobra.Command, kept store.Store, acts bool) error {
	err := kept.Try(cmd.Context())
	if err == nil {
		return nil
	}
	text := "history: what happened since may be missing: "
	if acts {
		text = "history: acts done while it could not be written are missing: "
	}
	text += store.Why(err)
	if next := store.Next(err); next != "" {
		text += "\nnext: " + next
	}
	return errors.New(text)
}

// keptBy is where what instances share is kept, with these settings. What was set
// aside there, since it is not trusted, is told on errs, if there is one.
func keptBy(s config.Settings, errs io.Writer) store.Store {
	o := keptIn(s)
	if errs != nil {
		o.Notice = func(lines []string) {
			prefix := "bantop: "
			for _, line := range lines {
				fmt.Fprintln(errs, prefix+string(door().Text(line)))
				prefix = ""
			}
		}
	}
	return store.New(o)
}

// keptIn says where that is.
func keptIn(s config.Settings) store.Options {
	return store.Options{Dir: stateDir(s), Socket: s.Socket, Conf: s.Conf}
}

func printActs(cmd *cobra.Command, kept store.Store, last int, asJSON bool) error {
	acts, err := kept.Acts(cmd.Context(), last)
	if err != nil {
		return err
	}
	var done []plain.Done
	for _, a := range acts {
		done = append(done, plain.Done(a))
	}
	if asJSON {
		return plain.ActsJSON(cmd.OutOrStdout(), done)
	}
	return plain.ActsText(cmd.OutOrStdout(), door(), done)
}

func printEvents(cmd *cobra.Command, kept store.Store, last int, asJSON bool) error {
	events, err := kept.Events(cmd.Context(), last)
	if err != nil {
		return err
	}
	if asJSON {
		return plain.EventsJSON(cmd.OutOrStdout(), events)
	}
	return plain.EventsText(cmd.OutOrStdout(), door(), events)
}

// door makes foreign text harmless, for what is printed.
func door() safetext.Door { return safetext.Door{ASCII: !showsUnicode(os.Getenv)} }
