package runner

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// zone is the server's time zone: what it writes has none in it. It need not be
// that of the shell that bantop runs in.
func (r *Runner) zone() *time.Location {
	if r.opts.Zone != nil {
		return r.opts.Zone
	}
	return zoneOf("/proc", r.opts.Client.PID(), "/etc/localtime")
}

// zoneOf is the time zone of a process: that of its variable TZ, else the
// machine's (tzset(3)). Where neither can be read, it is this process's own.
func zoneOf(proc string, pid int, localtime string) *time.Location {
	if tz, ok := variable(filepath.Join(proc, strconv.Itoa(pid), "environ"), "TZ"); ok {
		if loc, err := time.LoadLocation(strings.TrimPrefix(tz, ":")); err == nil {
			return loc
		}
	}
	data, err := os.ReadFile(localtime)
	if err != nil {
		return time.Local
	}
	loc, err := time.LoadLocationFromTZData("local", data)
	if err != nil {
		return time.Local
	}
	return loc
}

// variable reads a variable of a process's environment.
func variable(environ, name string) (string, bool) {
	data, err := os.ReadFile(environ)
	if err != nil {
		return "", false
	}
	for v := range strings.SplitSeq(string(data), "\x00") {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value, true
		}
	}
	return "", false
}
