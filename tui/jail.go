package tui

import (
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"bantop/fail2ban"
	"bantop/model"
	"bantop/tui/safetext"
	"bantop/tui/words"
)

// jailScreen is one jail: what it is set to, what it reads, whom it bans.
type jailScreen struct {
	name string
	win  window
}

func (j jailScreen) keys(k keyMap) (often, seldom []key.Binding) {
	return []key.Binding{k.Back, k.Pause, k.Now}, k.moving()
}

func (j jailScreen) press(k keyMap, msg tea.KeyMsg, s model.State, p pen) (screen, outcome) {
	seen := max(1, p.height-len(j.facts(p, s))-2)
	j.win, _ = j.win.press(k, msg, len(s.Detail.Bans), seen)
	return j, outcome{}
}

func (j jailScreen) view(p pen, s model.State) []string {
	_, p.stale = shown(s)
	lines := j.facts(p, s)
	if p.height > len(lines)+2 {
		lines = append(lines, "")
	}
	return append(lines, j.bans(p, s, p.height-len(lines))...)
}

// facts are the lines above the bans.
func (j jailScreen) facts(p pen, s model.State) []string {
	lines := []string{j.counts(p, s)}
	if !p.room().small() {
		lines = append(lines, "")
	}
	d := s.Detail
	if d.Reason != "" {
		lines = append(lines, p.fresh().line().say(p.Warn, p.Alert+" "+d.Reason).String())
	}
	if d.At.IsZero() {
		return lines
	}
	fact := func(name safetext.Text, text string) {
		l := p.line().put(p.Faint, name).to(9)
		lines = append(lines, l.say(Style{}, text).String())
	}
	set := d.Settings
	fact("bans", "for "+words.BanTime(set.BanTime)+" after "+words.Plural(set.MaxRetry, "failure")+" within "+words.Span(set.FindTime))
	for _, file := range set.Files {
		l := p.line().put(p.Faint, "log").to(9)
		lines = append(lines, l.put(Style{}, p.Text(file).CutLeft(p.width-9, safetext.Text(p.Ellipsis))).String())
	}
	for _, match := range set.Journal {
		fact("journal", match)
	}
	if len(set.Files) == 0 && len(set.Journal) == 0 {
		lines = append(lines, p.line().put(p.Faint, "log").to(9).put(p.Bad, "none: this jail reads nothing").String())
	}
	if len(set.Actions) == 0 {
		lines = append(lines, p.line().put(p.Faint, "actions").to(9).put(p.Bad, "none: it bans on paper only").String())
	} else {
		fact("actions", strings.Join(set.Actions, ", "))
	}
	fact("ignores", j.ignores(set))
	return lines
}

func (j jailScreen) ignores(set fail2ban.JailSettings) string {
	ignored := set.IgnoreIP
	if set.IgnoreSelf {
		ignored = append(slices.Clone(ignored), "this machine's own addresses")
	}
	if len(ignored) == 0 {
		return "nobody"
	}
	return strings.Join(ignored, ", ")
}

// counts is the first line: the jail and its numbers.
func (j jailScreen) counts(p pen, s model.State) string {
	status, _ := shown(s)
	jail, ok := status.Jail(j.name)
	l := p.line().put(p.Label, p.text(j.name, p.width/3)).skip(2)
	if !ok && slices.ContainsFunc(s.Runtime.LostJails(), func(l model.Lost) bool { return l.Jail == j.name }) {
		return l.put(p.Bad, "lost").skip(2).put(Style{}, "it should run, and fail2ban does not list it").String()
	}
	if !ok {
		return l.put(p.Bad, "is not listed: fail2ban does not run it").String()
	}
	l.put(p.stateStyle(jail.State), safetext.Text(jail.State))
	for _, c := range []struct {
		name safetext.Text
		n    int
	}{{"banned", jail.Banned}, {"total", jail.TotalBanned}, {"failing", jail.Failing}, {"failed", jail.TotalFailed}} {
		l.skip(3).put(p.Faint, c.name+" ").put(p.Title, safetext.Text(words.Count(c.n)))
	}
	if cells := min(model.RateMinutes, p.width-l.used-3); cells >= 10 {
		r, _ := s.RateOf(j.name)
		l.skip(3).put(p.Chart, p.sparkline(squeeze(r.PerMinute(s.Now, model.RateMinutes), cells)))
	}
	return l.String()
}

// bans draws the bans, newest first, in so many lines.
func (j jailScreen) bans(p pen, s model.State, lines int) []string {
	d := s.Detail
	status, _ := shown(s)
	jail, listed := status.Jail(j.name)
	faint := func(t safetext.Text) []string { return []string{p.line().put(p.Faint, t).String()} }
	switch {
	case !listed:
		return nil
	case d.At.IsZero() && d.Reason == "":
		return faint("asking fail2ban" + safetext.Text(p.Ellipsis))
	case !d.HasBans && jail.Banned > 0 && !d.At.IsZero():
		return faint(safetext.Text(words.Plural(jail.Banned, "ban")) + ": too many to ask for without holding up fail2ban")
	case len(d.Bans) == 0:
		return faint("nobody is banned here")
	}
	bans := slices.Clone(d.Bans)
	slices.SortStableFunc(bans, func(a, b fail2ban.Ban) int { return b.Start.Compare(a.Start) })
	seen := max(1, lines-1)
	win := j.win.clamp(len(bans), seen)
	columns := banColumns(p, s, bans)
	out := []string{p.heading(2, columns, order{key: -1})}
	for i := win.top; i < min(len(bans), win.top+seen); i++ {
		l := p.line()
		if i == win.cursor {
			l.put(p.Label, safetext.Text(p.Cursor))
		}
		out = append(out, p.row(l.to(2), columns, i).String())
	}
	return out
}

func banColumns(p pen, s model.State, bans []fail2ban.Ban) []column {
	return p.fit([]column{
		{title: "BANNED", width: 15, cell: func(p pen, row int) (Style, safetext.Text) {
			return Style{}, p.text(bans[row].Address, p.width)
		}},
		{title: "SINCE", width: 12, rank: 2, sort: -2, cell: func(p pen, row int) (Style, safetext.Text) {
			return p.Faint, since(s, bans[row])
		}},
		{title: "LEFT", width: 8, right: true, rank: 1, sort: -2, cell: func(p pen, row int) (Style, safetext.Text) {
			return Style{}, left(s, bans[row])
		}},
	}, p.width-2, 43)
}

// since is when a ban began: the time of day, or the day where that is another.
func since(s model.State, b fail2ban.Ban) safetext.Text {
	switch {
	case b.Start.IsZero():
		return "?"
	case s.Now.Sub(b.Start) < 20*60*minute:
		return safetext.Text(b.Start.Local().Format("15:04"))
	default:
		return safetext.Text(b.Start.Local().Format("Jan _2 15:04"))
	}
}

// left is how long a ban still lasts.
func left(s model.State, b fail2ban.Ban) safetext.Text {
	switch {
	case b.Start.IsZero():
		return "?"
	case b.Length == fail2ban.Permanent:
		return "for ever"
	default:
		return safetext.Text(words.Left(b.End.Sub(s.Now)))
	}
}
