package tty

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"
)

// all takes pieces one after the other, and returns what they come to.
func all(p *parser, pieces ...string) typed {
	var t typed
	for _, piece := range pieces {
		got := p.take([]byte(piece), false)
		t.packets = append(t.packets, got.packets...)
		t.interrupts += got.interrupts
		t.answered = t.answered || got.answered
		t.light = t.light || got.light
	}
	return t
}

// text is all that was handed on.
func (t typed) text() string { return string(bytes.Join(t.packets, nil)) }

// pasted is the text that was handed on as pasted.
func (t typed) pasted() string {
	return strings.NewReplacer(pasteBegin, "", pasteEnd, "").Replace(t.text())
}

// TestKeysPass: keys come through as they were typed, in one piece each, however they
// arrive; enter that was typed before the terminal was raw is enter.
func TestKeysPass(t *testing.T) {
	for _, keys := range []string{"q", "jjj", "é日🔥", "\x1b", "\x1b[A", "\x1bOP", "\x1b[1;5C", "\x1bx",
		"\x1b\x1b[A", "\x1b[[A", "\x1b[<0;12;7M", "\x1b[M !!", "\x1b[200",
		"\x00\x7f\t\r", "\x1b]", "\xff\xfe", "\x1b[I", "x\x1b[15~y", "\x1b[7$"} {
		if got := all(&parser{}, keys); got.text() != keys || got.interrupts > 0 || got.answered {
			t.Errorf("%q: %q", keys, got.packets)
		}
	}
	if got := all(&parser{}, "a\nb").text(); got != "a\rb" {
		t.Errorf("a line: %q", got)
	}
}

// TestPackets: no packet is longer than Bubble Tea reads at a time, and no unit is
// split between two, whatever is typed.
func TestPackets(t *testing.T) {
	units := []string{"a", "é", "日", "🔥", "\x1b[A", "\x1b[<35;120;44M", "\x1bOP", " ", "\r"}
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var whole []string
		for range random.IntN(2000) {
			whole = append(whole, units[random.IntN(len(units))])
		}
		typed := strings.Join(whole, "")
		p, got := parser{}, ""
		for rest := []byte(typed); len(rest) > 0; {
			n := min(4096, len(rest))
			for _, packet := range p.take(rest[:n], n < len(rest)).packets {
				if len(packet) > 255 || !utf8.Valid(packet) {
					t.Fatalf("packet of %d: %q", len(packet), packet)
				}
				if i := bytes.LastIndexByte(packet, esc); i >= 0 {
					if n, whole := unitLength(packet[i:]); !whole || n > len(packet)-i {
						t.Fatalf("split: %q", packet[i:])
					}
				}
				got += string(packet)
			}
			rest = rest[n:]
		}
		if got != typed {
			t.Fatal("something is lost")
		}
	}
}

// TestCtrlC: ctrl+c is seen wherever it comes, and handed on by no packet.
func TestCtrlC(t *testing.T) {
	for _, pieces := range [][]string{
		{"\x03"}, {"abc\x03def"}, {"\x1b[", "\x03"}, {"\x1b[12\x03"}, {"\x1b\x03"}, {"\x1bO\x03"}, {"\x1b[M\x03"},
		{pasteBegin, "\x03"}, {pasteBegin + "text\x03"}, {pasteBegin, "x\x1b[20", "\x03"}, {pasteBegin, "é"[:1], "\x03"},
		{pasteBegin, strings.Repeat("x", 100_000), "\x03"}, {"\x1b]11;rgb:", "\x03"}, {"\x1b]11;\x03"},
		{strings.Repeat("\x1b[", 3000), "\x03"},
	} {
		p := &parser{}
		p.asked.Store(true)
		got := all(p, pieces...)
		if got.interrupts != 1 || strings.Contains(got.text(), "\x03") {
			t.Errorf("%.80q: %d times, %.80q", pieces, got.interrupts, got.text())
		}
		if after := all(p, "q"); after.text() != "q" {
			t.Errorf("%.80q: q after it is %q", pieces, after.text())
		}
	}
	if got := all(&parser{}, pasteBegin+"a"+pasteEnd+"\x03"); got.interrupts != 1 || got.pasted() != "a" {
		t.Errorf("after a paste: %+v", got)
	}
}

// TestPaste: a paste comes through as text, wherever it is cut; one of megabytes, or
// without an end, costs nothing, and what comes after its end are keys.
func TestPaste(t *testing.T) {
	const text = "203.0.113.9 sshd\r\nfor 1h é日🔥 \x1b[31m \x1b[20 q"
	whole := "a" + pasteBegin + text + pasteEnd + "b"
	for cut := range len(whole) {
		for next := cut; next < len(whole); next += 7 {
			p := &parser{}
			got := all(p, whole[:cut], whole[cut:next], whole[next:])
			if splitKey := cut > 0 && cut < 1+len(pasteBegin) || next > 0 && next < 1+len(pasteBegin); splitKey && p.paste {
				t.Fatal("the paste does not end")
			} else if !splitKey && got.pasted() != "a"+text+"b" {
				t.Fatalf("cut at %d and %d: %q", cut, next, got.packets)
			}
		}
	}
	p, n := &parser{}, 0
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	all(p, pasteBegin)
	for range 4000 {
		n += len(all(p, strings.Repeat("日", 1365)).text())
	}
	runtime.GC() // what is kept counts, not what was thrown away
	runtime.ReadMemStats(&after)
	if n > 2*mostPasted || len(p.held) > 8 || after.HeapInuse > before.HeapInuse+8<<20 {
		t.Errorf("of a paste of 16 MB: %d bytes handed on, %d held", n, len(p.held))
	}
	if got := all(p, "x"+pasteEnd+"q"); got.text() != "q" {
		t.Errorf("after it: %q", got.text())
	}
}

