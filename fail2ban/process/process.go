// Package process tells processes apart: a number is used again, and after a
// reboot all are.
package process

import (
	"bytes"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// ID is one life of one process.
type ID struct {
	Boot    string // name of the machine's life (random(4))
	PID     int
	Started string // in clock ticks after boot (proc(5), field 22 of stat); "" where that is not known
}

// Self is this process.
func Self() ID { return Of(os.Getpid()) }

// Of is a process that runs now.
func Of(pid int) ID { return ID{Boot: Boot(), PID: pid, Started: started(pid)} }

// Alive tells whether a process that was seen before still runs. One that has ended
// and was not collected yet does not.
func (p ID) Alive() bool {
	return p.Boot == Boot() && p.PID > 0 && unix.Kill(p.PID, 0) != unix.ESRCH && started(p.PID) == p.Started
}

// Boot is the name of this life of the machine.
func Boot() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "unknown"
	}
	return string(bytes.TrimSpace(b))
}

// started is when a process started, "" where there is none.
func started(pid int) string {
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
