package tui

import (
	"slices"
	"strings"
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

// choice is one thing that can be done.
type choice struct {
	act  model.ActKind
	name safetext.Text
	does safetext.Text
}

// choices are what can be done now.
func choices(s model.State) []choice {
	r := s.Runtime
	var out []choice
	if r.Server.Kind.Up() {
		out = append(out, choice{model.ActReload, "reload", "fail2ban reads its configuration again, and makes jails that are missing"})
		out = append(out, choice{model.ActRestart, "restart", "a new server process; bans come back from its database"})
	} else {
		out = append(out, choice{model.ActRestart, "start", "start fail2ban again, also where it left its socket"})
	}
	if r.Pending != nil {
		out = append(out, choice{model.ActDismiss, "dismiss", "hide this in every pane"})
	}
	return out
}

// best is which choice helps most: to dismiss what is over, else the first.
func best(s model.State, all []choice) int {
	if p := s.Runtime.Pending; p != nil && p.Recovered && s.Runtime.Server.Kind.Up() {
		return len(all) - 1
	}
	return 0
}

func (d recovery) keys(k keyMap) (often, seldom []key.Binding) {
	return []key.Binding{k.Choose, k.Back}, []key.Binding{k.Up, k.Down}
}

func (d recovery) press(k keyMap, msg tea.KeyMsg, s model.State, _ pen) (screen, outcome) {
	all := choices(s)
	cursor := d.at(s, all)
	switch {
	case key.Matches(msg, k.Up):
		d.cursor, d.moved = max(0, cursor-1), true
	case key.Matches(msg, k.Down):
		d.cursor, d.moved = min(len(all)-1, cursor+1), true
	case key.Matches(msg, k.Choose) && s.Acting.Running && all[cursor].act != model.ActDismiss: // one after the other
	case key.Matches(msg, k.Choose):
		return d, outcome{ask: all[cursor].act}
	}
	return d, outcome{}
}

func (d recovery) at(s model.State, all []choice) int {
	if !d.moved {
		return best(s, all)
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
	all := choices(s)
	cursor := d.at(s, all)
	var lines []string
	for i, c := range all {
		l := p.line()
		if i == cursor {
			l.put(p.Label, safetext.Text(p.Cursor))
		}
		lines = append(lines, l.to(2).put(p.Title, c.name).to(11).put(Style{}, c.does).String())
	}
	return lines
}

// jailsCompared draws what should run beside what does.
func (p pen) jailsCompared(s model.State) []string {
	r := s.Runtime
	if len(r.Expected) == 0 {
		return nil
	}
	var there, missing []string
	for _, name := range r.Expected {
		if _, ok := r.Server.Jail(name); ok {
			there = append(there, name)
		} else {
			missing = append(missing, name)
		}
	}
	say := func(what safetext.Text, style Style, names []string) string {
		text := "none"
		if len(names) > 0 {
			text = words.Plural(len(names), "jail") + ": " + strings.Join(names, ", ")
		}
		return p.line().put(p.Faint, what).to(12).say(style, text).String()
	}
	lines := []string{say("should run", Style{}, r.Expected)}
	switch {
	case !r.Server.Kind.Up():
		return append(lines, say("runs", p.Bad, nil))
	case len(missing) > 0:
		return append(lines, say("runs", Style{}, there), say("missing", p.Bad, missing))
	case r.Pending == nil && s.Acting.Kind == "":
		return append(lines, p.line().put(p.OK, "every one runs: there is nothing to recover from").String())
	default:
		return append(lines, p.line().put(p.Faint, "runs").to(12).put(p.OK, "every one").String())
	}
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
	var notes []fail2ban.LogNote
	for _, n := range e.Notes {
		if n.Kind != fail2ban.LogOther {
			notes = append(notes, n)
		}
	}
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
