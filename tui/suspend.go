package tui

import tea "github.com/charmbracelet/bubbletea"

// suspend stops the process, as ctrl+z does; but first what would hold others up
// while it stands still.
func (m Model) suspend() (Model, tea.Cmd) {
	if m.still != nil && m.goOn == nil {
		m.goOn = m.still()
	}
	return m, tea.Suspend
}

// resume goes on after that.
func (m Model) resume() Model {
	if m.goOn != nil {
		m.goOn()
		m.goOn = nil
	}
	return m
}
