package store

import (
	"crypto/rand"
	"debug/buildinfo"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"bantop/config/trust"
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

// holds reports whether an instance that the database names can hold anything: it runs,
// and is a bantop of root or of this user. Otherwise a row that names a process that
// never ends, such as process 1, would keep everybody from looking and acting for ever.
func (s *sqliteStore) holds(p instance) bool {
	if !p.Alive() {
		return false
	}
	if p.ID == s.me.ID || p == s.known {
		return true
	}
	if !isBantop(p.PID) {
		return false
	}
	s.known = p
	return true
}

// isBantop reports whether a process is a bantop that may hold something here. It is
// known by its program: the one of this process, one of the same name (another version,
// or one that was replaced while it runs), or one that was built of bantop's source.
// The number of a process says nothing: in a container, bantop itself may be process 1.
func isBantop(pid int) bool {
	mine, err := os.Stat("/proc/self/exe")
	if err != nil {
		return true // nothing is known where there is no /proc
	}
	proc := "/proc/" + strconv.Itoa(pid)
	info, err := os.Stat(proc)
	if err != nil {
		return false
	}
	if uid, _ := trust.Owner(info); uid != 0 && uid != os.Geteuid() {
		return false
	}
	if theirs, err := os.Stat(proc + "/exe"); err == nil && os.SameFile(mine, theirs) {
		return true
	}
	name, err := os.Readlink(proc + "/exe")
	if err != nil { // of root, and this process is not
		comm, err := os.ReadFile(proc + "/comm")
		return err == nil && strings.TrimSpace(string(comm)) == programName
	}
	if path.Base(strings.TrimSuffix(name, " (deleted)")) == programName {
		return true
	}
	built, err := buildinfo.ReadFile(proc + "/exe")
	return err == nil && built.Main.Path == programName
}

// programName is the name of the program, and of the module that it is built of.
const programName = "bantop"
