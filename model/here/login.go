package here

import (
	"path/filepath"
	"slices"
	"strconv"
)

const (
	maxEnviron = 1 << 20 // bytes of an environment that are read
	maxDepth   = 64      // generations that are looked at
)

// login is a session that an environment names, and whether it may be of an
// earlier login.
type login struct {
	Session
	earlier bool
}

// logins returns what the environments of a process and its ancestors name, the
// nearest first. That is of an earlier login, perhaps, below a program that
// outlives logins, and where a nearer process names one already: a daemon keeps
// the environment that it was started in.
func (t *table) logins(pid int) []login {
	line := t.line(pid)
	earlier := slices.ContainsFunc(line[1:], process.outlivesLogin)
	var out []login
	for _, p := range line {
		found := t.environ(p.pid)
		for _, s := range found {
			out = append(out, login{s, earlier})
		}
		earlier = earlier || len(found) > 0
	}
	return out
}

// line is a process, its parent, and so on, without process 1. A table that was
// read while processes ended and began may go in circles: so it has an end.
func (t *table) line(pid int) []process {
	p, known := t.all[pid]
	p.pid = pid // of one that is hidden as well
	out := []process{p}
	for known && p.parent > 1 && len(out) < maxDepth {
		if p, known = t.all[p.parent]; known {
			out = append(out, p)
		}
	}
	return out
}

// environ returns what a process's environment names; nothing where this user
// may not read it.
func (t *table) environ(pid int) []Session {
	found, ok := t.named[pid]
	if !ok {
		found = parseEnviron(readFile(filepath.Join(t.proc, strconv.Itoa(pid), "environ"), maxEnviron))
		t.named[pid] = found
	}
	return found
}

// findings are sessions in the order in which they were found.
type findings struct{ sure, doubtful []Session }

// add takes over what environments name; whose says in words whose they are.
func (f *findings) add(found []login, whose string) {
	for _, l := range found {
		if l.earlier {
			l.From += ", perhaps of an earlier login"
			f.doubtful = append(f.doubtful, l.Session)
			continue
		}
		l.From += whose
		f.sure = append(f.sure, l.Session)
	}
}
