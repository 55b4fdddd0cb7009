// Package safetext is the one door through which foreign text reaches the
// terminal: log lines, jail names, addresses, what a server or a file says.
//
// Foreign text is hostile: it may hold escape sequences that move the cursor,
// rename the window or answer for the keyboard, marks that turn the line
// around, characters that are not seen or that take no room. Here all of them
// become visible marks (\x1b, \u202e, \xff) that do nothing. What has passed is
// of type Text; screens and printed lines take nothing else.
package safetext

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// Text is text that does nothing to a terminal but show. Constants are Text by
// themselves; everything else comes from a Door.
type Text string

// Door makes foreign text harmless.
type Door struct {
	ASCII bool // nothing beyond ASCII: for terminals that show no more
}

// Text returns s with everything that does not plainly show as a visible mark.
func (d Door) Text(s string) Text {
	if plain(s) {
		return Text(s)
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		d.write(&b, r, s[i:i+n])
		i += n
	}
	return Text(b.String())
}

// Cut is Text cut to a number of cells, with tail in the last ones where
// something is missing. It reads no more of s than it needs, so that a line of
// a megabyte costs what a short one does.
func (d Door) Cut(s string, cells int, tail Text) Text {
	if cells < 0 {
		return ""
	}
	if len(s) > 8*(cells+1) {
		// A character takes at most 4 bytes and at least one cell here.
		cut := 4 * (cells + 1)
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut]
	}
	return d.Text(s).Cut(cells, tail)
}

// write writes one character, or the mark for it. raw are its bytes.
func (d Door) write(b *strings.Builder, r rune, raw string) {
	switch {
	case r == utf8.RuneError && len(raw) <= 1:
		fmt.Fprintf(b, `\x%02x`, raw)
	case r < utf8.RuneSelf && r >= ' ' && r != 0x7f:
		b.WriteRune(r)
	case r == '\n':
		b.WriteString(`\n`)
	case r == '\t':
		b.WriteString(`\t`)
	case r == '\r':
		b.WriteString(`\r`)
	case r < 0x100 && (r < utf8.RuneSelf || !shows(r)):
		fmt.Fprintf(b, `\x%02x`, r)
	case !d.ASCII && shows(r):
		b.WriteRune(r)
	case r < 0x10000:
		fmt.Fprintf(b, `\u%04x`, r)
	default:
		fmt.Fprintf(b, `\U%08x`, r)
	}
}

// shows tells whether a character is seen as itself and takes its own cells:
// letters, digits, punctuation and symbols, but none that joins, combines with
// or changes its neighbours, since terminals do not agree on the room of those.
func shows(r rune) bool {
	return unicode.IsPrint(r) && !unicode.Is(unicode.M, r) && !unicode.Is(joining, r)
}

// joining are printable characters that change how their neighbours show.
var joining = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x115f, Hi: 0x11ff, Stride: 1}, // Hangul vowels and finals
		{Lo: 0x3164, Hi: 0x3164, Stride: 1}, // Hangul filler: a letter that is not seen
		{Lo: 0xd7b0, Hi: 0xd7ff, Stride: 1}, // Hangul, extended
		{Lo: 0xffa0, Hi: 0xffa0, Stride: 1}, // Hangul filler, half width
	},
	R32: []unicode.Range32{
		{Lo: 0x1f1e6, Hi: 0x1f1ff, Stride: 1}, // flags are made of two
		{Lo: 0x1f3fb, Hi: 0x1f3ff, Stride: 1}, // skin tones
	},
}

// plain tells whether s is printable ASCII, as nearly everything is.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// Width is how many cells the text takes.
func (t Text) Width() int {
	if plain(string(t)) {
		return len(t)
	}
	return ansi.StringWidth(string(t))
}

// Cut returns the text cut to a number of cells, with tail in the last ones
// where something is missing.
func (t Text) Cut(cells int, tail Text) Text {
	cells = max(cells, 0)
	if t.Width() <= cells {
		return t
	}
	room := cells - tail.Width()
	if room < 0 {
		return ""
	}
	for i, r := range t {
		if room -= width(r); room < 0 {
			return t[:i] + tail
		}
	}
	return t
}

// CutLeft returns the end of the text, with head in the first cells where
// something is missing: of a path, the end is what tells.
func (t Text) CutLeft(cells int, head Text) Text {
	cells = max(cells, 0)
	if t.Width() <= cells {
		return t
	}
	room := cells - head.Width()
	if room < 0 {
		return ""
	}
	for i := len(t); i > 0; {
		r, n := utf8.DecodeLastRuneInString(string(t[:i]))
		if room -= width(r); room < 0 {
			return head + t[i:]
		}
		i -= n
	}
	return t
}

// width is how many cells one character takes.
func width(r rune) int {
	if r < utf8.RuneSelf {
		return 1
	}
	return ansi.StringWidth(string(r))
}

// JSON returns an encoded JSON document in which strings hold no character
// that does something to a terminal: encoding/json leaves DEL, C1 controls and
// the marks of direction as they are. The document says the same as before.
func JSON(doc []byte) []byte {
	if plain(strings.ReplaceAll(string(doc), "\n", "")) {
		return doc
	}
	var b strings.Builder
	for _, r := range string(doc) {
		switch {
		case r == '\n' || shows(r):
			b.WriteRune(r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		}
	}
	return []byte(b.String())
}
