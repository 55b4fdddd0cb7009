package control

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// pythonString reads a string as Python prints it: in single quotes, or in
// double ones where it holds a single one. It returns what follows.
func pythonString(s string) (text, rest string, ok bool) {
	if s == "" || s[0] != '\'' && s[0] != '"' {
		return "", s, false
	}
	quote := s[0]
	var b strings.Builder
	for i := 1; i < len(s); {
		switch c := s[i]; c {
		case quote:
			return b.String(), s[i+1:], true
		case '\\':
			n, ok := pythonEscape(&b, s[i+1:])
			if !ok {
				return "", s, false
			}
			i += 1 + n
		default:
			b.WriteByte(c)
			i++
		}
	}
	return "", s, false
}

// pythonEscape writes what stands behind a backslash, and returns how long that
// was.
func pythonEscape(b *strings.Builder, s string) (int, bool) {
	if s == "" {
		return 0, false
	}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[s[0]]
	if digits > 0 {
		if len(s) < 1+digits {
			return 0, false
		}
		n, err := strconv.ParseUint(s[1:1+digits], 16, 32)
		if err != nil || !utf8.ValidRune(rune(n)) { // half a surrogate: a byte that was not UTF-8
			return 0, false
		}
		b.WriteRune(rune(n))
		return 1 + digits, true
	}
	simple := map[byte]byte{'n': '\n', 't': '\t', 'r': '\r', '\\': '\\', '\'': '\'', '"': '"'}
	c, ok := simple[s[0]]
	if !ok {
		return 0, false
	}
	b.WriteByte(c)
	return 1, true
}
