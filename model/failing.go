package model

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"bantop/fail2ban"
)

// Failing is an address that has failed in a jail, not often enough for a ban.
type Failing struct {
	Address  string
	Failures int
	Last     time.Time // the newest of them
}

// FailingList is who fails in a jail and is not banned, as far as fail2ban's log
// tells: the server counts them and does not say who they are (1.0.2, 1.1.0).
type FailingList struct {
	Addresses []Failing // those nearest to a ban first
	Banned    int       // fail again although they are banned
	Untold    int       // the server counts so many more
	Silent    bool      // the log names no failure at all
	Since     time.Time // when what was read of the log begins
	Reason    string    // why it cannot be read; "" where it can
}

// FailingLog is what fail2ban's log says of who fails in a jail.
type FailingLog struct {
	Notes  []fail2ban.FailNote // oldest first
	Since  time.Time           // when what was read begins
	Reason string              // why it cannot be read; "" where it can
}

// forgetting is how much longer the server counts an address than its failures
// do: it clears up once in ten of its rounds (server/filterpoll.py).
const forgetting = 15 * time.Second

// whoFails works out who fails in a jail of which the server counts so many.
func whoFails(msg JailFetched, counted int) FailingList {
	list := FailingList{Since: msg.Log.Since, Reason: msg.Log.Reason, Silent: true}
	b := newFailBook(msg.Settings)
	for _, n := range msg.Log.Notes {
		b.take(n)
		list.Silent = list.Silent && n.Kind != fail2ban.FailFound
	}
	if msg.HasBans {
		b.banned = make(map[string]bool, len(msg.Bans))
		for _, ban := range msg.Bans {
			b.banned[ban.Address] = true
		}
	}
	told := 0
	for address, f := range b.failing {
		age := msg.At.Sub(f.last)
		if age < b.findTime+forgetting {
			told++
		}
		switch {
		case age >= b.findTime:
		case b.banned[address]:
			list.Banned++
		default:
			list.Addresses = append(list.Addresses, Failing{Address: address, Failures: int(f.count), Last: f.last})
		}
	}
	list.Untold = max(0, counted-told)
	slices.SortFunc(list.Addresses, func(a, b Failing) int {
		return cmp.Or(cmp.Compare(b.Failures, a.Failures), b.Last.Compare(a.Last), strings.Compare(a.Address, b.Address))
	})
	return list
}

// failBook is the book that the server keeps of the failures in a jail
// (server/failmanager.py and ticket.py, 1.0.2 and 1.1.0). A ban or unban by
// command changes nothing in it: who failed twice, was let go, and fails a third
// time is banned.
type failBook struct {
	findTime time.Duration
	maxRetry int
	failing  map[string]failure
	banned   map[string]bool
}

// failure is what the server knows of an address that fails.
type failure struct {
	first, last time.Time
	count       float64
}

func newFailBook(set fail2ban.JailSettings) failBook {
	return failBook{findTime: set.FindTime, maxRetry: set.MaxRetry, failing: make(map[string]failure), banned: make(map[string]bool)}
}

// take enters a line of the log.
func (b *failBook) take(n fail2ban.FailNote) {
	switch n.Kind {
	case fail2ban.FailFound:
		b.found(n)
	case fail2ban.FailWorse:
		if _, known := b.failing[n.Address]; known {
			b.found(n)
		}
	case fail2ban.FailBan:
		b.banned[n.Address] = true
	case fail2ban.FailUnban:
		delete(b.banned, n.Address)
	case fail2ban.FailFlush:
		clear(b.banned)
	case fail2ban.FailForget:
		clear(b.failing)
		clear(b.banned)
	}
}

// found counts failures. Enough of them are a ban, and the book begins a new page.
func (b *failBook) found(n fail2ban.FailNote) {
	f, known := b.failing[n.Address]
	if !known || n.At.Sub(f.last) >= b.findTime {
		f = failure{first: n.At, last: n.At}
	}
	f = f.at(n.At, b.findTime)
	f.count += n.Count
	b.failing[n.Address] = f
	if f.count >= float64(b.maxRetry) {
		delete(b.failing, n.Address)
	}
}

// at is the failure at a later time. Of failures that stretch over more than the
// time in which they count, the server takes those that there would be in it at
// their average pace.
func (f failure) at(t time.Time, findTime time.Duration) failure {
	if !t.After(f.last) {
		return f
	}
	if begin := t.Add(-findTime); f.first.Before(begin) {
		f.count = math.RoundToEven(f.count / t.Sub(f.first).Seconds() * findTime.Seconds())
		f.first = begin
	}
	f.last = t
	return f
}
