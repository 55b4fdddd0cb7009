package quote

import (
	"os/exec"
	"strings"
	"testing"
)

// TestWord: what is to be typed means the very words that were typed, in a
// shell, and holds nothing but plain characters.
func TestWord(t *testing.T) {
	words := []string{"", "sshd", "-s", "/run/f 2b.sock", "it's", `a\b`, "$(reboot)", "`id`", "a;b", "a|b&c", "*", "~", "!x", "#", "=x", "\"", "a\nb", "\t", "\x1b[2J", "\x01" + "7", "ü", "\u202e", "\xff", "'\x1b'", `\x`, "--conf=/a b"}
	for _, w := range words {
		q := Word(w)
		out, err := exec.Command("bash", "-c", "printf %s. "+q).Output()
		if got := strings.TrimSuffix(string(out), "."); err != nil || got != w {
			t.Errorf("%q is typed %s, and is %q, %v", w, q, got, err)
		}
		if strings.ContainsFunc(q, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%q is typed %q", w, q)
		}
	}
}

// FuzzWord: so it is for every word; a shell is not asked for each.
func FuzzWord(f *testing.F) {
	f.Add("it's")
	f.Add("a\x00\nb")
	f.Fuzz(func(t *testing.T, w string) {
		q := Word(w)
		if strings.ContainsFunc(q, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%q is typed %q", w, q)
		}
		if quoted := strings.HasPrefix(q, "'") || strings.HasPrefix(q, "$'"); !quoted && q != w {
			t.Errorf("%q is typed %s", w, q)
		}
	})
}
