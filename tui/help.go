package tui

import (
	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"bantop/model"
	"bantop/tui/safetext"
)

// helpScreen lists the keys of the screen below it, and what the words mean.
type helpScreen struct {
	of  []key.Binding // of the screen below
	top int
}

func (h helpScreen) keys(k keyMap) (often, seldom []key.Binding) {
	return []key.Binding{k.Up, k.Down}, nil
}

func (h helpScreen) press(k keyMap, msg tea.KeyMsg, _ model.State, p pen) (screen, outcome) {
	h.top = scroll(k, msg, h.top, len(h.text(p)), p.height)
	return h, outcome{}
}

func (h helpScreen) view(p pen, _ model.State) []string {
	lines := h.text(p)
	top := max(0, min(h.top, len(lines)-p.height))
	return lines[top:]
}

// meanings are the words of the screens that an administrator may not know
// from fail2ban.
var meanings = []struct{ word, meaning string }{
	{"online", "fail2ban answers, and its jails do their work"},
	{"degraded", "it answers, and some of its jails do not"},
	{"starting", "it has just started and gathers its jails"},
	{"unresponsive", "it runs and does not answer; a slow ban action does that"},
	{"blocked", "this user may not talk to it"},
	{"offline", "it does not run"},
	{"not started", "a jail that has neither log file nor journal to read"},
	{"no action", "a jail that bans on paper only: nothing blocks the address"},
	{"banned, total", "bans that hold now, and bans since fail2ban started"},
	{"failing, failed", "addresses on their way to a ban, and all failures"},
	{"last hour", "bans in each six minutes, since bantop was opened"},
	{"last line", "how long ago the jail's log was written to"},
}

// keyLines are the keys, in as many columns as there is room for, each read from
// top to bottom.
func (h helpScreen) keyLines(p pen) []string {
	const cells = 32
	columns := max(1, min(3, p.width/cells))
	rows := (len(h.of) + columns - 1) / columns
	var lines []string
	for row := range rows {
		l := p.line()
		for at := row; at < len(h.of); at += rows {
			b := h.of[at].Help()
			l.to(at/rows*cells+2).put(p.Key, safetext.Text(b.Key)).to(at/rows*cells+12).put(Style{}, safetext.Text(b.Desc))
		}
		lines = append(lines, l.String())
	}
	return lines
}

func (h helpScreen) text(p pen) []string {
	lines := append([]string{p.line().put(p.Title, "KEYS").String()}, h.keyLines(p)...)
	lines = append(lines, "", p.line().put(p.Title, "WORDS").String())
	for _, m := range meanings {
		l := p.line().skip(2).put(p.Label, safetext.Text(m.word)).to(20)
		for i, text := range p.wrap(m.meaning, p.width-20, 4) {
			if i > 0 {
				l = p.line().to(20)
			}
			lines = append(lines, l.put(Style{}, text).String())
		}
	}
	return lines
}