// TestAnswer: what the terminal says about its background is understood, in one piece
// or byte by byte, and is never a key, however late it comes.
func TestAnswer(t *testing.T) {
	for answer, light := range map[string]bool{
		"\x1b]11;rgb:0000/0000/0000\x1b\\": false, "\x1b]11;rgb:1e/1e/2e\a": false, "\x1b]11;#ffffff\a": false,
		"\x1b]11;rgb:ffff/ffff/ffff\x1b\\": true, "\x1b]11;rgb:fdfd/f6f6/e3e3\a": true, "\x1b]11;\a": false,
		"\x1b]11;rgba:ffff/ffff/ffff/0000\x1b\\": true, "\x1b]11;rgb:f/f/f\a": true,
	} {
		last := len(answer) - 1
		for _, pieces := range [][]string{{answer}, {"a" + answer + "b"}, {"a", answer[:5], answer[5:], "b"},
			{"a" + answer[:last], answer[last:] + "b"}} {
			got := all(&parser{}, pieces...)
			if !got.answered || got.light != light || strings.Trim(got.text(), "ab") != "" {
				t.Errorf("%q: %+v", pieces, got)
			}
		}
		p := &parser{}
		p.asked.Store(true)
		got := all(p, strings.Split(answer, "")...)
		if !got.answered || got.light != light || got.text() != "\x1b" { // the first byte alone is a key
			t.Errorf("%q byte by byte: %+v", answer, got)
		}
	}
	long := "\x1b]11;rgb:ffff/ffff/ffff" + strings.Repeat("f", 100)
	for _, cut := range []string{"\x1b]11;rgb:ff", long, "\x1b]11;rgb:\x1b[A"} {
		p := &parser{}
		if got := all(p, cut, "q"); got.answered || !strings.HasSuffix(got.text(), "q") {
			t.Errorf("an answer that breaks off, %q: %q", cut, got.text())
		}
	}
	p := &parser{}
	p.asked.Store(true)
	if got := all(p, "\x1b]", "x"); got.text() != "\x1b]x" {
		t.Errorf("alt+] while an answer may come: %q", got.text())
	}
}

// FuzzTyped: nothing that is typed breaks the parser, keeps much back, or hides a
// ctrl+c.
func FuzzTyped(f *testing.F) {
	f.Add("a\x1b[200~x\x03\x1b]11;rgb:\x1b", 3, true)
	f.Fuzz(func(t *testing.T, text string, at int, asked bool) {
		p := &parser{}
		p.asked.Store(asked)
		at = min(max(at, 0), len(text))
		got := all(p, text[:at], text[at:], "\x03")
		if want := strings.Count(text, "\x03") + 1; got.interrupts != want {
			t.Errorf("%q: %d interrupts, want %d", text, got.interrupts, want)
		}
		for _, packet := range got.packets {
			if len(packet) > 255 || len(packet) == 0 {
				t.Errorf("a packet of %d", len(packet))
			}
		}
		if len(p.held) > 2*longest {
			t.Errorf("%d bytes held", len(p.held))
		}
	})
}

// TestModes: what the terminal was told to do, and not told to stop, is undone, the
// screen last; all of it where that is not known.
func TestModes(t *testing.T) {
	for _, c := range []struct{ written, undo string }{
		{"", ""},
		{"text \x1b[31m \x1b[2J", ""},
		{"\x1b[?25l", "\x1b[?25h"},
		{"\x1b[?25l\x1b[?1049h\x1b[?2004h\x1b[?1002h\x1b[?1006h", "\x1b[?1002l\x1b[?1006l\x1b[?2004l\x1b[?1049l\x1b[?25h"},
		{"\x1b[?1049h\x1b[?1049l\x1b[?25l\x1b[?25h", ""},
		{"\x1b[?", ""},
		{"\x1b[?;", ""},
	} {
		var m modes
		m.note([]byte(c.written))
		got := strings.TrimSuffix(m.undo(false), "\x1b[0m\r")
		if got != c.undo {
			t.Errorf("%q: %q, want %q", c.written, got, c.undo)
		}
	}
	var m modes
	everything := m.undo(true)
	for _, mode := range []string{"1049l", "25h", "1002l", "1003l", "1006l", "2004l"} {
		if !strings.Contains(everything, fmt.Sprintf("\x1b[?%s", mode)) {
			t.Errorf("%s is not in %q", mode, everything)
		}
	}
}
