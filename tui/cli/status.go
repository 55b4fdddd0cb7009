package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"bantop/model"
	"bantop/tui/plain"
)

// newStatus is `bantop status`.
func newStatus(f *flags) *cobra.Command {
	var asJSON, watch bool
	var format string
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Look once and say how it stands",
		Long: `Look at fail2ban once and say how it stands. It ends with
  0  fail2ban is online
  1  it is degraded: some jails do not do their work, or a recovery is pending
  2  it is offline
  3  that cannot be known: no permission, or no answer`,
		Example: `  bantop status
  bantop status --json | jq .totals.banned
  bantop status --format '{{.Status}} {{.Totals.Banned}}'
  bantop status --watch`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if asJSON && format != "" {
				return fmt.Errorf("status: --json and --format cannot both be")
			}
			return status(cmd, f, printer(cmd, asJSON, format), watch)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON; the names stay, further ones may be added")
	cmd.Flags().StringVar(&format, "format", "", "through a Go `TEMPLATE` over the names of plain.Status")
	cmd.Flags().BoolVar(&watch, "watch", false, "go on, and say so again when it changes")
	return cmd
}

// printer is how a state is printed.
func printer(cmd *cobra.Command, asJSON bool, format string) func(model.State) error {
	out := cmd.OutOrStdout()
	door := door()
	switch {
	case asJSON:
		return func(s model.State) error { return plain.Of(s).JSON(out) }
	case format != "":
		return func(s model.State) error { return plain.Of(s).Execute(out, door, format) }
	default:
		return func(s model.State) error { return plain.Text(out, door, s) }
	}
}

func status(cmd *cobra.Command, f *flags, print func(model.State) error, watch bool) error {
	l, err := f.looker(cmd)
	if err != nil {
		return err
	}
	defer l.close()
	ctx := cmd.Context()
	if err := print(l.state); err != nil {
		return err
	}
	for last := l.state; watch && l.look(ctx); {
		if msg := l.runner.SettingsRead(); msg != nil {
			l.feed(msg)
		}
		if changed(last, l.state) {
			if err := print(l.state); err != nil {
				return err
			}
			last = l.state
		}
	}
	if code := plain.ExitCode(l.state); code != 0 {
		return exitCode(code)
	}
	return nil
}

// changed tells whether there is something new to say.
func changed(a, b model.State) bool {
	x, y := plain.Of(a), plain.Of(b)
	x.LatencyMS, y.LatencyMS = 0, 0
	return fmt.Sprintf("%+v", flat(x)) != fmt.Sprintf("%+v", flat(y))
}

// flat replaces the pointers of a status by what they point to.
func flat(s plain.Status) any {
	var since time.Time
	if s.Since != nil {
		since = *s.Since
	}
	var pending plain.Pending
	if s.Pending != nil {
		pending = *s.Pending
		pending.Jail, pending.ActivatedAt = nil, nil
	}
	var change plain.Change
	if s.Change != nil {
		change = *s.Change
		change.Deadline = nil
	}
	s.Since, s.Pending, s.LastActivation, s.Change = nil, nil, nil, nil
	return []any{s, since, pending, change}
}
