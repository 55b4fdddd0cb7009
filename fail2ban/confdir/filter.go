package confdir

import (
	"errors"
	"path"
	"regexp"
	"strings"

	"bantop/fail2ban"
)

// filter is the filter of a jail, as far as the jail's own values need it: its
// options are the %(known/…)s there, and its journalmatch holds where the jail has
// none (1.0.2 and 1.1.0, client/filterreader.py and configreader.py).
type filter struct {
	name string
	read func() *conf
	vars map[string]string // the options that the jail gives it
}

// filterError: only fail2ban can work out what a filter says.
type filterError struct{ opt, filter, why string }

func (e *filterError) Error() string {
	return "%(known/" + e.opt + ")s is what filter.d/" + e.filter + " says, " + e.why
}

// filterOf is the filter of a jail whose filter and backend are known. It is read
// when something is asked of it.
func (k *cataloguer) filterOf(j fail2ban.ConfJail) *filter {
	name, vars := splitOptions(j.Filter)
	f := &filter{name: name, vars: vars}
	f.read = func() *conf {
		c := k.filters[name]
		if c == nil && name != "" {
			// What is wrong with it is no fault of the jails' files.
			c, _ = newReader(k.dir).read(path.Join("filter.d", name))
			k.filters[name] = c
		}
		if c == nil {
			c = newConf()
		}
		if _, said := c.sections["Definition"]["logtype"]; !said && vars["logtype"] == "" {
			vars["logtype"] = "file"
			if strings.HasPrefix(j.Backend, "systemd") {
				vars["logtype"] = "journal"
			}
		}
		return c
	}
	return f
}

// optionOfFilter is one option behind the name of a filter or an action (1.1.0,
// helpers.py, OPTION_EXTRACT_CRE).
var optionOfFilter = regexp.MustCompile(`(?s)^\s*([\w\-.]+)=(?:"([^"]*)"|'([^']*)'|([^,\]]*))(?:,|\]\s*\[|$)`)

// splitOptions takes name[a=1, b="2"][c=3] apart, as far as it is such.
func splitOptions(value string) (name string, opts map[string]string) {
	opts = map[string]string{}
	name, rest, _ := strings.Cut(strings.TrimRightFunc(value, isSpace), "[")
	for rest = strings.TrimSuffix(rest, "]"); rest != ""; {
		m := optionOfFilter.FindStringSubmatch(rest)
		if m == nil {
			break
		}
		opts[m[1]] = strings.TrimFunc(m[2]+m[3]+m[4], isSpace)
		rest = rest[len(m[0]):]
	}
	return name, opts
}

// known is what %(known/opt)s is in the jail, where the filter says it.
func (f *filter) known(opt string) (string, bool, error) {
	value, ok, err := f.value(opt)
	if err != nil || hardTag.MatchString(value) {
		return "", false, &filterError{opt, f.name, "with tags in it that only fail2ban puts in"}
	}
	return value, ok, nil
}

// explain tells more of an error where what a jail refers to may be what its filter
// was to say.
func (f *filter) explain(err error) error {
	e, ok := errors.AsType[*missingError](err)
	if !ok || f.name == "" || len(f.read().sections) > 0 {
		return err
	}
	if opt, known := strings.CutPrefix(e.name, "known/"); known {
		return &filterError{opt, f.name, "which is not there: fail2ban skips the jail when it is enabled"}
	}
	return err
}

// value is an option of the filter, with its <tags> put in as far as they are
// options, too; as it is written where it cannot be worked out.
func (f *filter) value(opt string) (string, bool, error) {
	c := f.read()
	value, ok, err := f.plain(c, opt)
	steps := 0
	for again := ok && err == nil; again; {
		again = false
		value = tag.ReplaceAllStringFunc(value, func(t string) string {
			name := t[1 : len(t)-1]
			v, ok, err := f.plain(c, name)
			if !ok {
				_, ok = c.defaults[name]
				v, err = c.getWith("Definition", name, given{vars: f.vars})
			}
			if steps++; !ok || err != nil || steps > maxTags || len(v) > maxTag {
				return t
			}
			again = true
			return v
		})
	}
	return value, ok, err
}

// Limits of what is put in for tags.
const (
	maxTags = 200  // of one value
	maxTag  = 4096 // bytes
)

var (
	// tag is what stands for another option of the filter (helpers.py, TAG_CRE). One
	// that is no option stays as it is.
	tag = regexp.MustCompile(`<[^ <>]+>`)
	// hardTag is one with an option of a section or a condition, and one in another.
	hardTag = regexp.MustCompile(`<[^ <>]*[/?<]`)
)

// plain is an option of the filter: given by the jail, or said in [Init], or in
// [Definition].
func (f *filter) plain(c *conf, opt string) (string, bool, error) {
	if v, ok := f.vars[opt]; ok {
		return v, true, nil
	}
	if _, ok := c.sections["Init"][opt]; ok {
		v, err := c.get("Init", opt)
		return v, true, err
	}
	if _, ok := c.sections["Definition"][opt]; ok {
		v, err := c.getWith("Definition", opt, given{vars: f.vars})
		return v, true, err
	}
	return "", false, nil
}
