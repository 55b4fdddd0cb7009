package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"bantop/fail2ban/addr"
	"bantop/model"
	"bantop/tui/plain"
	"bantop/tui/words"
)

// newWhy is `bantop why`.
func newWhy(f *flags) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "why ADDRESS",
		Short: "Say whether and why an address is banned",
		Long: `Say whether an address is banned, in which jails, until when, and what led to it:
the log lines that fail2ban kept, earlier bans, who ignores it, and whether
somebody is logged in from it. It ends with
  0  it is not banned
  1  it is`,
		Example: `  sudo bantop why 203.0.113.9
  sudo bantop why 203.0.113.9 --json | jq '.history[0].matches'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := isAddress(args[0]); err != nil {
				return fmt.Errorf("why: %w", err)
			}
			l, err := f.looker(cmd)
			if err != nil {
				return err
			}
			defer l.close()
			if err := l.up("say why " + args[0] + " is banned"); err != nil {
				return err
			}
			l.feed(model.AddressOpened{Address: args[0]})
			l.finish(cmd.Context())
			if err := interrupted(cmd); err != nil {
				return err
			}
			if reason := l.state.Bans.Reason; reason != "" { // nobody is told that it is not banned
				return fmt.Errorf("say why %s is banned: %s", args[0], reason)
			}
			warn(cmd, l.state.Address.NoPlace)
			warn(cmd, words.FromDatabase(l.state.Current()))
			if asJSON {
				err = plain.WhyJSON(cmd.OutOrStdout(), l.state)
			} else {
				err = plain.WhyText(cmd.OutOrStdout(), door(), l.state)
			}
			if err == nil && len(l.state.Current())+len(l.state.BansWithin()) > 0 {
				err = exitCode(1)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON; the names stay, further ones may be added")
	return cmd
}

// isAddress is what is wrong with what should be an address or a network; nil if it may
// be one. A name is allowed, since fail2ban bans names, too; what begins like an address
// and is not one is a typing mistake.
func isAddress(text string) error {
	_, _, err := addr.Parse(text)
	if err == nil || strings.HasPrefix(text, "/") { // as fail2ban makes of `banip 198.51.100.0 /24`
		return nil
	}
	if strings.Trim(text, "0123456789./") == "" || strings.Contains(text, ":") || strings.ContainsAny(text, " \t") || text == "" {
		return fmt.Errorf("%q is not an address or a network; for example 192.0.2.5, 192.0.2.0/24 or 2001:db8::1", text)
	}
	return nil
}
