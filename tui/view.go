package tui

import (
	"strings"
	"time"

	"bantop/tui/safetext"
	"bantop/tui/words"
)

const (
	leastWidth  = 30 // below these it says so, and shows only the numbers
	leastHeight = 8
)

// View draws the whole screen.
func (m Model) View() string {
	p := m.pen
	if p.width == 0 {
		return ""
	}
	if p.width < leastWidth || p.height < leastHeight {
		return strings.Join(m.tiny(), "\n")
	}
	var lines []string
	lines = append(lines, m.head()...)
	body := m.body()
	content := m.top().view(body, m.shown())
	lines = append(lines, content[:min(len(content), body.height)]...)
	foot := m.foot()
	for len(lines) < m.pen.height-len(foot) {
		lines = append(lines, "")
	}
	return strings.Join(append(lines, foot...), "\n")
}

// head is the header and the alert, with a blank line where there is room.
func (m Model) head() []string {
	p, s := m.pen, m.shown()
	var paused time.Time
	if m.frozen != nil {
		paused = s.Now
	}
	if _, is := m.top().(changeScreen); is {
		s.Runtime.Change = nil // the screen tells it
	}
	const most = 5
	lines := append([]string{p.header(s, paused)}, p.alert(s, min(most, p.height/3))...)
	if len(lines) == 1 && p.height >= 16 {
		lines = append(lines, "")
	}
	return lines
}

// body is the pen for what is between head and foot.
func (m Model) body() pen {
	p := m.pen
	p.height = max(0, p.height-len(m.head())-len(m.foot()))
	return p
}

// foot is the last line: the keys, or what is being typed; or the lines of a
// question.
func (m Model) foot() []string {
	if m.question != nil {
		return m.question.draw(m.pen, m.state)
	}
	if m.prompt != nil {
		return m.prompt.draw(m.pen)
	}
	if m.going != nil {
		return m.going.draw(m.pen)
	}
	o, isOverview := m.top().(overview)
	if m.typing && isOverview {
		return []string{m.pen.line().put(m.pen.Key, "/").say(Style{}, o.filter).put(m.pen.Mark, " ").
			put(m.pen.Faint, "  enter keeps the filter, esc clears it").String()}
	}
	if b, is := m.top().(bansScreen); is && b.typing {
		hint := safetext.Text("  203.0.113.0/24  jail:sshd  left:<1h  count:>3  !not")
		if b.list.Located() {
			hint += "  country:DE"
		}
		return []string{m.pen.line().put(m.pen.Key, "/").say(Style{}, b.filter).put(m.pen.Mark, " ").
			put(m.pen.Faint, hint).String()}
	}
	if j, is := m.top().(jailsScreen); is && j.typing {
		return []string{m.pen.line().put(m.pen.Key, "/").say(Style{}, j.filter).put(m.pen.Mark, " ").
			put(m.pen.Faint, "  a name, or a state such as inactive or ready").String()}
	}
	var note safetext.Text
	if isOverview && o.filter != "" {
		note = "/" + m.pen.text(o.filter, 20)
	}
	return []string{m.pen.footer(m.footKeys(), note)}
}

// tiny is what a terminal shows that is too small for a screen: how it stands,
// and the counts.
func (m Model) tiny() []string {
	p, s := m.pen, m.shown()
	status, _ := shown(s)
	lines := []string{
		p.line().put(p.statusStyle(s.Runtime), safetext.Text(p.Dot+" "+words.Status(s.Runtime))).String(),
		p.line().put(Style{}, safetext.Text("banned "+words.Count(status.Totals.Banned))).String(),
		p.line().put(p.jailsStyle(s.Runtime), safetext.Text(words.Jails(s.Runtime))).String(),
		p.line().put(p.Faint, "too small: 30×8").String(),
	}
	if p.ASCII {
		lines[3] = p.line().put(p.Faint, "too small: 30x8").String()
	}
	return lines[:max(0, min(len(lines), p.height))]
}
