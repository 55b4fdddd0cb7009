package tui

import (
	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"bantop/model"
	"bantop/tui/safetext"
	"bantop/tui/words"
)

// resultsScreen is what came of the newest act on addresses: a line for each, those
// first that did not go as it was meant.
type resultsScreen struct{ top int }

func (v resultsScreen) keys(k keyMap) (often, seldom []key.Binding) {
	return []key.Binding{k.TakeBack}, k.moving()
}

func (v resultsScreen) press(k keyMap, msg tea.KeyMsg, s model.State, p pen) (screen, outcome) {
	v.top = scroll(k, msg, v.top, len(s.Batch.Results)+2, p.height)
	return v, outcome{}
}

func (v resultsScreen) view(p pen, s model.State) []string {
	b := s.Batch
	if b.Kind == "" {
		return []string{p.line().put(p.Faint, "nothing was done to an address yet").String()}
	}
	lines := []string{p.line().say(p.Title, words.Batch(b, s.Now)).String(), ""}
	skip := v.top
	for _, good := range []bool{false, true} {
		for _, r := range b.Results {
			if (r.Outcome == model.OutcomeDone) != good {
				continue
			}
			if skip > 0 {
				skip--
				continue
			}
			if len(lines) >= p.height {
				return lines
			}
			lines = append(lines, p.result(b.Kind, r))
		}
	}
	return lines
}

func (p pen) result(kind model.ActKind, r model.Result) string {
	style := map[model.Outcome]Style{model.OutcomeDone: p.OK, model.OutcomeNothing: p.Faint}
	s, known := style[r.Outcome]
	if !known {
		s = p.Bad
	}
	address, jail := 24, 18
	if p.room().small() {
		address, jail = 16, 9
	}
	l := p.line().put(p.Label, p.text(r.Address, address-1)).to(address).put(Style{}, p.text(r.Jail, jail-1)).to(address + jail)
	return l.put(s, p.Text(words.Outcome(kind, r)).Cut(max(0, p.width-address-jail), safetext.Text(p.Ellipsis))).String()
}
