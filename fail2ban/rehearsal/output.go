package rehearsal

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/ending"
	"bantop/fail2ban/logfile"
)

// maxAddresses are counted; of more it is known that they failed.
const maxAddresses = 200_000

// output is what the scratch server says: its log, at level INFO, or DEBUG for a
// moment. It comes through a pipe and is kept nowhere: a log full of attacks would
// make one as large again.
type output struct {
	jail string
	done chan struct{} // closed at its end

	mu        sync.Mutex
	found     map[string]int // failures of each address
	banned    map[string]bool
	matched   int
	err       string // the newest error
	backend   string // why a backend could not be used
	started   bool   // the jail is
	blind     string // why it reads nothing
	other     string // the newest line that is none of a log's
	begun     int    // log files that it has begun to read
	positions []position
	moved     time.Time // when something of the above last changed
}

// position is where it began to read a log file.
type position struct{ from, size int64 }

func newOutput(r io.ReadCloser, jail string) *output {
	o := &output{jail: jail, done: make(chan struct{}), found: make(map[string]int), banned: make(map[string]bool), moved: time.Now()}
	ending.Go(func() {
		defer close(o.done)
		defer r.Close()
		o.readAll(r)
	})
	return o
}

// readAll takes in whole lines until the end.
func (o *output) readAll(r io.Reader) {
	const most = 1 << 20 // of a line that has no end
	buf, rest := make([]byte, 64<<10), []byte(nil)
	for {
		n, err := r.Read(buf)
		rest = append(rest, buf[:n]...)
		if end := bytes.LastIndexByte(rest, '\n'); end >= 0 {
			o.take(string(rest[:end+1]))
			rest = append(rest[:0], rest[end+1:]...)
		}
		if len(rest) > most {
			rest = rest[:0]
		}
		if err != nil {
			o.take(string(rest))
			return
		}
	}
}

// take takes in some lines.
func (o *output) take(text string) {
	notes, _ := logfile.ParseFailing(text, o.jail, time.Local)
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, n := range notes {
		o.note(n)
	}
	for line := range strings.Lines(text) {
		o.line(strings.TrimSpace(line))
	}
}

func (o *output) note(n fail2ban.FailNote) {
	switch n.Kind {
	case fail2ban.FailFound:
		o.matched++
		if _, known := o.found[n.Address]; known || len(o.found) < maxAddresses {
			o.found[n.Address]++
		}
	case fail2ban.FailBan:
		o.banned[n.Address] = true
	default:
		return
	}
	o.moved = time.Now()
}

// line looks for what else is told (server/filter.py and filtersystemd.py, 1.0.2 and
// 1.1.0):
//
//	… fail2ban.filter [12]: DEBUG   Seek to find time 1795584750.3 (2026-11-25 05:32:30), file size 1010
//	… fail2ban.filter [12]: DEBUG   Position 150 from 1010, found time 1795584720.0 (…) within 6 seeks
//	… fail2ban.filtersystemd [12]: INFO    [sshd] Jail is in operation now (process new log entries)
func (o *output) line(line string) {
	_, rest, ok := strings.Cut(line, "]: ")
	level, message, _ := strings.Cut(rest, " ")
	message = strings.TrimSpace(message)
	switch {
	case !ok:
		if line != "" {
			o.other = line
		}
	case strings.HasPrefix(message, "Backend ") && strings.Contains(message, " failed to initialize due to "):
		o.backend = message
	case level == "INFO" && message == "Jail '"+o.jail+"' started":
		o.started = true
	case level == "ERROR" || level == "CRITICAL":
		if o.err = message; strings.HasPrefix(message, "Caught unhandled exception in main cycle") || strings.HasPrefix(message, "Unable to open ") {
			o.blind = message
		}
	case level == "DEBUG" && strings.HasPrefix(message, "Seek to find time "), level == "INFO" && message == "["+o.jail+"] Jail is in operation now (process new log entries)":
		o.begun++
		o.moved = time.Now()
		if strings.HasSuffix(message, ", file size 0") {
			o.positions = append(o.positions, position{}) // it says no more of an empty one
		}
	case level == "DEBUG" && strings.HasPrefix(message, "Position "):
		words := strings.Fields(strings.ReplaceAll(message, ",", ""))
		from, fromErr := strconv.ParseInt(words[1], 10, 64)
		if len(words) > 3 && fromErr == nil {
			if size, err := strconv.ParseInt(words[3], 10, 64); err == nil {
				o.positions = append(o.positions, position{max(from, 0), size})
			}
		}
	}
}

// lastError is the newest error that it told of, else what was no line of its log.
func (o *output) lastError() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != "" {
		return o.err
	}
	return o.other
}

// backendError is why a backend could not be used; "" where that is not so. The line
// was written before the server answered, and may be on its way.
func (o *output) backendError() string {
	for range 50 {
		o.mu.Lock()
		said := o.backend
		o.mu.Unlock()
		if said != "" {
			return said
		}
		time.Sleep(time.Millisecond)
	}
	return ""
}

// positioned tells whether it has said of all files where it begins, or will not any
// more: it is busy with one.
func (o *output) positioned(files int, waited time.Duration) bool {
	const first, others, last = time.Second, 300 * time.Millisecond, time.Second // the last for a busy machine
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case len(o.positions) >= files:
		return true
	case o.begun == 0:
		return waited > first
	case o.begun < files:
		return waited > others
	}
	return time.Since(o.moved) > last
}

func (o *output) hasStarted() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.started
}

// blindness is why the jail reads nothing, though it runs: its date pattern is none,
// or a log of it may not be opened. "" where it reads.
func (o *output) blindness() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.blind
}
