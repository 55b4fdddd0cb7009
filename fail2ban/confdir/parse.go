package confdir

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"bantop/fail2ban"
)

// option is what a file says for an option.
type option struct {
	value string // its lines, with "\n" between two
	file  string
	lines []int // the number of each line of the value
}

// place is the line of an option.
func (o option) place() fail2ban.Place {
	if len(o.lines) == 0 {
		return fail2ban.Place{File: o.file}
	}
	return fail2ban.Place{File: o.file, Line: o.lines[0]}
}

// section is what a section says, by the names of its options.
type section map[string]option

// parsed is what one file says.
type parsed struct {
	defaults section
	sections map[string]section
	names    []string // of its sections, in their order
	faults   []fail2ban.ConfFault
}

// Sections that are no jail (1.0.2, client/jailsreader.py).
const (
	defaultSection = "DEFAULT"
	includeSection = "INCLUDES"
	knownPrefix    = "KNOWN/"
)

// readsNothing is what fail2ban makes of a file with a mistake in its syntax, and
// of a value that it cannot work out (1.0.2 and 1.1.0, measured: the client ends
// with 255 before it tells the server anything).
const readsNothing = "fail2ban reads nothing because of it"

// parse reads a file. Where Python's configparser would give up it goes on, with
// a fault: a line that is nothing is passed over, and what is said twice is said
// by the last.
func parse(file string, text []byte) *parsed {
	p := &parser{
		parsed: parsed{defaults: section{}, sections: map[string]section{}},
		file:   file,
		first:  map[string]int{},
	}
	for s := (scanner{text: text}); ; {
		l, ok := s.next()
		if !ok {
			break
		}
		p.line(l, text)
	}
	p.close()
	return &p.parsed
}

// parser reads a file line by line.
type parser struct {
	parsed
	file    string
	name    string // of the section
	section section
	option  string // "" where the last line was none
	value   []string
	lines   []int
	first   map[string]int // lines of sections, and of "section\noption"
	headed  bool
}

func (p *parser) line(l line, text []byte) {
	switch l.kind {
	case blank:
		if p.option != "" {
			p.value, p.lines = append(p.value, ""), append(p.lines, l.no)
		}
	case more:
		p.value, p.lines = append(p.value, l.value), append(p.lines, l.no)
	case header:
		p.header(l)
	case setting:
		p.close()
		p.once(l, p.name+"\n"+l.name, fmt.Sprintf("%s of [%s]", l.name, p.name))
		p.option, p.value, p.lines = l.name, []string{l.value}, []int{l.no}
	case headless:
		if !p.headed { // one such fault says it
			p.headed = true
			p.fault(l, noHeader(text[l.start:l.end]))
		}
	case bad:
		p.fault(l, noOption(strings.TrimSpace(string(text[l.start:l.end]))))
	}
}

func (p *parser) header(l line) {
	p.close()
	p.name, p.headed = l.name, true
	if l.name == defaultSection {
		p.section = p.defaults
		return
	}
	p.once(l, l.name, "["+l.name+"]")
	if p.section = p.sections[l.name]; p.section == nil {
		p.section = section{}
		p.sections[l.name] = p.section
		p.names = append(p.names, l.name)
	}
}

// close takes over the value that was read last.
func (p *parser) close() {
	if p.option == "" {
		return
	}
	value := strings.TrimRightFunc(strings.Join(p.value, "\n"), isSpace)
	lines := p.lines[:min(len(p.lines), 1+strings.Count(value, "\n"))]
	p.section[p.option] = option{value: value, file: p.file, lines: lines}
	p.option = ""
}

// once is a fault where something was said before in this file.
func (p *parser) once(l line, key, what string) {
	if first, twice := p.first[key]; twice {
		p.fault(l, fmt.Sprintf("%s stands here a second time, after line %d", what, first))
		return
	}
	p.first[key] = l.no
}

func (p *parser) fault(l line, reason string) {
	if len(p.faults) > maxFaults {
		return
	}
	p.faults = append(p.faults, fail2ban.ConfFault{
		Place:  fail2ban.Place{File: p.file, Line: l.no},
		Reason: reason + ": " + readsNothing,
	})
}

func noHeader(text []byte) string {
	said := bytes.TrimSpace(text)
	switch {
	case bytes.HasPrefix(text, []byte("\ufeff")):
		return "the file begins with a byte order mark, which is to be taken out"
	case said[0] == '[':
		return noOption(string(said))
	}
	return "there is no [section] before the first option"
}

func noOption(said string) string {
	switch {
	case said == "[]":
		return "a section without a name"
	case said[0] == '[':
		return "the [ of a section is not closed with ]"
	case said[0] == '=' || said[0] == ':':
		return "an option without a name"
	}
	return "neither [section] nor option = value"
}

// decodable tells whether fail2ban can decode a file, and else the first line that
// it cannot.
func decodable(text []byte) (line int, ok bool) {
	line = 1
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if r == utf8.RuneError && n == 1 {
			return line, false
		}
		if r == '\n' || r == '\r' && (len(text) == 1 || text[1] != '\n') {
			line++
		}
		text = text[n:]
	}
	return 0, true
}
