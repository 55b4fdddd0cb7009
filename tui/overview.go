package tui

import (
	"cmp"
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"bantop/fail2ban"
	"bantop/model"
	"bantop/tui/safetext"
	"bantop/tui/words"
)

// overview is the first screen: all jails, what they ban, what happened.
type overview struct {
	win      window
	selected string // the jail under the cursor: it stays so when the order changes
	order    order
	filter   string
	typing   bool
}

// sortKey is what rows are ordered by.
type sortKey int

const (
	byName sortKey = iota
	byState
	byBanned
	byTotal
	byFailing
	byFailed
	byHour
	byLine
	sortKeys
)

// order is by what rows are sorted, and whether the largest come first.
type order struct {
	key  sortKey
	down bool
}

// next is the order by the next column: numbers from the largest, names from A.
func (o order) next() order {
	o.key = (o.key + 1) % sortKeys
	o.down = o.key >= byBanned
	return o
}

func (o overview) keys(k keyMap) (often, seldom []key.Binding) {
	return []key.Binding{k.Open, k.Filter, k.Sort, k.Pause, k.Now}, append([]key.Binding{k.Reverse, k.LetIn}, k.moving()...)
}

func (o overview) press(k keyMap, msg tea.KeyMsg, s model.State, p pen) (screen, outcome) {
	if o.typing {
		return o.typed(msg)
	}
	rows := o.rows(s)
	o = o.sync(rows)
	seen := o.layout(s, p.room()).rows
	if win, moved := o.win.press(k, msg, len(rows), seen); moved {
		o.win = win
		if len(rows) > 0 {
			o.selected = rows[o.win.cursor].Name
		}
		return o, outcome{}
	}
	switch {
	case key.Matches(msg, k.Sort):
		o.order = o.order.next()
	case key.Matches(msg, k.Reverse):
		o.order.down = !o.order.down
	case key.Matches(msg, k.Filter):
		o.typing = true
		return o, outcome{typing: true}
	case key.Matches(msg, k.Back) && o.filter != "":
		o.filter = ""
	case key.Matches(msg, k.LetIn):
		return o, outcome{batch: letIn(s)}
	case key.Matches(msg, k.Open) && len(rows) > 0:
		name := rows[o.win.cursor].Name
		return o, outcome{open: jailScreen{name: name}, msg: model.JailOpened{Jail: name}}
	}
	return o, outcome{}
}

// letIn is what lets those who are logged in stay in: the ban of an address of
// theirs is ended; where none is banned, those of the person in front of it are
// put on every jail's ignore list.
func letIn(s model.State) *model.BatchRequested {
	unban, allow := model.BatchRequested{Kind: model.ActUnbanEverywhere}, model.BatchRequested{Kind: model.ActAllow}
	for _, o := range s.Logins.Own {
		address := o.Addr.String()
		if len(o.Banned) > 0 {
			unban.Targets = append(unban.Targets, model.BatchTarget{Target: fail2ban.Target{Address: address}})
		}
		for _, jail := range s.Runtime.Server.Names() {
			if o.Mine {
				allow.Targets = append(allow.Targets, model.BatchTarget{Target: fail2ban.Target{Jail: jail, Address: address}})
			}
		}
	}
	if len(unban.Targets) > 0 {
		return &unban
	}
	return &allow
}

// typed takes a key for the filter.
func (o overview) typed(msg tea.KeyMsg) (screen, outcome) {
	o.filter, o.typing = typeFilter(o.filter, msg)
	return o, outcome{typing: o.typing}
}

// rows are the jails that are shown, in their order.
func (o overview) rows(s model.State) []model.Jail {
	all := s.Runtime.Rows()
	rows := make([]model.Jail, 0, len(all))
	want := strings.ToLower(o.filter)
	for _, j := range all {
		if want == "" || strings.Contains(strings.ToLower(j.Name), want) || strings.Contains(string(j.State), want) {
			rows = append(rows, j)
		}
	}
	hour := o.hours(s)
	slices.SortStableFunc(rows, func(a, b model.Jail) int {
		c := o.order.key.compare(a, b, hour)
		if o.order.down {
			c = -c
		}
		return c
	})
	return rows
}

// hours are the bans of the last hour by jail, where they are sorted by.
func (o overview) hours(s model.State) map[string]int {
	if o.order.key != byHour {
		return nil
	}
	hours := make(map[string]int, len(s.Rates))
	for _, r := range s.Rates {
		for _, n := range r.PerMinute(s.Now, model.RateMinutes) {
			hours[r.Jail] += n
		}
	}
	return hours
}

