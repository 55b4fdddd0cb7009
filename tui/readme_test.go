package tui

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/bubbles/key"
)

// TestReadmeNamesEveryKey: the table of keys in the README is the one that the
// screens' own keys make.
func TestReadmeNamesEveryKey(t *testing.T) {
	k := defaultKeys(Unicode)
	var keys []key.Binding
	for _, s := range []screen{overview{}, jailScreen{}, bansScreen{}, addressScreen{}, resultsScreen{}, recovery{}, settingsScreen{}, setupScreen{}, jailsScreen{}, changeScreen{}} {
		often, seldom := s.keys(k)
		keys = slices.Concat(keys, often, seldom)
	}
	for _, below := range []bool{false, true} {
		often, seldom := k.always(below)
		keys = slices.Concat(keys, often, seldom)
	}
	table := "| key | does |\n|---|---|\n"
	for _, b := range keys {
		if line := "| `" + b.Help().Key + "` | " + b.Help().Desc + " |\n"; !strings.Contains(table, line) {
			table += line
		}
	}
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "<!-- keys -->\n")
	got, _, _ := strings.Cut(rest, "<!-- /keys -->")
	if got != table {
		t.Errorf("the README says\n%s\nand the keys are\n%s", got, table)
	}
}
