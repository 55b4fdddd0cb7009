package allowfile

import (
	"net/netip"
	"slices"
	"strings"

	"bantop/fail2ban"
	"bantop/fail2ban/addr"
)

// content is what the file says.
type content struct {
	head    []string // lines before the first section: comments and empty ones
	lists   []list
	changed bool // it is not what the file says any more
}

// list is the ignore list of one jail, as far as it stands in the file.
type list struct {
	jail  string
	known bool // it adds to what else the configuration says of the jail
	addrs []netip.Prefix
}

// known stands for what else the configuration says.
const known = "%(known/ignoreip)s"

// head is what a new file begins with.
const head = `# Written by bantop: addresses and networks that a jail never bans.
#
# To take one back, delete its line here, or its section where it is the only one,
# or this whole file; then: fail2ban-client reload
#
# %(known/ignoreip)s stands for the ignoreip that the jail, or else [DEFAULT], has
# elsewhere. Do not delete that one, or fail2ban does not start: empty it, or delete
# this file, too. A list without it is of a jail that had none: where you give the
# jail, or [DEFAULT], an ignoreip later on, write %(known/ignoreip)s in front of the
# addresses here, or it does not count.
#
# bantop keeps the comments before the first section, and no others.
`

// add puts an address on the list of a jail. It tells whether it was not there.
func (c *content) add(jail string, p netip.Prefix) bool {
	i := c.find(jail)
	if i < 0 {
		i = len(c.lists)
		c.lists = append(c.lists, list{jail: jail})
	}
	if slices.Contains(c.lists[i].addrs, p) {
		return false
	}
	c.lists[i].addrs = append(c.lists[i].addrs, p)
	c.changed = true
	return true
}

// remove takes an address off the list of a jail, and the list off the file with
// the last. It tells whether it was there.
func (c *content) remove(jail string, p netip.Prefix) bool {
	i := c.find(jail)
	if i < 0 || !slices.Contains(c.lists[i].addrs, p) {
		return false
	}
	l := &c.lists[i]
	if l.addrs = slices.DeleteFunc(l.addrs, func(a netip.Prefix) bool { return a == p }); len(l.addrs) == 0 {
		c.lists = slices.Delete(c.lists, i, i+1)
	}
	c.changed = true
	return true
}

// setKnown says whether the list of a jail, where there is one, adds to another.
func (c *content) setKnown(jail string, known bool) {
	if i := c.find(jail); i >= 0 && c.lists[i].known != known {
		c.lists[i].known, c.changed = known, true
	}
}

// of are the addresses of a jail.
func (c *content) of(jail string) []netip.Prefix {
	if i := c.find(jail); i >= 0 {
		return c.lists[i].addrs
	}
	return nil
}

func (c *content) find(jail string) int {
	return slices.IndexFunc(c.lists, func(l list) bool { return l.jail == jail })
}

func (l list) targets() []fail2ban.Target {
	out := make([]fail2ban.Target, len(l.addrs))
	for i, p := range l.addrs {
		out[i] = fail2ban.Target{Jail: l.jail, Address: addr.Format(p)}
	}
	return out
}

// text is the file; nil where nothing is left that would have to be kept.
func (c *content) text() []byte {
	begin := strings.TrimSpace(strings.Join(c.head, "\n")) + "\n"
	if begin == "\n" {
		begin = head
	}
	if len(c.lists) == 0 && begin == head {
		return nil
	}
	var b strings.Builder
	b.WriteString(begin)
	for _, l := range c.lists {
		b.WriteString("\n[" + l.jail + "]\nignoreip =")
		if l.known {
			b.WriteString(" " + known)
		}
		for _, p := range l.addrs {
			b.WriteString("\n    " + addr.Format(p))
		}
		b.WriteString("\n")
	}
	return []byte(b.String())
}
