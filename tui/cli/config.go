package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"bantop/config"
	"bantop/tui/plain"
)

// newConfig is `bantop config`.
func newConfig(f *flags) *cobra.Command {
	var asJSON, sample bool
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Show the settings that hold, and where each comes from",
		Long: `Show every setting with its value and where that comes from: a file and its
line, a variable, a flag, or the default. A file that is faulty, or that others
could have written, is not used: that is said, and the command ends with 1.
--default prints a settings file with every setting in it, commented out, to
begin with.`,
		Example: `  bantop config
  bantop config --default | sudo tee /etc/bantop/bantop.toml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out := cmd.OutOrStdout()
			switch {
			case sample && asJSON:
				return errors.New("config: --json and --default cannot both be")
			case sample:
				_, err := io.WriteString(out, config.Sample())
				return err
			}
			settings, err := f.settings(cmd)
			if err != nil {
				return err
			}
			elsewhere := elsewhereInForce(cmd.Context(), settings)
			if asJSON {
				err = plain.SettingsJSON(out, settings, elsewhere)
			} else {
				err = plain.SettingsText(out, door(), settings, elsewhere)
			}
			if err == nil && len(f.from.faults) > 0 {
				err = exitCode(1)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON; the names stay, further ones may be added")
	cmd.Flags().BoolVar(&sample, "default", false, "a settings file to begin with")
	return cmd
}

// elsewhereInForce are the values that hold for all panes where these settings say
// otherwise: while a pane polls fail2ban, its own judge what all share. A state that
// is not there is not made, and one that cannot be read says nothing here: status
// and doctor tell of it.
func elsewhereInForce(ctx context.Context, e config.Effective) map[string]string {
	if _, err := os.Lstat(filepath.Join(stateDir(e.Settings), "bantop.db")); err != nil {
		return nil
	}
	kept := keptBy(e.Settings, nil)
	defer func() { _ = kept.Close() }() // it was only read
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if looked, err := kept.Looked(ctx); err != nil || !looked {
		return nil
	}
	snap, err := kept.Load(ctx)
	if err != nil {
		return nil
	}
	return snap.Runtime.ElsewhereInForce(e)
}
