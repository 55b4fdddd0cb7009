package confdir

import (
	"io/fs"
	"regexp"
	"strings"

	"bantop/fail2ban"
)

// Locate is the line that gives an option its value, and the value as it is written
// there: of a jail, or of its filter if the jail does not say it, or of the server for
// jail "". A value that only refers to another option is followed to that one; if the
// value does not hold text, it is the line that does, among those that the value refers
// to. The Place has no file if no file says the option.
func Locate(dir fs.FS, jail, option, text string) (at fail2ban.Place, value string) {
	option = strings.ToLower(option)
	if jail != "" {
		b := newBlamer(dir, jail)
		if at, value := located(b.jail, jail, option, text); at.File != "" {
			return at, value
		}
		return b.definition(option), ""
	}
	c, _ := newReader(dir).read("fail2ban")
	for _, section := range []string{"Definition", "Thread"} {
		if at, value := located(c, section, option, text); at.File != "" {
			return at, value
		}
	}
	return fail2ban.Place{}, ""
}

// located is Locate in one configuration.
func located(c *conf, section, option, text string) (fail2ban.Place, string) {
	o, ok := c.raw(section, option)
	if !ok {
		return fail2ban.Place{}, ""
	}
	for range maxDepth {
		m := onlyReference.FindStringSubmatch(o.value)
		if m == nil {
			break
		}
		next, ok := c.raw(section, strings.ToLower(m[1]))
		if !ok {
			break
		}
		o = next
	}
	if at := follow(c, section, o, text, 1); text != "" && at.File != "" {
		return at, o.value
	}
	return o.place(), o.value
}

// onlyReference is a value that is another option's.
var onlyReference = regexp.MustCompile(`^\s*%\(([^)/]+)\)s\s*$`)
