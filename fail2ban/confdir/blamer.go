package confdir

import (
	"errors"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"bantop/fail2ban"
)

// blamer looks for a line in the files that make a jail.
type blamer struct {
	*reader
	name   string
	jail   *conf
	filter *conf
	files  []string // of the filter
}

// newBlamer looks in the files of a jail. Where it is not known which, "", what all
// jails share is not to blame for one of them.
func newBlamer(dir fs.FS, jail string) *blamer {
	r := newReader(dir)
	c, _ := r.read("jail")
	b := &blamer{reader: r, name: jail, jail: c, filter: newConf()}
	if jail == "" {
		b.jail = newConf()
		return b
	}
	value, _ := c.get(jail, "filter") // where it is none, it names no file
	if name, _, _ := strings.Cut(value, "["); name != "" {
		b.filter, b.files = r.read(path.Join("filter.d", strings.TrimSpace(name)))
	}
	return b
}

// of is the blamer of another jail.
func (b *blamer) of(jail string) *blamer {
	if jail == b.name {
		return b
	}
	return newBlamer(b.dir, jail)
}

// says is where an option of the jail is said last. Where its value does not hold
// a text, it is the line that does, in what the value refers to.
func (b *blamer) says(opt, text string) fail2ban.Place {
	return said(b.jail, b.name, opt, text)
}

// optional is an option of the jail, or else of its filter.
func (b *blamer) optional(opt, text string) fail2ban.Place {
	if at := b.says(opt, text); at.File != "" {
		return at
	}
	return b.definition(opt)
}

// said is where an option is said last, or the part of it with a text.
func said(c *conf, section, opt, text string) fail2ban.Place {
	o, ok := c.raw(section, opt)
	if !ok {
		return fail2ban.Place{}
	}
	if at := follow(c, section, o, text, 1); text != "" && at.File != "" {
		return at
	}
	return o.place()
}

// anyReference is a reference anywhere in a value.
var anyReference = regexp.MustCompile(`%\(([^)]+)\)s`)

// follow is the line with a text in an option or in what it refers to.
func follow(c *conf, section string, o option, text string, depth int) fail2ban.Place {
	for i, l := range strings.Split(o.value, "\n") {
		if strings.Contains(l, text) {
			return o.line(i)
		}
	}
	if depth > maxDepth {
		return fail2ban.Place{}
	}
	for _, m := range anyReference.FindAllStringSubmatch(o.value, maxDepth) {
		next, ok := c.raw(section, strings.ToLower(m[1]))
		if from, opt, other := strings.Cut(m[1], "/"); other && !ok {
			if from == "known" {
				from = knownPrefix + section
			}
			next, ok = c.raw(from, opt)
		}
		if !ok {
			continue
		}
		if at := follow(c, section, next, text, depth+1); at.File != "" {
			return at
		}
	}
	return fail2ban.Place{}
}

// line is the place of one line of an option.
func (o option) line(i int) fail2ban.Place {
	at := o.place()
	if i < len(o.lines) {
		at.Line = o.lines[i]
	}
	return at
}

// definition is where the filter, or else an action of the jail, says an option.
func (b *blamer) definition(opt string) fail2ban.Place {
	for _, c := range b.confs() {
		for _, section := range []string{"Definition", "Init"} {
			if o, ok := c.raw(section, opt); ok {
				return o.place()
			}
		}
	}
	return fail2ban.Place{}
}

// confs are the configurations of the filter and of the actions.
func (b *blamer) confs() []*conf {
	all := []*conf{b.filter}
	value, _ := b.jail.get(b.name, "action") // where it cannot be worked out, as it is written
	for _, m := range actionName.FindAllStringSubmatch(value, maxDepth) {
		c, _ := b.read(path.Join("action.d", m[1]))
		all = append(all, c)
	}
	return all
}

// actionName is the name of an action in a value, with its options behind it.
var actionName = regexp.MustCompile(`(?m)^\s*([^\s\[\]"'=%]+)`)

