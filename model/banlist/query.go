package banlist

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/addr"
)

// Query is what a list is filtered by. The zero Query finds everything.
type Query struct{ conditions []condition }

// condition is one word of a query.
type condition struct {
	match     func(r *Row, now time.Time) bool
	timed     bool // whether it holds changes as time passes
	countries bool // it asks in which country the address is
}

// ParseQuery reads a query: words, all of which have to hold.
//
//	203.0.113       a part of an address or of a jail's name
//	203.0.113.0/24  a network: what lies in it, and what holds it
//	jail:ssh        a part of a jail's name
//	left:<1h        what ends within an hour; left:>1d; left:forever
//	count:>3        what was banned more than three times
//	country:DE      what is in a country; country:DE,FR in one of them; country:-
//	                where it is not known
//	!word           what a word does not find
//
// The error says which word cannot be read, and what it may be.
func ParseQuery(text string) (Query, error) {
	var q Query
	for _, word := range strings.Fields(text) {
		c, err := parseWord(word)
		if err != nil {
			return Query{}, err
		}
		q.conditions = append(q.conditions, c)
	}
	return q, nil
}

func parseWord(word string) (condition, error) {
	if not, is := strings.CutPrefix(word, "!"); is && not != "" {
		c, err := parseWord(not)
		yes := c.match
		c.match = func(r *Row, now time.Time) bool { return !yes(r, now) }
		return c, err
	}
	name, value, _ := strings.Cut(word, ":")
	switch name {
	case "jail":
		return condition{match: func(r *Row, _ time.Time) bool { return strings.Contains(r.Jail, value) }}, nil
	case "left":
		return parseLeft(value)
	case "count":
		return parseCount(value)
	case "country":
		return parseCountries(value)
	}
	if key, _, is := strings.Cut(word, ":"); is && isKey(key) {
		if near := fail2ban.Nearest(key, queryKeys); near != "" {
			return condition{}, fmt.Errorf("%q is not a filter; the nearest is %s:%s", word, near, value)
		}
		return condition{}, fmt.Errorf("%q is not a filter; the filters are jail:X, left:X, count:X and country:X", word)
	}
	if p, _, err := addr.Parse(word); err == nil && strings.Contains(word, "/") {
		return condition{match: func(r *Row, _ time.Time) bool { return r.Net.IsValid() && r.Net.Overlaps(p) }}, nil
	} else if err == nil {
		return address(p.Addr(), word), nil
	}
	word = strings.ToLower(word)
	return condition{match: func(r *Row, _ time.Time) bool {
		return strings.Contains(strings.ToLower(r.Address), word) || strings.Contains(r.Jail, word)
	}}, nil
}

// address finds an address however it is spelled, the networks that hold it, and
// what its letters are a part of.
func address(a netip.Addr, word string) condition {
	return condition{match: func(r *Row, _ time.Time) bool {
		return r.Net.IsValid() && r.Net.Contains(a) || strings.Contains(r.Address, word)
	}}
}

func parseLeft(value string) (condition, error) {
	if value == "forever" {
		return condition{match: func(r *Row, _ time.Time) bool { return r.Length == fail2ban.Permanent }}, nil
	}
	sign, text := split(value)
	d, err := fail2ban.ParseTime(text)
	if err != nil || sign == "" {
		return condition{}, fmt.Errorf("left:%s: it is left:<1h, left:>1d or left:forever", value)
	}
	return condition{timed: true, match: func(r *Row, now time.Time) bool {
		left := r.Left(now)
		if left == fail2ban.Permanent {
			return sign == ">"
		}
		return r.Timed() && (sign == "<" && left < d || sign == ">" && left > d)
	}}, nil
}

func parseCount(value string) (condition, error) {
	sign, text := split(value)
	var n int
	if _, err := fmt.Sscanf(text, "%d", &n); err != nil || fmt.Sprint(n) != text {
		return condition{}, fmt.Errorf("count:%s: it is count:3, count:>3 or count:<3", value)
	}
	return condition{match: func(r *Row, _ time.Time) bool {
		switch sign {
		case "<":
			return r.Count < n
		case ">":
			return r.Count > n
		default:
			return r.Count == n
		}
	}}, nil
}

// split takes the sign from a value.
func split(value string) (sign, rest string) {
	if strings.HasPrefix(value, "<") || strings.HasPrefix(value, ">") {
		return value[:1], value[1:]
	}
	return "", value
}

// Match tells whether the query finds a row.
func (q Query) Match(r *Row, now time.Time) bool {
	for _, c := range q.conditions {
		if !c.match(r, now) {
			return false
		}
	}
	return true
}

// Timed tells whether what the query finds changes as time passes.
func (q Query) Timed() bool {
	for _, c := range q.conditions {
		if c.timed {
			return true
		}
	}
	return false
}

// queryKeys are the keys of a filter.
var queryKeys = []string{"jail", "left", "count", "country"}

// isKey reports whether a word was meant as the key of a filter: it is letters alone, and
// what is before the colon of an IPv6 address is hexadecimal.
func isKey(word string) bool {
	return word != "" && strings.Trim(strings.ToLower(word), "abcdefghijklmnopqrstuvwxyz") == "" &&
		strings.Trim(strings.ToLower(word), "abcdef") != ""
}
