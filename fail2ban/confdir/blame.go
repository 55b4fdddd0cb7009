package confdir

import (
	"io/fs"
	"regexp"
	"strconv"
	"strings"

	"bantop/fail2ban"
)

// Blame is the line of the configuration that a complaint of fail2ban's about a
// jail stems from; false where that is not found. Where it is not known which jail,
// "", only a complaint that names a file or a jail leads anywhere. Values are
// followed to where they are said: an unknown backend may stand in another file than
// the jail. The complaint is what fail2ban-client or the server's log says, also on
// one line (1.0.2 and 1.1.0; blame_test.go has what each says).
func Blame(dir fs.FS, reason, jail string) (fail2ban.Place, bool) {
	b := newBlamer(dir, jail)
	for _, rule := range rules {
		if m := rule.says.FindStringSubmatch(reason); m != nil {
			if at := rule.place(b, m); at.File != "" {
				return at, true
			}
		}
	}
	return fail2ban.Place{}, false
}

// rule is where a complaint leads; nowhere where it does not.
type rule struct {
	says  *regexp.Regexp
	place func(b *blamer, m []string) fail2ban.Place
}

// rules stand in an order in which the first that leads somewhere is right.
var rules = []rule{
	// A file, with its line (configparser).
	{rx(`no section headers\.\s*file: '(.*?)', line: (\d+)`), inFile},
	{rx(`While reading from '(.*?)' \[line +(\d+)\]`), inFile},
	{rx(`Source contains parsing errors: '(.*?)'`), inFile},
	{rx(`Error decoding config file '(.*?)'`), inFile},
	{rx(`Could not read config files: ([^,]+)`), inFile},
	{rx(`no section headers|parsing errors|While reading from`), func(b *blamer, _ []string) fail2ban.Place { return b.mistake(readsNothing) }},
	{rx(`decoding config file|'utf-8' codec`), func(b *blamer, _ []string) fail2ban.Place { return b.mistake(notUTF8) }},

	// A value that cannot be worked out.
	{rx(`option '(.+?)' in section '(.+?)' contains`), func(b *blamer, m []string) fail2ban.Place { return b.unresolved(m[2], m[1]) }},
	{rx(`'%' must be followed by|bad interpolation variable reference|Bad value substitution|Recursion limit exceeded`),
		func(b *blamer, _ []string) fail2ban.Place { return b.unresolvable() }},
	{rx(`self referencing definitions.*fail tag: ([^,]+)`),
		func(b *blamer, m []string) fail2ban.Place { return b.definition(m[1]) }},

	// A filter or an action.
	{rx(`Unable to read the filter '(.+?)'|config files for 'filter\.d/(.+?)'`), says("filter")},
	{rx(`Invalid filter definition '([^\['"]*)|No filter set`), says("filter")},
	{rx(`Unable to read action '(.+?)'|config files for 'action\.d/(.+?)'`), says("action")},
	{rx(`Invalid action definition '([^\['"]*)|Error in action definition '([^\['"]*)|action '(.+?)': |No actions were defined`), says("action")},
	{rx(`No section: 'Definition'`), func(b *blamer, _ []string) fail2ban.Place { return b.filterFile() }},

	// Regular expressions and dates.
	{rx(`(?s)Unable to compile regular expression '(.*)':\s`), regex},
	{rx(`(?s)No (?:failure-id|'?host'?) group in '(.*)'`), regex},
	{rx(`(?s)Unable to compile regular expression '(.*)'`), regex},
	{rx(`Failed to set datepattern`), optional("datepattern")},
	{rx(`No closing quotation|No escaped character|journal ?match`), optional("journalmatch")},

	// What is read.
	{rx(`Have not found any log file for (?:'(.+)'|(.+)) jail`), func(b *blamer, m []string) fail2ban.Place { // quoted since 1.1.2
		return b.of(captured(m)).says("logpath", "")
	}},
	{rx(`No file\(s\) found for glob ([^\s)]+)|File (\S+) is a dangling link`), says("logpath")},
	{rx(`File option must be 'head' or 'tail'|Is a directory`), says("logpath")},
	{rx(`Unknown backend (\S+?)\.`), says("backend")},
	{rx(`Backend '(.+?)' failed|any backend for Jail|Could only initiated`), says("backend")},
	{rx(`unknown encoding: ([\w-]+)`), says("logencoding")},
	{rx(`unsupported time zone: '(.+?)'`), says("logtimezone")},

	// Options of the jail.
	{rx(`Incorrect value '(.+?)' specified for usedns`), optional("usedns")},
	{rx(`Wrong (?:\w+ )?value (?:.+ )?for '(.+?)'`), func(b *blamer, m []string) fail2ban.Place { return b.optional(m[1], "") }},
	{rx(`int\(\) argument must be`), func(b *blamer, _ []string) fail2ban.Place {
		return b.not(number, "maxretry", "maxmatches", "maxlines")
	}},
	{rx(`expected option, wrong syntax`), says("ignorecache")},
	{rx(`^port: "`), says("port")}, // bantop's own, of a port that there is not
	{rx(`\b(ignoreip|ignorecommand|ignorecache|ignoreself|bantime\.\w+|findtime|maxretry|bantime)\b`),
		func(b *blamer, m []string) fail2ban.Place { return b.says(m[1], "") }},
	{rx(`name '(\w+)' is not defined`), func(b *blamer, m []string) fail2ban.Place { return b.holding(m[1], times...) }},
	{rx(`invalid literal for int\(\)`), func(b *blamer, _ []string) fail2ban.Place {
		return b.not(numbers, "bantime.multipliers", "maxretry", "maxmatches")
	}},
	{rx(`~inline-conf`), says("bantime.formula")},
	{rx(`invalid (?:\w+ )?(?:syntax|literal)|was never closed|unexpected EOF`), func(b *blamer, _ []string) fail2ban.Place { return b.not(duration, times...) }},
	{rx(`Errors in jail '(.+?)'`), func(b *blamer, m []string) fail2ban.Place { return b.of(m[1]).header() }},
}

