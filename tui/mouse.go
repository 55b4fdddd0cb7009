package tui

import (
	tea "github.com/charmbracelet/bubbletea"

	"bantop/model"
)

// A clicker is a screen on which a row can be clicked.
type clicker interface {
	// click is the screen after a click on a line of it, and whether that line was
	// the one under the cursor already.
	click(line int, s model.State, p pen) (next screen, again bool)
}

// wheelRows is how many rows a turn of the wheel moves.
const wheelRows = 3

// mouse takes the wheel as the keys up and down, and a click on a row as moving
// there; a second one opens it. Nothing needs the mouse.
func (m Model) mouse(msg tea.MouseMsg) (tea.Model, tea.Cmd) {
	if m.question != nil || m.prompt != nil || m.going != nil || m.typing || msg.Action != tea.MouseActionPress {
		return m, nil
	}
	switch msg.Button {
	case tea.MouseButtonWheelUp:
		return m.repeat(tea.KeyMsg{Type: tea.KeyUp}, wheelRows)
	case tea.MouseButtonWheelDown:
		return m.repeat(tea.KeyMsg{Type: tea.KeyDown}, wheelRows)
	case tea.MouseButtonLeft:
		return m.click(msg.Y - len(m.head()))
	default:
		return m, nil
	}
}

// mouseMode has the terminal report the mouse, or not, where that changed.
func mouseMode(was, is bool) tea.Cmd {
	switch {
	case was == is:
		return nil
	case is:
		return tea.EnableMouseCellMotion
	default:
		return tea.DisableMouse
	}
}

// repeat presses a key so many times.
func (m Model) repeat(msg tea.KeyMsg, times int) (tea.Model, tea.Cmd) {
	var next tea.Model = m
	cmds := make([]tea.Cmd, times)
	for i := range cmds {
		next, cmds[i] = next.(Model).press(msg)
	}
	return next, tea.Batch(cmds...)
}

func (m Model) click(line int) (tea.Model, tea.Cmd) {
	c, is := m.top().(clicker)
	if !is || line < 0 {
		return m, nil
	}
	next, again := c.click(line, m.shown(), m.body())
	m.screens = append(m.screens[:len(m.screens)-1:len(m.screens)-1], next)
	if again {
		return m.press(tea.KeyMsg{Type: tea.KeyEnter})
	}
	return m, nil
}

// clicked moves to a row that was clicked, of those that begin below so many lines.
func (w window) clicked(line, above, rows, seen int) (next window, again bool) {
	w = w.clamp(rows, seen)
	at := w.top + line - above
	if line < above || at >= rows || line >= above+seen {
		return w, false
	}
	again = at == w.cursor
	w.cursor = at
	return w, again
}

// click is a click on a jail.
func (o overview) click(line int, s model.State, p pen) (screen, bool) {
	rows := o.rows(s)
	o = o.sync(rows)
	above := 3 // totals, blank, heading
	if p.room().small() {
		above = 1
	}
	win, again := o.win.clicked(line, above, len(rows), o.layout(s, p.room()).rows)
	if o.win = win; len(rows) > 0 {
		o.selected = rows[win.cursor].Name
	}
	return o, again
}

// click is a click on a ban.
func (v bansScreen) click(line int, _ model.State, p pen) (screen, bool) {
	win, again := v.win.clicked(line, v.above(p), len(v.rows), v.seen(p))
	v.win = win
	return v, again
}