func (k sortKey) compare(a, b model.Jail, hour map[string]int) int {
	switch k {
	case byState:
		return cmp.Compare(badness(a.State), badness(b.State))
	case byBanned:
		return cmp.Compare(a.Banned, b.Banned)
	case byTotal:
		return cmp.Compare(a.TotalBanned, b.TotalBanned)
	case byFailing:
		return cmp.Compare(a.Failing, b.Failing)
	case byFailed:
		return cmp.Compare(a.TotalFailed, b.TotalFailed)
	case byHour:
		return cmp.Compare(hour[a.Name], hour[b.Name])
	case byLine:
		return a.LastLine.Compare(b.LastLine)
	default:
		return strings.Compare(a.Name, b.Name)
	}
}

// badness orders states: those that need somebody come first.
func badness(s model.JailState) int {
	if s == model.JailOK {
		return 1
	}
	return 0
}

// sync puts the cursor on the selected jail, wherever that is by now; where it
// is gone, the cursor stays where it was.
func (o overview) sync(rows []model.Jail) overview {
	o.win, o.selected = o.win.keepAt(o.selected, len(rows), func(row int) string { return rows[row].Name })
	return o
}

// layout is how the lines of the screen are shared out.
type layout struct{ rows, events int }

// layout gives the table what it needs and the events what is left, but at
// least a third of both together where there are so many.
func (o overview) layout(s model.State, r room) layout {
	jails := len(s.Runtime.Rows())
	if r.small() { // totals and rows, then a blank line and events where there is room
		rows := max(1, min(r.height-1, jails))
		return layout{rows: rows, events: max(0, r.height-rows-2)}
	}
	free := r.height - 4 // totals, blank, heading, blank
	events := max(3, free/3, free-jails)
	return layout{rows: max(1, free-events), events: events}
}

func (o overview) view(p pen, s model.State) []string {
	rows := o.rows(s)
	o = o.sync(rows)
	lay := o.layout(s, p.room())
	o.win = o.win.clamp(len(rows), lay.rows)
	_, p.stale = shown(s)
	lines := []string{p.totals(s)}
	columns := o.columns(p, s, rows)
	if !p.room().small() {
		lines = append(lines, "", p.fresh().heading(2, columns, o.order))
	}
	top := len(lines)
	for i := o.win.top; i < min(len(rows), o.win.top+lay.rows); i++ {
		l := p.line()
		if i == o.win.cursor {
			l.put(p.Label, safetext.Text(p.Cursor))
		}
		lines = append(lines, p.row(l.to(2), columns, i).String())
	}
	if len(rows) == 0 {
		lines = append(lines, p.line().skip(2).put(p.Faint, o.empty(s)).String())
	}
	if lay.events > 0 {
		for len(lines) < top+lay.rows {
			lines = append(lines, "")
		}
		lines = append(lines, "")
		lines = append(lines, p.fresh().events(s, lay.events)...)
	}
	return lines
}

// empty says why there is no row.
func (o overview) empty(s model.State) safetext.Text {
	status, _ := shown(s)
	switch {
	case o.filter != "" && len(status.Jails) > 0:
		return "no jail matches the filter; esc clears it"
	case status.At.IsZero():
		return "nothing is known of the jails yet"
	case s.Runtime.Starting():
		return "no jails yet"
	default:
		return "fail2ban runs no jail: enable one in jail.local"
	}
}

