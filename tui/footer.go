package tui

import (
	"github.com/charmbracelet/bubbles/key"

	"bantop/tui/safetext"
)

// footer draws keys, behind a note where there is one. Where not all have room,
// those in the middle go: the first are the most useful, and the last say how
// to get help and how to get out.
func (p pen) footer(keys []key.Binding, note safetext.Text) string {
	const between = 2
	need := func() int {
		n := 0
		if note != "" {
			n = note.Width() + between
		}
		for _, k := range keys {
			h := k.Help()
			n += safetext.Text(h.Key).Width() + 1 + safetext.Text(h.Desc).Width() + between
		}
		return n - between
	}
	const last = 2
	for need() > p.width && len(keys) > last {
		at := len(keys) - last - 1
		keys = append(keys[:at:at], keys[at+1:]...)
	}
	l := p.line()
	if note != "" {
		l.put(p.Warn, note).skip(between)
	}
	for i, k := range keys {
		if i > 0 {
			l.skip(between)
		}
		l.put(p.Key, safetext.Text(k.Help().Key)).skip(1).put(p.Faint, safetext.Text(k.Help().Desc))
	}
	return l.String()
}
