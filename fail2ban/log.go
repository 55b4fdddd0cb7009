package fail2ban

import "time"

// LogKind says what a line of fail2ban's log tells, as far as bantop acts on
// it.
type LogKind string

// The kinds of log line.
const (
	LogReload  LogKind = "reload"  // a reload began, of Jail or of all jails
	LogCreated LogKind = "created" // a jail was made; it may still fail
	LogStarted LogKind = "started" // a jail runs
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
