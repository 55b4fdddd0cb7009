package confdir

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"bantop/fail2ban"
)

// regex is the line that a regular expression was made of. fail2ban tells it with
// <HOST> and the like put in, so it is the line whose own text stands in it, in its
// order and from its start to its end; of several, the one with most of it. Of one
// that was cut (fail2ban.OneLine) there is the start alone.
func (b *blamer) regex(made string) fail2ban.Place {
	made, cut := strings.CutSuffix(made, "...")
	var best fail2ban.Place
	most := 0
	look := func(s section) {
		for _, opt := range slices.Sorted(maps.Keys(s)) {
			for i, l := range strings.Split(s[opt].value, "\n") {
				if n := share(l, made, cut); n > most {
					best, most = s[opt].line(i), n
				}
			}
		}
	}
	for _, name := range []string{"Definition", "Init"} {
		look(b.filter.sections[name])
	}
	look(b.jail.sections[b.name])
	look(b.filter.defaults)
	return best
}

// replaced is what fail2ban puts something else in for.
var replaced = regexp.MustCompile(`%\([^)]+\)s|</?[\w/.\-<>]+>`)

// share is how many bytes of a line stand in what was made of it; 0 where it was
// not made of it.
func share(line, made string, cut bool) int {
	parts := replaced.Split(strings.ReplaceAll(line, "%%", "%"), -1)
	n, last := 0, len(parts)-1
	for i, part := range parts {
		at := strings.Index(made, part)
		if i == last && !cut {
			at = len(made) - len(part)
		}
		switch {
		case cut && i == 0 && strings.HasPrefix(part, made):
			return len(made)
		case cut && i > 0 && at < 0:
			return n
		case at < 0, i == 0 && at > 0, i == last && !cut && !strings.HasSuffix(made, part):
			return 0
		}
		made = made[at+len(part):]
		n += len(part)
	}
	return n
}
