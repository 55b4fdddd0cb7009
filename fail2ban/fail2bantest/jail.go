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
}

type jail struct {
	Jail
	name        string
	totalBanned int
	totalFailed int
	failing     map[string]failures
	bans        []fail2ban.Ban // in the order they were made
	lastLine    time.Time
}

type failures struct {
	count int
	last  time.Time
}

func newJail(name string) *jail {
	return &jail{
		Jail: Jail{
			Files:    []string{"/var/log/" + name + ".log"},
			Actions:  []string{"noop"},
			BanTime:  10 * time.Minute,
			FindTime: 10 * time.Minute,
			MaxRetry: 3,
		},
		name:    name,
		failing: make(map[string]failures),
	}
}

// restarted is the jail as another server process starts it: the bans come
// back from the database and count, the failures do not.
func (j *jail) restarted() *jail {
	n := *j
	n.failing = make(map[string]failures)
	n.totalFailed = 0
	n.bans = slices.Clone(j.bans)
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
	return j.ban(address, now)
}

func (j *jail) ban(address string, now time.Time) bool {
	j.expire(now)
	for _, b := range j.bans {
		if b.Address == address {
			return false
		}
	}
	b := fail2ban.Ban{Address: address, Start: now, Length: j.BanTime}
	if j.BanTime != fail2ban.Permanent {
		b.End = now.Add(j.BanTime)
	}
	j.bans = append(j.bans, b)
	j.totalBanned++
	return true
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
