package model

import (
	"slices"
	"time"

	"bantop/fail2ban"
	"bantop/model/banlist"
)

// Bans is every ban of every jail, as it was last listed.
type Bans struct {
	List   *banlist.List // nil before the first
	At     time.Time     // when it was listed; zero before
	Took   time.Duration
	Source BanSource
	Slow   []string // jails whose bans were asked over the socket, sorted
	Reason string   // why the newest listing failed; "" where it did not

	// NoCountries is why it is not known in which countries they are, or not of all;
	// "" where it is, and where no database is set.
	NoCountries string

	open     int // how many look at it
	inFlight bool
	request  uint64
	totals   fail2ban.Counts // of the server when it was listed
	anew     bool            // an act has changed it
}

// BanSource is where a list of bans comes from.
type BanSource string

// The sources.
const (
	FromDatabase BanSource = "fail2ban's database"
	FromSocket   BanSource = "fail2ban's socket"
	FromBoth     BanSource = "fail2ban's database and socket"
)

// JailBans is how many bans a jail has, by its counter.
type JailBans struct {
	Jail   string
	Banned int
}

// ListBans asks for every ban of jails. Its result is a BansListed with the same
// Request.
type ListBans struct {
	Request uint64
	Jails   []JailBans
}

// BansListed is the result of ListBans.
type BansListed struct {
	Request uint64
	At      time.Time
	Took    time.Duration
	List    *banlist.List // nil where that failed
	Source  BanSource
	Slow    []string
	Reason  string

	NoCountries string
}

// BansOpened says that somebody looks at the list.
type BansOpened struct{}

// BansClosed says that nobody does any more.
type BansClosed struct{}

// A list is asked for again when the counters show other bans, after bansPause
// at the least, and after bansAge in any case. One that holds the server up is
// asked for a hundredth of the time at the most, one from the database, which
// costs bantop alone, a twentieth.
const (
	bansPause     = 2 * time.Second
	bansAge       = time.Minute
	socketShare   = 100
	databaseShare = 20
)

func (s State) updateBans(msg Msg) (State, []Effect) {
	switch msg := msg.(type) {
	case BansOpened:
		return s.openBans()
	case BansClosed:
		s.Bans.open = max(0, s.Bans.open-1)
		return s, nil
	case BansListed:
		return s.bansListed(msg).askExactly()
	default:
		return s, nil
	}
}

// openBans has the list kept up for one more who looks at it.
func (s State) openBans() (State, []Effect) {
	s.Bans.open++
	if s.Bans.open > 1 && !s.Bans.At.IsZero() {
		return s, nil
	}
	return s.listBans()
}

// listBans asks for the list, unless it is being asked for, or nobody answers.
func (s State) listBans() (State, []Effect) {
	r := s.Runtime
	if s.Bans.inFlight || !r.Server.Kind.Up() {
		return s, nil
	}
	s.Bans.inFlight, s.Bans.anew = true, false
	s.Bans.request++
	s.Bans.totals = r.Server.Totals
	ask := ListBans{Request: s.Bans.request}
	for _, j := range r.Server.Jails {
		ask.Jails = append(ask.Jails, JailBans{j.Name, j.Banned})
	}
	return s, []Effect{ask}
}

func (s State) bansListed(msg BansListed) State {
	s = s.at(msg.At)
	b := s.Bans
	if msg.Request != b.request {
		return s
	}
	b.inFlight, b.Reason, b.Took = false, msg.Reason, msg.Took
	if msg.Reason == "" {
		b.List, b.At, b.Source, b.Slow = msg.List, msg.At, msg.Source, slices.Clone(msg.Slow)
		b.NoCountries = msg.NoCountries
	}
	s.Bans = b
	return s
}

// relistBans asks again while somebody looks, where the counters changed or the
// list is old.
func (s State) relistBans() (State, []Effect) {
	b := s.Bans
	age := s.Now.Sub(b.At)
	changed := b.totals != s.Runtime.Server.Totals
	switch {
	case b.open == 0, s.Batch.Running:
		return s, nil
	case b.anew:
		return s.listBans()
	case age < b.rest(), !changed && age < bansAge:
		return s, nil
	default:
		return s.listBans()
	}
}

// rest is how old a list gets at the least.
func (b Bans) rest() time.Duration {
	share := time.Duration(socketShare)
	if b.Source == FromDatabase {
		share = databaseShare
	}
	return max(bansPause, share*b.Took)
}
