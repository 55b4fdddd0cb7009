package tui

import (
	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"bantop/tui/safetext"
)

// scroll moves the first line that is seen, of so many lines, by a key.
func scroll(k keyMap, msg tea.KeyMsg, top, lines, seen int) int {
	last := max(0, lines-seen)
	switch {
	case key.Matches(msg, k.Up):
		top--
	case key.Matches(msg, k.Down):
		top++
	case key.Matches(msg, k.PageUp):
		top -= seen
	case key.Matches(msg, k.PageDown):
		top += seen
	case key.Matches(msg, k.Top):
		top = 0
	case key.Matches(msg, k.Bottom):
		top = last
	}
	return max(0, min(top, last))
}

// column is one column of a table.
type column struct {
	title safetext.Text
	width int  // cells it needs; of the first column, the least
	right bool // aligned to the right, as numbers are
	rank  int  // of two that do not both fit, the one of the higher rank goes
	sort  sortKey
	cell  func(p pen, row int) (Style, safetext.Text)
}

// gap is how many cells there are between columns.
func (r room) gap() int {
	if r.small() {
		return 1
	}
	return 2
}

// fit chooses the columns that have room in so many cells, and gives what is
// left to the first, up to most cells.
func (p pen) fit(columns []column, cells, most int) []column {
	gap := p.room().gap()
	fits := append([]column(nil), columns...)
	for used(fits, gap) > cells && len(fits) > 1 {
		worst := 1
		for i := range fits {
			if i > 0 && fits[i].rank >= fits[worst].rank {
				worst = i
			}
		}
		fits = append(fits[:worst], fits[worst+1:]...)
	}
	if left := cells - used(fits, gap); left > 0 {
		fits[0].width = min(most, fits[0].width+left)
	}
	return fits
}

func used(columns []column, gap int) int {
	n := 0
	for i, c := range columns {
		if i > 0 {
			n += gap
		}
		n += c.width
	}
	return n
}

// heading draws the titles of columns, with an arrow at the one that sorts.
func (p pen) heading(indent int, columns []column, by order) string {
	l := p.line().skip(indent)
	for i, c := range columns {
		if i > 0 {
			l.skip(p.room().gap())
		}
		title := c.title
		if c.sort == by.key {
			arrow := p.Up
			if by.down {
				arrow = p.Down
			}
			title += safetext.Text(arrow)
		}
		l.cell(p.Faint, title, c)
	}
	return l.String()
}

// row draws one row of a table.
func (p pen) row(l *line, columns []column, row int) *line {
	for i, c := range columns {
		if i > 0 {
			l.skip(p.room().gap())
		}
		style, text := c.cell(p, row)
		l.cell(style, text, c)
	}
	return l
}

// cell draws a text in the width of its column.
func (l *line) cell(s Style, t safetext.Text, c column) {
	t = t.Cut(c.width, safetext.Text(l.Ellipsis))
	free := c.width - t.Width()
	if c.right {
		l.skip(free)
	}
	l.put(s, t)
	if !c.right {
		l.skip(free)
	}
}

// window is which rows of a table are seen: it follows the cursor.
type window struct{ top, cursor int }

// press moves the cursor by a key among so many rows, of which so many are seen,
// and tells whether it is a key that moves.
func (w window) press(k keyMap, msg tea.KeyMsg, rows, seen int) (window, bool) {
	switch {
	case key.Matches(msg, k.Up):
		return w.move(-1, rows, seen), true
	case key.Matches(msg, k.Down):
		return w.move(1, rows, seen), true
	case key.Matches(msg, k.PageUp):
		return w.move(-seen, rows, seen), true
	case key.Matches(msg, k.PageDown):
		return w.move(seen, rows, seen), true
	case key.Matches(msg, k.Top):
		return w.move(-rows, rows, seen), true
	case key.Matches(msg, k.Bottom):
		return w.move(rows, rows, seen), true
	default:
		return w, false
	}
}

// keepAt puts the cursor on the row of a name, wherever that is by now; where it is
// gone, the cursor stays where it was, and the name is that of its row.
func (w window) keepAt(selected string, rows int, name func(row int) string) (window, string) {
	for i := range rows {
		if name(i) == selected {
			w.cursor = i
			return w, selected
		}
	}
	if rows == 0 {
		return w, selected
	}
	w.cursor = max(0, min(w.cursor, rows-1))
	return w, name(w.cursor)
}

// move moves the cursor among so many rows, of which so many are seen.
func (w window) move(by, rows, seen int) window {
	w.cursor = max(0, min(w.cursor+by, rows-1))
	return w.clamp(rows, seen)
}

// clamp keeps the cursor inside the table and the window around the cursor.
func (w window) clamp(rows, seen int) window {
	w.cursor = max(0, min(w.cursor, rows-1))
	w.top = min(w.top, w.cursor)
	w.top = max(w.top, w.cursor-seen+1)
	w.top = max(0, min(w.top, rows-seen))
	return w
}
