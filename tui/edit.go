package tui

import (
	"strings"
	"unicode/utf8"

	tea "github.com/charmbracelet/bubbletea"
)

// maxTyped is how many bytes somebody may type into a line.
const maxTyped = 256

// edit is a line of text after a key, edited at its end as a shell does. It is
// not bubbles' textinput, which blinks its cursor (a frame each time, over SSH)
// and looks for programs to paste with.
func edit(text string, msg tea.KeyMsg) string {
	switch msg.Type {
	case tea.KeyRunes, tea.KeySpace:
		if len(text)+len(string(msg.Runes)) <= maxTyped {
			text += string(msg.Runes)
		}
	case tea.KeyBackspace:
		_, n := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-n]
	case tea.KeyCtrlW:
		text = strings.TrimRight(text, " ")
		text = text[:strings.LastIndexByte(text, ' ')+1]
	case tea.KeyCtrlU:
		text = ""
	}
	return text
}

// typeFilter takes a key for a filter, which filters as it is typed: enter keeps it and
// esc takes it back. It tells whether more is to be typed.
func typeFilter(filter string, msg tea.KeyMsg) (string, bool) {
	switch msg.Type {
	case tea.KeyEnter:
		return filter, false
	case tea.KeyEsc:
		return "", false
	default:
		return edit(filter, msg), true
	}
}
