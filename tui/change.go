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

// changeScreen is one change of the jails: its rehearsal, which touches nothing,
// then its steps as a guard carries them out, and the time to confirm it.
type changeScreen struct {
	top   int
	phase phase
	again bool // it can be rehearsed once more
	edits bool // its text can be edited once more
}

// phase is what can be done on the screen of a change.
type phase int

const (
	anyPhase phase = iota // all keys, for the help
	rehearsing
	ready
	refusing
	running
	confirming
	over
)

// follow works out what can be done now.
func (v changeScreen) follow(s model.State) screen {
	own, begun := s.OwnChange()
	c := s.Runtime.Change
	if begun {
		c = &own
	}
	switch a := s.Preparing; {
	case !begun && a.Ready():
		v.phase = ready
	case !begun && (a.Running || a.Starting):
		v.phase = rehearsing
	case !begun && a.Kind != "":
		v.phase = refusing
	case c == nil || c.Step.Over():
		v.phase = over
	case c.Step == model.StepConfirm:
		v.phase = confirming
	default:
		v.phase = running
	}
	kind, still := s.Preparing.Kind, v.phase == ready || v.phase == refusing
	_, typed := s.Preparing.Edited()
	v.edits = still && kind == model.ChangeEdit
	v.again = still && (typed || kind == model.ChangeActivate || kind == model.ChangeDeactivate)
	return v
}

func (v changeScreen) keys(k keyMap) (often, seldom []key.Binding) {
	often = map[phase][]key.Binding{
		anyPhase: {k.GoAhead, k.Confirm, k.Revert, k.Rehearse, k.EditJail}, ready: {k.GoAhead},
		running: {k.Revert}, confirming: {k.Confirm, k.Revert},
	}[v.phase]
	if v.again {
		often = append(often, k.Rehearse)
	}
	if v.edits {
		often = append(often, k.EditJail)
	}
	return often, []key.Binding{k.Up, k.Down}
}

func (v changeScreen) press(k keyMap, msg tea.KeyMsg, s model.State, p pen) (screen, outcome) {
	prepared := s.Preparing
	switch {
	case key.Matches(msg, k.Confirm):
		return v, outcome{msg: model.ConfirmRequested{At: s.Now}}
	case key.Matches(msg, k.Revert):
		return v, outcome{msg: model.RevertRequested{At: s.Now}}
	case key.Matches(msg, k.GoAhead) && prepared.Ready():
		return v, outcome{change: true}
	case key.Matches(msg, k.EditJail) && v.edits:
		if _, typed := prepared.Edited(); !typed {
			return v, outcome{edit: prepared.Jail}
		}
		return v, outcome{edit: editAgain}
	case key.Matches(msg, k.Rehearse) && v.again:
		again := model.RehearsalRequested{Kind: prepared.Kind, Jail: prepared.Jail, At: s.Now}
		if text, ok := prepared.Edited(); ok {
			again.Text, again.Was = &text, prepared.EditedFrom()
		}
		return v, outcome{msg: again}
	}
	v.top = scroll(k, msg, v.top, len(v.text(p, s)), p.height)
	return v, outcome{}
}

func (v changeScreen) view(p pen, s model.State) []string {
	lines := v.text(p, s)
	return lines[max(0, min(v.top, len(lines)-p.height)):]
}

// text is all of it: what is prepared here until it has begun, then what all see.
func (v changeScreen) text(p pen, s model.State) []string {
	own, begun := s.OwnChange()
	c := s.Runtime.Change
	switch {
	case begun:
		return p.changeSteps(s, own)
	case s.Preparing.Kind != "":
		return p.prepared(s)
	case c == nil && s.Sharing.Apart:
		return append([]string{p.line().say(p.Faint, s.Who+" cannot see root's changes:").String()}, p.command(s.AsRoot)...)
	case c == nil && s.Sharing.Reason != "":
		return []string{p.line().say(p.Faint, "not known while nothing is shared").String()}
	case c == nil:
		return []string{p.line().put(p.Faint, "nobody has changed anything; a on a jail activates it").String()}
	default:
		return p.changeSteps(s, *c)
	}
}

// stepLine draws one step: a mark, what it does, how long it took.
func (p pen) stepLine(mark model.Mark, does string, took time.Duration) *line {
	style := map[model.Mark]Style{model.CheckOK: p.OK, model.CheckFault: p.Bad, model.CheckNote: p.Warn}[mark]
	glyph := map[model.Mark]string{model.CheckOK: p.Done, model.CheckFault: p.Failed, model.CheckNote: p.Cursor}[mark]
	l := p.line().skip(2).put(style, safetext.Text(glyph)).to(4)
	if mark == "" {
		return l.put(p.Faint, safetext.Text(does))
	}
	l.put(Style{}, safetext.Text(does))
	if took > 0 {
		l.skip(1).to(min(48, p.width-8)).put(p.Faint, safetext.Text(words.Latency(took)))
	}
	return l
}

