package tui

import (
	"strings"

	"bantop/tui/safetext"
)

// pen is what a screen draws with: the room there is, how things look, and the
// door for foreign text.
type pen struct {
	Theme
	Glyphs
	safetext.Door
	width, height int
	stale         bool // the numbers are old: all is faint
}

func (p pen) room() room { return room{p.width, p.height} }

// text makes foreign text harmless and cuts it to a number of cells.
func (p pen) text(s string, cells int) safetext.Text {
	return p.Door.Cut(s, cells, safetext.Text(p.Ellipsis))
}

// line is one line of the screen while it is drawn. It never grows beyond the
// width of the pen. Blanks are written only when something follows, and a
// style is ended only when another begins: every run of colour costs some 14
// bytes whenever the line changes.
type line struct {
	pen
	b     strings.Builder
	used  int
	blank int // cells that are owed
	style Style
}

func (p pen) line() *line { return &line{pen: p} }

// put adds a text, cut to the room that is left.
func (l *line) put(s Style, t safetext.Text) *line {
	room := l.width - l.used
	if room <= 0 || t == "" {
		return l
	}
	t = t.Cut(room, safetext.Text(l.Ellipsis))
	if strings.Trim(string(t), " ") == "" && s != l.Mark {
		return l.skip(t.Width())
	}
	l.settle()
	l.set(s)
	l.b.WriteString(string(t))
	l.used += t.Width()
	return l
}

// say adds foreign text.
func (l *line) say(s Style, text string) *line { return l.put(s, l.text(text, l.width-l.used)) }

// skip leaves cells blank.
func (l *line) skip(cells int) *line {
	cells = min(cells, l.width-l.used)
	if cells > 0 {
		l.blank += cells
		l.used += cells
	}
	return l
}

// to leaves cells blank up to a column.
func (l *line) to(column int) *line { return l.skip(column - l.used) }

// settle writes the blanks that are owed.
func (l *line) settle() {
	if l.blank > 0 {
		l.set(Style{})
		l.b.WriteString(strings.Repeat(" ", l.blank))
		l.blank = 0
	}
}

func (l *line) set(s Style) {
	if l.stale && s != l.Mark {
		s = l.Faint
	}
	if s == l.style {
		return
	}
	l.b.WriteString(l.style.shut)
	l.b.WriteString(s.open)
	l.style = s
}

// String is the line as it goes to the terminal, without trailing blanks.
func (l *line) String() string { return l.b.String() + l.style.shut }

// fresh is the pen for something that is not old although the rest is.
func (p pen) fresh() pen {
	p.stale = false
	return p
}

// wrap breaks foreign text into lines at blanks, at most so many; the last one
// is cut where not all has room.
func (p pen) wrap(text string, cells, most int) []safetext.Text {
	if cells <= 0 || most <= 0 {
		return nil
	}
	rest := p.Text(text)
	var out []safetext.Text
	for rest != "" && len(out) < most-1 && rest.Width() > cells {
		head := rest.Cut(cells+1, "")
		at := strings.LastIndexByte(string(head), ' ')
		if at <= 0 {
			head = rest.Cut(cells, "")
			at = len(head)
		}
		out = append(out, rest[:at])
		rest = safetext.Text(strings.TrimLeft(string(rest[at:]), " "))
	}
	if rest != "" {
		out = append(out, rest.Cut(cells, safetext.Text(p.Ellipsis)))
	}
	return out
}

// sparkline draws numbers as a line of glyphs, the largest as the tallest, and
// any that is not 0 higher than one that is. Nothing at all is a dash.
func (p pen) sparkline(values []int) safetext.Text {
	scale := 0
	for _, v := range values {
		scale = max(scale, v)
	}
	if scale == 0 {
		return safetext.Text(p.Dash)
	}
	var b strings.Builder
	steps := len(p.Spark) - 1
	for _, v := range values {
		if v <= 0 {
			b.WriteString(p.Spark[0])
			continue
		}
		b.WriteString(p.Spark[max(1, (v*steps+scale-1)/scale)])
	}
	return safetext.Text(b.String())
}

// squeeze adds up neighbours, so that values fit into fewer cells.
func squeeze(values []int, cells int) []int {
	if cells <= 0 || len(values) <= cells {
		return values
	}
	out := make([]int, cells)
	for i, v := range values {
		out[i*cells/len(values)] += v
	}
	return out
}
