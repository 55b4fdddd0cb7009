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

// jailScreen is one jail: what it is set to, what it reads, who fails in it, whom
// it bans.
type jailScreen struct {
	name     string
	win      window    // of its lines; the cursor is on a row
	selected string    // the address under the cursor, once it was moved
	asOf     time.Time // when what is shown was asked for
}

func (j jailScreen) keys(k keyMap) (often, seldom []key.Binding) {
	return []key.Binding{k.Open, k.Pause, k.Now}, k.moving()
}

func (j jailScreen) press(k keyMap, msg tea.KeyMsg, s model.State, p pen) (screen, outcome) {
	pg := j.page(p, s)
	if win, moved := pg.press(k, msg, j.win); moved {
		return j.moved(win, s), outcome{}
	}
	if key.Matches(msg, k.Open) {
		return j, outcome{address: j.address(s.Detail, pg.clamp(j.win).cursor)}
	}
	return j, outcome{}
}

// click is a click on somebody who fails or is banned.
func (j jailScreen) click(line int, s model.State, p pen) (screen, bool) {
	pg := j.page(p, s)
	w := pg.clamp(j.win)
	row, ok := pg.rowAt(w.top + line - len(pg.fixed))
	if !ok || line < len(pg.fixed) {
		return j, false
	}
	again := row == w.cursor
	w.cursor = row
	return j.moved(pg.clamp(w), s), again
}

// moved is the screen with its cursor elsewhere.
func (j jailScreen) moved(w window, s model.State) jailScreen {
	j.win, j.selected = w, ""
	if w.cursor > 0 {
		j.selected = j.address(s.Detail, w.cursor)
	}
	return j
}

// follow keeps the cursor on its address, where the lists have changed.
func (j jailScreen) follow(s model.State) screen {
	d := s.Detail
	if d.At.Equal(j.asOf) {
		return j
	}
	j.asOf = d.At
	if j.selected == "" {
		return j
	}
	if i := slices.IndexFunc(d.Failing.Addresses, func(f model.Failing) bool { return f.Address == j.selected }); i >= 0 {
		j.win.cursor = i
	} else if i := slices.IndexFunc(d.Bans, func(b fail2ban.Ban) bool { return b.Address == j.selected }); i >= 0 {
		j.win.cursor = len(d.Failing.Addresses) + i
	}
	return j
}

// address is that of a row: first come those who fail, then those who are banned.
func (j jailScreen) address(d model.Detail, row int) string {
	failing := d.Failing.Addresses
	switch {
	case d.Jail != j.name:
		return ""
	case row < len(failing):
		return failing[row].Address
	case row < len(failing)+len(d.Bans):
		return d.Bans[row-len(failing)].Address
	default:
		return ""
	}
}

func (j jailScreen) view(p pen, s model.State) []string {
	_, p.stale = shown(s)
	pg := j.page(p, s)
	return append(pg.fixed, pg.draw(pg.clamp(j.win))...)
}

// page lays the screen out. The facts stand fixed above what moves, unless they
// would take more than half; where there is little room, those that are seldom
// asked for come last.
func (j jailScreen) page(p pen, s model.State) page {
	first, last := j.facts(p, s)
	pg := page{fixed: []string{j.counts(p, s)}}
	gap := []string{""}
	switch facts := slices.Concat(gap, first, last); {
	case p.room().small():
		gap = nil
		pg.parts = []part{{above: first}}
	case 2*len(facts) <= p.height:
		pg.fixed, last = slices.Concat(pg.fixed, facts, gap), nil
	default:
		pg.parts, last = []part{{above: append(facts, "")}}, nil
	}
	if status, _ := shown(s); slices.Contains(status.Names(), j.name) {
		pg.parts = append(pg.parts, j.failing(p, s), j.bans(p, s, gap))
	}
	pg.parts = append(pg.parts, part{above: append(j.unlisted(p, s), last...)})
	pg.seen = max(1, p.height-len(pg.fixed))
	return pg
}

