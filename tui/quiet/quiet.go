// Package quiet keeps Bubble Tea from asking the terminal for its background
// when the program starts. Bubble Tea v1 does so in an init function (its
// tea_init.go), for every command: `bantop status` would write a query to the
// terminal, and wait up to 5 s where nothing answers.
//
// The answer is given beforehand, in an init function that runs earlier: Go
// initialises packages in the order of their import paths, as far as imports
// allow (Go specification, Program initialization; since Go 1.21). This one
// imports lipgloss alone, and sorts before github.com/charmbracelet/bubbletea.
// The dashboard asks by itself, once it is open, and waits for no answer (tui/tty).
package quiet

import "github.com/charmbracelet/lipgloss"

func init() { lipgloss.SetHasDarkBackground(true) }
