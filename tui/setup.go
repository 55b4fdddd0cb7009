package tui

import (
	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"bantop/model"
	"bantop/tui/safetext"
	"bantop/tui/words"
)

// setupScreen shows what bantop needs, what is wrong with it, and the one
// command that mends it. On a first start with something missing it opens by
// itself, and closes when nothing is any more.
type setupScreen struct {
	byItself bool
	top      int
}

func (v setupScreen) keys(k keyMap) (often, seldom []key.Binding) {
	return []key.Binding{k.Now, k.Up, k.Down}, nil
}

func (v setupScreen) press(k keyMap, msg tea.KeyMsg, s model.State, p pen) (screen, outcome) {
	v.top = scroll(k, msg, v.top, len(v.text(p, s)), p.height)
	return v, outcome{}
}

func (v setupScreen) view(p pen, s model.State) []string {
	lines := v.text(p, s)
	return lines[max(0, min(v.top, len(lines)-p.height)):]
}

// found is where what was found begins.
func (v setupScreen) found(p pen) int {
	if p.room().small() {
		return 6
	}
	return 21
}

func (v setupScreen) text(p pen, s model.State) []string {
	c := s.Checkup
	if c.At.IsZero() {
		return []string{p.line().put(p.Faint, "looking at everything that is needed"+safetext.Text(p.Ellipsis)).String()}
	}
	if len(c.Checks) == 0 {
		return []string{p.line().put(p.Faint, "this is a demo: nothing on this machine is looked at").String()}
	}
	style := p.OK
	if words.Faults(c.Checks) > 0 {
		style = p.Bad
	}
	title := words.Checks(c.Checks)
	if s.SetupMissing() {
		title = "bantop is not set up yet: " + title
	}
	lines := []string{p.line().put(style, safetext.Text(title)).String()}
	for _, check := range words.ByMark(c.Checks) {
		lines = append(lines, v.check(p, check)...)
	}
	return lines
}

// check draws one check: what was found, what is wrong with it, what mends it.
func (v setupScreen) check(p pen, c model.Check) []string {
	style := map[model.Mark]Style{model.CheckOK: p.OK, model.CheckNote: p.Warn, model.CheckFault: p.Bad}[c.Mark]
	at := v.found(p)
	l := p.line().put(style, safetext.Text(c.Mark)).to(6).put(p.Label, safetext.Text(c.Name))
	var lines []string
	say := func(style Style, text string) {
		for _, t := range p.wrap(text, p.width-at, 4) {
			if l == nil {
				l = p.line()
			}
			lines = append(lines, l.to(at).put(style, t).String())
			l = nil
		}
	}
	if p.room().small() { // the name has a line of its own
		lines, l = append(lines, l.String()), nil
	}
	say(p.Faint, c.Found)
	say(Style{}, c.Why)
	if c.Mend != "" {
		l = p.line().to(at-2).put(p.Key, safetext.Text(p.Arrow))
		say(p.Key, c.Mend)
	}
	return lines
}

// offerSetup opens the setup by itself, once, where something is missing on a
// first start, and closes it when nothing is any more.
func (m Model) offerSetup() (Model, tea.Cmd) {
	switch top, isSetup := m.top().(setupScreen); {
	case isSetup && top.byItself && m.state.Runtime.Setup:
		return m.back()
	case !m.offered && len(m.screens) == 1 && m.question == nil && !m.typing && m.state.SetupMissing():
		m.offered = true
		return m.openSetup(true)
	default:
		return m, nil
	}
}

func (m Model) openSetup(byItself bool) (Model, tea.Cmd) {
	m = m.openScreen(setupScreen{byItself: byItself})
	return m.feed(model.SetupOpened{})
}
