package confdir

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// conf is a configuration of several files, merged as fail2ban does it (1.0.2 and
// 1.1.0, client/configparserinc.py).
type conf struct {
	defaults section
	sections map[string]section
	files    map[string][]string // by section: which files have it, by when they were read last
}

func newConf() *conf {
	return &conf{defaults: section{}, sections: map[string]section{}, files: map[string][]string{}}
}

// conditional is a section that holds for some only: [Init?family=inet6].
var conditional = regexp.MustCompile(`^([\pL\pN_]+)(\?.+)$`)

// merge lays a file over what was read before it. What it replaces is kept for
// %(known/…)s.
func (c *conf) merge(file string, p *parsed) {
	maps.Copy(c.defaults, p.defaults)
	for _, name := range p.names {
		from := p.sections[name]
		if m := conditional.FindStringSubmatch(name); m != nil {
			name = m[1]
			suffixed := section{}
			for k, v := range from {
				suffixed[k+m[2]] = v
			}
			from = suffixed
		}
		c.mergeSection(name, from)
		others := slices.DeleteFunc(c.files[name], func(f string) bool { return f == file })
		c.files[name] = append(others, file)
	}
}

func (c *conf) mergeSection(name string, from section) {
	to := c.sections[name]
	if to == nil {
		c.sections[name] = maps.Clone(from)
		return
	}
	known := c.sections[knownPrefix+name]
	if known == nil {
		known = section{}
		c.sections[knownPrefix+name] = known
	}
	for k, was := range to {
		if _, again := from[k]; again {
			known[k] = was
		}
	}
	maps.Copy(to, from)
}

// raw is an option as it is written, of a section or else of [DEFAULT].
func (c *conf) raw(name, opt string) (option, bool) {
	if o, ok := c.sections[name][opt]; ok {
		return o, true
	}
	o, ok := c.defaults[opt]
	return o, ok
}

// get is the value of an option with what it refers to put in. Where that cannot
// be worked out it is as it is written, with the error that says why. Nothing said
// is "".
func (c *conf) get(name, opt string) (string, error) {
	return c.getWith(name, opt, given{})
}

// given is what stands beside the configuration: values that go over all others,
// and where else %(known/…)s are said.
type given struct {
	vars  map[string]string
	known func(opt string) (string, bool, error)
}

func (c *conf) getWith(name, opt string, g given) (string, error) {
	o, ok := c.raw(name, opt)
	if !ok || !strings.Contains(o.value, "%") {
		return o.value, nil
	}
	in := interpolation{conf: c, section: name, known: g.known}
	if err := in.some(o.value, g.vars, 1); err != nil {
		return o.value, err
	}
	return in.out.String(), nil
}

// Limits. The depth is Python's (configparser, MAX_INTERPOLATION_DEPTH).
const (
	maxDepth = 10
	maxValue = 1 << 20 // bytes
	maxSteps = 10_000
)

// interpolation is the making of one value.
type interpolation struct {
	conf    *conf
	section string
	known   func(opt string) (string, bool, error) // nil where nothing else says it
	out     strings.Builder
	steps   int
}

var (
	errTooDeep = errors.New("it refers to itself, or through more than 10 others")
	errTooLong = fmt.Errorf("it is longer than %d bytes with what it refers to", maxValue)
)

var (
	reference = regexp.MustCompile(`^%\(([^)]+)\)s`)
	ofSection = regexp.MustCompile(`%\(([\pL\pN_\-]+/([^)]+))\)s`)
)

// some puts in what a text refers to (configparser, _interpolate_some). extra are
// the values of %(section/option)s that were met on the way.
func (in *interpolation) some(text string, extra map[string]string, depth int) error {
	if depth > maxDepth {
		return errTooDeep
	}
	extra, err := in.withSections(text, extra)
	if err != nil {
		return err
	}
	for {
		at := strings.IndexByte(text, '%')
		if at < 0 {
			in.out.WriteString(text)
			return nil
		}
		if in.steps++; in.steps > maxSteps || in.out.Len()+len(text) > maxValue {
			return errTooLong
		}
		in.out.WriteString(text[:at])
		text = text[at:]
		if strings.HasPrefix(text, "%%") {
			in.out.WriteByte('%')
			text = text[2:]
			continue
		}
		m := reference.FindStringSubmatch(text)
		if m == nil {
			return fmt.Errorf("a %% begins %%(name)s or is written %%%%, and %.20q is neither", text)
		}
		text = text[len(m[0]):]
		if err := in.put(m[0], strings.ToLower(m[1]), extra, depth); err != nil {
			return err
		}
	}
}

// put writes what one reference stands for.
func (in *interpolation) put(written, name string, extra map[string]string, depth int) error {
	value, own, ok := in.lookup(name, extra)
	switch {
	case own:
		in.out.WriteString(written)
		return nil
	case !ok:
		return &missingError{name}
	case !strings.Contains(value, "%"):
		in.out.WriteString(value)
		return nil
	}
	return in.some(value, extra, depth+1)
}

// missingError: a value refers to what nobody says.
type missingError struct{ name string }

func (e *missingError) Error() string { return "nothing says what %(" + e.name + ")s is" }

// lookup is what a name stands for. own tells that it is one of fail2ban's own
// (1.0.2, client/jailreader.py).
func (in *interpolation) lookup(name string, extra map[string]string) (value string, own, ok bool) {
	if name == "__name__" {
		return in.section, false, true
	}
	if v, ok := extra[name]; ok {
		return v, false, true
	}
	if o, ok := in.conf.sections[in.section][name]; ok {
		return o.value, false, true
	}
	if name == "fail2ban_version" || name == "fail2ban_confpath" {
		return "", true, true
	}
	o, ok := in.conf.defaults[name]
	return o.value, false, ok
}

// withSections are the values of the %(section/option)s in a text, beside those
// that are known already (configparserinc.py, _map_section_options).
func (in *interpolation) withSections(text string, extra map[string]string) (map[string]string, error) {
	if !strings.Contains(text, "/") || !strings.Contains(text, "%(") {
		return extra, nil
	}
	extra = maps.Clone(extra)
	for _, m := range ofSection.FindAllStringSubmatch(text, -1) {
		if _, _, known := in.lookup(m[1], extra); known {
			continue
		}
		v, ok, err := in.ofSection(strings.TrimSuffix(m[1], "/"+m[2]), m[2])
		if err != nil {
			return nil, err
		}
		if ok {
			if extra == nil {
				extra = map[string]string{}
			}
			extra[m[1]] = v
		}
	}
	return extra, nil
}

// ofSection is what %(name/opt)s stands for, as it is written.
func (in *interpolation) ofSection(name, opt string) (string, bool, error) {
	sections := in.conf.sections
	switch strings.ToLower(name) {
	case "default":
	case "known":
		if in.known != nil {
			if v, ok, err := in.known(opt); ok || err != nil {
				return v, ok, err
			}
		}
		if o, ok := sections[knownPrefix+in.section][opt]; ok {
			return o.value, true, nil
		}
	default:
		s, ok := sections[name]
		if !ok {
			return "", false, nil
		}
		if o, ok := s[opt]; ok {
			return o.value, true, nil
		}
	}
	o, ok := in.conf.defaults[opt]
	return o.value, ok, nil
}
