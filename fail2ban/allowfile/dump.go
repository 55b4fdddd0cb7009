package allowfile

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	"bantop/fail2ban/addr"
)

// dump is what fail2ban makes of a configuration folder.
type dump struct {
	lines  []string          // every command but those of lists
	jails  map[string]bool   // by name, as Python prints it
	ignore map[string]string // by that name: the command that fills its ignore list

	parsed map[string]map[netip.Prefix]bool // what ignores has read of them
}

// parseDump takes the lists out of what fail2ban-client -d prints:
//
//	['add', 'sshd', 'auto']
//	['set', 'sshd', 'addignoreip', '127.0.0.1/8', '::1']
//
// A jail for which no ignoreip is set, nor for [DEFAULT], has no such line; one
// whose ignoreip is empty has it without addresses (1.0.2 and 1.1.0,
// client/jailreader.py).
func parseDump(out string) dump {
	d := dump{jails: make(map[string]bool), ignore: make(map[string]string), parsed: make(map[string]map[netip.Prefix]bool)}
	for line := range strings.Lines(out) {
		line = strings.TrimSuffix(line, "\n")
		if rest, ok := strings.CutPrefix(line, "['set', "); ok {
			if jail, _, ok := strings.Cut(rest, ", 'addignoreip'"); ok {
				d.ignore[jail] += line
				continue
			}
		}
		if rest, ok := strings.CutPrefix(line, "['add', "); ok {
			jail, _, _ := strings.Cut(rest, ", ")
			d.jails[jail] = true
		}
		d.lines = append(d.lines, line)
	}
	return d
}

// printed is the name of a jail that passed checkJail, as Python prints it.
func printed(jail string) string { return "'" + jail + "'" }

// enables tells whether a jail is enabled, and can be set up.
func (d dump) enables(jail string) bool { return d.jails[printed(jail)] }

// lists tells whether anything sets the ignore list of a jail, were it to nothing.
func (d dump) lists(jail string) bool { return d.ignore[printed(jail)] != "" }

// ignores tells whether an address is on the ignore list of a jail, in any
// spelling.
func (d dump) ignores(jail string, p netip.Prefix) bool {
	list, known := d.parsed[jail]
	if !known {
		list = make(map[netip.Prefix]bool)
		for word := range strings.SplitSeq(strings.Trim(d.ignore[printed(jail)], "[]"), ", ") {
			if a, _, err := addr.Parse(strings.Trim(word, `'"`)); err == nil {
				list[a] = true
			}
		}
		d.parsed[jail] = list
	}
	return list[p]
}

// with is the command that fills the ignore list of a jail, with more addresses at
// its end; "" where there is none.
func (d dump) with(jail string, more []netip.Prefix) string {
	line := d.ignore[printed(jail)]
	if len(more) == 0 {
		return line
	}
	if line == "" {
		line = "['set', " + printed(jail) + ", 'addignoreip']"
	}
	var b strings.Builder
	b.WriteString(strings.TrimSuffix(line, "]"))
	for _, p := range more {
		b.WriteString(", '" + addr.Format(p) + "'")
	}
	b.WriteString("]")
	return b.String()
}

// difference is a command that one of two dumps has and the other has not, or has in
// another place; "" where they are the same. The lists of some jails are left out.
func difference(a, b dump, but map[string]bool) string {
	for i := range max(len(a.lines), len(b.lines)) {
		switch {
		case i >= len(a.lines):
			return b.lines[i]
		case i >= len(b.lines):
			return a.lines[i]
		case a.lines[i] == b.lines[i]:
		case slices.Contains(a.lines, b.lines[i]):
			return a.lines[i]
		default:
			return b.lines[i]
		}
	}
	skip := make(map[string]bool)
	for jail := range but {
		skip[printed(jail)] = true
	}
	for _, d := range []dump{b, a} {
		for _, jail := range slices.Sorted(maps.Keys(d.ignore)) {
			if !skip[jail] && a.ignore[jail] != b.ignore[jail] {
				return d.ignore[jail]
			}
		}
	}
	return ""
}
