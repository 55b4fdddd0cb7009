package tty

import (
	"bytes"
	"strconv"
	"strings"
)

// answerBegin begins the terminal's answer about its background (xterm, OSC 11).
const answerBegin = "\x1b]11;"

// answer finds out how much of b is such an answer, whether it is whole, and whether
// the background is light:
//
//	ESC ] 11 ; rgb:ffff/ffff/ffff ESC \    or BEL at the end
//
// One that is broken off is not whole, and shorter than b.
func answer(b []byte) (n int, whole, light bool) {
	const most = 40 // of the colour
	begin := min(len(b), len(answerBegin))
	if string(b[:begin]) != answerBegin[:begin] || begin < 2 {
		return 0, false, false
	}
	if begin < len(answerBegin) {
		return begin, false, false
	}
	for i, c := range b[begin:] {
		switch at := begin + i; {
		case c == '\a':
			return at + 1, true, isLight(string(b[begin:at]))
		case c == esc && at+1 == len(b):
			return at + 1, false, false
		case c == esc && b[at+1] == '\\':
			return at + 2, true, isLight(string(b[begin:at]))
		case i >= most || !bytes.ContainsRune([]byte("0123456789abcdefABCDEFrgb:/#"), rune(c)):
			return at, false, false
		}
	}
	return len(b), false, false
}

// isLight reports whether a colour is a light one: its lightness (HSL) is a half or
// more. What cannot be read is dark, as most are.
func isLight(colour string) bool {
	_, parts, found := strings.Cut(colour, ":") // rgb:RRRR/GGGG/BBBB, rgba:…
	if !found {
		return false
	}
	least, most := 1.0, 0.0
	for i, digits := range strings.Split(parts, "/") {
		v, err := strconv.ParseUint(digits, 16, 16)
		if err != nil {
			return false
		}
		if i < 3 {
			part := float64(v) / float64(uint64(1)<<(4*len(digits))-1)
			least, most = min(least, part), max(most, part)
		}
	}
	return least+most >= 1
}
