package logfile

import (
	"strings"
	"time"
)

// Reloaded is when the server last said that it had read its configuration again; false
// if it did not, or that is not known. The times are in loc, the server's zone. most bytes
// of the log are looked at. At level NOTICE and above it does not say so (1.0.2 and 1.1.0,
// server/server.py, reloadJails).
func Reloaded(target string, most int64, loc *time.Location) (at time.Time, said bool) {
	text, err := tail(target, most)
	if err != nil {
		return time.Time{}, false
	}
	for line := range strings.Lines(text) {
		stamp, _, message, ok := cutLine(strings.TrimSuffix(line, "\n"))
		if !ok || !strings.HasPrefix(message, "Reload finished.") {
			continue
		}
		if t, err := time.ParseInLocation(timestamp, stamp, loc); err == nil {
			at, said = t, true
		}
	}
	return at, said
}
