package tui

import (
	"slices"
	"testing"

	"bantop/tui/safetext"
)

func testPen(width int) pen {
	return pen{Theme: NewTheme("16"), Glyphs: Unicode, width: width, height: 24}
}

// TestLine: a line has few runs and no trailing blanks, and keeps to its width.
func TestLine(t *testing.T) {
	p := testPen(12)
	for _, c := range []struct {
		draw func(*line) *line
		want string
	}{
		{func(l *line) *line { return l }, ""},
		{func(l *line) *line { return l.put(Style{}, "abc").skip(5) }, "abc"},
		{func(l *line) *line { return l.put(Style{}, "abc   ") }, "abc   "},
		{func(l *line) *line { return l.put(p.OK, "a").put(p.OK, "b").skip(1).put(Style{}, "c") }, "\x1b[32mab\x1b[0m c"},
		{func(l *line) *line { return l.put(p.OK, "a").skip(2).put(p.Warn, "b") }, "\x1b[32ma\x1b[0m  \x1b[1;33mb\x1b[0m"},
		{func(l *line) *line { return l.put(Style{}, "0123456789").put(p.Bad, "abcdef") }, "0123456789\x1b[1;31ma…\x1b[0m"},
		{func(l *line) *line { return l.to(11).put(Style{}, "ab").put(Style{}, "c") }, "           …"},
		{func(l *line) *line { return l.say(Style{}, "\x1b]0;x\a") }, `\x1b]0;x\x07`},
		{func(l *line) *line { l.stale = true; return l.put(p.OK, "old") }, "\x1b[2mold\x1b[0m"},
	} {
		if got := c.draw(p.line()).String(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// TestWrap walks texts broken at blanks.
func TestWrap(t *testing.T) {
	p := testPen(100)
	for _, c := range []struct {
		text        string
		cells, most int
		want        []safetext.Text
	}{
		{"", 10, 3, nil},
		{"one two", 10, 3, []safetext.Text{"one two"}},
		{"one two three", 8, 3, []safetext.Text{"one two", "three"}},
		{"one two three", 7, 3, []safetext.Text{"one two", "three"}},
		{"onetwothree four", 4, 9, []safetext.Text{"onet", "woth", "ree", "four"}},
		{"one two three four", 7, 2, []safetext.Text{"one two", "three …"}},
		{"one", 3, 0, nil},
		{"one", 0, 3, nil},
	} {
		if got := p.wrap(c.text, c.cells, c.most); !slices.Equal(got, c.want) {
			t.Errorf("%q in %d×%d: %q, want %q", c.text, c.cells, c.most, got, c.want)
		}
	}
}

// TestSparkline: the largest is the tallest, and what is not 0 is seen.
func TestSparkline(t *testing.T) {
	p := testPen(100)
	for _, c := range []struct {
		values []int
		want   safetext.Text
	}{
		{nil, "–"}, {[]int{0, 0}, "–"}, {[]int{0, 1}, "▁█"}, {[]int{0, 1, 1000}, "▁▂█"}, {[]int{1, 2, 3, 4, 5, 6, 7}, "▂▃▄▅▆▇█"},
	} {
		if got := p.sparkline(c.values); got != c.want {
			t.Errorf("%v: %q, want %q", c.values, got, c.want)
		}
	}
	if got := squeeze([]int{1, 2, 3, 4, 5, 6}, 3); !slices.Equal(got, []int{3, 7, 11}) {
		t.Errorf("squeezed: %v", got)
	}
}

// TestWindow: the window follows the cursor, and neither leaves the table.
func TestWindow(t *testing.T) {
	w := window{}
	for _, c := range []struct {
		by   int
		want window
	}{
		{-1, window{0, 0}}, {4, window{0, 4}}, {1, window{1, 5}}, {100, window{15, 19}}, {-3, window{15, 16}}, {-2, window{14, 14}}, {-100, window{0, 0}},
	} {
		if w = w.move(c.by, 20, 5); w != c.want {
			t.Errorf("moved by %d: %+v, want %+v", c.by, w, c.want)
		}
	}
	if got := (window{15, 19}).clamp(3, 5); got != (window{0, 2}) {
		t.Errorf("after the table shrank: %+v", got)
	}
	if got := (window{}).move(1, 0, 5); got != (window{}) {
		t.Errorf("in an empty table: %+v", got)
	}
}
