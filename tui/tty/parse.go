package tty

import (
	"bytes"
	"sync/atomic"
	"unicode/utf8"
)

// parser takes what was typed apart as far as is needed: into units, none of which is
// split between packets.
type parser struct {
	asked  atomic.Bool // an answer may come
	escape bool        // the last byte was an escape that was handed on
	held   []byte      // the beginning of a unit that goes on in the next read
	paste  bool
	pasted int // bytes of the paste that were handed on
}

// typed is what was typed.
type typed struct {
	packets    [][]byte // keys and text, for Bubble Tea
	interrupts int      // how often ctrl+c
	answered   bool     // the terminal said what its background is
	light      bool
}

const (
	// packet is the most that one packet holds: Bubble Tea reads 256 bytes at a time,
	// and takes a read that is full for one that may go on.
	packet = 255
	// longest is how long a unit may be. Keys and reports of the mouse have less than
	// 20 bytes.
	longest = 64
	// mostPasted is how much of a paste is handed on. No line of bantop holds more
	// than 256 bytes.
	mostPasted = 4 << 10

	ctrlC      = 0x03
	esc        = 0x1b
	pasteBegin = "\x1b[200~"
	pasteEnd   = "\x1b[201~"
)

// take takes the bytes of a read. If more is known to follow, what may go on is kept
// for it; else an escape is a key of its own.
func (p *parser) take(b []byte, more bool) typed {
	var t typed
	cut := p.escape
	p.escape = false
	if cut && p.asked.Load() && len(b) > 0 && b[0] == ']' {
		b = append([]byte{esc}, b...) // an answer that was cut after its first byte
	}
	if len(p.held) > 0 {
		b = append(p.held, b...)
		p.held = nil
	}
	for len(b) > 0 {
		n := p.unit(&t, b, more)
		if n == 0 {
			p.held = bytes.Clone(b)
			break
		}
		b = b[n:]
	}
	return t
}

// unit takes one unit, and returns its length; 0 if it may go on.
func (p *parser) unit(t *typed, b []byte, more bool) int {
	if p.paste {
		return p.text(t, b)
	}
	if n, whole, light := answer(b); n > 0 {
		switch {
		case whole:
			p.asked.Store(false)
			t.answered, t.light = true, light
			return n
		case n < len(b) && n >= len(answerBegin): // an answer, and cut off: dropped
			return n
		case n == len(b) && (more || n >= len(answerBegin) || p.asked.Load()):
			return 0
		}
	}
	n, whole := unitLength(b)
	if !whole && more && n < longest {
		return 0
	}
	switch u := b[:n]; {
	case n == 1 && u[0] == ctrlC:
		t.interrupts++
	case n == 1 && u[0] == '\n': // enter, typed before the terminal was taken; else ctrl+j, which is the same to a shell
		t.add([]byte{'\r'})
	case string(u) == pasteBegin:
		p.paste, p.pasted = true, 0
	case n <= longest:
		p.escape = n == 1 && u[0] == esc && len(b) == 1
		t.add(u)
	}
	return n
}

// text takes the text of a paste, as far as it is there. Ctrl+c is never text.
func (p *parser) text(t *typed, b []byte) int {
	end := bytes.Index(b, []byte(pasteEnd))
	stop := bytes.IndexByte(b, ctrlC)
	switch {
	case end >= 0 && (stop < 0 || end < stop):
		p.hand(t, b[:end])
		p.paste = false
		return end + len(pasteEnd)
	case stop >= 0:
		p.hand(t, b[:stop])
		p.paste = false
		t.interrupts++
		return stop + 1
	}
	n := len(b) - unfinished(b)
	p.hand(t, b[:n])
	return n
}

// unfinished is how many of the last bytes may be the beginning of the end of a
// paste, or of a character.
func unfinished(b []byte) int {
	for n := min(len(pasteEnd)-1, len(b)); n > 0; n-- {
		if string(b[len(b)-n:]) == pasteEnd[:n] {
			return n
		}
	}
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if c := b[len(b)-n]; utf8.RuneStart(c) {
			if !utf8.FullRune(b[len(b)-n:]) {
				return n
			}
			break
		}
	}
	return 0
}

// hand hands on pasted text, each packet as a paste of its own.
func (p *parser) hand(t *typed, text []byte) {
	const room = packet - len(pasteBegin) - len(pasteEnd)
	text = text[:min(len(text), mostPasted-p.pasted)]
	p.pasted += len(text)
	for len(text) > 0 {
		n := min(len(text), room)
		for n < len(text) && n > 1 && !utf8.RuneStart(text[n]) {
			n--
		}
		t.packets = append(t.packets, bytes.Join([][]byte{[]byte(pasteBegin), text[:n], []byte(pasteEnd)}, nil))
		text = text[n:]
	}
}

// add adds a unit to the last packet, or to a new one.
func (t *typed) add(unit []byte) {
	last := len(t.packets) - 1
	if last >= 0 && len(t.packets[last])+len(unit) <= packet && !bytes.HasPrefix(t.packets[last], []byte(pasteBegin)) {
		t.packets[last] = append(t.packets[last], unit...)
		return
	}
	t.packets = append(t.packets, bytes.Clone(unit))
}

// unitLength is the length of the unit at the beginning of b (ECMA-48, 5.4; xterm's
// mouse reports), and whether it is known to end there.
func unitLength(b []byte) (n int, whole bool) {
	switch {
	case b[0] != esc:
		_, n := utf8.DecodeRune(b)
		return n, utf8.FullRune(b)
	case len(b) == 1:
		return 1, false
	case b[1] == '[':
		return sequenceLength(b)
	case b[1] == 'O':
		return printable(b, len("\x1bO"), 1)
	case b[1] == esc || b[1] == ctrlC:
		return 1, true
	default: // with alt
		_, n := utf8.DecodeRune(b[1:])
		return 1 + n, utf8.FullRune(b[1:])
	}
}

// printable is the length of a sequence that ends with so many characters after its
// beginning; a control character breaks it off.
func printable(b []byte, begin, count int) (n int, whole bool) {
	for n = begin; n < len(b) && n < begin+count; n++ {
		if b[n] < 0x20 {
			return n, true
		}
	}
	return n, n == begin+count
}

// sequenceLength is the length of a control sequence.
func sequenceLength(b []byte) (n int, whole bool) {
	if len(b) > 2 && b[2] == 'M' { // the mouse, as X10 reports it
		return printable(b, len("\x1b[M"), 3)
	}
	for i, c := range b[2:] {
		switch {
		case c == '[' && i == 0: // the console's F1 to F5: ESC [ [ A
		case c >= 0x40 && c <= 0x7e:
			return i + 3, true
		case c < 0x20 || c > 0x7e: // broken off
			return i + 2, true
		}
	}
	return len(b), false
}
