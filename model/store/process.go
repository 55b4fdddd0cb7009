package store

import (
	"crypto/rand"
	"time"

	"golang.org/x/sys/unix"

	"bantop/fail2ban/process"
)

// instance is one bantop: a process may, in tests, be several.
type instance struct {
	process.ID
	id string
}

// self is a new instance in this process.
func self() instance { return instance{process.Self(), rand.Text()} }

// clock is the time since the machine started, its sleep included, which nobody
// sets.
func clock() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}
