package tui

import (
	"maps"
	"slices"
	"time"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"bantop/fail2ban"
	"bantop/model"
	"bantop/model/banlist"
	"bantop/tui/safetext"
	"bantop/tui/words"
)

// bansScreen is every ban of every jail. What is shown is worked out when the
// list, the filter or the order changes, not when it is drawn.
type bansScreen struct {
	win     window
	by      banlist.Column
	reverse bool
	filter  string
	typing  bool
	wrong   string // what is wrong with the filter; "" where nothing is

	query  banlist.Query
	list   *banlist.List // that rows are of
	rows   []int32       // that are shown, in their order
	asOf   time.Time     // when they were worked out
	marked map[fail2ban.Target]bool
	anchor int // where a range was begun, plus one; 0 is none
}

func (v bansScreen) keys(k keyMap) (often, seldom []key.Binding) {
	return []key.Binding{k.Unban, k.Ban, k.Allow, k.MarkOne, k.Filter, k.Sort},
		append([]key.Binding{k.UnbanAll, k.Open, k.MarkRange, k.MarkAll, k.Invert, k.Next, k.Previous, k.Copy, k.Reverse, k.Pause, k.Now}, k.moving()...)
}

// follow works out anew what is shown, where the list changed, or what a filter
// finds did as time passed. The cursor stays on its ban.
func (v bansScreen) follow(s model.State) screen {
	const timedEvery = 5 * time.Second
	if s.Bans.List == v.list && (!v.query.Timed() || s.Now.Sub(v.asOf) < timedEvery) {
		return v
	}
	at, had := v.current()
	v = v.relist(s)
	if i := slices.IndexFunc(v.rows, func(i int32) bool { return v.list.Row(i).Target() == at }); had && i >= 0 {
		v.win.cursor = i
	}
	v.win.cursor = max(0, min(v.win.cursor, len(v.rows)-1))
	return v
}

// choose works out what is shown, and begins at its top.
func (v bansScreen) choose(s model.State) bansScreen {
	v = v.relist(s)
	v.win = window{}
	return v
}

// relist works out what is shown. Marks of bans that are over are gone.
func (v bansScreen) relist(s model.State) bansScreen {
	if s.Bans.List != v.list && len(v.marked) > 0 {
		marked := make(map[fail2ban.Target]bool)
		for i := range s.Bans.List.Len() {
			if t := s.Bans.List.Row(int32(i)).Target(); v.marked[t] {
				marked[t] = true
			}
		}
		v.marked = marked
	}
	v.list, v.asOf, v.anchor = s.Bans.List, s.Now, 0
	v.rows = v.list.Select(v.query, v.by, v.reverse, s.Now)
	return v
}

// current is the ban under the cursor.
func (v bansScreen) current() (fail2ban.Target, bool) {
	if v.win.cursor >= len(v.rows) || len(v.rows) == 0 {
		return fail2ban.Target{}, false
	}
	return v.list.Row(v.rows[v.win.cursor]).Target(), true
}

func (v bansScreen) press(k keyMap, msg tea.KeyMsg, s model.State, p pen) (screen, outcome) {
	if v.typing {
		return v.typed(msg, s)
	}
	if win, moved := v.win.press(k, msg, len(v.rows), v.seen(p)); moved {
		v.win = win
		return v, outcome{}
	}
	switch {
	case key.Matches(msg, k.Sort):
		v.by, v.reverse = v.nextColumn(), false
		return v.choose(s), outcome{}
	case key.Matches(msg, k.Reverse):
		v.reverse = !v.reverse
		return v.choose(s), outcome{}
	case key.Matches(msg, k.Filter):
		v.typing = true
		return v, outcome{typing: true}
	case key.Matches(msg, k.Back) && v.busy():
		return v.clear(s), outcome{}
	case key.Matches(msg, k.Next):
		return v.toMarked(1), outcome{}
	case key.Matches(msg, k.Previous):
		return v.toMarked(-1), outcome{}
	case key.Matches(msg, k.MarkOne), key.Matches(msg, k.MarkRange), key.Matches(msg, k.MarkAll), key.Matches(msg, k.Invert):
		return v.mark(k, msg, p), outcome{}
	}
	return v.act(k, msg)
}

// nextColumn is what is sorted by next: not by country where none is known.
func (v bansScreen) nextColumn() banlist.Column {
	next := (v.by + 1) % banlist.Columns
	if next == banlist.ByCountry && !v.list.Located() {
		next++
	}
	return next
}

