package socket

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// kernel is what Linux tells of processes.
type kernel struct{}

// Peer asks which process listens at the other end. For a socket that systemd
// opened on behalf of the server that is process 1, which tells nothing: 0.
func (kernel) Peer(c syscall.Conn) int {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0
	}
	pid := 0
	err = raw.Control(func(fd uintptr) {
		if cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			pid = int(cred.Pid)
		}
	})
	if err != nil || pid == 1 {
		return 0
	}
	return pid
}

// readPIDFile returns the process that a pid file names, 0 where there is none.
func readPIDFile(path string) int {
	if path == "" {
		return 0
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(string(bytes.TrimSpace(b)))
	if err != nil {
		return 0
	}
	return pid
}

// Running asks with a signal first, since a proc file system mounted with
// hidepid shows other users' processes as absent. A process that is dead but
// not yet collected by its parent (a zombie) does not run.
func (kernel) Running(pid int) bool {
	if pid <= 0 || errors.Is(unix.Kill(pid, 0), unix.ESRCH) {
		return false
	}
	fields := stat(pid)
	return len(fields) == 0 || fields[0] != "Z" && fields[0] != "X"
}

// Started reads when a process started: clock ticks after boot (proc(5), field
// 22 of stat; a tick is 10 ms on every Linux that Go runs on).
func (kernel) Started(pid int) time.Time {
	fields := stat(pid)
	const startTime = 22 - 3 // stat returns the fields from the third on
	if len(fields) <= startTime {
		return time.Time{}
	}
	ticks, err := strconv.ParseInt(fields[startTime], 10, 64)
	var up unix.Timespec
	if err != nil || unix.ClockGettime(unix.CLOCK_BOOTTIME, &up) != nil {
		return time.Time{}
	}
	age := time.Duration(up.Nano()) - time.Duration(ticks)*10*time.Millisecond
	return time.Now().Add(-age)
}

// stat returns the fields of /proc/PID/stat from the third, the state, on; nil
// where it cannot be read. They follow the name in brackets, which may hold
// anything, ')' too.
func stat(pid int) []string {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return nil
	}
	return strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
}
