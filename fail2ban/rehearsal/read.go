package rehearsal

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/logfile"
)

// still is how long the counters stand still when all is read.
const still = 500 * time.Millisecond

// stuck tells whether a regular expression holds the server up: it has neither
// answered of late nor, more than at its beginning, read on.
func (r *reading) stuck() bool {
	const first = 2 // it was nothing, then something
	return time.Since(r.alive) > stuck || time.Since(r.spoke) > stuck && r.grew < first
}

// stuck is how long a server that reads neither answers nor reads on when a regular
// expression holds it up: a match holds Python's lock, and everybody waits.
const stuck = time.Second

// reading is how far a scratch server is with its log files.
type reading struct {
	files  []*logProgress
	counts fail2ban.Counts
	since  time.Time // they are the same since then
	at     int       // how many lines are read
	grew   int       // how often that was more than before
	alive  time.Time // when it last answered, or had read on
	spoke  time.Time // when it last answered
}

// logProgress is one log file.
type logProgress struct {
	path  string
	size  int64
	lines int
}

func newReading(files []string) *reading {
	r := &reading{since: time.Now(), alive: time.Now()}
	for _, path := range files {
		size, lines := measure(path)
		r.files = append(r.files, &logProgress{path, size, lines})
	}
	return r
}

// measured is how much of a log is counted; the rest is estimated by it.
const measured = 4 << 20

// measure is how long a file is, in bytes and lines.
func measure(path string) (size int64, lines int) {
	f, err := os.Open(path)
	if err != nil {
		return 0, 0
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return 0, 0
	}
	text, err := io.ReadAll(io.LimitReader(f, measured))
	if err != nil || len(text) == 0 {
		return info.Size(), 0
	}
	n := int64(bytes.Count(text, []byte{'\n'}))
	return info.Size(), int(n * max(info.Size(), int64(len(text))) / int64(len(text)))
}

// read waits until the server has read its log, or the time is over, and takes
// note of what it found.
func (r *Rehearsal) read(ctx context.Context) {
	for until := time.Now().Add(chunk); time.Now().Before(until) && ctx.Err() == nil; {
		select {
		case <-r.scratch.ended:
			reason := r.scratchReason()
			r.refuse(verdict(reason), reason)
			return
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
		r.look(ctx)
		if r.found.AllRead {
			break
		}
	}
	if r.ctx.Err() != nil {
		r.refuse(fail2ban.VerdictImpossible, "")
		return
	}
	switch {
	case !r.found.AllRead && ctx.Err() == nil:
	case !r.found.AllRead && r.log.stuck():
		r.refuse(fail2ban.VerdictTooSlow, "its filter holds fail2ban up: a regular expression that backtracks without end")
	default:
		r.name()
		r.done()
	}
}

// look sees how far it is.
func (r *Rehearsal) look(ctx context.Context) {
	open, read := r.log.progress(r.scratch.cmd.Process.Pid)
	r.found.Lines, r.found.LinesRead = r.log.lines(), read
	now := time.Now()
	if read != r.log.at {
		r.log.at, r.log.alive = read, now
		r.log.grew++
	}
	j, ok := r.scratch.jail(ctx, r.opts.Jail)
	if !ok { // it is busy
		r.log.since = now
		return
	}
	r.log.alive, r.log.spoke, r.found.Matched = now, now, j.TotalFailed
	if j.Counts != r.log.counts {
		r.log.counts, r.log.since = j.Counts, now
	}
	if !open && time.Since(r.log.since) >= still {
		r.found.AllRead, r.found.LinesRead = true, r.found.Lines
	}
	if open {
		r.log.since = time.Now()
	}
}

func (r *reading) lines() int {
	n := 0
	for _, f := range r.files {
		n += f.lines
	}
	return n
}

// progress tells whether a process has any of the files open short of its end, and
// how many lines it has read, by its place in them (proc(5), fdinfo). Files that it
// has not open are taken for read.
func (r *reading) progress(pid int) (open bool, read int) {
	places := places(pid)
	for _, f := range r.files {
		at, is := places[f.path]
		if !is || at >= f.size {
			read += f.lines
			continue
		}
		open = true
		read += int(int64(f.lines) * at / max(1, f.size))
	}
	return open, read
}

// places are the files that a process has open, and where it is in them.
func places(pid int) map[string]int64 {
	dir := "/proc/" + strconv.Itoa(pid)
	fds, err := os.ReadDir(filepath.Join(dir, "fd"))
	if err != nil {
		return nil
	}
	out := make(map[string]int64)
	for _, fd := range fds {
		path, err := os.Readlink(filepath.Join(dir, "fd", fd.Name()))
		if err != nil || !filepath.IsAbs(path) {
			continue
		}
		info, err := os.ReadFile(filepath.Join(dir, "fdinfo", fd.Name()))
		if err != nil {
			continue
		}
		line, _, _ := strings.Cut(string(info), "\n")
		pos, err := strconv.ParseInt(strings.TrimSpace(strings.TrimPrefix(line, "pos:")), 10, 64)
		if err == nil {
			out[path] = pos
		}
	}
	return out
}

// name takes note of whom the jail would ban, and who has failed without that.
func (r *Rehearsal) name() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if set, err := r.scratch.client.JailSettings(ctx, r.opts.Jail); err == nil {
		r.found.MaxRetry = set.MaxRetry
	}
	if bans, err := r.scratch.client.Bans(ctx, r.opts.Jail, time.Local); err == nil {
		for _, b := range bans {
			r.found.WouldBan = append(r.found.WouldBan, b.Address)
		}
		slices.Sort(r.found.WouldBan)
	}
	notes, _, err := logfile.Failing(filepath.Join(r.dir, logName), r.opts.Jail, measured, time.Local)
	if err != nil {
		return // who fails is not known
	}
	count := make(map[string]int)
	for _, n := range notes {
		if n.Kind == fail2ban.FailFound {
			count[n.Address]++
		}
	}
	for address, n := range count {
		if _, banned := slices.BinarySearch(r.found.WouldBan, address); !banned {
			r.found.Failing = append(r.found.Failing, fail2ban.Failing{Address: address, Failures: n})
		}
	}
	slices.SortFunc(r.found.Failing, func(a, b fail2ban.Failing) int {
		return cmp.Or(cmp.Compare(b.Failures, a.Failures), strings.Compare(a.Address, b.Address))
	})
}