// unresolved is where an option of a section refers to what nobody says.
func (b *blamer) unresolved(section, opt string) fail2ban.Place {
	if section != "Definition" && section != "Init" {
		return guilty(b.jail, section, opt)
	}
	for _, c := range b.confs() {
		if at := guilty(c, section, opt); at.File != "" {
			return at
		}
	}
	return fail2ban.Place{}
}

// guilty is the line because of which an option cannot be worked out; nowhere
// where it can.
func guilty(c *conf, section, opt string) fail2ban.Place {
	_, err := c.get(section, opt)
	if err == nil {
		return fail2ban.Place{}
	}
	text := ""
	if e, ok := errors.AsType[*missingError](err); ok {
		text = "%(" + e.name + ")s"
	}
	return said(c, section, opt, text)
}

// unresolvable is the first option of the jail, or else of its filter and actions,
// with a value that cannot be worked out.
func (b *blamer) unresolvable() fail2ban.Place {
	first := func(c *conf, section string) fail2ban.Place {
		for _, opt := range slices.Sorted(maps.Keys(c.sections[section])) {
			if at := guilty(c, section, opt); at.File != "" {
				return at
			}
		}
		return fail2ban.Place{}
	}
	if at := first(b.jail, b.name); at.File != "" {
		return at
	}
	for _, c := range b.confs() {
		if at := first(c, "Definition"); at.File != "" {
			return at
		}
	}
	return fail2ban.Place{}
}

// not is the first of some options of the jail whose value does not look as it
// should.
func (b *blamer) not(good *regexp.Regexp, opts ...string) fail2ban.Place {
	for _, opt := range opts {
		o, ok := b.jail.raw(b.name, opt)
		if value, err := b.jail.get(b.name, opt); ok && err == nil && value != "" && !good.MatchString(value) {
			return o.place()
		}
	}
	return fail2ban.Place{}
}

// holding is the first of some options of the jail whose value holds a text.
func (b *blamer) holding(text string, opts ...string) fail2ban.Place {
	for _, opt := range opts {
		if value, err := b.jail.get(b.name, opt); err == nil && strings.Contains(value, text) {
			return b.says(opt, text)
		}
	}
	return fail2ban.Place{}
}

// header is the jail as a whole, in the last file that has it.
func (b *blamer) header() fail2ban.Place {
	files := b.jail.files[b.name]
	if len(files) == 0 {
		return fail2ban.Place{}
	}
	file := files[len(files)-1]
	text, _ := readFile(b.dir, file) // it was read before
	line, _ := SectionOf(text, b.name)
	return fail2ban.Place{File: file, Line: line}
}

// filterFile is the filter as a whole.
func (b *blamer) filterFile() fail2ban.Place {
	if len(b.files) == 0 {
		return b.says("filter", "")
	}
	return fail2ban.Place{File: b.files[len(b.files)-1]}
}

// mistake is the first one of a kind in the files, of the jails first, then of
// the filter and of the actions.
func (b *blamer) mistake(reason string) fail2ban.Place {
	b.confs()
	for _, f := range b.faults {
		if strings.HasSuffix(f.Reason, reason) {
			return f.Place
		}
	}
	return fail2ban.Place{}
}

// inside is a file of this folder by the path that fail2ban has for it; "" where
// there is none.
func (b *blamer) inside(file string) string {
	for rest := path.Clean(file); rest != ""; {
		_, rest, _ = strings.Cut(rest, "/")
		if info, err := fs.Stat(b.dir, rest); err == nil && info.Mode().IsRegular() {
			return rest
		}
	}
	return ""
}

func (b *blamer) faultsOf(file string) []fail2ban.ConfFault {
	b.load(file)
	return slices.DeleteFunc(slices.Clone(b.faults), func(f fail2ban.ConfFault) bool { return f.File != file })
}
