package rehearsal

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"bantop/fail2ban"
)

const (
	glance     = 20 * time.Millisecond  // between two looks at what the server has open
	turn       = 150 * time.Millisecond // how long one call of Next reads
	still      = 500 * time.Millisecond // nothing new for this long: it is at its end
	waitBan    = 2 * time.Second        // for a ban that is due
	block      = 8 << 10                // bytes that Python reads ahead
	maxFailing = 1000                   // addresses that are told of, those with most failures
	minRate    = 50                     // lines in a second of processor time; a good filter does thousands
)

// logFile is a log of the jail, as far as the scratch server has read it.
type logFile struct {
	path string
	tail bool // it is read from its end on

	real  string // where links lead
	known bool   // where it began is known
	from  int64  // where that is
	size  int64  // when it began
	pos   int64
	lines int // from there to the end
}

// heads counts the files that are not read from their end on.
func heads(logs []*logFile) (n int) {
	for _, l := range logs {
		if !l.tail {
			n++
		}
	}
	return n
}

// reading is how far the scratch server is with the logs.
type reading struct {
	scratch *scratch
	logs    []*logFile
	began   time.Time
	busy    time.Duration // how long it had run before
	opened  time.Time     // when it last had one open
}

func newReading(s *scratch, logs []*logFile, busy time.Duration) *reading {
	r := &reading{scratch: s, began: time.Now(), busy: busy}
	for _, l := range logs {
		real, err := filepath.EvalSymlinks(l.path)
		info, statErr := os.Stat(l.path)
		if err != nil || statErr != nil || l.tail {
			continue // there is no progress to tell of
		}
		l.real, l.size = real, info.Size()
		r.logs = append(r.logs, l)
	}
	s.out.mu.Lock()
	positions := slices.Clone(s.out.positions)
	s.out.mu.Unlock()
	// It says how long the file was, and not which: it is the one that is nearest.
	for _, p := range positions {
		var best *logFile
		for _, l := range r.logs {
			if !l.known && (best == nil || abs(l.size-p.size) < abs(best.size-p.size)) {
				best = l
			}
		}
		if best != nil {
			best.begin(p.from)
		}
	}
	return r
}

func abs(n int64) int64 { return max(n, -n) }

// begin takes note of where the server began to read.
func (l *logFile) begin(from int64) {
	l.known, l.from, l.pos = true, min(from, l.size), min(from, l.size)
	l.lines = countLines(l.path, l.from, l.size)
}

// countLines counts the lines between two places of a file. Of a long stretch it
// counts the beginning, and reckons the rest.
func countLines(path string, from, to int64) int {
	const most = 64 << 20 // 30 ms
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return 0
	}
	defer f.Close()
	n, looked := 0, int64(0)
	r := io.NewSectionReader(f, from, min(to-from, most))
	for buf := make([]byte, 256<<10); ; {
		k, err := r.Read(buf)
		n += bytes.Count(buf[:k], []byte("\n"))
		if looked += int64(k); err != nil {
			break
		}
	}
	if looked < to-from && looked == most {
		n = int(float64(n) * float64(to-from) / float64(looked))
	}
	return n
}

// read looks how far the scratch server is, for a moment.
func (r *Run) read(ctx context.Context) fail2ban.RehearsalStep {
	if err := r.scratch.sayLess(ctx); err != nil && ctx.Err() == nil && !r.reading.ended() {
		return r.refused(err)
	}
	defer r.tell()
	for end := time.Now().Add(turn); ; time.Sleep(glance) {
		r.reading.look()
		switch blind := r.scratch.out.blindness(); {
		case blind != "":
			return r.end(fail2ban.VerdictRefused, "the jail would load, and read nothing: "+fail2ban.OneLine(blind))
		case r.reading.over(r.known.MaxRetry):
			r.known.AllRead = true
			return r.end(fail2ban.VerdictReady, "")
		case r.ctx.Err() != nil:
			return r.end(fail2ban.VerdictImpossible, "it was given up")
		case r.reading.ended():
			return r.end(fail2ban.VerdictRefused, "the scratch server ended: "+r.scratch.out.lastError())
		case !time.Now().Before(r.deadline):
			return r.outOfTime()
		case ctx.Err() != nil, time.Now().After(end):
			return fail2ban.RehearseRead
		}
	}
}

