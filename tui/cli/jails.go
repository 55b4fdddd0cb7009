package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"bantop/fail2ban"
	"bantop/model"
	"bantop/tui/plain"
)

// newJails is `bantop jails`.
func newJails(f *flags) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "jails [NAME]...",
		Short: "List every jail of fail2ban's configuration",
		Long: `List every jail that fail2ban's configuration knows, whether it runs, and which
file and line says so. With names, only jails in whose name or state one of them
stands. What is wrong with the configuration is told on stderr; it ends with 1
where anything is, and with 69 or 77 where fail2ban cannot be asked which run.`,
		Example: `  sudo bantop jails
  sudo bantop jails nginx
  sudo bantop jails --json | jq -r '.jails[] | select(.state == "lost").name'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := f.looker(cmd)
			if err != nil {
				return err
			}
			defer l.close()
			l.feed(model.CatalogueOpened{})
			l.finish(cmd.Context())
			if err := interrupted(cmd); err != nil {
				return err
			}
			c := l.state.Catalogue
			if c.Reason != "" {
				return fmt.Errorf("list the jails: %s\nnext: %s", c.Reason, c.Hint)
			}
			rows := slices.DeleteFunc(l.state.CatalogueRows(), func(r model.CatalogueRow) bool {
				return len(args) > 0 && !slices.ContainsFunc(args, func(a string) bool { return strings.Contains(r.Name, a) || strings.Contains(string(r.State), a) })
			})
			if len(args) > 0 && len(rows) == 0 {
				return &failure{noConfigured(l.state.CatalogueRows(), args), exitNo}
			}
			if asJSON {
				err = plain.JailsJSON(cmd.OutOrStdout(), l.state, rows)
			} else if err = plain.JailsText(cmd.OutOrStdout(), door(), rows); err == nil {
				err = plain.Faults(cmd.ErrOrStderr(), door(), c.Conf.Faults)
			}
			if err == nil {
				err = l.up("say which of them run")
			}
			if err == nil && len(c.Conf.Faults) > 0 {
				err = exitCode(exitRefused)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON; the names stay, further ones may be added")
	return cmd
}

// noConfigured is an error about words that no jail of the configuration fits.
func noConfigured(rows []model.CatalogueRow, words []string) error {
	var names []string
	for _, r := range rows {
		names = append(names, r.Name)
	}
	text := fmt.Sprintf("jails: no jail of the configuration fits %q", strings.Join(words, " "))
	if near := fail2ban.Nearest(words[0], names); near != "" {
		text += "\nnext: did you mean " + near + "? sudo bantop jails lists all"
	}
	return errors.New(text)
}
