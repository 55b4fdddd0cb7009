package proven

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// tick is the unit of processor time in proc(5) on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// Process is a process, as far as proc(5) tells of it.
type Process struct {
	PID, Parent, Group int
	Began              time.Time
	Used               time.Duration // processor time, that of children that ended included
	Runs               bool          // it runs, or waits for a disk
}

// Age is how long it has run.
func (p Process) Age() time.Duration { return time.Since(p.Began) }

// Look is one process; the zero value if it is gone, a zombie included.
func Look(pid int) Process {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return Process{}
	}
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	const state, parent, group, user, started = 0, 4 - 3, 5 - 3, 14 - 3, 22 - 3 // from field 3 on
	if len(f) <= started || f[state] == "Z" || f[state] == "X" {
		return Process{}
	}
	n := func(i int) int { v, _ := strconv.Atoi(f[i]); return v } // they are numbers
	p := Process{PID: pid, Parent: n(parent), Group: n(group), Runs: f[state] == "R" || f[state] == "D"}
	for i := range 4 { // utime, stime, cutime, cstime
		p.Used += time.Duration(n(user+i)) * tick
	}
	var up unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &up) == nil {
		p.Began = time.Now().Add(time.Duration(n(started))*tick - time.Duration(up.Nano()))
	}
	return p
}

// Alive reports whether a process is there that has not ended, and is fail2ban's.
func Alive(pid int) bool {
	if Look(pid).PID == 0 {
		return false
	}
	cmdline, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	return err != nil || strings.Contains(string(cmdline), "fail2ban")
}

// Descendants are the processes below another.
func Descendants(pid int) (family []Process) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	children := make(map[int][]Process)
	for _, e := range entries {
		if n, err := strconv.Atoi(e.Name()); err == nil {
			p := Look(n)
			children[p.Parent] = append(children[p.Parent], p)
		}
	}
	for next := []int{pid}; len(next) > 0; next = next[1:] {
		for _, p := range children[next[0]] {
			if p.PID > 0 {
				family, next = append(family, p), append(next, p.PID)
			}
		}
	}
	return family
}