// rehearsed are the steps of a rehearsal, in their order.
var rehearsed = []fail2ban.RehearsalStep{fail2ban.RehearseCopy, fail2ban.RehearseTest, fail2ban.RehearseStart, fail2ban.RehearseRead}

// prepared draws a rehearsal: its steps, then what it found.
func (p pen) prepared(s model.State) []string {
	a, r := s.Preparing, s.Preparing.Rehearsal
	title := p.line().say(p.Title, string(a.Kind)).skip(1).say(p.Label, a.Jail)
	if a.Running {
		title.put(p.Faint, "  rehearsal: nothing of the running server is touched")
	}
	var steps []string
	for _, step := range rehearsed {
		at := slices.IndexFunc(r.Steps, func(t fail2ban.StepTime) bool { return t.Step == step })
		switch {
		case at >= 0 && r.Step == fail2ban.RehearseDone && !r.OK() && at == len(r.Steps)-1:
			steps = append(steps, p.stepLine(model.CheckFault, words.RehearsalStep(step), r.Steps[at].Took).String())
		case at >= 0:
			steps = append(steps, p.stepLine(model.CheckOK, words.RehearsalStep(step), r.Steps[at].Took).String())
		case a.Running && (r.Step == step || r.Step == "" && step == fail2ban.RehearseCopy):
			steps = append(steps, p.stepLine(model.CheckNote, words.RehearsalStep(step), 0).String())
		case a.Running:
			steps = append(steps, p.stepLine("", words.RehearsalStep(step), 0).String())
		}
	}
	return p.stacked(title.String(), steps, p.card(s))
}

// stacked puts the steps above what they led to; where there is little room, below:
// that is what counts.
func (p pen) stacked(title string, steps, led []string) []string {
	if p.room().small() && len(led) > 0 {
		return slices.Concat([]string{title}, led, steps)
	}
	return slices.Concat([]string{title, ""}, steps, []string{""}, led)
}

// found is a named line of a card.
func (p pen) found(name, text string, style Style, most int) []string {
	if text == "" {
		return nil
	}
	at := 15
	if p.room().small() {
		at = 9
	}
	var lines []string
	l := p.line().skip(2).put(p.Faint, p.text(name, at-3))
	for _, t := range p.wrap(text, p.width-at, most) {
		lines = append(lines, l.to(at).put(style, t).String())
		l = p.line()
	}
	return lines
}

// card draws what a rehearsal found, and what can be done now.
func (p pen) card(s model.State) []string {
	a, r := s.Preparing, s.Preparing.Rehearsal
	if a.Kind == model.ChangeSetAside {
		return p.asideCard(a)
	}
	var lines []string
	add := func(name, text string, style Style) { lines = append(lines, p.found(name, text, style, 4)...) }
	switch {
	case r.OK():
		add("result", words.RehearsalVerdict(a)+", after "+words.Latency(r.Took), p.OK)
	case r.Verdict != "":
		add("result", words.RehearsalVerdict(a), p.Bad)
	}
	add("reason", r.Reason, p.Bad)
	add("in", r.At.String(), Style{})
	add("reads", words.Reading(r), Style{})
	if own := words.OwnWouldBan(s); own != "" {
		add("you", own, p.Bad)
	}
	const most = 6
	if a.Bans() {
		would := words.Some(r.WouldBan, most)
		if would == "" {
			would = "nobody"
		}
		add("bans now", would, Style{})
	}
	add("failing", words.FailingNow(r, most), Style{})
	add("ports", r.Ports, Style{})
	add("actions", words.Some(r.Actions, most), Style{})
	add("left out", words.Without(r), p.Faint)
	add("also appear", words.Some(r.Appear, most), p.Warn)
	add("also vanish", words.Some(r.Vanish, most), p.Warn)
	add("also change", words.Some(r.Change, most), p.Warn)
	add("server", words.ServerWide(r), p.Warn)
	add("set by hand", words.ByHand(r), Style{})
	if a.Reason != "" {
		add("refused", a.Reason, p.Bad)
		add("next", a.Hint, p.Key)
	}
	lines = append(lines, p.difference(a)...)
	switch {
	case a.Starting:
		add("", "handing it to the guard, who holds the way back", p.Warn)
	case a.Ready():
		add("", "", Style{})
		lines = append(lines, "", p.line().skip(2).put(p.Key, safetext.Text(p.Enter)).put(Style{}, " goes on: somebody has to confirm it within ").
			put(Style{}, safetext.Text(words.Span(s.InForce().ActivationConfirm))).put(Style{},
			", or it is taken back").String())
	}
	return lines
}

