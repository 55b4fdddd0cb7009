package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"bantop/model"
	"bantop/model/banlist"
	"bantop/tui/plain"
	"bantop/tui/words"
)

// newBans is `bantop bans`.
func newBans(f *flags) *cobra.Command {
	var asJSON, asCSV bool
	var jails []string
	cmd := &cobra.Command{
		Use:   "bans [FILTER]...",
		Short: "List every ban of every jail",
		Long: `List every ban of every jail: since when, for how long, and how often it was
banned. A filter is made of words that all have to hold:
  203.0.113       a part of an address or of a jail's name
  203.0.113.0/24  a network: what lies in it, and what holds it
  jail:ssh        a part of a jail's name
  left:<1h        what ends within an hour; left:>1d; left:forever
  count:>3        what was banned more than three times
  country:DE      what is in a country; country:DE,FR in one of them; country:-
                  where it is not known (the setting country.database)
  !word           what a word does not find`,
		Example: `  sudo bantop bans
  sudo bantop bans --jail sshd 'left:>1d'
  sudo bantop bans 203.0.113.0/24 --json | jq -r '.[].address'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if asJSON && asCSV {
				return errors.New("bans: --json and --csv cannot both be")
			}
			query, err := banlist.ParseQuery(strings.Join(args, " "))
			if err != nil {
				return fmt.Errorf("bans: %w", err)
			}
			l, err := f.looker(cmd)
			if err != nil {
				return err
			}
			defer l.close()
			rows, err := l.bans(cmd, query, jails)
			if err != nil {
				return err
			}
			b := l.state.Bans
			if query.Countries() && !b.List.Located() {
				return noCountries(b.NoCountries)
			}
			warn(cmd, b.NoCountries)
			warn(cmd, words.FromDatabase(rows))
			switch out, now := cmd.OutOrStdout(), l.state.Now; {
			case asJSON:
				return plain.BansJSON(out, rows, now)
			case asCSV:
				return plain.BansCSV(out, door(), rows, b.List.Located(), now)
			default:
				return plain.BansText(out, door(), rows, now)
			}
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON; the names stay, further ones may be added")
	cmd.Flags().BoolVar(&asCSV, "csv", false, "as CSV, with a heading")
	cmd.Flags().StringArrayVarP(&jails, "jail", "j", nil, "of this `JAIL` only; may be repeated")
	return cmd
}

// bans are the bans that a query finds in some jails, or in all.
func (l *looker) bans(cmd *cobra.Command, query banlist.Query, jails []string) ([]banlist.Row, error) {
	if err := l.up("list the bans"); err != nil {
		return nil, err
	}
	if err := l.hasJails("list the bans", jails); err != nil {
		return nil, err
	}
	l.feed(model.BansOpened{})
	l.finish(cmd.Context())
	if err := interrupted(cmd); err != nil {
		return nil, err
	}
	b := l.state.Bans
	if b.Reason != "" {
		return nil, fmt.Errorf("list the bans: %s", b.Reason)
	}
	var rows []banlist.Row
	for _, i := range b.List.Select(query, banlist.BySince, false, l.state.Now) {
		if r := b.List.Row(i); len(jails) == 0 || slices.Contains(jails, r.Jail) {
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// noCountries is why bans cannot be filtered by country.
func noCountries(reason string) error {
	if reason == "" {
		return errors.New("bans: no country is known\nnext: set country.database to an MMDB file, such as GeoLite2-Country.mmdb")
	}
	return errors.New("bans: " + reason + "\nnext: bantop doctor")
}

// warn tells of what is missing in what is printed.
func warn(cmd *cobra.Command, reason string) {
	if reason != "" {
		fmt.Fprintln(cmd.ErrOrStderr(), "bantop: "+string(door().Text(reason)))
	}
}