// counts is the first line: the jail and its numbers.
func (j jailScreen) counts(p pen, s model.State) string {
	status, _ := shown(s)
	jail, ok := status.Jail(j.name)
	l := p.line().put(p.Label, p.text(j.name, p.width/3)).skip(2)
	lost := slices.ContainsFunc(s.Runtime.LostJails(), func(l model.Lost) bool { return l.Jail == j.name })
	switch {
	case !ok && lost && p.room().small():
		return l.put(p.Bad, "lost").skip(2).put(Style{}, "it should run").String()
	case !ok && lost:
		return l.put(p.Bad, "lost").skip(2).put(Style{}, "it should run, and fail2ban does not list it").String()
	case !ok && p.room().small():
		return l.put(p.Bad, "is not listed").String()
	case !ok:
		return l.put(p.Bad, "is not listed: fail2ban does not run it").String()
	}
	l.put(p.stateStyle(jail.State), safetext.Text(jail.State))
	for _, c := range []struct {
		name safetext.Text
		n    int
	}{{"banned", jail.Banned}, {"failing", jail.Failing}, {"total", jail.TotalBanned}, {"failed", jail.TotalFailed}} {
		n := safetext.Text(words.Count(c.n))
		if l.used+3+c.name.Width()+1+n.Width() > p.width {
			break // half a number is a wrong one
		}
		l.skip(3).put(p.Faint, c.name+" ").put(p.Title, n)
	}
	if cells := min(model.RateMinutes, p.width-l.used-3); cells >= 10 {
		r, _ := s.RateOf(j.name)
		l.skip(3).put(p.Chart, p.sparkline(squeeze(r.PerMinute(s.Now, model.RateMinutes), cells)))
	}
	return l.String()
}

// failing draws who fails and is not banned, those nearest to a ban first.
func (j jailScreen) failing(p pen, s model.State) part {
	d := s.Detail
	list := d.Failing.Addresses
	if d.At.IsZero() || len(list) == 0 {
		return part{}
	}
	columns := failingColumns(p, s)
	return part{above: []string{p.heading(2, columns, order{key: -1})}, rows: len(list), draw: func(row int, current bool) string {
		return p.jailRow(columns, row, current)
	}}
}

func failingColumns(p pen, s model.State) []column {
	d := s.Detail
	title := safetext.Text("FAILING, NOT BANNED")
	if p.room().small() {
		title = "FAILING"
	}
	return p.fit([]column{
		{title: title, width: 15, cell: func(p pen, row int) (Style, safetext.Text) {
			return Style{}, p.text(d.Failing.Addresses[row].Address, p.width)
		}},
		{title: "LAST", width: 12, rank: 2, sort: -2, cell: func(p pen, row int) (Style, safetext.Text) {
			return p.Faint, safetext.Text(words.When(d.Failing.Addresses[row].Last.Local(), s.Now.Local()))
		}},
		{title: "FAILURES", width: 8, right: true, rank: 1, sort: -2, cell: func(p pen, row int) (Style, safetext.Text) {
			n := d.Failing.Addresses[row].Failures
			style := Style{}
			if n >= d.Settings.MaxRetry-1 {
				style = p.Warn // the next one is a ban
			}
			return style, safetext.Text(words.Count(n) + " of " + words.Count(d.Settings.MaxRetry))
		}},
	}, p.width-2, 43)
}

// bans draws whom the jail bans, the newest first, below what is to be said of
// those who fail.
func (j jailScreen) bans(p pen, s model.State, gap []string) part {
	d := s.Detail
	above := j.untold(p, s)
	if len(d.Failing.Addresses) > 0 || len(above) > 0 {
		above = append(above, gap...)
	}
	faint := func(t safetext.Text) part { return part{above: append(above, p.line().put(p.Faint, t).String())} }
	switch {
	case d.At.IsZero() && d.Reason == "":
		return faint("asking fail2ban" + safetext.Text(p.Ellipsis))
	case d.At.IsZero(), !d.HasBans && d.Unlisted() > 0:
		return part{above: above}
	case len(d.Bans) == 0:
		return faint("nobody is banned here")
	}
	columns := banColumns(p, s)
	return part{above: append(above, p.heading(2, columns, order{key: -1})), rows: len(d.Bans), draw: func(row int, current bool) string {
		return p.jailRow(columns, row, current)
	}}
}

func (p pen) jailRow(columns []column, row int, current bool) string {
	l := p.line()
	if current {
		l.put(p.Label, safetext.Text(p.Cursor))
	}
	return p.row(l.to(2), columns, row).String()
}

func banColumns(p pen, s model.State) []column {
	bans := s.Detail.Bans
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
	if b.Start.IsZero() {
		return "?"
	}
	return safetext.Text(words.When(b.Start.Local(), s.Now.Local()))
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

// unlisted says where the bans are that are not listed here.
func (j jailScreen) unlisted(p pen, s model.State) []string {
	d := s.Detail
	n := d.Unlisted()
	if n == 0 || d.At.IsZero() {
		return nil
	}
	text := safetext.Text(words.Count(n)) + " more: "
	switch {
	case !d.HasBans && p.room().small():
		text = safetext.Text(words.Plural(n, "ban")) + ": "
	case !d.HasBans:
		text = safetext.Text(words.Plural(n, "ban")) + ", too many to list here: "
	}
	return []string{p.line().put(p.Faint, text).put(p.Key, "2").put(p.Faint, " shows all bans").String()}
}

// page is a screen as lines: some that stand, and below them some that move.
type page struct {
	fixed []string
	parts []part
	seen  int // how many of the moving lines are seen
}

// part is lines that are no rows, the last of which is the heading of the rows
// below them. Those are drawn only where they are seen.
type part struct {
	above []string
	rows  int
	draw  func(row int, current bool) string
}

// count is how many moving lines there are, and how many of them are rows.
func (pg page) count() (lines, rows int) {
	for _, t := range pg.parts {
		lines += len(t.above) + t.rows
		rows += t.rows
	}
	return lines, rows
}

// line is the moving line on which a row is.
func (pg page) line(row int) int {
	n := 0
	for _, t := range pg.parts {
		n += len(t.above)
		if row < t.rows {
			return n + row
		}
		n, row = n+t.rows, row-t.rows
	}
	return n
}

// rowAt is the row on a moving line, where there is one.
func (pg page) rowAt(line int) (row int, ok bool) {
	for _, t := range pg.parts {
		if line -= len(t.above); line < 0 {
			return 0, false
		}
		if line < t.rows {
			return row + line, true
		}
		line, row = line-t.rows, row+t.rows
	}
	return 0, false
}

// press moves the cursor by a key, or the lines where there is no row.
func (pg page) press(k keyMap, msg tea.KeyMsg, w window) (window, bool) {
	lines, rows := pg.count()
	if rows == 0 {
		moved := scroll(k, msg, w.top, lines, pg.seen)
		return window{top: moved}, moved != w.top
	}
	next, moved := w.press(k, msg, rows, pg.seen)
	next.top = w.top
	return pg.clamp(next), moved
}

// clamp keeps the cursor on a row and the row in sight. The first row brings what
// is above it into sight, the last what is below.
func (pg page) clamp(w window) window {
	lines, rows := pg.count()
	last := max(0, lines-pg.seen)
	w.cursor = max(0, min(w.cursor, rows-1))
	if at := pg.line(w.cursor); rows > 0 { // below its heading
		w.top = max(min(w.top, at-1), at-pg.seen+1)
	}
	switch {
	case rows > 0 && w.cursor == 0:
		w.top = 0
	case rows > 0 && w.cursor == rows-1:
		w.top = last
	}
	w.top = max(0, min(w.top, last))
	return w
}

// draw draws the moving lines that are seen. Rows whose heading is out of sight
// have it in place of the first of them.
func (pg page) draw(w window) []string {
	var out []string
	from, to := w.top, w.top+pg.seen
	line, row := 0, 0
	for _, t := range pg.parts {
		for i := max(0, from-line); i < min(len(t.above), to-line); i++ {
			out = append(out, t.above[i])
		}
		line += len(t.above)
		for i := max(0, from-line); i < min(t.rows, to-line); i++ {
			if len(out) == 0 && pg.seen > 1 {
				out = append(out, t.above[len(t.above)-1])
				continue
			}
			out = append(out, t.draw(i, row+i == w.cursor))
		}
		line, row = line+t.rows, row+t.rows
	}
	return out
}
