package control

import (
	"cmp"
	"regexp"
	"strings"

	"bantop/fail2ban"
)

// Reason is the last error that fail2ban told of, in what its client says or in its
// server's log, else the last line; in one line of 300 bytes at most. Errors in
// which it only says that it gives up are passed over (1.0.2 and 1.1.0):
//
//	2026-11-25 02:58:03,555 fail2ban [25493]: ERROR   Failed during configuration: …
//	2026-11-25 02:58:03,556 fail2ban [25493]: ERROR   Init of command line failed
//	2026-11-25 02:58:03,556 fail2ban [25493]: ERROR   ERROR: test configuration failed
//
// What a server answered stands there as Python prints it:
//
//	… ERROR   NOK: ("Unable to compile regular expression 'x(':\nmissing )…",)
func Reason(text string) string {
	said, last, more := "", "", false
	for line := range strings.Lines(text) {
		_, message, isError := strings.Cut(line, "ERROR ")
		message = strings.TrimPrefix(strings.TrimSpace(message), "Failed during configuration: ")
		if strings.TrimSpace(line) != "" {
			last = strings.TrimSpace(line)
		}
		switch {
		case isError && strings.HasPrefix(message, "Errors in jail ") && said != "":
			said, more = ofJail(said, message), false
		case isError:
			if more = !givesUp(message); more {
				said = answered(message)
			}
		case more && !logLine.MatchString(line):
			said += " " + last
		default:
			more = false
		}
	}
	const most = 300
	said = strings.ReplaceAll(strings.TrimSpace(cmp.Or(said, last)), "\n", " ")
	if len(said) > most || strings.HasPrefix(said, "Unable to compile") { // regular expressions are long, and what is wrong with them stands behind them
		said = fail2ban.OneLine(said)
	}
	return strings.ToValidUTF8(said[:min(len(said), most)], "")
}

// givesUp tells whether an error only says that it comes to nothing.
func givesUp(message string) bool {
	switch message {
	case "ERROR: test configuration failed", "Init of command line failed", "Async configuration of server failed":
		return true
	default:
		return strings.HasPrefix(message, "Command ['server-stream'") || strings.HasPrefix(message, "Command ['status'")
	}
}

// ofJail adds the jail that an error is of, unless it names it.
func ofJail(said, message string) string {
	jail, _, ok := pythonString(strings.TrimPrefix(message, "Errors in jail "))
	if !ok || strings.Contains(said, jail) {
		return said
	}
	return said + " (jail " + jail + ")"
}

// answered is what the server answered, where a message tells of an answer.
func answered(message string) string {
	answer, ok := strings.CutPrefix(message, "NOK: (")
	if !ok {
		return message
	}
	if said, _, ok := pythonString(answer); ok {
		return said
	}
	return message
}

// logLine is how a line of its log begins; others go on with the one before.
var logLine = regexp.MustCompile(`^\d{4}-\d\d-\d\d `)
