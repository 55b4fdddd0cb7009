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
	unlock bool                  // whether to unlock first
	act    model.ActKind         // what is then to be done; "" is nothing
	batch  *model.BatchRequested // or this, to addresses
	change bool                  // or the change that was rehearsed
	typed  string                // what was typed of must
}

// must is what has to be typed out for a batch that nobody wants by mistake: an
// own address, or a wide network. "" where a key is enough.
func (q question) must(s model.State) string {
	if q.change && !q.unlock {
		if own := s.OwnBanned(); len(own) > 0 {
			return own[0].Addr.String()
		}
	}
	if q.unlock || q.batch == nil || q.batch.Back {
		return ""
	}
	switch d := s.Dangers(q.batch.Kind, q.batch.Targets); {
	case len(d.Own) > 0:
		return d.Own[0].Addr.String()
	case len(d.Wide) > 0:
		return d.Wide[0]
	default:
		return ""
	}
}

// ask asks for an act: where this pane is locked, whether to unlock it first.
func (m Model) ask(act model.ActKind) Model {
	_, unlocked := m.state.ActiveSession()
	m.question = &question{unlock: !unlocked, act: act}
	return m
}

// askChange asks for the change that was rehearsed.
func (m Model) askChange() Model {
	_, unlocked := m.state.ActiveSession()
	m.question = &question{unlock: !unlocked, change: true}
	return m
}

// askBatch asks for an act on addresses.
func (m Model) askBatch(r model.BatchRequested) Model {
	if len(r.Targets) == 0 || m.state.Batch.Running {
		return m
	}
	_, unlocked := m.state.ActiveSession()
	m.question = &question{unlock: !unlocked, batch: &r}
	return m
}

// keeps tells whether the answer may be for good.
func (q question) keeps() bool { return !q.unlock && q.batch != nil && q.batch.Kind == model.ActAllow }

// askIgnored asks again whether to ban what was refused because it is on an ignore
// list.
func (m Model) askIgnored() Model {
	b := m.state.Batch
	if b.Running || b.Kind != model.ActBan || m.question != nil {
		return m
	}
	r := model.BatchRequested{Kind: model.ActBan, Ignored: true, Meant: true}
	for _, result := range b.Results {
		if result.Outcome == model.OutcomeIgnored {
			r.Targets = append(r.Targets, result.BatchTarget)
		}
	}
	return m.askBatch(r)
}

// answer takes a key for a question: y is yes, everything else is no. What has to
// be typed out is typed, and enter ends it.
func (m Model) answer(msg tea.KeyMsg) (tea.Model, tea.Cmd) {
	q := *m.question
	must := q.must(m.state)
	if must != "" && msg.Type != tea.KeyEnter && msg.Type != tea.KeyEsc {
		q.typed = edit(q.typed, msg)
		m.question = &q
		return m, nil
	}
	m.question = nil
	if q.keeps() && key.Matches(msg, m.keys.ForGood) {
		kept := *q.batch
		kept.Kind, kept.At = model.ActAllowForGood, m.now().Round(0)
		return m.feed(kept)
	}
	if must == "" && !key.Matches(msg, m.keys.Yes) || must != "" && (msg.Type != tea.KeyEnter || q.typed != must) {
		return m, nil
	}
	now := m.now().Round(0)
	switch {
	case q.unlock:
		m, cmd := m.feed(model.Unlocked{At: now})
		if q.act != "" || q.batch != nil || q.change {
			m.question = &question{act: q.act, batch: q.batch, change: q.change}
		}
		return m, cmd
	case q.change:
		return m.feed(model.ChangeRequested{At: now, Meant: must != ""})
	case q.batch != nil:
		q.batch.At, q.batch.Meant = now, q.batch.Meant || must != ""
		return m.feed(*q.batch)
	default:
		return m.feed(model.ActRequested{Kind: q.act, At: now})
	}
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
	if q.change {
		if own := words.OwnWouldBan(s); own != "" {
			return own + ". " + words.ChangeQuestion(s)
		}
		return words.ChangeQuestion(s)
	}
	if q.batch == nil {
		return words.ActQuestion(q.act, s)
	}
	text := words.BatchQuestion(q.batch.Kind, q.batch.Targets)
	if q.batch.Kind == model.ActBan && q.batch.Ignored {
		text = "It is on the ignore list, and is banned all the same. " + text
	}
	if danger := words.Danger(s.Dangers(q.batch.Kind, q.batch.Targets)); danger != "" && !q.batch.Back {
		text += " " + danger + "."
	}
	return text
}

// draw draws a question as the last lines: all of it has to be read.
func (q question) draw(p pen, s model.State) []string {
	const most = 3
	answers := []struct{ key, does safetext.Text }{{"y", " yes"}, {"n", " no"}}
	if q.keeps() {
		answers = []struct{ key, does safetext.Text }{{"y", " until a reload"}, {"g", " for good"}, {"n", " no"}}
	}
	need := 0
	for _, a := range answers {
		need += (a.key + a.does).Width() + 2
	}
	if must := q.must(s); must != "" {
		return q.drawTyped(p, s, must)
	}
	var lines []string
	texts := p.wrap(q.text(s), p.width, most)
	for i, text := range texts {
		l := p.line().put(p.Warn, text)
		last := i == len(texts)-1
		if last && text.Width()+need > p.width {
			lines = append(lines, l.String())
			l = p.line()
		} else if last {
			l.skip(2)
		}
		for i, a := range answers {
			if last && i > 0 {
				l.skip(2)
			}
			if last {
				l.put(p.Key, a.key).put(p.Faint, a.does)
			}
		}
		lines = append(lines, l.String())
	}
	return lines
}

// drawTyped draws a question whose answer has to be typed out.
func (q question) drawTyped(p pen, s model.State, must string) []string {
	const most = 3
	var lines []string
	for _, text := range p.wrap(q.text(s), p.width, most) {
		lines = append(lines, p.line().put(p.Bad, text).String())
	}
	return append(lines, p.line().put(p.Faint, "type ").say(p.Key, must).put(p.Faint, " to do it, esc not to: ").say(Style{}, q.typed).put(p.Mark, " ").String())
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