// times are the options of a jail that are a length of time, or are worked out
// with one.
var times = []string{"bantime", "findtime", "bantime.maxtime", "bantime.rndtime", "bantime.factor"}

// What a good value looks like: a number, several, and a time such as 1d 12h
// (1.0.2, server/mytime.py, str2seconds).
var (
	number   = rx(`^\s*-?\d+\s*$`)
	numbers  = rx(`^(\s*\d+)*\s*$`)
	duration = rx(`^\s*(-?[\d.]+\s*(y(ea?r?s?)?|yyy?|mon?(ths?)?|w(eeks?)?|ww|d(ays?)?|da|h(ours?)?|hh|m(in(utes?)?)?|mm|s(ec(onds?)?)?|ss)?\s*)+$`)
)

func rx(s string) *regexp.Regexp { return regexp.MustCompile(s) }

// inFile is a file by the name that fail2ban has for it, with its line.
func inFile(b *blamer, m []string) fail2ban.Place {
	at := fail2ban.Place{File: b.inside(m[1])}
	if len(m) > 2 {
		at.Line, _ = strconv.Atoi(m[2]) // digits, by its pattern
		return at
	}
	for _, f := range b.faultsOf(at.File) {
		return f.Place
	}
	return at
}

// says leads to an option of the jail, and in it to the text that was captured.
func says(opt string) func(*blamer, []string) fail2ban.Place {
	return func(b *blamer, m []string) fail2ban.Place { return b.says(opt, captured(m)) }
}

// optional leads to an option of the jail, or else of its filter.
func optional(opt string) func(*blamer, []string) fail2ban.Place {
	return func(b *blamer, m []string) fail2ban.Place { return b.optional(opt, captured(m)) }
}

func captured(m []string) string { return strings.TrimSpace(strings.Join(m[1:], "")) }

func regex(b *blamer, m []string) fail2ban.Place {
	if at := b.regex(m[1]); at.File != "" {
		return at
	}
	// As Python prints it in an answer of the server.
	if at := b.regex(strings.ReplaceAll(m[1], `\\`, `\`)); at.File != "" {
		return at
	}
	return b.optional("failregex", "")
}