// busy tells whether there is something that esc takes back before it leaves.
func (v bansScreen) busy() bool { return v.filter != "" || len(v.marked) > 0 || v.anchor > 0 }

// clear takes back what is in the way, one after the other: a range that was
// begun, the marks, the filter.
func (v bansScreen) clear(s model.State) bansScreen {
	switch {
	case v.anchor > 0:
		v.anchor = 0
	case len(v.marked) > 0:
		v.marked = nil
	default:
		v.filter, v.wrong, v.query = "", "", banlist.Query{}
		v = v.choose(s)
	}
	return v
}

// typed takes a key for the filter: it filters as it is typed. A word that
// cannot be read yet leaves what is shown as it is.
func (v bansScreen) typed(msg tea.KeyMsg, s model.State) (screen, outcome) {
	v.filter, v.typing = typeFilter(v.filter, msg)
	q, err := banlist.ParseQuery(v.filter)
	if v.wrong = ""; err != nil {
		v.wrong = err.Error()
		return v, outcome{typing: v.typing}
	}
	v.query = q
	return v.choose(s), outcome{typing: v.typing}
}

// toMarked goes to the next marked ban in a direction, where there is one.
func (v bansScreen) toMarked(step int) bansScreen {
	for i := v.win.cursor + step; i >= 0 && i < len(v.rows) && len(v.marked) > 0; i += step {
		if v.marked[v.list.Row(v.rows[i]).Target()] {
			v.win.cursor = i
			return v
		}
	}
	return v
}

// mark marks bans, or takes marks away.
func (v bansScreen) mark(k keyMap, msg tea.KeyMsg, p pen) bansScreen {
	if len(v.rows) == 0 {
		return v
	}
	marked := maps.Clone(v.marked)
	if marked == nil {
		marked = make(map[fail2ban.Target]bool)
	}
	toggle := func(rows []int32, to func(bool) bool) {
		for _, i := range rows {
			t := v.list.Row(i).Target()
			if to(marked[t]) {
				marked[t] = true
			} else {
				delete(marked, t)
			}
		}
	}
	on := func(bool) bool { return true }
	not := func(was bool) bool { return !was }
	switch {
	case key.Matches(msg, k.MarkAll):
		toggle(v.rows, on)
	case key.Matches(msg, k.Invert):
		toggle(v.rows, not)
	case key.Matches(msg, k.MarkRange) && v.anchor == 0:
		v.anchor = v.win.cursor + 1
		return v
	case key.Matches(msg, k.MarkRange):
		from, to := min(v.anchor-1, v.win.cursor), max(v.anchor-1, v.win.cursor)
		toggle(v.rows[from:min(to+1, len(v.rows))], on)
		v.anchor = 0
	default:
		toggle(v.rows[v.win.cursor:v.win.cursor+1], not)
		v.win = v.win.move(1, len(v.rows), v.seen(p))
	}
	v.marked = marked
	return v
}

// seen is how many rows are seen: the summary, a heading and, where there is room,
// a blank line take the rest.
func (v bansScreen) seen(p pen) int { return max(1, p.height-v.above(p)) }

func (v bansScreen) above(p pen) int {
	if p.room().small() {
		return 1
	}
	return 3
}

func (v bansScreen) view(p pen, s model.State) []string {
	lines := []string{v.summary(p, s)}
	columns := v.columns(p, s)
	if !p.room().small() {
		lines = append(lines, v.trouble(p, s), p.heading(2, columns, order{sortKey(v.by), v.reverse}))
	}
	win := v.win.clamp(len(v.rows), v.seen(p))
	for i := win.top; i < min(len(v.rows), win.top+v.seen(p)); i++ {
		lines = append(lines, v.row(p, columns, i, i == win.cursor))
	}
	if len(v.rows) == 0 {
		lines = append(lines, p.line().skip(2).put(p.Faint, v.empty(s)).String())
	}
	return lines
}

func (v bansScreen) row(p pen, columns []column, i int, current bool) string {
	l := p.line()
	inRange := v.anchor > 0 && i >= min(v.anchor-1, v.win.cursor) && i <= max(v.anchor-1, v.win.cursor)
	switch {
	case current:
		l.put(p.Label, safetext.Text(p.Cursor))
	case v.marked[v.list.Row(v.rows[i]).Target()] || inRange:
		l.put(p.Key, safetext.Text(p.Tick))
	}
	if current && v.marked[v.list.Row(v.rows[i]).Target()] {
		l.to(1).put(p.Key, safetext.Text(p.Tick))
	}
	return p.row(l.to(2), columns, i).String()
}

