package tui

import (
	"slices"
	"time"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"bantop/fail2ban"
	"bantop/model"
	"bantop/tui/safetext"
	"bantop/tui/words"
)

// recovery is what happened, what fail2ban's log says about it, and what can be
// done.
type recovery struct {
	cursor int
	moved  bool // the cursor was moved: until then it is on what helps most
}

func (d recovery) keys(k keyMap) (often, seldom []key.Binding) {
	return []key.Binding{k.Choose}, []key.Binding{k.Up, k.Down}
}

func (d recovery) press(k keyMap, msg tea.KeyMsg, s model.State, _ pen) (screen, outcome) {
	all := words.Choices(s)
	cursor := d.at(s, all)
	switch {
	case key.Matches(msg, k.Up):
		d.cursor, d.moved = max(0, cursor-1), true
	case key.Matches(msg, k.Down):
		d.cursor, d.moved = min(len(all)-1, cursor+1), true
	case key.Matches(msg, k.Choose) && s.Acting.Running && all[cursor].Act != model.ActDismiss: // one after the other
	case key.Matches(msg, k.Choose) && len(all[cursor].Aside) > 0:
		return d, outcome{msg: model.SetAsideChosen{Suspects: all[cursor].Aside, At: s.Now}, change: true}
	case key.Matches(msg, k.Choose):
		return d, outcome{ask: all[cursor].Act}
	}
	return d, outcome{}
}

func (d recovery) at(s model.State, all []words.Choice) int {
	if !d.moved {
		return words.Best(s, all)
	}
	return min(d.cursor, len(all)-1)
}

// view draws what is compared, what can be done, what came of it, and the log.
// Where there is little room, what can be done comes first.
func (d recovery) view(p pen, s model.State) []string {
	compared, choosing, outcome := p.jailsCompared(s), d.choosing(p, s), p.outcomeOf(s)
	if p.room().small() {
		lines := slices.Concat(choosing, outcome, compared)
		return append(lines, p.logLines(s, max(1, p.height-len(lines)))...)
	}
	blank := []string{""}
	lines := slices.Concat(compared, blank, choosing, blank)
	if len(outcome) > 0 {
		lines = slices.Concat(lines, outcome, blank)
	}
	return append(lines, p.logLines(s, max(1, p.height-len(lines)))...)
}

// choosing draws what can be done.
func (d recovery) choosing(p pen, s model.State) []string {
	all := words.Choices(s)
	cursor := d.at(s, all)
	var lines []string
	for i, c := range all {
		l := p.line()
		if i == cursor {
			l.put(p.Label, safetext.Text(p.Cursor))
		}
		lines = append(lines, l.to(2).put(p.Title, safetext.Text(c.Name)).to(12).say(Style{}, c.Does).String())
	}
	return lines
}

// jailsCompared draws what should run beside what does, and which file may be to
// blame.
func (p pen) jailsCompared(s model.State) []string {
	styles := map[model.Mark]Style{model.CheckOK: p.OK, model.CheckFault: p.Bad}
	var lines []string
	for _, c := range words.Compare(s) {
		l := p.line()
		if c.What != "" {
			l.put(p.Faint, safetext.Text(c.What)).to(12)
		}
		lines = append(lines, l.say(styles[c.Mark], c.Jails).String())
	}
	const most = 3 // beside those that are proven
	for i, v := range s.Suspects.List {
		if i >= most && !v.Proven {
			break
		}
		style := p.Faint
		if v.Proven {
			style = p.Bad
		}
		lines = append(lines, p.line().say(style, words.Suspect(v, s.Now)).String())
	}
	if unknown := words.SuspectsUnknown(s); unknown != "" {
		lines = append(lines, p.line().say(p.Faint, unknown).String())
	}
	return lines
}

// logLines draws what fail2ban's log says: errors, reloads and jails, the
// newest last, in at most so many lines.
func (p pen) logLines(s model.State, most int) []string {
	e := s.Evidence
	switch {
	case e.At.IsZero():
		return []string{p.line().put(p.Faint, "reading fail2ban's log"+safetext.Text(p.Ellipsis)).String()}
	case e.Reason != "":
		return []string{p.line().say(p.Faint, e.Reason).String()}
	}
	notes := words.Telling(e.Notes)
	if len(notes) == 0 {
		return []string{p.line().put(p.Faint, "fail2ban's log says nothing about it").String()}
	}
	var lines []string
	for _, n := range notes[max(0, len(notes)-most):] {
		style := Style{}
		if n.Kind == fail2ban.LogError {
			style = p.Bad
		}
		lines = append(lines, p.line().put(p.Faint, clock(n.At)).skip(2).say(style, fail2ban.OneLine(n.Text)).String())
	}
	return lines
}

// outcomeOf draws what came of the newest act.
func (p pen) outcomeOf(s model.State) []string {
	a := s.Acting
	if a.Kind == "" || s.Now.Sub(a.At) > 10*time.Minute {
		return nil
	}
	style, text := p.OK, words.Acting(a, s.Now)
	switch {
	case a.Running:
		style = p.Warn
	case a.Reason != "" || len(a.Missing) > 0:
		style = p.Bad
	}
	var lines []string
	for _, t := range p.wrap(text, p.width, 3) {
		lines = append(lines, p.line().put(style, t).String())
	}
	if a.Hint != "" {
		lines = append(lines, p.line().say(Style{}, p.Arrow+" "+a.Hint).String())
	}
	return lines
}
