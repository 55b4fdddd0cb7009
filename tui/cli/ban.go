package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bantop/fail2ban"
	"bantop/fail2ban/addr"
	"bantop/model"
	"bantop/model/banlist"
	"bantop/tui/plain"
	"bantop/tui/words"
)

// actFlags are what the commands that act on addresses have in common.
type actFlags struct {
	jails   []string
	length  string
	count   int
	all     bool
	remove  bool
	keep    bool
	own     []string
	wide    bool
	ignored bool
	json    bool
}

// newBan is `bantop ban`.
func newBan(f *flags) *cobra.Command {
	var a actFlags
	cmd := &cobra.Command{
		Use:   "ban ADDRESS... --jail JAIL",
		Short: "Ban addresses or networks",
		Long: `Ban addresses or networks in a jail, or in several. It asks before it does so,
where somebody can be asked; else it needs --yes, and beside that --own ADDRESS
where somebody is logged in from what would be banned, --wide for a network
wider than /16 (/32 of IPv6), --ignored for what is on the jail's ignore list.
A time of its own (--for) is fail2ban's until its next restart, which gives the ban the
jail's; bantop puts it back after a restart of its own. Times are as fail2ban's: 90s,
10m, 1h30m, 2d, '1w 3d', 2y. It ends with 1 if any was not banned.`,
		Example: `  sudo bantop ban 203.0.113.9 --jail sshd
  sudo bantop ban 203.0.113.0/24 --jail sshd --jail postfix --for 1d
  sudo bantop ban - --jail sshd --yes < addresses`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return actOn(cmd, f, a, model.ActBan, args)
		},
	}
	a.add(cmd)
	cmd.Flags().StringVar(&a.length, "for", "", "for this `TIME`, such as 1h or 7d, or for `ever`; else for as long as the jail bans")
	cmd.Flags().StringArrayVar(&a.own, "own", nil, "ban this `ADDRESS` although somebody is logged in from it")
	cmd.Flags().BoolVar(&a.wide, "wide", false, "ban a wide network")
	cmd.Flags().BoolVar(&a.ignored, "ignored", false, "ban what is on an ignore list")
	return cmd
}

// newAllow is `bantop allow`.
func newAllow(f *flags) *cobra.Command {
	var a actFlags
	cmd := &cobra.Command{
		Use:   "allow ADDRESS... --jail JAIL",
		Short: "Put addresses on a jail's ignore list, until the next reload",
		Long: `Put addresses or networks on the ignore list of a jail, or of several: they are
not banned there any more, until fail2ban's next reload or restart by others; after
its own, bantop puts them back. With --keep for good:
they are written into jail.d/zz-bantop-allow.local, after fail2ban-client has
proved on a copy that nothing else changes by it. A ban that they have is not
lifted: see bantop unban. --remove takes them off the list, and out of that file.`,
		Example: `  sudo bantop allow 198.51.100.7 --jail sshd
  sudo bantop allow 198.51.100.7 --jail sshd --remove`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			kind := model.ActAllow
			switch {
			case a.remove && a.keep:
				return errors.New("allow: --keep and --remove cannot both be")
			case a.remove:
				kind = model.ActDisallow
			case a.keep:
				kind = model.ActAllowForGood
			}
			return actOn(cmd, f, a, kind, args)
		},
	}
	a.add(cmd)
	cmd.Flags().BoolVar(&a.keep, "keep", false, "for good: write it into fail2ban's configuration, too")
	cmd.Flags().BoolVar(&a.remove, "remove", false, "take them off the ignore list")
	return cmd
}

func (a *actFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringArrayVarP(&a.jails, "jail", "j", nil, "in this `JAIL`; may be repeated")
	cmd.Flags().BoolVar(&a.json, "json", false, "say what came of it as JSON")
}

