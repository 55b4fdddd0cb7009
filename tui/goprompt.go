package tui

import (
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"bantop/fail2ban/addr"
	"bantop/model"
)

// goPrompt is the line that says which address to open.
type goPrompt struct{ text, wrong string }

// pressGo takes a key for the prompt: enter opens the address, esc leaves it.
func (m Model) pressGo(msg tea.KeyMsg) (Model, tea.Cmd) {
	g := *m.going
	switch msg.Type {
	case tea.KeyEsc:
		m.going = nil
		return m, nil
	case tea.KeyEnter:
		text := strings.TrimSpace(g.text)
		if _, _, err := addr.Parse(text); err == nil || m.listed(text) {
			m.going = nil
			return m.openAddress(text)
		} else {
			g.wrong = err.Error()
		}
	default:
		g.text, g.wrong = edit(g.text, msg), ""
	}
	m.going = &g
	return m, nil
}

// listed tells whether something that is no address is banned by that name.
func (m Model) listed(name string) bool {
	l := m.state.Bans.List
	for i := range l.Len() {
		if l.Row(int32(i)).Address == name {
			return true
		}
	}
	return false
}

// openAddress opens the screen of an address.
func (m Model) openAddress(address string) (Model, tea.Cmd) {
	if _, is := m.top().(addressScreen); is {
		var closing tea.Cmd
		m, closing = m.back()
		next, opening := m.openAddress(address)
		return next, tea.Batch(closing, opening)
	}
	m = m.openScreen(addressScreen{})
	return m.feed(model.AddressOpened{Address: address})
}

func (g goPrompt) draw(p pen) []string {
	l := p.line().put(p.Key, ": ").say(Style{}, g.text).put(p.Mark, " ")
	if g.wrong != "" {
		return append([]string{l.String()}, p.wrong(g.wrong)...)
	}
	return []string{l.put(p.Faint, "  an address: why is it banned?").String()}
}
