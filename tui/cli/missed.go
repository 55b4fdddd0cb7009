package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"bantop/model/runner"
	"bantop/model/store"
)

// sayMissed says which acts were done and could not be written into the journal.
func sayMissed(cmd *cobra.Command, r *runner.Runner) {
	acts, err := r.Missed(cmd.Context())
	text := missedActs(acts)
	if err == nil || text == "" {
		return
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "bantop: not in the journal: %s: %s\n", door().Text(text), door().Text(store.Why(err)))
	if next := store.Next(err); next != "" {
		fmt.Fprintf(cmd.ErrOrStderr(), "next: %s\n", door().Text(next))
	}
}

// missedShown is how many addresses or jails of each kind of act are named.
const missedShown = 2

// missedActs names acts, such as "ban 192.0.2.1, 192.0.2.2 and 3 more"; "" if there are
// none but those that change nothing on the server.
func missedActs(acts []store.Act) string {
	on := make(map[string][]string)
	var kinds []string
	for _, a := range acts {
		if a.Act == "unlock" || a.Act == "lock" {
			continue
		}
		if on[a.Act] == nil {
			kinds, on[a.Act] = append(kinds, a.Act), []string{}
		}
		subject := a.Address
		if subject == "" {
			subject = a.Jail
		}
		if subject != "" && !slices.Contains(on[a.Act], subject) {
			on[a.Act] = append(on[a.Act], subject)
		}
	}
	for i, kind := range kinds {
		names := on[kind]
		more := len(names) - missedShown
		if more > 0 {
			names = names[:missedShown]
		}
		kinds[i] = strings.TrimSpace(kind + " " + strings.Join(names, ", "))
		if more > 0 {
			kinds[i] += fmt.Sprintf(" and %d more", more)
		}
	}
	return strings.Join(kinds, "; ")
}
