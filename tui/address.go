package tui

import (
	"slices"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"bantop/fail2ban"
	"bantop/model"
	"bantop/tui/safetext"
	"bantop/tui/words"
)

// addressScreen is one address: whether and why it is banned, what was before, who
// ignores it.
type addressScreen struct{ top int }

func (v addressScreen) keys(k keyMap) (often, seldom []key.Binding) {
	return []key.Binding{k.UnbanAll, k.Ban, k.Allow}, append([]key.Binding{k.Disallow, k.Copy, k.Pause, k.Now}, k.moving()...)
}

func (v addressScreen) press(k keyMap, msg tea.KeyMsg, s model.State, p pen) (screen, outcome) {
	a := s.Address.Address
	switch {
	case key.Matches(msg, k.UnbanAll), key.Matches(msg, k.Unban):
		r := model.BatchRequested{Kind: model.ActUnbanEverywhere}
		for _, row := range s.Current() {
			r.Reversal = append(r.Reversal, asTarget(row))
		}
		r.Targets = everywhere(r.Reversal)
		return v, outcome{batch: &r}
	case key.Matches(msg, k.Disallow):
		r := model.BatchRequested{Kind: model.ActDisallow}
		for _, rule := range s.Address.Ignored {
			if rule.Entry == a { // a network that holds it is another entry
				r.Targets = append(r.Targets, model.BatchTarget{Target: fail2ban.Target{Jail: rule.Jail, Address: a}})
			}
		}
		return v, outcome{batch: &r}
	case key.Matches(msg, k.Copy):
		return v, outcome{copied: a}
	case key.Matches(msg, k.Ban):
		return v, outcome{prompt: &banPrompt{text: a + " "}}
	case key.Matches(msg, k.Allow):
		r := model.BatchRequested{Kind: model.ActAllow}
		for _, jail := range s.Runtime.Server.Names() {
			r.Targets = append(r.Targets, model.BatchTarget{Target: fail2ban.Target{Jail: jail, Address: a}})
		}
		return v, outcome{batch: &r}
	}
	v.top = scroll(k, msg, v.top, len(v.text(p, s)), p.height)
	return v, outcome{}
}

func (v addressScreen) view(p pen, s model.State) []string {
	lines := v.text(p, s)
	return lines[max(0, min(v.top, len(lines)-p.height)):]
}

func (v addressScreen) text(p pen, s model.State) []string {
	a := s.Address
	var lines []string
	say := func(style Style, text string) {
		for _, t := range p.wrap(text, p.width, 3) {
			lines = append(lines, p.line().put(style, t).String())
		}
	}
	style := p.OK
	if len(s.Current()) > 0 {
		style = p.Bad
	}
	say(style, words.Verdict(s))
	if place := words.Place(s.Address.Place); place != "" {
		say(Style{}, place)
	}
	if a.NoPlace != "" {
		say(p.Warn, p.Alert+" "+words.NoCountries(a.NoPlace))
	}
	if own := words.OwnLogins(s.OwnOf()); own != "" {
		say(p.Warn, p.Alert+" "+own)
	}
	if ignored := words.Ignored(a); ignored != "" {
		say(Style{}, ignored)
	}
	if a.At.IsZero() {
		return append(lines, p.line().put(p.Faint, "reading fail2ban's database"+safetext.Text(p.Ellipsis)).String())
	}
	if a.Reason != "" {
		say(p.Faint, a.Reason)
	}
	lines = append(lines, v.current(p, s)...)
	return append(lines, v.records(p, s)...)
}

// current draws the bans in force.
func (v addressScreen) current(p pen, s model.State) []string {
	rows := s.Current()
	if len(rows) == 0 {
		return nil
	}
	lines := []string{"", p.line().put(p.Faint, "BANNED NOW").String()}
	for _, r := range rows {
		l := p.line().skip(2).put(p.Label, p.text(r.Jail, 20)).to(24).put(Style{}, safetext.Text(words.When(r.Start.Local(), s.Now.Local())))
		l.to(38).put(Style{}, safetext.Text(words.StillLasts(r, s.Now)))
		if r.Address != s.Address.Address {
			l.skip(2).say(p.Warn, "as part of "+r.Address)
		}
		lines = append(lines, l.String())
	}
	if note := words.FromDatabase(rows); note != "" {
		for _, t := range p.wrap(note, p.width-2, 3) {
			lines = append(lines, p.line().skip(2).put(p.Faint, t).String())
		}
	}
	return lines
}

// records draws the bans that the database tells of, with what led to them.
func (v addressScreen) records(p pen, s model.State) []string {
	var lines []string
	for _, b := range s.Address.Records {
		if len(lines) == 0 {
			lines = append(lines, "", p.line().put(p.Faint, "WHAT LED TO IT, AND BEFORE").String())
		}
		l := p.line().skip(2).put(p.Label, p.text(b.Jail, 20)).to(24).put(Style{}, safetext.Text(words.When(b.Start.Local(), s.Now.Local()))).to(38)
		lines = append(lines, l.say(Style{}, words.Record(b)).String())
		for _, m := range slices.Backward(b.Matches) { // the newest first
			lines = append(lines, p.line().skip(4).say(p.Faint, fail2ban.OneLine(m)).String())
		}
	}
	return lines
}