// asideCard draws what becomes of a file that is set aside.
func (p pen) asideCard(a model.Preparing) []string {
	var lines []string
	for _, f := range a.Files() {
		lines = append(lines, p.found("file", f.Dir+"/"+f.Name+" gets the name "+f.Aside, Style{}, 4)...)
	}
	if loose := a.Loose(); len(loose) > 0 {
		lines = append(lines, p.found("unguarded", words.List(loose)+" afterwards", p.Warn, 4)...)
	}
	lines = append(lines, p.found("refused", a.Reason, p.Bad, 4)...)
	lines = append(lines, p.found("next", a.Hint, p.Key, 4)...)
	switch {
	case a.Starting:
		lines = append(lines, p.found("", "handing it to the guard, who holds the way back", p.Warn, 4)...)
	case a.Ready():
		lines = append(lines, "", p.line().skip(2).put(p.Key, safetext.Text(p.Enter)).put(Style{}, " goes on: where that brings no jail back, the file gets its name back").String())
	}
	return lines
}

// difference draws what an edited file says that it did not, and the other way.
func (p pen) difference(a model.Preparing) []string {
	if _, edits := a.Edited(); !edits || a.File.Name == "" {
		return nil
	}
	lines := []string{p.line().skip(2).put(p.Faint, "file").to(15).say(Style{}, a.File.Dir+"/"+a.File.Name).String()}
	for _, d := range words.Diff(string(a.File.Was), string(a.File.Now)) {
		style := p.OK
		if d[0] == '-' {
			style = p.Bad
		}
		lines = append(lines, p.line().skip(4).say(style, d).String())
	}
	return lines
}

// forward are the steps of a change that goes well.
var forward = []model.ChangeStep{model.StepWrite, model.StepReload, model.StepProve, model.StepConfirm}

// changeSteps draws a change as all instances see it.
func (p pen) changeSteps(s model.State, c model.Change) []string {
	title := p.line().say(p.Title, string(c.Kind)).skip(1).say(p.Label, c.Jail).
		put(p.Faint, "  by ").say(p.Faint, c.Person()).put(p.Faint, "  ").put(p.Faint, clock(c.At)).String()
	var lines []string
	for _, d := range c.Done {
		mark := model.CheckOK
		if d.Reason != "" {
			mark = model.CheckFault
		}
		lines = append(lines, p.stepLine(mark, words.Step(d.Step), d.Took).String())
		for _, t := range p.wrap(d.Reason, p.width-6, 4) {
			lines = append(lines, p.line().skip(6).put(p.Bad, t).String())
		}
	}
	if !c.Step.Over() {
		lines = append(lines, p.stepLine(model.CheckNote, words.Step(c.Step), 0).String())
	}
	if c.Why == "" && !c.Step.Over() { // what is still to come
		for _, step := range forward[slices.Index(forward, c.Step)+1:] {
			lines = append(lines, p.stepLine("", words.Step(step), 0).String())
		}
	}
	return p.stacked(title, lines, p.changeEnd(s, c))
}

// changeEnd draws how a change stands: the countdown, or how it ended and what
// there is to do.
func (p pen) changeEnd(s model.State, c model.Change) []string {
	switch c.Step {
	case model.StepConfirm:
		left := c.Deadline.Sub(s.Now)
		cells := max(10, min(40, p.width-20))
		full := max(0, min(cells, int(left*time.Duration(cells)/max(1, c.Confirm))))
		return slices.Concat([]string{
			p.line().skip(2).put(p.OK, "every jail runs as it should").String(),
			p.line().skip(2).put(p.Warn, safetext.Text(p.gauge(full, cells))).skip(1).put(p.Title, safetext.Text(words.Span(left))).String(),
			"",
			p.line().skip(2).put(p.Key, "c").
				put(Style{}, " confirms it; best in another login, which proves that you can get in:").String(),
		}, p.command(s.Confirm), []string{
			p.line().skip(2).put(p.Key, "v").put(Style{}, " takes it back now; so does the guard by itself when the time is over").String(),
		})
	case model.StepConfirmed:
		return []string{p.line().skip(2).put(p.OK, "done").put(p.Faint, "  it stays so after a restart").String()}
	case model.StepTakenBack:
		lines := []string{p.line().skip(2).put(p.OK, "rolled back: every jail and its bans are as they were").String()}
		for _, t := range words.Slips(c) {
			lines = append(lines, p.line().skip(2).say(p.Warn, t).String())
		}
		return lines
	case model.StepStuck:
		lines := []string{p.line().skip(2).put(p.Bad, "the jails are not proven to be back").String()}
		for i, t := range words.LastResort(s, c) {
			lines = append(lines, p.line().skip(2).put(p.Key, safetext.Text(string(rune('1'+i)))).skip(1).say(Style{}, t).String())
		}
		return lines
	default:
		return nil
	}
}

// command draws what is to be typed elsewhere, all of it.
func (p pen) command(text string) (lines []string) {
	const most = 6
	for _, t := range p.wrap(text, p.width-4, most) {
		lines = append(lines, p.line().skip(4).put(p.Key, t).String())
	}
	return lines
}
