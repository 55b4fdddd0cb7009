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
	Errors []string // why, a sentence each: "Jail 'x' skipped, because of wrong configuration: …"

	text string
}

// Stream is all of its commands.
func (d Dump) Stream() (Stream, error) { return ParseStream(d.text) }

// Jail is one jail of a Dump.
type Jail struct {
	Name    string
	Actions []string
	Lines   []string // the commands that set it up, as they were printed
}

// Jail is the jail of a name.
func (d Dump) Jail(name string) (Jail, bool) {
	for _, j := range d.Jails {
		if j.Name == name {
			return j, true
		}
	}
	return Jail{}, false
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

// parseDump reads the commands, a Python list a line, and what is said about
// jails that were skipped:
//
//	['add', 'sshd', 'auto']
//	['set', 'sshd', 'addaction', 'nftables', …]
//	… ERROR   Errors in jail 'x'. Skipping...
//
// (1.0.2 and 1.1.0, client/jailsreader.py.)
func parseDump(out, errs string) Dump {
	d := Dump{text: out}
	jails := make(map[string]*Jail)
	for line := range strings.Lines(out) {
		words := leadingStrings(line, 4)
		switch {
		case len(words) < 2:
		case words[0] == "config-error":
			d.Errors = append(d.Errors, words[1])
		case words[0] == "add" && jails[words[1]] == nil:
			jails[words[1]] = &Jail{Name: words[1]}
		}
		if len(words) < 2 || jails[words[1]] == nil {
			continue
		}
		j := jails[words[1]]
		j.Lines = append(j.Lines, strings.TrimSuffix(line, "\n"))
		if len(words) >= 4 && words[0] == "set" && words[2] == "addaction" {
			j.Actions = append(j.Actions, words[3])
		}
	}
	for _, j := range jails {
		d.Jails = append(d.Jails, *j)
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
