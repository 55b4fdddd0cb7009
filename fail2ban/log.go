package fail2ban

import (
	"strings"
	"time"
	"unicode/utf8"
)

// LogKind says what a line of fail2ban's log tells, as far as bantop acts on
// it.
type LogKind string

// The kinds of log line.
const (
	LogReload  LogKind = "reload"  // a reload began, of Jail or of all jails
	LogCreated LogKind = "created" // a jail was made; it may still fail
	LogStarted LogKind = "started" // a jail runs
	LogStopped LogKind = "stopped" // a jail runs no more
	LogServer  LogKind = "server"  // the server starts or ends
	LogError   LogKind = "error"
	LogOther   LogKind = ""
)

// LogNote is one line of fail2ban's log, with those that continue it.
type LogNote struct {
	At   time.Time
	Kind LogKind
	Jail string // where it is about one
	Text string // the message
}

// FailKind says what a line of fail2ban's log changes about who fails in a jail.
type FailKind string

// The kinds of such lines.
const (
	FailFound  FailKind = "found"  // an address failed
	FailWorse  FailKind = "worse"  // its failure counts for more, since it was banned before
	FailBan    FailKind = "ban"    // it is banned
	FailUnban  FailKind = "unban"  // it is not any more
	FailFlush  FailKind = "flush"  // nobody is any more
	FailForget FailKind = "forget" // the jail begins anew, and knows of no failure
)

// FailNote is what a line of fail2ban's log says of who fails in a jail.
type FailNote struct {
	Kind    FailKind
	Address string
	At      time.Time // of the failure, which may be long before fail2ban saw it
	Count   float64   // failures that it counts for, beside those that were noted before
}

// OneLine is a message of fail2ban in one line: of one with several the first
// and the last, which is where Python says what the matter is; and of a quoted
// text that is long, such as a regular expression that it has expanded, the
// beginning.
//
// It is no longer than a message may be, see Short.
func OneLine(message string) string {
	return Short(oneLine(message))
}

// MostMessage is how many characters of a message are kept.
const MostMessage = 500

// Short cuts a message of somebody else to MostMessage characters. The
// beginning and the end stay: Python says at the end what is wrong. The result
// shares no memory with a longer message.
func Short(message string) string {
	const mark, end = " … ", 160
	most := min(len(message), utf8.UTFMax*MostMessage) // so many bytes are at least 500 characters
	if most == len(message) && utf8.RuneCountInString(message) <= MostMessage {
		return strings.Clone(message)
	}
	first, last := []rune(message[:most]), []rune(message[len(message)-most:])
	begin := MostMessage - end - utf8.RuneCountInString(mark)
	return string(first[:begin]) + mark + string(last[len(last)-end:])
}

func oneLine(message string) string {
	first, rest, more := strings.Cut(strings.TrimSpace(message), "\n")
	first = shortQuote(first)
	if !more {
		return first
	}
	return first + " " + strings.TrimSpace(rest[strings.LastIndexByte(rest, '\n')+1:])
}

// shortQuote cuts what stands between the first and the last quote of a line.
func shortQuote(line string) string {
	const most = 40
	begin, end := strings.IndexByte(line, '\''), strings.LastIndexByte(line, '\'')
	if begin < 0 || end <= begin {
		return line
	}
	quoted := []rune(line[begin+1 : end])
	if len(quoted) <= most {
		return line
	}
	return line[:begin+1] + string(quoted[:most-3]) + "..." + line[end:]
}
