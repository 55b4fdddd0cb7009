package fail2ban

import (
	"strings"
	"time"
)

// Texts of the server's life (server/server.py, 1.0.2 and 1.1.0), all at level INFO.
// It writes them for `fail2ban-client stop` and for SIGTERM alike; a process that is
// killed or crashes writes none of them (measured).
const (
	LogStarting = "Starting Fail2ban v" // the beginning
	LogShutdown = "Shutdown in progress..."
	LogExiting  = "Exiting Fail2ban"
)

// StoppedAt reads out of the end of a log, oldest note first, when the newest server
// process was stopped in order. If the server is up, that is the process before it.
//
// It is zero if the log does not say so: at the levels NOTICE and above a stop leaves
// no line. A server that ends by itself because its configuration was refused writes
// the same lines; an error of the newest start or reload, with no jail started after
// it, tells it, and gives zero, too.
func StoppedAt(notes []LogNote, up bool) time.Time {
	if up {
		notes = notes[:max(0, lastStart(notes))]
	}
	var at time.Time
	loading, refused := false, false
	for _, n := range notes {
		switch {
		case strings.HasPrefix(n.Text, LogStarting) && n.Kind == LogServer:
			at, loading, refused = time.Time{}, true, false
		case n.Kind == LogReload:
			at, loading, refused = time.Time{}, true, false
		case n.Kind == LogStarted, strings.HasSuffix(n.Text, "' reloaded"):
			loading = false
		case n.Kind == LogError && loading && strings.Contains(n.Text, "] has failed. "):
			refused = true
		case n.Text == LogShutdown && n.Kind == LogServer && !refused:
			at = n.At
		}
	}
	return at
}

// lastStart is the index of the newest note that a server starts; -1 without one.
func lastStart(notes []LogNote) int {
	for i := len(notes) - 1; i >= 0; i-- {
		if notes[i].Kind == LogServer && strings.HasPrefix(notes[i].Text, LogStarting) {
			return i
		}
	}
	return -1
}

// SinceRepair are the notes since the newest start or reload: an error before it is
// mended, or would stand there again.
func SinceRepair(notes []LogNote) []LogNote {
	for i := len(notes) - 1; i >= 0; i-- {
		if notes[i].Kind == LogReload || notes[i].Kind == LogServer && strings.HasPrefix(notes[i].Text, LogStarting) {
			return notes[i:]
		}
	}
	return notes
}
