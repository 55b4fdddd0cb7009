package confdir

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// overrideHead is what a file of bantop's that enables or disables a jail begins
// with.
const overrideHead = "# Written by bantop: whether this jail is enabled. To take it back, delete this file and run fail2ban-client reload."

// SetEnabled is the text of a file of jail.d with what it says for `enabled` of a
// jail set; nil is no file yet, and gets a head. All else stays as it is, byte for
// byte: where the option stands its value is replaced, the last one's where there
// are several; else it is put under the last [jail], or both at the end.
//
// A jail whose name cannot stand in a file leaves the text as it is: ask
// OverrideName first.
func SetEnabled(text []byte, jail string, on bool) []byte {
	if checkSection(jail) != nil {
		return text
	}
	if text == nil {
		return fmt.Appendf(nil, "%s\n[%s]\nenabled = %t\n", overrideHead, jail, on)
	}
	e := survey(text, jail)
	switch {
	case len(e.said) > 0:
		return e.replace(on)
	case e.header.no > 0:
		return e.insert(on)
	}
	return e.add(jail, on)
}

// edit is a text, and where it says whether a jail is enabled.
type edit struct {
	text   []byte
	header line   // the last of the section
	at     int    // where to put the option, when the section has it not
	indent string // what it has to begin with
	said   []line // the last `enabled` in the section, with the rest of its value
}

func survey(text []byte, jail string) edit {
	e := edit{text: text}
	in, saying, fresh := false, false, false
	for s := (scanner{text: text}); ; {
		l, ok := s.next()
		if !ok {
			return e
		}
		if fresh {
			fresh = e.behind(l)
		}
		switch l.kind {
		case header:
			saying = false
			if in = l.name == jail; in {
				e.header, e.at, e.indent, fresh = l, l.next, "", true
			}
		case setting:
			if saying = in && l.name == "enabled"; saying {
				e.said = []line{l}
			}
		case more:
			if saying {
				e.said = append(e.said, l)
			}
		}
	}
}

// behind takes note of a line behind the header, until one says something. What
// follows the option must not be indented deeper than it, or it would be more of its
// value; so a line that is none must not follow at all.
func (e *edit) behind(l line) (goOn bool) {
	switch l.kind {
	case bad:
		e.at = l.next
		return true
	case header, setting:
		e.indent = l.indent
		return false
	}
	return true
}

// replace puts another value where one stands.
func (e edit) replace(on bool) []byte {
	first := e.said[0]
	value := fmt.Sprint(on)
	if b := e.text[first.from-1]; b == '=' || b == ':' {
		value = " " + value
	}
	// To fail2ban a # behind a value is part of it; it was meant as a comment.
	if at := strings.IndexByte(first.value, '#'); at >= 0 {
		value += " ;" + first.value[at:]
	}
	out := append(bytes.Clone(e.text[:first.from]), value...)
	at := first.to
	for _, l := range e.said[1:] {
		from, to := l.from, l.to
		if len(bytes.TrimFunc(e.text[l.to:l.end], isSpace)) == 0 {
			from, to = l.start, l.next // nothing else stands in that line
		}
		out = append(out, e.text[at:from]...)
		at = to
	}
	return append(out, e.text[at:]...)
}

// insert puts the option into the section.
func (e edit) insert(on bool) []byte {
	out := bytes.Clone(e.text[:e.at])
	if n := len(out); out[n-1] != '\n' && out[n-1] != '\r' { // the file ends there
		out = append(out, e.mark()...)
	}
	out = fmt.Appendf(out, "%senabled = %t%s", e.indent, on, e.mark())
	return append(out, e.text[e.at:]...)
}

// add puts a section at the end.
func (e edit) add(jail string, on bool) []byte {
	out := bytes.Clone(e.text)
	if n := len(out); n > 0 && out[n-1] != '\n' && out[n-1] != '\r' {
		out = append(out, e.mark()...)
	}
	return fmt.Appendf(out, "[%s]%senabled = %t%s", jail, e.mark(), on, e.mark())
}

// mark is how the lines of the text end.
func (e edit) mark() string {
	if end, next := lineEnd(e.text, 0); next > end {
		return string(e.text[end:next])
	}
	return "\n"
}

// Minimal tells whether a text says nothing but `enabled` of a jail, so that its
// file may be removed as a whole. A comment that is not bantop's own is something.
func Minimal(text []byte, jail string) bool {
	in, saying := false, false
	for s := (scanner{text: text}); ; {
		l, ok := s.next()
		if !ok {
			return true
		}
		said := strings.TrimFunc(string(text[l.start:l.end]), isSpace)
		switch l.kind {
		case blank:
		case comment:
			ok = said == overrideHead
		case header:
			in = l.name == jail
			ok = in && said == "["+jail+"]"
		case setting:
			saying = in && l.name == "enabled"
			ok = saying && !commented(text, l)
		case more:
			ok = saying && !commented(text, l)
		default:
			ok = false
		}
		if !ok {
			return false
		}
	}
}

// commented tells whether there is more in a line than a value.
func commented(text []byte, l line) bool {
	return strings.Contains(l.value, "#") || len(bytes.TrimFunc(text[l.to:l.end], isSpace)) > 0
}

// SectionOf is the line of a text where the section of a jail begins, the last one
// where there are several.
func SectionOf(text []byte, jail string) (line int, ok bool) {
	no := survey(text, jail).header.no
	return no, no > 0
}

// maxName is how long the name of a file may be, in bytes: NAME_MAX of Linux without
// the room for what it is called while it is written, or kept (.changed-100).
const maxName = 255 - 15

// OverrideName is the file in jail.d in which bantop says whether a jail is
// enabled: zz-bantop-sshd.local. fail2ban reads it last but for .local files that
// sort behind it. What is neither letter, digit, `.`, `_` nor `-` stands as %XX in
// it. The error says why a jail cannot be enabled by a file.
func OverrideName(jail string) (string, error) {
	err := checkSection(jail)
	name := overridePrefix + escape(jail) + overrideSuffix
	if err == nil && len(name) > maxName {
		err = fmt.Errorf("it makes the name of a file longer than %d bytes", maxName)
	}
	if err != nil {
		return "", fmt.Errorf("name a file for the jail %.60q: %w; give the jail a plain name, such as sshd, or enable it by hand in jail.local", jail, err)
	}
	return name, nil
}

const (
	overridePrefix = "zz-bantop-"
	overrideSuffix = ".local"
	allowName      = "allow" // zz-bantop-allow.local is the allow list of package allowfile
)

func escape(jail string) string {
	var b strings.Builder
	for i, c := range []byte(jail) {
		plain := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-'
		if plain && (i > 0 || jail != allowName) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// checkSection is why a name cannot stand as the section of a jail.
func checkSection(jail string) error {
	switch {
	case jail == "":
		return errors.New("it is empty")
	case !utf8.ValidString(jail):
		return errors.New("it is not UTF-8")
	case strings.ContainsFunc(jail, unicode.IsControl):
		return errors.New("there are control characters in it")
	case strings.ContainsRune(jail, ']'):
		return errors.New("a ] ends the name of a section")
	case strings.TrimFunc(jail, isSpace) != jail:
		return errors.New("it begins or ends with a blank")
	case inlineComment("["+jail) < len(jail)+1:
		return errors.New("a ; behind a blank begins a comment")
	case jail == defaultSection, jail == includeSection, strings.HasPrefix(jail, knownPrefix):
		return errors.New("fail2ban takes a section of this name for no jail")
	case conditional.MatchString(jail):
		return errors.New("to fail2ban a ? begins a condition, and what is before it is the jail")
	}
	return nil
}