// columns are the columns that have room for these rows.
func (o overview) columns(p pen, s model.State, rows []model.Jail) []column {
	number := func(title safetext.Text, width, rank int, k sortKey, of func(model.Jail) int) column {
		return column{title: title, width: width, right: true, rank: rank, sort: k,
			cell: func(p pen, row int) (Style, safetext.Text) {
				if !rows[row].State.Listed() {
					return p.Faint, safetext.Text(p.Dash)
				}
				return p.number(of(rows[row]), width)
			}}
	}
	name, count, hour := 15, 7, 10 // 15: nginx-http-auth
	if p.room().small() {
		name, count, hour = 8, 6, 6
	}
	longest := name
	for _, j := range s.Runtime.Rows() { // also those that are filtered out: columns do not jump
		longest = max(longest, len(j.Name))
	}
	return p.fit([]column{
		{title: "JAIL", width: name, rank: 0, sort: byName, cell: func(p pen, row int) (Style, safetext.Text) {
			return p.Label, p.text(rows[row].Name, p.width)
		}},
		{title: "STATE", width: 11, rank: 1, sort: byState, cell: func(p pen, row int) (Style, safetext.Text) {
			return p.stateStyle(rows[row].State), safetext.Text(rows[row].State)
		}},
		number("BANNED", count, 2, byBanned, func(j model.Jail) int { return j.Banned }),
		number("TOTAL", count, 5, byTotal, func(j model.Jail) int { return j.TotalBanned }),
		number("FAILING", 8, 4, byFailing, func(j model.Jail) int { return j.Failing }),
		number("FAILED", count, 6, byFailed, func(j model.Jail) int { return j.TotalFailed }),
		{title: "LAST HOUR", width: hour, rank: 3, sort: byHour, cell: func(p pen, row int) (Style, safetext.Text) {
			return p.hour(s, rows[row].Name, hour)
		}},
		{title: "LAST LINE", width: 10, right: true, rank: 7, sort: byLine, cell: func(p pen, row int) (Style, safetext.Text) {
			return p.lastLine(rows[row], s)
		}},
	}, p.width-2, min(longest, 40))
}

// number is a count; nothing stands out less than something.
func (p pen) number(n, cells int) (Style, safetext.Text) {
	if n == 0 {
		return p.Faint, "0"
	}
	return Style{}, safetext.Text(words.Short(n, cells))
}

// hour is the sparkline of a jail's last hour.
func (p pen) hour(s model.State, jail string, cells int) (Style, safetext.Text) {
	r, _ := s.RateOf(jail)
	chart := p.sparkline(squeeze(r.PerMinute(s.Now, model.RateMinutes), cells))
	if chart == safetext.Text(p.Dash) {
		return p.Faint, chart
	}
	return p.Chart, chart
}

// lastLine is how long ago the jail's log was written to.
func (p pen) lastLine(j model.Jail, s model.State) (Style, safetext.Text) {
	switch {
	case !j.LastLine.IsZero():
		return p.Faint, safetext.Text(words.Age(s.Now.Sub(j.LastLine)))
	case len(j.Journal) > 0:
		return p.Faint, "journal"
	default:
		return p.Faint, safetext.Text(p.Dash)
	}
}

func (p pen) stateStyle(state model.JailState) Style {
	switch state {
	case model.JailOK:
		return p.OK
	case model.JailUnknown:
		return p.Warn
	default:
		return p.Bad
	}
}

// totals draws the sums of all jails.
func (p pen) totals(s model.State) string {
	status, stale := shown(s)
	if status.At.IsZero() {
		return ""
	}
	items := []item{
		{p.Title, safetext.Text("banned " + words.Count(status.Totals.Banned)), 0},
		{Style{}, safetext.Text("failing " + words.Count(status.Totals.Failing)), 4},
		{p.jailsStyle(s.Runtime), safetext.Text(words.Jails(s.Runtime)), 3},
	}
	if stale {
		old := words.Span(s.Now.Sub(status.At)) + " old"
		return p.spread(append(items, item{p.Title, safetext.Text(old), 1}), item{})
	}
	items = slices.Insert(items, 1, item{Style{}, rate(s), 2})
	free := p.width - 60
	if you := p.Text(words.You(s)); you != "" {
		items = append(items, item{Style{}, you, 1})
		free -= you.Width() + 3
	}
	if cells := min(30, free); cells > 0 {
		items = slices.Insert(items, 2, item{p.Chart, p.sparkline(s.PerMinute(cells)), 5})
	}
	return p.spread(items, item{})
}

func (p pen) jailsStyle(r model.Runtime) Style {
	if len(r.LostJails()) > 0 {
		return p.Bad
	}
	return Style{}
}

// rate is how many bans there were in the last hour, or since bantop looks
// where that is less.
func rate(s model.State) safetext.Text {
	n := 0
	for _, bans := range s.PerMinute(model.RateMinutes) {
		n += bans
	}
	since := s.Now.Sub(s.Started)
	if since >= model.RateMinutes*minute {
		return safetext.Text(words.Count(n) + "/h")
	}
	return safetext.Text("+" + words.Count(n) + " in " + words.Span(since.Truncate(minute)+minute))
}
