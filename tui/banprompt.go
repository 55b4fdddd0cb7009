package tui

import (
	tea "github.com/charmbracelet/bubbletea"

	"bantop/model"
)

// banPrompt is the line that says whom to ban.
type banPrompt struct {
	jail  string // that is meant where none is named
	text  string
	wrong string // what is wrong with it, once somebody meant it; "" where nothing is
}

// pressPrompt takes a key for the prompt: enter asks for the ban, esc leaves it.
func (m Model) pressPrompt(msg tea.KeyMsg) Model {
	b := *m.prompt
	switch msg.Type {
	case tea.KeyEsc:
		m.prompt = nil
		return m
	case tea.KeyEnter:
		targets, err := parseBan(b.text, b.jail, m.state.Runtime.Seen.Names())
		if err == nil {
			m.prompt = nil
			return m.askBatch(model.BatchRequested{Kind: model.ActBan, Targets: targets})
		}
		b.wrong = err.Error()
	default:
		b.text, b.wrong = edit(b.text, msg), ""
	}
	m.prompt = &b
	return m
}

// draw draws the prompt, and below it what may be typed, or what is wrong.
func (b banPrompt) draw(p pen) []string {
	line := p.line().put(p.Key, "ban: ").say(Style{}, b.text).put(p.Mark, " ").String()
	if b.wrong != "" {
		return append([]string{line}, p.wrong(b.wrong)...)
	}
	hint := "addresses or networks, then jails, then how long: 203.0.113.9 sshd for 1h"
	if b.jail != "" {
		hint = "addresses or networks; other jails than " + b.jail + "; how long: 203.0.113.9 for 1h"
	}
	return []string{line, p.line().say(p.Faint, hint).String()}
}

// wrong draws what is wrong with what was typed.
func (p pen) wrong(text string) []string {
	const most = 2
	var lines []string
	for _, t := range p.wrap(text, p.width, most) {
		lines = append(lines, p.line().put(p.Bad, t).String())
	}
	return lines
}
