package here

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// process is what /proc/PID/stat says of one (proc(5)).
type process struct {
	pid      int
	comm     string // name of the program, cut after 15 bytes
	parent   int
	session  int  // the process that leads its session
	terminal bool // it has a controlling terminal
}

// table is all processes that can be seen, at one time.
type table struct {
	proc  string
	all   map[int]process
	named map[int][]Session // what environments name that were read already
}

// readTable reads all processes; where none can be seen it is empty.
func readTable(proc string) *table {
	t := &table{proc: proc, all: make(map[int]process), named: make(map[int][]Session)}
	entries, err := os.ReadDir(proc)
	if err != nil {
		return t
	}
	const maxStat = 4096 // bytes; it has some 350
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if p, ok := parseStat(readFile(filepath.Join(proc, e.Name(), "stat"), maxStat)); ok {
			p.pid = pid
			t.all[pid] = p
		}
	}
	return t
}

// parseStat reads /proc/PID/stat. The name stands in brackets and may hold
// anything, ')' too.
func parseStat(text string) (process, bool) {
	open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return process{}, false
	}
	fields := strings.Fields(text[end+1:]) // state, parent, group, session, terminal, …
	if len(fields) < 5 {
		return process{}, false
	}
	parent, err1 := strconv.Atoi(fields[1])
	session, err2 := strconv.Atoi(fields[3])
	return process{
		comm:     text[open+1 : end],
		parent:   parent,
		session:  session,
		terminal: fields[4] != "0",
	}, err1 == nil && err2 == nil
}

// isLeader tells whether it leads its session, as a login's shell does.
func (p process) isLeader() bool { return p.session == p.pid }

// isClient tells whether one that has a terminal is a client of tmux or screen:
// their servers have none (seen with tmux 3.3a and screen 4.9.0).
func (p process) isClient() bool { return p.program() == "tmux" || p.program() == "screen" }

// outlivesLogin tells whether what runs below it goes on when the login that
// started it has ended: then the environment there may be of an earlier one.
func (p process) outlivesLogin() bool { return p.isClient() || p.program() == "mosh-server" }

// program is the name without what tmux adds: "tmux: client", "tmux: server".
func (p process) program() string {
	name, _, _ := strings.Cut(p.comm, ":")
	return name
}

// terminals returns the processes of a kind that have a controlling terminal, by
// number.
func (t *table) terminals(kind func(process) bool) []process {
	var out []process
	for _, p := range t.all {
		if p.terminal && kind(p) {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b process) int { return a.pid - b.pid })
	return out
}

// alive tells whether a process exists. Where process 1 is not to be seen, /proc
// hides other users' processes (proc(5), hidepid): then all count as alive.
func (t *table) alive(pid int) bool {
	_, sees := t.all[1]
	_, ok := t.all[pid]
	return ok || !sees
}

// readFile returns a file, its first limit bytes at most, as far as it can be
// read.
func readFile(path string, limit int64) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	b, _ := io.ReadAll(io.LimitReader(f, limit)) // what was read before an error counts
	return string(b)
}
