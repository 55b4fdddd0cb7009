package rehearsal

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"bantop/fail2ban"
	"bantop/fail2ban/confdir"
	"bantop/fail2ban/control"
)

// serverWide looks at the settings of the server that the scratch server is not given.
func (j *judge) serverWide() {
	for _, look := range []struct {
		option string
		wrong  func(value string) string
	}{
		{"logtarget", j.logTarget}, {"dbfile", j.database},
	} {
		value, given := j.given[look.option]
		if !given {
			continue
		}
		option := look.option
		why := look.wrong(value)
		if strings.HasPrefix(why, "syslogsocket") {
			option = "syslogsocket"
		}
		if why != "" {
			at, _ := confdir.Locate(j.dir, "", option, "")
			j.slips = append(j.slips, fail2ban.Slip{Place: at, Option: option, Reason: why})
		}
	}
}

// logTarget is why the server could not log there, "Failed to change log target"; "" if
// it can. A target that stays the same is not opened anew (1.0.2 and 1.1.0,
// server/server.py, setLogTarget).
func (j *judge) logTarget(value string) string {
	target, why := targetOf(value)
	if why != "" {
		return fmt.Sprintf("logtarget = %s: %s", value, why)
	}
	if target == j.proof.Live.LogTarget {
		return ""
	}
	switch strings.ToUpper(target) {
	case "STDOUT", "SYSOUT", "STDERR", "INHERITED":
		return ""
	case "SYSTEMD-JOURNAL":
		j.journal = true
		return ""
	case "SYSLOG":
		return j.syslog(j.given["syslogsocket"])
	}
	if why := unwritable(target); why != "" {
		return fmt.Sprintf("logtarget = %s: %s", value, why)
	}
	return ""
}

// targetOf is a log target without its options, or why fail2ban cannot read it (1.0.2 and
// 1.1.0, helpers.py, extractOptions).
func targetOf(value string) (target, why string) {
	m := targetForm.FindStringSubmatch(value)
	if m == nil {
		return "", "unexpected option syntax"
	}
	for _, option := range optionForm.FindAllStringSubmatch(m[2], -1) {
		if m[2] != "" && option[1] != "" {
			return "", "expected option, wrong syntax: " + option[1]
		}
	}
	return strings.TrimSpace(m[1]), ""
}

var (
	targetForm = regexp.MustCompile(`(?s)^([^\[]+)(?:\[(.*)\])?\s*$`)
	// optionForm is an option among others; what it captures is wrong.
	optionForm = regexp.MustCompile(`(?s)\s*[\w.-]+=(?:"[^"]*"|'[^']*'|[^,\]]*)(?:,|\]\s*\[|$)|,?\s*$|(.+)`)
)

// syslog is why syslog's socket cannot be used; "" if it can.
func (j *judge) syslog(path string) string {
	given := path
	if path == "" || path == "auto" {
		path = "/dev/log" // on Linux
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return fmt.Sprintf("syslogsocket = %s: %s is not there, and logtarget is SYSLOG", given, path)
	case info.Mode()&os.ModeSocket == 0:
		return fmt.Sprintf("syslogsocket = %s: %s is not a socket, and logtarget is SYSLOG", given, path)
	}
	return ""
}

// database is why the server could not use its database; "" if it can. A running server
// refuses another one, and loses every jail over it: "Cannot change database when there
// are jails present" (1.0.2 and 1.1.0, server/server.py, setDatabase).
func (j *judge) database(value string) string {
	live := j.proof.Live.DBFile
	none := strings.EqualFold(value, "none")
	same := value == live || none && strings.EqualFold(live, "none")
	if same && j.proof.Live.LogTarget != "" {
		return "" // a reload does not open it again
	}
	if live != "" && !same {
		return fmt.Sprintf("dbfile = %s: the server runs with %s; another database loses every ban, "+
			"and a reload with it loses every jail", value, live)
	}
	if none || value == ":memory:" {
		return ""
	}
	folder := filepath.Dir(value)
	if _, err := os.Lstat(folder); os.IsNotExist(err) && filepath.IsAbs(value) {
		value = folder // fail2ban makes the last folder (server/server.py, _make_file_path)
	}
	if why := unwritable(value); why != "" {
		return fmt.Sprintf("dbfile = %s: %s", j.given["dbfile"], why)
	}
	return ""
}

// unwritable is why a file cannot be written or made; "" if it can.
func unwritable(path string) string {
	info, err := os.Stat(path)
	if err == nil {
		switch {
		case info.IsDir():
			return "it is a folder"
		case unix.Access(path, unix.W_OK) == unix.EROFS, unix.Access(path, unix.W_OK) == unix.EACCES && os.Geteuid() == 0:
			return "it cannot be written to"
		}
		return ""
	}
	if to, err := os.Readlink(path); err == nil { // to what is not there: it would be made there
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
	}
	folder := filepath.Dir(path)
	switch info, err := os.Stat(folder); {
	case err != nil && os.IsNotExist(err):
		return "its folder is not there"
	case err != nil:
		return "" // it is not known
	case !info.IsDir():
		return folder + " is not a folder"
	case unix.Access(folder, unix.W_OK) == unix.EROFS:
		return "its folder is read-only"
	}
	return ""
}

// changes are the settings that a stream gives another value.
func (l Live) changes(s control.Stream) (out []fail2ban.ServerChange) {
	has := maps.Clone(l.Settings)
	if has == nil {
		has = map[string]string{}
	}
	if l.LogTarget != "" {
		has["logtarget"] = l.LogTarget
	}
	for _, option := range slices.Sorted(maps.Keys(has)) {
		gets := s.Setting(option)
		if gets == nil {
			continue
		}
		if text := fmt.Sprint(gets); !sameSetting(option, has[option], text) {
			out = append(out, fail2ban.ServerChange{Option: option, Has: has[option], Gets: text})
		}
	}
	return out
}

// sameSetting compares a value that the server told with one of the files: 86400 is 1d.
func sameSetting(option, has, gets string) bool {
	switch option {
	case "loglevel":
		return strings.EqualFold(has, gets)
	case "logtarget":
		target, _, _ := strings.Cut(gets, "[")
		return has == strings.TrimSpace(target)
	case "dbpurgeage":
		a, errA := fail2ban.ParseTime(has)
		b, errB := fail2ban.ParseTime(gets)
		return errA == nil && errB == nil && a == b || has == gets
	}
	return has == gets
}
