package safetext_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"bantop/tui/safetext"
)

// TestText walks what hostile text becomes, on a terminal that shows Unicode
// and on one that does not.
func TestText(t *testing.T) {
	for _, c := range []struct{ name, in, want, ascii string }{
		{"plain", "sshd: fail from 203.0.113.5", "sshd: fail from 203.0.113.5", ""},
		{"letters", "é中Ж", "é中Ж", `\u00e9\u4e2d\u0416`},
		{"escape", "\x1b[2J\x1b]0;x\a", `\x1b[2J\x1b]0;x\x07`, ""},
		{"C1", "\u009b31m", `\x9b31m`, ""},
		{"line ends and tabs", "a\r\n\tb", `a\r\n\tb`, ""},
		{"NUL and DEL", "a\x00\x7f", `a\x00\x7f`, ""},
		{"override", "abc\u202egnp.exe", `abc\u202egnp.exe`, ""},
		{"isolates and marks", "\u2066\u200f\u061c", `\u2066\u200f\u061c`, ""},
		{"not UTF-8", "a\xff\xc3", `a\xff\xc3`, ""},
		{"half a surrogate", "\xed\xb3\xbf", `\xed\xb3\xbf`, ""},
		{"unseen", "a\u200b\ufeff\u00ad", `a\u200b\ufeff\xad`, ""},
		{"combining", "e\u0301", `e\u0301`, ""},
		{"joined emoji", "👩\u200d💻", "👩" + `\u200d` + "💻", `\U0001f469\u200d\U0001f4bb`},
		{"flag", "🇩🇪", `\U0001f1e9\U0001f1ea`, ""},
		{"tags", "\U000e0041", `\U000e0041`, ""},
		{"other spaces", "a\u00a0\u2003\u2028", `a\xa0\u2003\u2028`, ""},
		{"replacement character itself", "\ufffd", "\ufffd", `\ufffd`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := (safetext.Door{}).Text(c.in); string(got) != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if c.ascii == "" {
				c.ascii = c.want
			}
			if got := (safetext.Door{ASCII: true}).Text(c.in); string(got) != c.ascii {
				t.Errorf("in ASCII: got %s, want %s", got, c.ascii)
			}
		})
	}
}

// TestCut walks texts cut to a number of cells, from both ends.
func TestCut(t *testing.T) {
	for _, c := range []struct {
		in        string
		cells     int
		cut, left string
	}{
		{"abcdef", 6, "abcdef", "abcdef"},
		{"abcdef", 5, "abcd…", "…cdef"},
		{"abcdef", 1, "…", "…"},
		{"abcdef", 0, "", ""},
		{"中中中", 5, "中中…", "…中中"},
		{"中中中", 4, "中…", "…中"},
		{"", 3, "", ""},
		{"\x1bx", 4, `\x1…`, `…1bx`},
	} {
		door := safetext.Door{}
		if got := door.Text(c.in).Cut(c.cells, "…"); string(got) != c.cut {
			t.Errorf("%q cut to %d: %q, want %q", c.in, c.cells, got, c.cut)
		}
		if got := door.Cut(c.in, c.cells, "…"); string(got) != c.cut {
			t.Errorf("%q cut at the door to %d: %q, want %q", c.in, c.cells, got, c.cut)
		}
		if got := door.Text(c.in).CutLeft(c.cells, "…"); string(got) != c.left {
			t.Errorf("%q cut from the left to %d: %q, want %q", c.in, c.cells, got, c.left)
		}
	}
}

// TestJSON holds that an encoded document says the same and does nothing.
func TestJSON(t *testing.T) {
	hostile := "a\x1b[2J\u009b\x7f\u202e\U000e0041é\u2028\xff"
	doc, err := json.Marshal(map[string]string{"x": hostile})
	if err != nil {
		t.Fatal(err)
	}
	safe := safetext.JSON(append(doc, '\n'))
	for _, r := range string(safe) {
		if r != '\n' && (!unicode.IsPrint(r) || unicode.IsControl(r)) {
			t.Errorf("%U is in %s", r, safe)
		}
	}
	var before, after map[string]string
	if err := json.Unmarshal(doc, &before); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(safe, &after); err != nil || before["x"] != after["x"] {
		t.Errorf("%q became %q, %v", before["x"], after["x"], err)
	}
}

// FuzzText holds, for any bytes, that what comes out does nothing, takes as
// many cells as it says, and is cut to no more than asked.
func FuzzText(f *testing.F) {
	f.Add("\x1b]0;x\a\u202e\xff中", 7)
	f.Add(strings.Repeat("👩\u200d💻", 10), 3)
	f.Fuzz(func(t *testing.T, s string, cells int) {
		cells %= 300
		for _, d := range []safetext.Door{{}, {ASCII: true}} {
			got := string(d.Text(s))
			if !utf8.ValidString(got) {
				t.Fatalf("%q is not UTF-8", got)
			}
			for _, r := range got {
				if r < ' ' || r == 0x7f || r >= 0x80 && (d.ASCII || !unicode.IsPrint(r) || unicode.Is(unicode.M, r)) {
					t.Fatalf("%U came through: %q", r, got)
				}
			}
			for _, cut := range []safetext.Text{d.Cut(s, cells, "…"), safetext.Text(got).CutLeft(cells, "…")} {
				if cut.Width() > max(cells, 0) {
					t.Fatalf("%q takes %d cells, not %d", cut, cut.Width(), cells)
				}
			}
			if d.Cut(s, cells, "…") != d.Text(s).Cut(cells, "…") {
				t.Fatalf("%q and %q", d.Cut(s, cells, "…"), d.Text(s).Cut(cells, "…"))
			}
		}
	})
}

func BenchmarkCutMegabyte(b *testing.B) {
	line := strings.Repeat("\x1b[31mé", 1<<17)
	for b.Loop() {
		if (safetext.Door{}).Cut(line, 100, "…").Width() != 100 {
			b.Fatal()
		}
	}
}