// actOn does something to addresses, after somebody agreed, and says what came of
// each.
func actOn(cmd *cobra.Command, f *flags, a actFlags, kind model.ActKind, args []string) error {
	if kind != model.ActUnbanEverywhere && len(a.jails) == 0 && !a.all {
		return fmt.Errorf("%s: name the jail: --jail JAIL", cmd.Name())
	}
	addresses, err := readAddresses(cmd, args)
	if err != nil {
		return err
	}
	l, err := f.looker(cmd)
	if err != nil {
		return err
	}
	defer l.close()
	if err := f.certain(cmd); err != nil {
		return err
	}
	if err := l.up(cmd.Name()); err != nil {
		return err
	}
	if err := l.hasJails(cmd.Name(), a.jails); err != nil {
		return err
	}
	targets, err := a.targets(cmd, l, kind, addresses)
	switch {
	case err != nil:
		return err
	case len(targets) == 0:
		return a.nobody(cmd)
	}
	if slices.ContainsFunc(targets, isNetwork) && (kind == model.ActUnban || kind == model.ActUnbanEverywhere) {
		if _, err := l.bans(cmd, banlist.Query{}, nil); err != nil { // how many it ends
			return err
		}
	}
	if yes, err := a.agreed(cmd, f, l.state, kind, targets); err != nil || !yes {
		return err
	}
	now := time.Now().Round(0)
	l.feed(model.Unlocked{At: now})
	l.feed(model.BatchRequested{Kind: kind, Targets: targets, At: now, Meant: true, Ignored: a.ignored})
	l.finish(cmd.Context())
	l.writeDown(cmd.Context())
	return a.report(cmd, l.state.Batch)
}

// nobody says that there is nothing to do.
func (a actFlags) nobody(cmd *cobra.Command) error {
	if a.json {
		return plain.BatchJSON(cmd.OutOrStdout(), model.Batch{})
	}
	text := cmd.Name() + ": there are no addresses"
	if a.all {
		text = cmd.Name() + ": nobody is banned"
		if len(a.jails) > 0 {
			text += " in " + words.List(a.jails)
		}
	}
	_, err := fmt.Fprintln(cmd.ErrOrStderr(), door().Text(text))
	return err
}

// writeDown writes into the journal what was done before somebody interrupted it,
// and drops the rest.
func (l *looker) writeDown(ctx context.Context) {
	l.effects = slices.DeleteFunc(l.effects, func(e model.Effect) bool {
		_, is := e.(model.JournalAll)
		return !is
	})
	l.finish(context.WithoutCancel(ctx))
}

// readAddresses are the addresses of the arguments; "-" is those of the input,
// a word each.
func readAddresses(cmd *cobra.Command, args []string) ([]string, error) {
	var out []string
	for _, arg := range args {
		if arg != "-" {
			out = append(out, arg)
			continue
		}
		words := bufio.NewScanner(cmd.InOrStdin())
		words.Split(bufio.ScanWords)
		for words.Scan() {
			out = append(out, words.Text())
		}
		if err := words.Err(); err != nil {
			return nil, fmt.Errorf("%s: read the addresses: %w", cmd.Name(), err)
		}
	}
	return out, nil
}

// targets are what is to be acted on.
func (a actFlags) targets(cmd *cobra.Command, l *looker, kind model.ActKind, addresses []string) ([]model.BatchTarget, error) {
	length, err := a.banTime()
	if err != nil {
		return nil, fmt.Errorf("%s: --for: %w", cmd.Name(), err)
	}
	var out []model.BatchTarget
	if a.all {
		rows, err := l.bans(cmd, banlist.Query{}, a.jails)
		for _, r := range rows {
			out = append(out, model.BatchTarget{Target: r.Target(), Until: r.End})
		}
		return out, err
	}
	jails := a.jails
	if kind == model.ActUnbanEverywhere {
		jails = []string{""}
	}
	adding := kind == model.ActBan || kind == model.ActAllow || kind == model.ActAllowForGood
	for _, address := range addresses {
		p, _, err := addr.Parse(address)
		if odd := isAddress(address); odd != nil && !adding {
			return nil, fmt.Errorf("%s: %w", cmd.Name(), odd)
		}
		switch {
		case err == nil: // the server finds a ban only as it writes it
			address = addr.Format(p)
		case kind == model.ActAllow && isHostName(address):
		case adding:
			return nil, fmt.Errorf("%s: %w", cmd.Name(), err)
		}
		if adding && err == nil && addr.Everything(p) {
			return nil, fmt.Errorf("%s: %s is everybody: that is never done", cmd.Name(), address)
		}
		for _, j := range jails {
			out = append(out, model.BatchTarget{Target: fail2ban.Target{Jail: j, Address: address}, Length: length})
		}
	}
	return out, nil
}

// isHostName reports whether a text could be the name of a host, which fail2ban looks up
// whenever somebody fails.
func isHostName(text string) bool {
	return hostName.MatchString(text) && strings.ContainsAny(strings.ToLower(text), "abcdefghijklmnopqrstuvwxyz")
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$`)

// banTime is how long --for says; 0 is for as long as the jail bans.
func (a actFlags) banTime() (time.Duration, error) {
	switch a.length {
	case "":
		return 0, nil
	case "ever":
		return fail2ban.Permanent, nil
	}
	d, err := fail2ban.ParseTime(a.length)
	if err == nil && d == 0 {
		err = errors.New("a ban needs a time longer than 0; for example 10m")
	}
	return d, err
}

// agreed asks whether to do it. What nobody wants by mistake has to be typed out,
// or named by flags.
func (a actFlags) agreed(cmd *cobra.Command, f *flags, s model.State, kind model.ActKind, targets []model.BatchTarget) (bool, error) {
	d := s.Dangers(kind, targets)
	for _, own := range a.own {
		p, _, err := addr.Parse(own)
		if err != nil {
			return false, fmt.Errorf("%s: --own: %w", cmd.Name(), err)
		}
		d.Own = slices.DeleteFunc(d.Own, func(o model.Own) bool { return addr.Of(o.Addr) == p })
	}
	if a.wide {
		d.Wide = nil
	}
	question := words.BatchQuestion(kind, targets)
	if n := inside(s, kind, targets); n > 0 {
		question += " It ends " + words.Plural(n, "ban") + "."
	}
	if a.all && (len(a.jails) == 0 || !f.yes) {
		return a.counted(cmd, f, len(targets))
	}
	if d.None() {
		return agreed(cmd, f, question)
	}
	if !isTerminal(cmd.InOrStdin()) || f.yes {
		return false, fmt.Errorf("%s: %s: %s does it all the same", cmd.Name(), words.Danger(d), missing(d))
	}
	must := append(slices.Clone(d.Wide), "")[0]
	if len(d.Own) > 0 {
		must = d.Own[0].Addr.String()
	}
	answer, err := prompt(cmd, question+" "+words.Danger(d)+". Type "+must+" to do it: ")
	return answer == must && strings.TrimSpace(must) != "", err
}

// missing are the flags that name all dangers.
func missing(d model.Dangers) string {
	var flags []string
	for _, o := range d.Own {
		flags = append(flags, "--own "+o.Addr.String())
	}
	if len(d.Wide) > 0 {
		flags = append(flags, "--wide")
	}
	return strings.Join(flags, " ")
}

// report prints what came of it, and what to do next.
func (a actFlags) report(cmd *cobra.Command, b model.Batch) error {
	if cmd.Context().Err() != nil {
		b.Reason, b.Hint = "it was interrupted", ""
	}
	if len(b.Results) == 0 && b.Reason != "" {
		text := cmd.Name() + ": " + b.Reason
		if b.Hint != "" {
			text += "\nnext: " + b.Hint
		}
		return errors.New(text)
	}
	var err error
	if a.json {
		err = plain.BatchJSON(cmd.OutOrStdout(), b)
	} else {
		err = plain.BatchText(cmd.OutOrStdout(), door(), b)
	}
	if err != nil {
		return err
	}
	if b.Hint != "" {
		fmt.Fprintf(cmd.ErrOrStderr(), "next: %s\n", door().Text(b.Hint))
	}
	if note := words.UntilReload(b); note != "" && !a.json {
		fmt.Fprintln(cmd.ErrOrStderr(), note)
	}
	if b.Count(model.OutcomeIgnored) > 0 {
		fmt.Fprintln(cmd.ErrOrStderr(), "next: --ignored bans what is on an ignore list, too")
	}
	if b.Count(model.OutcomeDone)+b.Count(model.OutcomeNothing) < len(b.Targets) {
		return exitCode(1)
	}
	return nil
}
