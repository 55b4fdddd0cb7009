package words

import (
	"slices"
	"strings"
	"testing"
)

// TestDiff walks what changes between two texts.
func TestDiff(t *testing.T) {
	for _, c := range []struct{ was, now, want string }{
		{"", "", ""},
		{"a\nb\n", "a\nb\n", ""},
		{"a\nb", "a\nb\n", ""},
		{"", "a\nb\n", "+ a|+ b"},
		{"a\nb\n", "", "- a|- b"},
		{"a\nb\nc\n", "a\nc\n", "- b"},
		{"a\nc\n", "a\nb\nc\n", "+ b"},
		{"a\nb\nc\n", "a\nx\nc\n", "- b|+ x"},
		{"x\na\nb\ny\n", "b\na\n", "- x|- a|+ a|- y"},
		{strings.Repeat("a\n", 3000), strings.Repeat("b\n", 2), "- 3,000 lines|+ 2 lines"},
	} {
		got := Diff(c.was, c.now)
		if c.was == "x\na\nb\ny\n" { // any smallest difference will do
			if len(got) != 4 {
				t.Errorf("%q", got)
			}
			continue
		}
		if want := strings.FieldsFunc(c.want, func(r rune) bool { return r == '|' }); !slices.Equal(got, want) {
			t.Errorf("%.20q, %.20q: %q, want %q", c.was, c.now, got, want)
		}
	}
}
