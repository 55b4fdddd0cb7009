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
		return zoneNamed(strings.TrimPrefix(tz, ":"))
	}
	loc, err := readZone(localtime)
	if err != nil {
		return time.Local
	}
	return loc
}

// zoneNamed is the time zone that TZ names: a file, a name, or a rule as "JST-9".
// What is none of these is UTC, as it is to the C library.
func zoneNamed(tz string) *time.Location {
	if filepath.IsAbs(tz) {
		if loc, err := readZone(tz); err == nil {
			return loc
		}
		return time.UTC
	}
	if loc, err := time.LoadLocation(tz); err == nil {
		return loc
	}
	return zoneByRule(tz)
}

func readZone(file string) (*time.Location, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return time.LoadLocationFromTZData("local", data)
}

// zoneByRule is the time zone of a rule, and UTC where it is none. Package time
// reads rules at the end of a file alone (tzfile(5), version 2): so this is one
// that holds nothing else but UTC.
func zoneByRule(rule string) *time.Location {
	const header = "TZif2" + "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" // and six counts
	const none, one = "\x00\x00\x00\x00", "\x00\x00\x00\x01"
	data := header + none + none + none + none + none + none +
		header + none + none + none + none + one + "\x00\x00\x00\x04" + none + "\x00\x00" + "UTC\x00" + "\n" + rule + "\n"
	loc, err := time.LoadLocationFromTZData(rule, []byte(data))
	if err != nil {
		return time.UTC
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