// summary is the first line: how many there are, where they come from, and how
// old that is.
func (v bansScreen) summary(p pen, s model.State) string {
	b := s.Bans
	if b.Reason != "" {
		return p.line().say(p.Bad, p.Alert+" "+b.Reason).String()
	}
	if b.At.IsZero() {
		return p.line().put(p.Faint, "listing the bans"+safetext.Text(p.Ellipsis)).String()
	}
	n := words.Plural(v.list.Len(), "ban")
	if v.filter != "" {
		n = words.Count(len(v.rows)) + " of " + n
	}
	items := []item{{p.Title, safetext.Text(n), 0}}
	if len(v.marked) > 0 {
		items = append(items, item{p.Key, safetext.Text(words.Count(len(v.marked)) + " marked"), 1})
	}
	if v.wrong != "" {
		return p.spread(append(items, item{p.Bad, p.Text(v.wrong), 1}), item{})
	}
	if b.NoCountries != "" && p.room().small() { // else it has a line of its own
		items = append(items, item{p.Warn, p.Text(p.Alert + " " + words.NoCountries(b.NoCountries)), 0})
	}
	items = append(items, item{p.Faint, safetext.Text("from " + string(b.Source)), 3})
	if age := s.Now.Sub(b.At); age >= 5*time.Second {
		items = append(items, item{p.Faint, safetext.Text(words.Span(age) + " old"), 2})
	}
	return p.spread(items, item{})
}

// trouble is the second line: why countries are not known, else nothing.
func (v bansScreen) trouble(p pen, s model.State) string {
	if s.Bans.NoCountries == "" {
		return ""
	}
	return p.line().say(p.Warn, p.Alert+" "+words.NoCountries(s.Bans.NoCountries)).String()
}

// empty says why there is no row.
func (v bansScreen) empty(s model.State) safetext.Text {
	switch {
	case s.Bans.At.IsZero():
		return ""
	case v.query.Countries() && !v.list.Located():
		return "no country is known: country.database names no file that tells it"
	case v.filter != "":
		return "no ban matches the filter; esc clears it"
	default:
		return "nobody is banned"
	}
}

// columns are the columns that have room.
func (v bansScreen) columns(p pen, s model.State) []column {
	at := func(row int) banlist.Row { return v.list.Row(v.rows[row]) }
	address, jail := 22, 16
	if p.room().small() {
		address, jail = 15, 9
	}
	columns := []column{
		{title: "ADDRESS", width: address, rank: 0, sort: sortKey(banlist.ByAddress), cell: func(p pen, row int) (Style, safetext.Text) {
			return p.Label, p.text(words.Address(at(row).Address), p.width)
		}},
		{title: "JAIL", width: jail, rank: 1, sort: sortKey(banlist.ByJail), cell: func(p pen, row int) (Style, safetext.Text) {
			return Style{}, p.text(at(row).Jail, p.width)
		}},
		{title: "SINCE", width: 12, rank: 4, sort: sortKey(banlist.BySince), cell: func(p pen, row int) (Style, safetext.Text) {
			return p.Faint, safetext.Text(words.When(at(row).Start.Local(), s.Now.Local()))
		}},
		{title: "LEFT", width: 8, right: true, rank: 2, sort: sortKey(banlist.ByLeft), cell: func(p pen, row int) (Style, safetext.Text) {
			if !at(row).Timed() {
				return p.Faint, safetext.Text(p.Dash)
			}
			return Style{}, safetext.Text(words.TimeLeft(at(row).Left(s.Now)))
		}},
		{title: "COUNT", width: 6, right: true, rank: 5, sort: sortKey(banlist.ByCount), cell: func(p pen, row int) (Style, safetext.Text) {
			if n := at(row).Count; n > 0 {
				return p.number(n, 6)
			}
			return p.Faint, safetext.Text(p.Dash)
		}},
	}
	if v.list.Located() {
		columns = slices.Insert(columns, 1, countryColumn(p, at))
	}
	return p.fit(columns, p.width-2, 43)
}

// countryColumn is in which country bans are. Its heading is short where a long one
// would take the room of another column.
func countryColumn(p pen, at func(int) banlist.Row) column {
	const wide = 90
	c := column{title: "CC", width: 3, rank: 3, sort: sortKey(banlist.ByCountry)}
	if p.width >= wide {
		c.title, c.width = "COUNTRY", 8
	}
	c.cell = func(p pen, row int) (Style, safetext.Text) {
		if country := at(row).Country; country.Known() {
			return Style{}, p.text(country.String(), c.width)
		}
		return p.Faint, safetext.Text(p.Dash)
	}
	return c
}
