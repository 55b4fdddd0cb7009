package logfile

import (
	"strconv"
	"strings"
	"time"

	"bantop/fail2ban"
)

// Failing reads what the end of a log file, its last most bytes, says of who
// fails in a jail, oldest first, and when that end begins. The times are in loc,
// the server's zone. A target that is no file is ErrNoFile.
func Failing(target, jail string, most int64, loc *time.Location) (notes []fail2ban.FailNote, since time.Time, err error) {
	text, err := tail(target, most)
	if err != nil {
		return nil, time.Time{}, err
	}
	notes, since = ParseFailing(text, jail, loc)
	return notes, since, nil
}

// ParseFailing picks out of the lines of a log what they say of who fails in a
// jail; since is the time of the first line.
func ParseFailing(text, jail string, loc *time.Location) (notes []fail2ban.FailNote, since time.Time) {
	prefix := "[" + jail + "] "
	for line := range strings.Lines(text) {
		stamp, level, message, ok := cutLine(strings.TrimSuffix(line, "\n"))
		if !ok {
			continue
		}
		if since.IsZero() {
			at, err := time.ParseInLocation(timestamp, stamp, loc)
			if err != nil {
				continue
			}
			since = at
		}
		n, ok := fail2ban.FailNote{Kind: fail2ban.FailForget}, false
		if rest, is := strings.CutPrefix(message, prefix); is {
			n, ok = parseFail(rest, loc)
			ok = ok && len(n.Address) <= maxText
		} else {
			ok = forgets(level, message, jail)
		}
		if ok {
			n.Address = strings.Clone(n.Address) // not to keep the whole text alive
			notes = append(notes, n)
		}
	}
	return notes, since
}

// forgets tells whether a jail knows of no failure after a message: another
// server, or another jail of that name. A reload alone leaves them.
func forgets(level, message, jail string) bool {
	switch kind, name := classify(level, message); kind {
	case fail2ban.LogServer:
		return true
	case fail2ban.LogCreated, fail2ban.LogStopped:
		return name == jail
	default:
		return false
	}
}

// parseFail reads what stands behind the name of a jail (server/filter.py,
// observer.py and actions.py, 1.0.2 and 1.1.0):
//
//	Found 203.0.113.5 - 2026-01-02 15:04:05
//	Found 203.0.113.5, bad - 2026-01-02 15:04:05, 1 # -> 2.0
//	Attempt 203.0.113.5 - 2026-01-02 15:04:05
//	Ban 203.0.113.5
//	Restore Ban 203.0.113.5
//	Unban 203.0.113.5
//	Flush ticket(s) with iptables-ipset
//
// The address may hold any character, so lines are read from their end.
func parseFail(text string, loc *time.Location) (fail2ban.FailNote, bool) {
	verb, rest, _ := strings.Cut(text, " ")
	switch verb {
	case "Found", "Attempt":
		return parseFound(rest, loc)
	case "Ban":
		return fail2ban.FailNote{Kind: fail2ban.FailBan, Address: rest}, rest != ""
	case "Restore":
		address, ok := strings.CutPrefix(rest, "Ban ")
		return fail2ban.FailNote{Kind: fail2ban.FailBan, Address: address}, ok && address != ""
	case "Unban":
		return fail2ban.FailNote{Kind: fail2ban.FailUnban, Address: rest}, rest != ""
	case "Flush":
		return fail2ban.FailNote{Kind: fail2ban.FailFlush}, strings.HasPrefix(rest, "ticket(s) with ")
	default:
		return fail2ban.FailNote{}, false
	}
}

// foundAt is how fail2ban writes the time of a failure (server/mytime.py).
const foundAt = "2006-01-02 15:04:05"

// parseFound reads a failure. One of somebody who was banned before is noted a
// second time, with how many it counts for.
func parseFound(text string, loc *time.Location) (fail2ban.FailNote, bool) {
	if at := strings.LastIndex(text, " - "); at > 0 {
		when, err := time.ParseInLocation(foundAt, text[at+len(" - "):], loc)
		if err == nil {
			return fail2ban.FailNote{Kind: fail2ban.FailFound, Address: text[:at], At: when, Count: 1}, true
		}
	}
	const bad, counts = ", bad - ", " # -> "
	at, mark := strings.LastIndex(text, bad), strings.LastIndex(text, counts)
	if at <= 0 || mark < at+len(bad)+len(foundAt) {
		return fail2ban.FailNote{}, false
	}
	when, err := time.ParseInLocation(foundAt, text[at+len(bad):][:len(foundAt)], loc)
	if err != nil {
		return fail2ban.FailNote{}, false
	}
	number, _, _ := strings.Cut(text[mark+len(counts):], ",")
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !(n >= 1 && n <= 1<<20) { // no more than the server gives (observer.py)
		return fail2ban.FailNote{}, false
	}
	return fail2ban.FailNote{Kind: fail2ban.FailWorse, Address: text[:at], At: when, Count: n - 1}, true
}
