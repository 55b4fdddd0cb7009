package confdir

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The syntax of fail2ban's files is that of Python's configparser (3.11 to 3.13,
// RawConfigParser._read), as fail2ban sets it up (1.0.2 and 1.1.0,
// client/configparserinc.py): `=` and `:`, names of options in any case, full lines
// of comment behind `#` or `;`, comments behind a blank and `;` but not behind `#`,
// and more of a value in lines that are indented deeper than its first.

// kind is what a line is.
type kind int

const (
	blank    kind = iota // nothing but blanks
	comment              // nothing but a comment
	header               // [section]
	setting              // option = value
	more                 // more of the value before
	headless             // an option before any section
	bad                  // none of these
)

// line is a line of a file, with its place in the bytes of it.
type line struct {
	no         int // from 1
	start, end int // without its end mark
	next       int // where the next one starts
	kind       kind
	name       string // of the section or the option, in small letters
	value      string // of an option, or a part of it
	from, to   int    // where that value stands; where it is empty, where it would
	indent     string // the blanks before
}

// scanner goes through a file line by line.
type scanner struct {
	text      []byte
	at, no    int
	inSection bool
	inOption  bool
	indent    int // of the last section or option, in characters
}

// next is the next line; false where there is none.
func (s *scanner) next() (line, bool) {
	if s.at >= len(s.text) {
		return line{}, false
	}
	l := line{no: s.no + 1, start: s.at}
	l.end, l.next = lineEnd(s.text, s.at)
	s.no, s.at = l.no, l.next
	full := string(s.text[l.start:l.end])
	said := strings.TrimRightFunc(full[:inlineComment(full)], isSpace)
	first := len(said) - len(strings.TrimLeftFunc(said, isSpace))
	l.indent = said[:first]
	said = said[first:]
	switch trimmed := strings.TrimLeftFunc(full, isSpace); {
	case trimmed == "":
		l.kind = blank
	case said == "" || trimmed[0] == '#' || trimmed[0] == ';':
		l.kind = comment
	default:
		s.classify(&l, said)
	}
	return l, true
}

// classify tells what a line is that says something.
func (s *scanner) classify(l *line, said string) {
	indent := utf8.RuneCountInString(l.indent)
	if s.inOption && indent > s.indent {
		l.kind, l.value = more, said
		l.from = l.start + len(l.indent)
		l.to = l.from + len(said)
		return
	}
	s.indent = indent
	if last := strings.LastIndexByte(said, ']'); said[0] == '[' && last > 1 {
		l.kind, l.name = header, said[1:last]
		s.inSection, s.inOption = true, false
		return
	}
	at := strings.IndexAny(said, "=:")
	switch {
	case !s.inSection:
		l.kind = headless
	case at <= 0:
		l.kind = bad
	default:
		l.kind = setting
		l.name = optionName(said[:at])
		l.value = strings.TrimLeftFunc(said[at+1:], isSpace)
		l.to = l.start + len(l.indent) + len(said)
		l.from = l.to - len(l.value)
		s.inOption = true
	}
}

// optionName is the name of an option as it is looked up.
func optionName(s string) string { return strings.ToLower(strings.TrimRightFunc(s, isSpace)) }

// lineEnd is where the line ends that starts at a place, and where the next one
// starts. Python takes "\n", "\r\n" and "\r" for the end of a line.
func lineEnd(text []byte, start int) (end, next int) {
	n := bytes.IndexAny(text[start:], "\r\n")
	if n < 0 {
		return len(text), len(text)
	}
	end = start + n
	if text[end] == '\r' && end+1 < len(text) && text[end+1] == '\n' {
		return end, end + 2
	}
	return end, end + 1
}

// inlineComment is where a comment begins in a line: at the first `;` that stands
// at its start or behind a blank.
func inlineComment(s string) int {
	for i := 0; i < len(s); i++ {
		if s[i] != ';' {
			continue
		}
		if before, _ := utf8.DecodeLastRuneInString(s[:i]); i == 0 || isSpace(before) {
			return i
		}
	}
	return len(s)
}

// isSpace is Python's str.isspace.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }
