package cli

import (
	tea "github.com/charmbracelet/bubbletea"

	"bantop/fail2ban/ending"
)

// outermost is what the program runs; a test has it panic.
var outermost = func(m tea.Model) tea.Model { return m }

// guarded is a model whose commands, which Bubble Tea runs in goroutines, end the
// process in order if they panic.
type guarded struct{ tea.Model }

// Init guards the first commands.
func (g guarded) Init() tea.Cmd { return safely(g.Model.Init()) }

// Update guards those of an update.
func (g guarded) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	next, cmd := g.Model.Update(msg)
	return guarded{next}, safely(cmd)
}

// safely guards a command, and those that it ends in.
func safely(cmd tea.Cmd) tea.Cmd {
	if cmd == nil {
		return nil
	}
	return func() (msg tea.Msg) {
		ending.Do(func() { msg = cmd() })
		if batch, is := msg.(tea.BatchMsg); is {
			for i := range batch {
				batch[i] = safely(batch[i])
			}
		}
		return msg
	}
}
