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

// jailsScreen is every jail that the configuration knows, or that runs.
type jailsScreen struct {
	win      window
	selected string // the jail under the cursor
	byState  bool   // those that run, and those that should, first
	filter   string
	typing   bool
}

func (v jailsScreen) keys(k keyMap) (often, seldom []key.Binding) {
	return []key.Binding{k.Activate, k.Deactivate, k.Rehearse, k.RehearseAll, k.EditJail, k.Filter},
		append([]key.Binding{k.Open, k.Sort, k.Pause, k.Now}, k.moving()...)
}

// rows are the jails that are shown, in their order.
func (v jailsScreen) rows(s model.State) []model.CatalogueRow {
	want := strings.ToLower(v.filter)
	rows := slices.DeleteFunc(s.CatalogueRows(), func(r model.CatalogueRow) bool {
		found, _ := s.Survey.Jail(r.Name)
		return want != "" && !strings.Contains(strings.ToLower(r.Name), want) &&
			!strings.Contains(string(r.State), want) && !strings.Contains(string(found.Verdict), want)
	})
	if v.byState {
		slices.SortStableFunc(rows, func(a, b model.CatalogueRow) int {
			x, _ := s.Survey.Jail(a.Name)
			y, _ := s.Survey.Jail(b.Name)
			return cmp.Or(cmp.Compare(rowRank(a), rowRank(b)), -readiness(x, y), cmp.Compare(x.Verdict, y.Verdict))
		})
	}
	return rows
}

// readiness orders rehearsals: what is ready is more than what is not, or was not
// rehearsed.
func readiness(a, b fail2ban.Rehearsal) int {
	ready := map[bool]int{true: 1}
	return ready[a.OK()] - ready[b.OK()]
}

// rowRank orders jails: those that do not what they should, then those that run.
func rowRank(r model.CatalogueRow) int {
	switch r.State {
	case model.JailInactive:
		return 2
	case model.JailOK:
		return 1
	default:
		return 0
	}
}

// sync puts the cursor on the selected jail, wherever that is by now.
func (v jailsScreen) sync(rows []model.CatalogueRow) jailsScreen {
	v.win, v.selected = v.win.keepAt(v.selected, len(rows), func(row int) string { return rows[row].Name })
	return v
}

func (v jailsScreen) press(k keyMap, msg tea.KeyMsg, s model.State, p pen) (screen, outcome) {
	if v.typing {
		return v.typed(msg)
	}
	rows := v.rows(s)
	v = v.sync(rows)
	if win, moved := v.win.press(k, msg, len(rows), v.seen(p, s)); moved {
		v.win = win
		if len(rows) > 0 {
			v.selected = rows[win.cursor].Name
		}
		return v, outcome{}
	}
	switch {
	case key.Matches(msg, k.Filter):
		v.typing = true
		return v, outcome{typing: true}
	case key.Matches(msg, k.Back) && v.busy(s):
		if s.Survey.Running() {
			return v, outcome{msg: model.SurveyStopped{At: s.Now}}
		}
		v.filter = ""
	case key.Matches(msg, k.Sort):
		v.byState = !v.byState
	case key.Matches(msg, k.RehearseAll):
		return v, outcome{msg: model.SurveyRequested{Jails: inactive(rows), At: s.Now}}
	case len(rows) > 0:
		return v, v.act(k, msg, rows[v.win.cursor], s)
	}
	return v, outcome{}
}

// busy tells whether there is something that esc ends before it leaves.
func (v jailsScreen) busy(s model.State) bool { return v.filter != "" || s.Survey.Running() }

// inactive are the jails that could be activated.
func inactive(rows []model.CatalogueRow) []string {
	var out []string
	for _, r := range rows {
		if !r.Running && r.Known {
			out = append(out, r.Name)
		}
	}
	return out
}

// act is what a key does with the jail under the cursor.
func (v jailsScreen) act(k keyMap, msg tea.KeyMsg, row model.CatalogueRow, s model.State) outcome {
	switch {
	case key.Matches(msg, k.Activate) && !row.Running, key.Matches(msg, k.Rehearse):
		return rehearse(model.ChangeActivate, row.Name, s)
	case key.Matches(msg, k.Deactivate) && row.Running:
		return rehearse(model.ChangeDeactivate, row.Name, s)
	case key.Matches(msg, k.EditJail) && row.Known:
		return outcome{edit: row.Name}
	case key.Matches(msg, k.Open):
		return outcome{open: jailScreen{name: row.Name}, msg: model.JailOpened{Jail: row.Name}}
	}
	return outcome{}
}

// rehearse opens the screen of a change, and begins with what touches nothing.
func rehearse(kind model.ChangeKind, jail string, s model.State) outcome {
	return outcome{open: changeScreen{}, msg: model.RehearsalRequested{Kind: kind, Jail: jail, At: s.Now}}
}

