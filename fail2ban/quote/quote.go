// Package quote writes words so that somebody can paste them into a shell: the
// commands that bantop advises hold names that others chose.
package quote

import (
	"fmt"
	"strings"
)

// plain are the characters that need no quotes.
const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./_-"

// Word quotes a word for bash, zsh and ksh, if it has to be: what it means there is
// that word and nothing else. What is not ASCII is written as $'\033'.
func Word(word string) string {
	switch {
	case word != "" && strings.Trim(word, plain) == "":
		return word
	case !strings.ContainsFunc(word, func(r rune) bool { return r < ' ' || r > '~' }):
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	var b strings.Builder
	b.WriteString("$'")
	for _, c := range []byte(word) {
		switch {
		case c == '\'' || c == '\\':
			b.WriteString(`\` + string(c))
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\%03o`, c) // three digits at the most: the next one is not part of it
		default:
			b.WriteByte(c)
		}
	}
	return b.String() + "'"
}
