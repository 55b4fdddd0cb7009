package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
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
It ends with 1 where any was not banned.`,
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

// newUnban is `bantop unban`.
func newUnban(f *flags) *cobra.Command {
	var a actFlags
	cmd := &cobra.Command{
		Use:   "unban ADDRESS... | --all --jail JAIL",
		Short: "Unban addresses, everywhere or in a jail",
		Long: `Unban addresses in every jail, or in those that are named. A network that is not
banned itself ends the bans of all addresses in it. It ends with 1 where any could
not be unbanned; what was not banned is told of, and no failure.`,
		Example: `  sudo bantop unban 203.0.113.9
  sudo bantop unban 203.0.113.9 --jail sshd
  sudo bantop unban --all --jail sshd
  sudo bantop bans jail:sshd left:forever --json | jq -r '.[].address' | sudo bantop unban - --yes`,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case a.all && (len(args) > 0 || len(a.jails) == 0):
				return errors.New("unban: --all takes the name of a jail, and no addresses: unban --all --jail JAIL")
			case !a.all && len(args) == 0:
				return errors.New("unban: name the addresses, or - to read them, or --all --jail JAIL")
			case len(a.jails) == 0:
				return actOn(cmd, f, a, model.ActUnbanEverywhere, args)
			default:
				return actOn(cmd, f, a, model.ActUnban, args)
			}
		},
	}
	a.add(cmd)
	cmd.Flags().BoolVar(&a.all, "all", false, "everybody whom the jail bans")
	return cmd
}

// newAllow is `bantop allow`.
func newAllow(f *flags) *cobra.Command {
	var a actFlags
	cmd := &cobra.Command{
		Use:   "allow ADDRESS... --jail JAIL",
		Short: "Put addresses on a jail's ignore list, until the next reload",
		Long: `Put addresses or networks on the ignore list of a jail, or of several: they are
not banned there any more, until fail2ban's next reload; with --keep for good:
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
	if kind != model.ActUnbanEverywhere && len(a.jails) == 0 {
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
		text = cmd.Name() + ": nobody is banned in " + words.List(a.jails)
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
		switch {
		case err == nil: // the server finds a ban only as it writes it
			address = addr.Format(p)
		case adding:
			return nil, fmt.Errorf("%s: %w", cmd.Name(), err)
		}
		if adding && addr.Everything(p) {
			return nil, fmt.Errorf("%s: %s is everybody: that is never done", cmd.Name(), address)
		}
		for _, j := range jails {
			out = append(out, model.BatchTarget{Target: fail2ban.Target{Jail: j, Address: address}, Length: length})
		}
	}
	return out, nil
}

// banTime is how long --for says; 0 is for as long as the jail bans.
func (a actFlags) banTime() (time.Duration, error) {
	switch a.length {
	case "":
		return 0, nil
	case "ever":
		return fail2ban.Permanent, nil
	}
	d, err := banlist.ParseSpan(a.length)
	if err == nil && d == 0 {
		err = errors.New("a ban of no time is none")
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
	if b.Count(model.OutcomeIgnored) > 0 {
		fmt.Fprintln(cmd.ErrOrStderr(), "next: --ignored bans what is on an ignore list, too")
	}
	if b.Count(model.OutcomeDone)+b.Count(model.OutcomeNothing) < len(b.Targets) {
		return exitCode(1)
	}
	return nil
}
