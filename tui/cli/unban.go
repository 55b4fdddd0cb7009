package cli

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"bantop/fail2ban/addr"
	"bantop/model"
	"bantop/tui/words"
)

// newUnban is `bantop unban`.
func newUnban(f *flags) *cobra.Command {
	var a actFlags
	cmd := &cobra.Command{
		Use:   "unban ADDRESS... | --all [--jail JAIL]",
		Short: "Unban addresses, everywhere or in a jail",
		Long: `Unban addresses in every jail, or in those that are named. A network that is not
banned itself ends the bans of all addresses in it; how many that are is asked first.
--all ends every ban, of all jails or of those that are named: it counts them first,
and the number has to be typed, or named with --count; for named jails --yes will
do. It ends with 1 if any could
not be unbanned; what was not banned is told, and is no failure.`,
		Example: `  sudo bantop unban 203.0.113.9
  sudo bantop unban 203.0.113.9 --jail sshd
  sudo bantop unban --all --jail sshd
  sudo bantop unban --all
  sudo bantop bans jail:sshd left:forever --json | jq -r '.[].address' | sudo bantop unban - --yes`,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case a.all && len(args) > 0:
				return errors.New("unban: --all takes no addresses\nnext: sudo bantop unban --all, or --all --jail JAIL")
			case !a.all && len(args) == 0:
				return errors.New("unban: name the addresses, or - to read them, or --all")
			case !a.all && len(args) == 1 && args[0] == "all":
				return errors.New("unban: \"all\" is not an address\nnext: sudo bantop unban --all ends every ban")
			case a.all:
				return actOn(cmd, f, a, model.ActUnban, args)
			case len(a.jails) == 0:
				return actOn(cmd, f, a, model.ActUnbanEverywhere, args)
			default:
				return actOn(cmd, f, a, model.ActUnban, args)
			}
		},
	}
	a.add(cmd)
	cmd.Flags().BoolVar(&a.all, "all", false, "every ban, of the jails that are named, or of all")
	cmd.Flags().IntVar(&a.count, "count", 0, "how many bans --all ends: `N`, in place of typing it")
	return cmd
}

func isNetwork(t model.BatchTarget) bool {
	p, _, err := addr.Parse(t.Address)
	return err == nil && !p.IsSingleIP()
}

// inside counts the bans that ending those of networks ends.
func inside(s model.State, kind model.ActKind, targets []model.BatchTarget) (n int) {
	if kind != model.ActUnban && kind != model.ActUnbanEverywhere {
		return 0
	}
	networks := slices.DeleteFunc(slices.Clone(targets), func(t model.BatchTarget) bool { return !isNetwork(t) })
	for i := range s.Bans.List.Len() {
		r := s.Bans.List.Row(int32(i))
		if slices.ContainsFunc(networks, func(t model.BatchTarget) bool {
			p, _, _ := addr.Parse(t.Address) // it is a network
			return (t.Jail == "" || t.Jail == r.Jail) && r.Net.IsValid() && addr.Holds(p, r.Net)
		}) {
			n++
		}
	}
	return n
}

// counted asks whether to end every ban of every jail, or of some: their number has to be
// typed, or named.
func (a actFlags) counted(cmd *cobra.Command, f *flags, n int) (bool, error) {
	must, where := strconv.Itoa(n), "every jail"
	if len(a.jails) > 0 {
		where = words.List(a.jails)
	}
	if a.count == n {
		return true, nil
	}
	if a.count != 0 || f.yes || !isTerminal(cmd.InOrStdin()) {
		return false, &failure{fmt.Errorf("unban: --all ends %s in %s: --count %s does it", words.Plural(n, "ban"), where, must), exitNo}
	}
	answer, err := prompt(cmd, "End "+words.Plural(n, "ban")+" in "+where+"? Type "+must+" to do it: ")
	return answer == must, err
}
