package tui

import (
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"bantop/fail2ban"
	"bantop/model"
	"bantop/model/banlist"
)

// act asks for an act on the marked bans, or on the one under the cursor.
func (v bansScreen) act(k keyMap, msg tea.KeyMsg) (screen, outcome) {
	r := model.BatchRequested{}
	switch {
	case key.Matches(msg, k.Open):
		if t, ok := v.current(); ok {
			return v, outcome{address: t.Address}
		}
	case key.Matches(msg, k.Ban):
		jail := ""
		if t, ok := v.current(); ok {
			jail = t.Jail
		}
		return v, outcome{prompt: &banPrompt{jail: jail}}
	case key.Matches(msg, k.Copy):
		return v, outcome{copied: addressesOf(v.targets())}
	case key.Matches(msg, k.Unban):
		r.Kind, r.Targets = model.ActUnban, v.targets()
	case key.Matches(msg, k.UnbanAll):
		r.Kind, r.Targets, r.Reversal = model.ActUnbanEverywhere, everywhere(v.targets()), v.of(v.targets())
	case key.Matches(msg, k.Allow):
		r.Kind, r.Targets = model.ActAllow, v.targets()
	}
	if len(r.Targets) == 0 {
		return v, outcome{}
	}
	return v, outcome{batch: &r}
}

// addressesOf are the addresses of targets, a line each.
func addressesOf(targets []model.BatchTarget) string {
	var lines []string
	for _, t := range everywhere(targets) {
		lines = append(lines, t.Address)
	}
	return strings.Join(lines, "\n")
}

// everywhere is each address once, in no jail.
func everywhere(targets []model.BatchTarget) []model.BatchTarget {
	seen := make(map[string]bool)
	var out []model.BatchTarget
	for _, t := range targets {
		if !seen[t.Address] {
			seen[t.Address] = true
			out = append(out, model.BatchTarget{Target: fail2ban.Target{Address: t.Address}})
		}
	}
	return out
}

// of are the bans of the addresses of targets in all jails.
func (v bansScreen) of(targets []model.BatchTarget) []model.BatchTarget {
	wanted := make(map[string]bool)
	for _, t := range targets {
		wanted[t.Address] = true
	}
	var out []model.BatchTarget
	for i := range v.list.Len() {
		if r := v.list.Row(int32(i)); wanted[r.Address] {
			out = append(out, asTarget(r))
		}
	}
	return out
}

// asTarget is a ban as something to act on, with how long it lasts.
func asTarget(r banlist.Row) model.BatchTarget {
	t := model.BatchTarget{Target: r.Target(), Until: r.End}
	if r.Length == fail2ban.Permanent {
		t.Length = fail2ban.Permanent
	}
	return t
}

// targets are what an act is done to: the marked bans, in the order in which they
// are shown, also where the filter hides them; else the one under the cursor.
func (v bansScreen) targets() []model.BatchTarget {
	if len(v.marked) == 0 {
		if _, ok := v.current(); !ok {
			return nil
		}
		return []model.BatchTarget{asTarget(v.list.Row(v.rows[v.win.cursor]))}
	}
	var out []model.BatchTarget
	for _, i := range v.list.Select(banlist.Query{}, v.by, v.reverse, v.asOf) {
		if r := v.list.Row(i); v.marked[r.Target()] {
			out = append(out, asTarget(r))
		}
	}
	return out
}
