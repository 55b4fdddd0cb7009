package tui

import (
	"io"

	tea "github.com/charmbracelet/bubbletea"
)

// Suspended says that somebody else wants the process to stop, as ctrl+z does.
type Suspended struct{}

// Continued says that the process was stopped without having been asked, and goes on:
// the terminal may be in any state.
type Continued struct{}

// loan is what runs while the terminal is given back (tea.ExecCommand).
type loan struct {
	lend func(run func() error) error
	run  func() error
}

// Run runs it.
func (l loan) Run() error {
	if l.lend == nil {
		return l.run()
	}
	return l.lend(l.run)
}

// SetStdin does nothing: what runs knows the terminal.
func (loan) SetStdin(io.Reader) {}

// SetStdout does nothing, likewise.
func (loan) SetStdout(io.Writer) {}

// SetStderr does nothing, likewise.
func (loan) SetStderr(io.Writer) {}

// returned says that the terminal is back, and what happened meanwhile; nil is nothing.
type returned struct{ then tea.Msg }

// lendTo gives the terminal back while something runs. What it ends in is the next
// message; end may be nil.
func (m Model) lendTo(run func() error, end func(error) tea.Msg) tea.Cmd {
	return tea.Exec(loan{m.lend, run}, func(err error) tea.Msg {
		if end == nil {
			return returned{}
		}
		return returned{end(err)}
	})
}

// resume goes on once the terminal is back. Bubble Tea v1 sets up everything anew but
// the mouse (RestoreTerminal).
func (m Model) resume(msg returned) (tea.Model, tea.Cmd) {
	mouse := mouseMode(false, m.state.Settings.Effective.Mouse)
	if msg.then == nil {
		return m, mouse
	}
	next, cmd := m.Update(msg.then)
	return next, tea.Batch(mouse, cmd)
}

// suspend stops the process, as ctrl+z does.
func (m Model) suspend() (Model, tea.Cmd) {
	if m.stop == nil {
		return m, nil
	}
	return m, m.lendTo(m.stop, nil)
}

// refresh sets the terminal up anew, whatever became of it.
func (m Model) refresh() (Model, tea.Cmd) {
	return m, m.lendTo(func() error { return nil }, nil)
}
