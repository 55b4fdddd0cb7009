package tui

import (
	"io"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
)

// Style is how a run of text shows: the sequences before and after it. The
// zero Style shows it as it is.
type Style struct{ open, shut string }

// Theme is every style that the screens use. It is a value that is handed to
// them; nothing shows by colour alone.
type Theme struct {
	Name string

	OK    Style // all is well
	Warn  Style // look at this
	Bad   Style // act on this
	Label Style // the names of things
	Faint Style // what matters less, and numbers that are old
	Title Style // headings
	Key   Style // keys in the footer and in help
	Mark  Style // the row of the cursor
	Chart Style // sparklines
}

// palette are the colours of a theme; an empty one is the terminal's own.
type palette struct {
	ok, warn, bad, name, faint, key, chart lipgloss.Color
}

// The palettes. The 16 are those every terminal theme sets for itself, so they
// are readable on light and on dark alike; grey is the faint attribute there,
// since the "bright black" of many themes is their background.
var (
	dark  = palette{ok: "114", warn: "221", bad: "210", name: "117", faint: "245", key: "222", chart: "109"}
	light = palette{ok: "28", warn: "130", bad: "160", name: "25", faint: "243", key: "94", chart: "24"}
	basic = palette{ok: "2", warn: "3", bad: "1", name: "6", key: "3", chart: "6"}
)

// NewTheme returns the theme of that name: dark, light, 16 or none. The last
// has no sequences at all.
func NewTheme(name string) Theme {
	r := lipgloss.NewRenderer(io.Discard)
	switch name {
	case "dark":
		r.SetColorProfile(termenv.ANSI256)
		return dark.theme(name, r)
	case "light":
		r.SetColorProfile(termenv.ANSI256)
		return light.theme(name, r)
	case "16":
		r.SetColorProfile(termenv.ANSI)
		return basic.theme(name, r)
	default:
		return Theme{Name: "none"}
	}
}

func (p palette) theme(name string, r *lipgloss.Renderer) Theme {
	colour := func(c lipgloss.Color) lipgloss.Style { return r.NewStyle().Foreground(c) }
	faint := colour(p.faint)
	if p.faint == "" {
		faint = r.NewStyle().Faint(true)
	}
	return Theme{
		Name:  name,
		OK:    compile(colour(p.ok)),
		Warn:  compile(colour(p.warn).Bold(true)),
		Bad:   compile(colour(p.bad).Bold(true)),
		Label: compile(colour(p.name)),
		Faint: compile(faint),
		Title: compile(r.NewStyle().Bold(true)),
		Key:   compile(colour(p.key)),
		Mark:  compile(r.NewStyle().Reverse(true)),
		Chart: compile(colour(p.chart)),
	}
}

// compile takes a lipgloss style apart into its sequences, once: rendering
// with it in every frame costs a hundred times as much as writing them.
func compile(s lipgloss.Style) Style {
	open, shut, _ := strings.Cut(s.Render("x"), "x")
	return Style{open, shut}
}

// Glyphs are the characters beyond letters that the screens draw with.
type Glyphs struct {
	Dot, Alert, Cursor, Dash, Ellipsis, Arrow, Up, Down, Above, Below, Enter, Tick, Done, Failed string
	Spark                                                                                        []string // from none to most
}

// Unicode are the glyphs where the terminal shows them, ASCII where not.
var (
	Unicode = Glyphs{
		Dot: "●", Alert: "▲", Cursor: "▸", Dash: "–", Ellipsis: "…", Arrow: "→", Up: "▴", Down: "▾", Above: "↑", Below: "↓", Enter: "⏎", Tick: "•", Done: "✓", Failed: "✗",
		Spark: []string{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"},
	}
	ASCII = Glyphs{
		Dot: "*", Alert: "!", Cursor: ">", Dash: "-", Ellipsis: "~", Arrow: "->", Up: "^", Down: "v", Above: "up", Below: "down", Enter: "enter", Tick: "*", Done: "+", Failed: "x",
		Spark: []string{"_", ".", ":", "-", "=", "+", "*", "#"},
	}
)
