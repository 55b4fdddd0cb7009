package model

import (
	"slices"
	"time"

	"bantop/fail2ban"
)

// Detail is what is known of the one jail that is open.
type Detail struct {
	Jail     string // "" when none is
	Settings fail2ban.JailSettings
	Files    []LogFile      // that it reads, those that are missing first
	Bans     []fail2ban.Ban // the newest first
	HasBans  bool           // Bans were asked for
	Failing  FailingList
	At       time.Time // when the server answered; zero before it did
	Reason   string    // why the newest request failed; "" where it did not
	Hint     string

	request  uint64
	inFlight bool
	counts   fail2ban.Counts // of the jail when it was asked for
}

// Unlisted is how many bans the jail has beside those of the list.
func (d Detail) Unlisted() int { return max(0, d.counts.Banned-len(d.Bans)) }

// LogFile is how it stands with a log file that a jail reads.
type LogFile struct {
	Path    string
	Size    int64     // in bytes; -1 where it is not known
	Written time.Time // when it was last written to; zero where it is not known
	Missing bool      // there is no such file
	Closed  bool      // the user of bantop may not read it
	Reason  string    // why it cannot be looked at; "" where it can
}

// rank orders files: those that need somebody come first.
func (f LogFile) rank() int {
	switch {
	case f.Missing:
		return 2
	case f.Reason != "":
		return 1
	default:
		return 0
	}
}

// JailOpened says that somebody wants to see a jail.
type JailOpened struct{ Jail string }

// JailClosed says that nobody does any more.
type JailClosed struct{}

// JailFetched is the result of FetchJail.
type JailFetched struct {
	Jail     string
	Request  uint64
	At       time.Time
	Settings fail2ban.JailSettings
	Files    []LogFile
	Bans     []fail2ban.Ban
	HasBans  bool
	Log      FailingLog
	Reason   string // why it failed; "" where it did not
	Hint     string
}

const (
	// maxListed is the largest jail whose bans are asked of the server: it
	// writes a line for each, and answers nobody for 5 µs a ban meanwhile.
	maxListed = 1000
	// detailAge is when a jail that shows no change is looked at again: a set
	// command or a reload may show nowhere.
	detailAge = 10 * time.Second
)

func (s State) updateDetail(msg Msg) (State, []Effect) {
	switch msg := msg.(type) {
	case JailOpened:
		return s.jailOpened(msg)
	case JailClosed:
		return s.jailClosed(), nil
	case JailFetched:
		return s.jailFetched(msg), nil
	default:
		return s, nil
	}
}

func (s State) jailOpened(msg JailOpened) (State, []Effect) {
	s.Detail = Detail{Jail: msg.Jail, request: s.Detail.request}
	return s.fetchDetail()
}

// jailClosed forgets the jail; an answer that is under way finds its request
// gone.
func (s State) jailClosed() State {
	s.Detail = Detail{request: s.Detail.request}
	return s
}

// fetchDetail asks for the open jail, unless it is being asked for.
func (s State) fetchDetail() (State, []Effect) {
	if s.Detail.Jail == "" || s.Detail.inFlight || !s.Runtime.Server.Kind.Up() {
		return s, nil
	}
	j, _ := s.Runtime.Server.Jail(s.Detail.Jail)
	s.Detail.request++
	s.Detail.inFlight = true
	s.Detail.counts = j.Counts
	return s, []Effect{FetchJail{Jail: s.Detail.Jail, Request: s.Detail.request, Bans: j.Banned <= maxListed}}
}

// stale asks again for what somebody looks at, where it is old.
func (s State) stale() (State, []Effect) {
	s, detail := s.detailStale()
	s, evidence := s.evidenceStale()
	s, bans := s.relistBans()
	s, address := s.addressStale()
	return s, slices.Concat(detail, evidence, bans, address)
}

// detailStale asks again for the open jail where its counts changed or what is
// known of it is old.
func (s State) detailStale() (State, []Effect) {
	j, ok := s.Runtime.Server.Jail(s.Detail.Jail)
	if !ok || j.Counts == s.Detail.counts && s.Now.Sub(s.Detail.At) < detailAge {
		return s, nil
	}
	return s.fetchDetail()
}

// jailFetched takes in the answer to the newest request; an older one is of a
// jail that was closed.
func (s State) jailFetched(msg JailFetched) State {
	s = s.at(msg.At)
	d := s.Detail
	if msg.Request != d.request || msg.Jail != d.Jail {
		return s
	}
	d.inFlight, d.Reason, d.Hint = false, msg.Reason, msg.Hint
	if msg.Reason == "" {
		d.At, d.Settings, d.HasBans = msg.At, cloneSettings(msg.Settings), msg.HasBans
		d.Files, d.Bans = slices.Clone(msg.Files), slices.Clone(msg.Bans)
		slices.SortStableFunc(d.Files, func(a, b LogFile) int { return b.rank() - a.rank() })
		slices.SortStableFunc(d.Bans, func(a, b fail2ban.Ban) int { return b.Start.Compare(a.Start) })
		d.Failing = whoFails(msg, d.counts.Failing)
	}
	s.Detail = d
	return s
}

func cloneSettings(s fail2ban.JailSettings) fail2ban.JailSettings {
	s.Files = slices.Clone(s.Files)
	s.Journal = slices.Clone(s.Journal)
	s.IgnoreIP = slices.Clone(s.IgnoreIP)
	s.Actions = slices.Clone(s.Actions)
	return s
}