// typed takes a key for the filter.
func (v jailsScreen) typed(msg tea.KeyMsg) (screen, outcome) {
	v.filter, v.typing = typeFilter(v.filter, msg)
	return v, outcome{typing: v.typing}
}

// seen is how many rows have room.
func (v jailsScreen) seen(p pen, s model.State) int {
	return max(1, p.height-len(v.top(p, s))-v.headings(p))
}

func (v jailsScreen) headings(p pen) int {
	if p.room().small() {
		return 0
	}
	return 2
}

// top draws the sum, what is wrong with the configuration, and the survey.
func (v jailsScreen) top(p pen, s model.State) []string {
	c := s.Catalogue
	switch {
	case c.Reason != "":
		lines := []string{p.line().say(p.Bad, c.Reason).String()}
		if c.Hint != "" {
			lines = append(lines, p.line().say(Style{}, p.Arrow+" "+c.Hint).String())
		}
		return lines
	case c.At.IsZero():
		return []string{p.line().put(p.Faint, "reading fail2ban's configuration"+safetext.Text(p.Ellipsis)).String()}
	}
	lines := []string{p.line().put(p.Title, safetext.Text(words.CatalogueSum(s.CatalogueRows()))).String()}
	const most = 3
	for _, f := range c.Conf.Faults[:min(most, len(c.Conf.Faults))] {
		lines = append(lines, p.line().say(p.Bad, f.Place.String()+": "+f.Reason).String())
	}
	if more := len(c.Conf.Faults) - most; more > 0 {
		lines = append(lines, p.line().put(p.Bad, safetext.Text("and "+words.Plural(more, "more fault"))).String())
	}
	if u := s.Survey; u.Of > 0 {
		l := p.line()
		if u.Running() {
			l.put(p.Chart, safetext.Text(p.bar(len(u.Found), u.Of)+" "))
		}
		lines = append(lines, l.put(p.Warn, safetext.Text(words.SurveySum(u, s.Now))).String())
	}
	return lines
}

func (v jailsScreen) view(p pen, s model.State) []string {
	rows := v.rows(s)
	v = v.sync(rows)
	seen := v.seen(p, s)
	v.win = v.win.clamp(len(rows), seen)
	columns := v.columns(p, s, rows)
	lines := v.top(p, s)
	if !p.room().small() {
		lines = append(lines, "", p.heading(2, columns, order{key: -1}))
	}
	for i := v.win.top; i < min(len(rows), v.win.top+seen); i++ {
		l := p.line()
		if i == v.win.cursor {
			l.put(p.Label, safetext.Text(p.Cursor))
		}
		lines = append(lines, p.row(l.to(2), columns, i).String())
	}
	if len(rows) == 0 && v.filter != "" {
		lines = append(lines, p.line().skip(2).put(p.Faint, "no jail matches the filter; esc clears it").String())
	}
	return lines
}

// columns are the columns that have room for these rows.
func (v jailsScreen) columns(p pen, s model.State, rows []model.CatalogueRow) []column {
	text := func(title safetext.Text, width, rank int, of func(model.CatalogueRow) string) column {
		return column{title: title, width: width, rank: rank, cell: func(p pen, row int) (Style, safetext.Text) {
			return Style{}, p.text(of(rows[row]), p.width)
		}}
	}
	name := 15
	if p.room().small() {
		name = 12
	}
	columns := []column{
		{title: "JAIL", width: name, cell: func(p pen, row int) (Style, safetext.Text) {
			return p.Label, p.text(rows[row].Name, p.width)
		}},
		{title: "STATE", width: 11, rank: 1, cell: func(p pen, row int) (Style, safetext.Text) {
			return p.rowStyle(rows[row].State), safetext.Text(rows[row].State)
		}},
		{title: "BANNED", width: 6, right: true, rank: 3, cell: func(p pen, row int) (Style, safetext.Text) {
			if !rows[row].Running {
				return p.Faint, ""
			}
			return p.number(rows[row].Live.Banned, 6)
		}},
		{title: "REHEARSED", width: 14, rank: 2, cell: func(p pen, row int) (Style, safetext.Text) {
			found, ok := s.Survey.Jail(rows[row].Name)
			switch {
			case !ok:
				return p.Faint, ""
			case found.OK():
				return p.OK, safetext.Text(found.Verdict)
			default:
				return p.Warn, safetext.Text(found.Verdict)
			}
		}},
		text("PORT", 11, 7, func(r model.CatalogueRow) string { return r.Port }),
		text("READS", 22, 5, words.Reads),
		text("ENABLED BY", 20, 6, func(r model.CatalogueRow) string { return r.Said.String() }),
	}
	if s.Survey.Of == 0 {
		columns = slices.Delete(columns, 3, 4)
	}
	longest := name
	for _, r := range rows {
		longest = max(longest, len(r.Name))
	}
	return p.fit(columns, p.width-2, min(longest, 30))
}

func (p pen) rowStyle(state model.JailState) Style {
	if state == model.JailInactive {
		return p.Faint
	}
	return p.stateStyle(state)
}
