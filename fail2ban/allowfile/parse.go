package allowfile

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"bantop/fail2ban/addr"
)

// maxFile is how long the file may be, in bytes: some 13,000 addresses.
const maxFile = 256 << 10

// parse reads the file. It takes what bantop writes, and such edits by hand as do
// not change what it would write of the rest: addresses in another order or on one
// line, comments before the first section. All else is an error with its line.
//
// It takes nothing that fail2ban would read in another way (Python's configparser,
// which takes a lone carriage return for the end of a line, and lines that are
// indented for more of the value before).
func parse(data []byte) (content, error) {
	text := strings.ReplaceAll(string(data), "\r\n", "\n")
	switch {
	case len(data) > maxFile:
		return content{}, fmt.Errorf("it is longer than %d bytes", maxFile)
	case !utf8.ValidString(text):
		return content{}, errors.New("it is not UTF-8: fail2ban takes it for none")
	case strings.ContainsAny(text, "\r\x00"):
		return content{}, errors.New("there are control characters in it")
	}
	var p parser
	for i, line := range strings.Split(text, "\n") {
		if err := p.line(line); err != nil {
			return content{}, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return p.content, p.end()
}

// parser reads the file line by line.
type parser struct {
	content
	open bool // the last section has its list
}

func (p *parser) line(line string) error {
	trimmed := strings.Trim(line, " \t")
	switch {
	case len(p.lists) == 0 && (trimmed == "" || strings.ContainsAny(trimmed[:1], "#;")):
		p.head = append(p.head, strings.TrimRight(line, " \t"))
		return nil
	case trimmed == "":
		return nil
	case strings.ContainsAny(trimmed[:1], "#;"):
		return errors.New("there is a comment, which only the head of the file may have")
	case line[0] == ' ' || line[0] == '\t':
		return p.words(trimmed)
	case line[0] == '[':
		return p.section(trimmed)
	}
	return p.option(line)
}

func (p *parser) section(line string) error {
	name, closed := strings.CutSuffix(line[1:], "]")
	if !closed {
		return errors.New("a section is [JAIL], and nothing else in that line")
	}
	if err := errors.Join(p.end(), checkJail(name)); err != nil {
		return err
	}
	if p.find(name) >= 0 {
		return fmt.Errorf("[%s] is there twice", name)
	}
	p.lists, p.open = append(p.lists, list{jail: name}), false
	return nil
}

// end looks whether a section was whole.
func (p *parser) end() error {
	if len(p.lists) == 0 {
		return nil
	}
	if l := p.lists[len(p.lists)-1]; len(l.addrs) == 0 {
		return fmt.Errorf("[%s] has no addresses", l.jail)
	}
	return nil
}

func (p *parser) option(line string) error {
	i := strings.IndexAny(line, "=:")
	switch {
	case i < 0 || strings.ToLower(strings.Trim(line[:i], " \t")) != "ignoreip":
		return errors.New("only ignoreip = … belongs here")
	case len(p.lists) == 0:
		return errors.New("ignoreip stands in no section")
	case p.open:
		return errors.New("ignoreip is there twice")
	}
	p.open = true
	return p.words(strings.Trim(line[i+1:], " \t"))
}

// words reads a part of a list. What separates its words is what does in 1.0.2,
// where a tab does not.
func (p *parser) words(text string) error {
	if !p.open {
		return errors.New("it is indented, and continues nothing")
	}
	l := &p.lists[len(p.lists)-1]
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' }) {
		if word == known && !l.known && len(l.addrs) == 0 {
			l.known = true
			continue
		}
		a, _, err := addr.Parse(word)
		if err != nil {
			return err
		}
		if s := addr.Format(a); s != word {
			return fmt.Errorf("%q is to be written %s", word, s)
		}
		if slices.Contains(l.addrs, a) {
			return fmt.Errorf("%s is there twice", word)
		}
		l.addrs = append(l.addrs, a)
	}
	return nil
}

// checkJail looks whether the name of a jail can stand in the file. fail2ban takes
// nearly any text for one: 1.0.2 and 1.1.0 warn of 26 characters and more. But what
// follows a ? is taken off, and whether the first ] ends it depends on the version
// of Python.
func checkJail(name string) error {
	const letters, also = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", ".-+@:"
	odd := strings.ContainsFunc(name, func(r rune) bool { return !strings.ContainsRune(letters+also, r) })
	if name == "" || len(name) > 100 || odd || strings.ContainsAny(name[:1], also) {
		return fmt.Errorf("%.120q is no name of a jail that bantop writes down: letters, digits, _ and, but not first, %s", name, also)
	}
	if slices.Contains([]string{"default", "includes", "known"}, strings.ToLower(name)) {
		return fmt.Errorf("[%s] is no jail", name)
	}
	return nil
}
