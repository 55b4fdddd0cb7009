package store

import (
	"bytes"
	"crypto/rand"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// process is one life of one process: a number is used again, and after a
// reboot all are.
type process struct {
	boot    string // of the machine's life
	pid     int
	started string // in clock ticks after boot
}

// instance is one bantop: a process may, in tests, be several.
type instance struct {
	process
	id string
}

// self is a new instance in this process.
func self() instance {
	pid := os.Getpid()
	return instance{process{boot: bootID(), pid: pid, started: startTime(pid)}, rand.Text()}
}

// alive tells whether a process that was seen before still runs.
func (p process) alive() bool {
	return p.boot == bootID() && p.pid > 0 && unix.Kill(p.pid, 0) != unix.ESRCH && startTime(p.pid) == p.started
}

// bootID is the name of this life of the machine (random(4)).
func bootID() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "unknown"
	}
	return string(bytes.TrimSpace(b))
}

// startTime is when a process started (proc(5), field 22 of stat), "" where
// there is none.
func startTime(pid int) string {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return ""
	}
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	const field = 22 - 3
	if len(fields) <= field || fields[0] == "Z" || fields[0] == "X" {
		return ""
	}
	return fields[field]
}

// clock is the time since the machine started, its sleep included, which nobody
// sets.
func clock() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}
