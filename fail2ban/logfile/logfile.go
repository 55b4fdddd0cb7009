// Package logfile reads fail2ban's own log.
package logfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"bantop/fail2ban"
)

// ErrNoFile: fail2ban logs to something else than a file.
var ErrNoFile = errors.New("fail2ban does not log to a file")

// Tail reads the newest notes of a log file, oldest first: those in its last
// most bytes. The times are in loc, the server's zone. A target that is no
// file (SYSTEMD-JOURNAL, SYSLOG, STDOUT, …) is ErrNoFile.
func Tail(target string, most int64, loc *time.Location) ([]fail2ban.LogNote, error) {
	text, err := tail(target, most)
	if err != nil {
		return nil, err
	}
	return Parse(text, loc), nil
}

// tail reads the whole lines among the last most bytes of a log file.
func tail(target string, most int64) (string, error) {
	switch {
	case target == "":
		return "", fmt.Errorf("read fail2ban's log: %w: nobody says to which", ErrNoFile)
	case !filepath.IsAbs(target):
		return "", fmt.Errorf("read fail2ban's log: %w: %s", ErrNoFile, target)
	}
	// A named pipe must not hold anybody up who only wants to look.
	f, err := os.OpenFile(target, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return "", fmt.Errorf("read fail2ban's log: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && !info.Mode().IsRegular() {
		return "", fmt.Errorf("read fail2ban's log: %s is not a regular file", target)
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return "", fmt.Errorf("read fail2ban's log: %w", err)
	}
	from := max(0, size-most)
	text, err := io.ReadAll(io.NewSectionReader(f, from, most))
	if err != nil {
		return "", fmt.Errorf("read fail2ban's log: %w", err)
	}
	if from > 0 { // the first line is cut
		_, text, _ = bytes.Cut(text, []byte("\n"))
	}
	return string(text), nil
}

// Parse reads lines of a log. A line that does not begin with a time continues
// the one before it.
func Parse(text string, loc *time.Location) []fail2ban.LogNote {
	var notes []fail2ban.LogNote
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if n, ok := parseLine(line, loc); ok {
			notes = append(notes, n)
		} else if last := len(notes) - 1; last >= 0 && len(notes[last].Text) < maxText {
			notes[last].Text += "\n" + line
		}
	}
	return notes
}

const (
	maxText   = 4096
	timestamp = "2006-01-02 15:04:05,000"
)

// parseLine reads the first line of a note:
//
//	2026-01-02 15:04:05,678 fail2ban.jail           [812]: INFO    Jail 'sshd' started
func parseLine(line string, loc *time.Location) (fail2ban.LogNote, bool) {
	stamp, level, message, ok := cutLine(line)
	if !ok {
		return fail2ban.LogNote{}, false
	}
	at, err := time.ParseInLocation(timestamp, stamp, loc)
	if err != nil {
		return fail2ban.LogNote{}, false
	}
	n := fail2ban.LogNote{At: at, Text: shortCommand(message)}
	if len(n.Text) > maxText {
		n.Text = n.Text[:maxText]
	}
	n.Kind, n.Jail = classify(level, n.Text)
	return n, true
}

// cutLine takes a line apart, where it begins as one that has a time does.
func cutLine(line string) (stamp, level, message string, ok bool) {
	const day, second = len("2006-01-02"), len("2006-01-02 15:04:05")
	if len(line) < len(timestamp) || line[day] != ' ' || line[second] != ',' {
		return "", "", "", false
	}
	_, rest, ok := strings.Cut(line[len(timestamp):], "]: ")
	level, message, _ = strings.Cut(rest, " ")
	return line[:len(timestamp)], level, strings.TrimSpace(message), ok
}

// shortCommand takes the command out of what the server says about one that
// failed: that of a reload is the whole configuration.
func shortCommand(message string) string {
	const failed = "] has failed. "
	if at := strings.LastIndex(message, failed); at >= 0 && strings.HasPrefix(message, "Command [") {
		return "Command [..." + message[at:]
	}
	return message
}

// classify tells what a message is about (server/server.py, jail.py and
// jails.py, 1.0.2 and 1.1.0).
func classify(level, message string) (fail2ban.LogKind, string) {
	switch {
	case level == "ERROR" || level == "CRITICAL":
		return fail2ban.LogError, quoted(message)
	case message == "Reload all jails":
		return fail2ban.LogReload, ""
	case strings.HasPrefix(message, "Reload jail ") && !strings.Contains(message, "'"):
		return fail2ban.LogReload, strings.TrimPrefix(message, "Reload jail ")
	case strings.HasPrefix(message, "Creating new jail '"):
		return fail2ban.LogCreated, quoted(message)
	case strings.HasPrefix(message, "Jail '") && strings.HasSuffix(message, "' started"):
		return fail2ban.LogStarted, quoted(message)
	case strings.HasPrefix(message, "Jail '") && strings.HasSuffix(message, "' stopped"):
		return fail2ban.LogStopped, quoted(message)
	case strings.HasPrefix(message, fail2ban.LogStarting), message == fail2ban.LogShutdown, message == fail2ban.LogExiting:
		return fail2ban.LogServer, ""
	default:
		return fail2ban.LogOther, ""
	}
}

// quoted is what stands in the first quotes after the word jail.
func quoted(message string) string {
	_, rest, ok := strings.Cut(message, "ail '")
	if !ok {
		return ""
	}
	name, _, ok := strings.Cut(rest, "'")
	if !ok {
		return ""
	}
	return name
}