// outOfTime ends a rehearsal at its limit. A log that is merely long is no fault of
// the jail; a filter that takes ages for a line would keep the server from all others.
func (r *Run) outOfTime() fail2ban.RehearsalStep {
	read, name, busy := r.reading.slow()
	switch {
	case name == "" && r.scratch.out.hasStarted():
		return r.end(fail2ban.VerdictReady, "")
	case name == "":
		return r.end(fail2ban.VerdictTooSlow, r.notLoaded())
	}
	return r.end(fail2ban.VerdictTooSlow, fmt.Sprintf("its regular expressions read no more than %d lines of %s in %.1f s of processor time", read, name, busy.Seconds()))
}

// tell puts what is known so far into the rehearsal.
func (r *Run) tell() {
	k := &r.known
	k.Lines, k.LinesRead = 0, 0
	for _, l := range r.reading.logs {
		k.Lines += l.lines
		k.LinesRead += l.linesRead()
	}
	if k.AllRead {
		k.LinesRead = k.Lines
	}
	o := r.scratch.out
	o.mu.Lock()
	defer o.mu.Unlock()
	k.Matched = o.matched
	k.WouldBan = slices.Sorted(maps.Keys(o.banned))
	k.Failing = k.Failing[:0:0]
	for address, n := range o.found {
		if !o.banned[address] {
			k.Failing = append(k.Failing, fail2ban.Failing{Address: address, Failures: n})
		}
	}
	slices.SortFunc(k.Failing, func(a, b fail2ban.Failing) int {
		if a.Failures != b.Failures {
			return b.Failures - a.Failures
		}
		return strings.Compare(a.Address, b.Address)
	})
	k.Failing = k.Failing[:min(len(k.Failing), maxFailing)]
}

// linesRead reckons from the bytes.
func (l *logFile) linesRead() int {
	if !l.known || l.size <= l.from {
		return 0
	}
	return int(float64(l.lines) * float64(min(l.pos, l.size)-l.from) / float64(l.size-l.from))
}

// look finds out which logs the server has open, and where it is in them (proc(5),
// fd and fdinfo).
func (r *reading) look() {
	dir := filepath.Join("/proc", strconv.Itoa(r.scratch.cmd.Process.Pid))
	entries, err := os.ReadDir(filepath.Join(dir, "fd"))
	if err != nil {
		return // it is gone
	}
	for _, e := range entries {
		path, err := os.Readlink(filepath.Join(dir, "fd", e.Name()))
		if err != nil {
			continue
		}
		for _, l := range r.logs {
			if l.real != path {
				continue
			}
			r.opened = time.Now()
			pos, ok := offset(filepath.Join(dir, "fdinfo", e.Name()))
			if !ok {
				continue
			}
			if !l.known {
				l.begin(max(0, pos-block))
			}
			l.pos = max(l.pos, pos)
		}
	}
}

// offset reads where a descriptor is.
func offset(fdinfo string) (int64, bool) {
	b, err := os.ReadFile(fdinfo)
	if err != nil {
		return 0, false
	}
	first, _, _ := strings.Cut(string(b), "\n")
	rest, ok := strings.CutPrefix(first, "pos:")
	n, err := strconv.ParseInt(strings.TrimSpace(rest), 10, 64)
	return n, ok && err == nil
}

// ended tells whether the server is gone.
func (r *reading) ended() bool {
	select {
	case <-r.scratch.gone:
		return true
	default:
		return false
	}
}

// over tells whether all is read: it has begun, has none open any more, nothing new
// was said for a while, and nobody is there who should be banned and is not.
func (r *reading) over(maxRetry int) bool {
	o := r.scratch.out
	o.mu.Lock()
	defer o.mu.Unlock()
	quiet := time.Since(latest(r.began, r.opened, o.moved))
	if quiet < still {
		return false
	}
	if quiet > waitBan {
		return true
	}
	if o.begun == 0 && len(r.logs) > 0 {
		return false
	}
	for address, n := range o.found {
		if n >= maxRetry && !o.banned[address] {
			return false
		}
	}
	return true
}

func latest(times ...time.Time) time.Time { return slices.MaxFunc(times, time.Time.Compare) }

// slow names the log that the server is stuck in, how many lines it read, and how long
// that kept a processor busy; "" where it is not stuck. A machine that is busy
// otherwise makes nobody slow.
func (r *reading) slow() (lines int, name string, busy time.Duration) {
	busy = r.scratch.busy() - r.busy
	if time.Since(r.opened) > time.Second || busy < 300*time.Millisecond {
		return 0, "", busy
	}
	for _, l := range r.logs {
		if l.known && l.pos-l.from > block {
			lines += l.linesRead()
		}
		if l.known && l.pos < l.size || name == "" {
			name = l.path
		}
	}
	if float64(lines) >= busy.Seconds()*minRate {
		name = ""
	}
	return lines, name, busy
}
