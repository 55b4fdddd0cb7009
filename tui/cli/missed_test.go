package cli

import (
	"fmt"
	"testing"

	"bantop/model/store"
)

// TestMissedActs: what the journal lacks is named, the first of many, and nothing is said
// of acts that only unlocked a session.
func TestMissedActs(t *testing.T) {
	act := func(act, jail, address string) store.Act { return store.Act{Act: act, Jail: jail, Address: address} }
	many := []store.Act{act("unlock", "", "")}
	for i := range 5 {
		for _, jail := range []string{"postfix", "sshd"} {
			many = append(many, act("ban", jail, fmt.Sprintf("203.0.113.2%d", i)))
		}
	}
	for want, acts := range map[string][]store.Act{
		"":                           {act("unlock", "", ""), act("lock", "", "")},
		"restart":                    {act("restart", "", "")},
		"reload sshd; ban 192.0.2.1": {act("reload", "sshd", ""), act("ban", "sshd", "192.0.2.1")},
		"ban 203.0.113.20, 203.0.113.21 and 3 more": many,
	} {
		if got := missedActs(acts); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
