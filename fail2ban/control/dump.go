package control

import (
	"context"
	"slices"
	"strings"
)

// Dump is what fail2ban's configuration says, as `fail2ban-client -d` turns it
// into commands.
type Dump struct {
	Jails  []Jail   // that it enables and can set up, sorted by name
	Faulty []string // that it enables and skips because something is wrong with them, sorted
}

// Jail is one jail of a Dump.
type Jail struct {
	Name    string
	Actions []string
	Ignored []string // addresses, networks and names on its ignore list
}

// Dump reads the configuration. It costs some 80 ms, and more with many jails.
// The error says why it cannot be read as a whole; a jail that cannot be set up
// is no error.
func (c *Control) Dump(ctx context.Context) (Dump, error) {
	out, errs, err := c.run(ctx, "read fail2ban's configuration", "-d")
	if err != nil {
		return Dump{}, err
	}
	return parseDump(out, errs), nil
}

// DumpText is Dump as fail2ban-client prints it: the commands that set up a server,
// a Python list a line.
func (c *Control) DumpText(ctx context.Context) (string, error) {
	out, _, err := c.run(ctx, "read fail2ban's configuration", "-d")
	return out, err
}

// Test lets fail2ban-client test the configuration. The error says why it does not
// pass. That it passes does not mean that a server takes it: regular expressions
// are not compiled, nor is a backend looked for (1.0.2 and 1.1.0, measured).
func (c *Control) Test(ctx context.Context) error {
	_, _, err := c.run(ctx, "test fail2ban's configuration", "-t")
	return err
}

// maxIgnored is how many words of a command about an ignore list are read.
const maxIgnored = 1 << 16

// parseDump reads the commands, a Python list a line, and what is said about
// jails that were skipped:
//
//	['add', 'sshd', 'auto']
//	['set', 'sshd', 'addaction', 'nftables', …]
//	… ERROR   Errors in jail 'x'. Skipping...
//
// (1.0.2 and 1.1.0, client/jailsreader.py.)
func parseDump(out, errs string) Dump {
	actions, ignored := make(map[string][]string), make(map[string][]string)
	for line := range strings.Lines(out) {
		words := leadingStrings(line, 4)
		switch {
		case len(words) >= 2 && words[0] == "add":
			if _, known := actions[words[1]]; !known {
				actions[words[1]] = nil
			}
		case len(words) >= 4 && words[0] == "set" && words[2] == "addaction":
			actions[words[1]] = append(actions[words[1]], words[3])
		case len(words) >= 4 && words[0] == "set" && words[2] == "addignoreip":
			ignored[words[1]] = append(ignored[words[1]], leadingStrings(line, maxIgnored)[3:]...)
		}
	}
	var d Dump
	for name, list := range actions {
		d.Jails = append(d.Jails, Jail{Name: name, Actions: list, Ignored: ignored[name]})
	}
	slices.SortFunc(d.Jails, func(a, b Jail) int { return strings.Compare(a.Name, b.Name) })
	for line := range strings.Lines(errs) {
		_, rest, ok := strings.Cut(line, "Errors in jail ")
		if !ok {
			continue
		}
		if name, _, ok := pythonString(rest); ok {
			d.Faulty = append(d.Faulty, name)
		}
	}
	slices.Sort(d.Faulty)
	return d
}

// leadingStrings returns the first items of a Python list as it prints itself,
// as long as they are strings, at most so many.
func leadingStrings(line string, most int) []string {
	rest, ok := strings.CutPrefix(line, "[")
	if !ok {
		return nil
	}
	var out []string
	for len(out) < most {
		s, after, ok := pythonString(rest)
		if !ok {
			break
		}
		out = append(out, s)
		if rest, ok = strings.CutPrefix(after, ", "); !ok {
			break
		}
	}
	return out
}
