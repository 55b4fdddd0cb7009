package fail2bantest

import (
	"slices"
	"time"

	"bantop/fail2ban"
)

// Jail is what a test can set in a jail of a Server.
type Jail struct {
	Files, Journal, Actions, IgnoreIP []string
	BanTime, FindTime                 time.Duration
	MaxRetry                          int
	// ActionTime is how long the actions take for each address that a command
	// bans or unbans. The server answers nobody meanwhile.
	ActionTime time.Duration
}

type jail struct {
	Jail
	name        string
	conf        Jail // what its configuration says; commands change the other until it is restarted
	totalBanned int
	totalFailed int
	failing     map[string]failures
	bans        []fail2ban.Ban  // in the order they were made
	own         map[string]bool // bans that have a time of their own; others last as long as BanTime says
	lastLine    time.Time
}

type failures struct {
	count int
	last  time.Time
}

func newJail(name string) *jail {
	j := &jail{
		Jail: Jail{
			Files:    []string{"/var/log/" + name + ".log"},
			Actions:  []string{"noop"},
			BanTime:  10 * time.Minute,
			FindTime: 10 * time.Minute,
			MaxRetry: 3,
		},
		name:    name,
		failing: make(map[string]failures),
		own:     make(map[string]bool),
	}
	j.conf = j.Jail
	return j
}

// restarted is the jail as another server process starts it: the bans come
// back from the database and count, none longer than the jail's own; the failures
// do not, and what commands changed is forgotten.
func (j *jail) restarted() *jail {
	n := *j
	n.Jail = j.conf
	n.failing = make(map[string]failures)
	n.totalFailed = 0
	n.bans = slices.Clone(j.bans)
	n.own = make(map[string]bool)
	for i, b := range n.bans {
		if longer(b.Length, n.BanTime) {
			n.bans[i] = lasting(b, n.BanTime)
		}
		n.own[b.Address] = true
	}
	n.totalBanned = len(n.bans)
	return &n
}

func (j *jail) fail(address string, n int, now time.Time) bool {
	j.totalFailed += n
	j.lastLine = now
	f := j.failing[address]
	f.count += n
	f.last = now
	j.failing[address] = f
	if f.count < j.MaxRetry {
		return false
	}
	delete(j.failing, address)
	return j.find(address) < 0 && j.ban(address, now)
}

// ban bans an address for as long as the jail's bans last. One that is banned
// already is prolonged: it gets a time of its own, that ends one ban time from
// now, unless it ends later (server/banmanager.py, addBanTicket).
func (j *jail) ban(address string, now time.Time) bool {
	j.expire(now)
	if i := j.find(address); i >= 0 {
		if b := j.bans[i]; b.Length != fail2ban.Permanent && (j.BanTime == fail2ban.Permanent || !b.End.After(now.Add(j.BanTime))) {
			length := j.BanTime
			if length != fail2ban.Permanent {
				length += now.Sub(b.Start)
			}
			j.bans[i], j.own[address] = lasting(b, length), true
		}
		return false
	}
	delete(j.own, address)
	j.bans = append(j.bans, lasting(fail2ban.Ban{Address: address, Start: now}, j.BanTime))
	j.totalBanned++
	return true
}

// lasting is a ban with another length.
func lasting(b fail2ban.Ban, length time.Duration) fail2ban.Ban {
	b.Length, b.End = length, time.Time{}
	if length != fail2ban.Permanent {
		b.End = b.Start.Add(length)
	}
	return b
}

// longer tells whether a ban of one length lasts longer than one of another.
func longer(a, b time.Duration) bool {
	return b != fail2ban.Permanent && (a == fail2ban.Permanent || a > b)
}

// retime makes the bans that have no time of their own last as long as those of
// the jail do now.
func (j *jail) retime() {
	for i, b := range j.bans {
		if !j.own[b.Address] {
			j.bans[i] = lasting(b, j.BanTime)
		}
	}
}

// find is where an address stands among the bans, -1 where it is not banned.
func (j *jail) find(address string) int {
	return slices.IndexFunc(j.bans, func(b fail2ban.Ban) bool { return b.Address == address })
}

func (j *jail) unban(address string) bool {
	before := len(j.bans)
	j.bans = slices.DeleteFunc(j.bans, func(b fail2ban.Ban) bool { return b.Address == address })
	return len(j.bans) < before
}

// expire forgets bans and failures whose time is over.
func (j *jail) expire(now time.Time) {
	j.bans = slices.DeleteFunc(j.bans, func(b fail2ban.Ban) bool { return !b.End.IsZero() && !b.End.After(now) })
	for address, f := range j.failing {
		if now.Sub(f.last) >= j.FindTime {
			delete(j.failing, address)
		}
	}
}
