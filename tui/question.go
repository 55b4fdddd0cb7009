package tui

import (
	"time"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"bantop/model"
	"bantop/tui/safetext"
	"bantop/tui/words"
)

// question is something that is asked before it is done. It is data, not a
// closure: what it asks is worked out from the state of the moment, and so is
// what the answer does.
type question struct {
	unlock bool          // whether to unlock first
	act    model.ActKind // what is then to be done; "" is nothing
}

// ask asks for an act: where this pane is locked, whether to unlock it first.
func (m Model) ask(act model.ActKind) Model {
	_, unlocked := m.state.ActiveSession()
	m.question = &question{unlock: !unlocked, act: act}
	return m
}

// answer takes a key for a question: y is yes, everything else is no.
func (m Model) answer(msg tea.KeyMsg) (tea.Model, tea.Cmd) {
	q := *m.question
	m.question = nil
	if !key.Matches(msg, m.keys.Yes) {
		return m, nil
	}
	now := m.now().Round(0)
	if !q.unlock {
		return m.feed(model.ActRequested{Kind: q.act, At: now})
	}
	m, cmd := m.feed(model.Unlocked{At: now})
	if q.act != "" {
		m.question = &question{act: q.act}
	}
	return m, cmd
}

// text is what a question asks, naming exactly what will happen.
func (q question) text(s model.State) string {
	if q.unlock {
		who := s.Who
		if s.TTY != "" {
			who += " (" + s.TTY + ")"
		}
		set := s.Settings.Effective
		if !set.SessionCache || set.SessionTTL <= 0 {
			return "Unlock this pane as " + who + " on " + s.Host + " for one act?"
		}
		return "Unlock this pane as " + who + " on " + s.Host + " for " + words.Span(set.SessionTTL) + "?"
	}
	return words.ActQuestion(q.act, s)
}

// draw draws a question as the last lines: all of it has to be read.
func (q question) draw(p pen, s model.State) []string {
	const most, answers = 3, "y yes  n no"
	var lines []string
	texts := p.wrap(q.text(s), p.width, most)
	for i, text := range texts {
		l := p.line().put(p.Warn, text)
		last := i == len(texts)-1
		if last && text.Width()+2+len(answers) > p.width {
			lines = append(lines, l.String())
			l = p.line()
		} else if last {
			l.skip(2)
		}
		if last {
			l.put(p.Key, "y").put(p.Faint, " yes").skip(2).put(p.Key, "n").put(p.Faint, " no")
		}
		lines = append(lines, l.String())
	}
	return lines
}

// lockState is what the header says about acting.
func lockState(s model.State) (text safetext.Text, unlocked bool) {
	session, ok := s.ActiveSession()
	if !ok {
		return "locked", false
	}
	left := session.Until.Sub(s.Now).Round(time.Second)
	return safetext.Text("unlocked " + words.Countdown(left)), true
}
