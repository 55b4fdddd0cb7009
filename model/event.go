package model

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"bantop/fail2ban"
)

// EventKind says what happened.
type EventKind string

// The kinds of event. Each is also the word that the screens show.
const (
	CameOnline      EventKind = "online"
	WentOffline     EventKind = "offline"
	Restarted       EventKind = "restarted"
	ActivationCrash EventKind = "crash"
	Recovered       EventKind = "recovered"
	ClockSkew       EventKind = "clock skew"
	JailAppeared    EventKind = "new jail"
	JailGone        EventKind = "jail gone"
	JailBack        EventKind = "jail back"
	JailsLost       EventKind = "lost"
	JailRemoved     EventKind = "removed"
	JailSkipped     EventKind = "skipped"
	JailBad         EventKind = "jail bad"
	JailMended      EventKind = "jail ok"
	BansMade        EventKind = "ban"
)

// Event is one thing that happened, for the list that is shown.
type Event struct {
	At    time.Time
	Kind  EventKind
	Jail  string        // where it is about one
	Count int           // bans of BansMade
	Took  time.Duration // since the activation of ActivationCrash; by how much, of ClockSkew
	Note  string        // the version of CameOnline, the state of JailBad, the addresses of BansMade, …
}

// BansFetched is whom a jail bans, for the event that told that there are new
// ones.
type BansFetched struct {
	Jail string
	At   time.Time
	Bans []fail2ban.Ban
}

// maxNamed is how many addresses an event names.
const maxNamed = 3

// bansFetched names the newest bans in the event that told of them.
func (s State) bansFetched(msg BansFetched) State {
	at := slices.IndexFunc(s.Events, func(e Event) bool {
		return e.Kind == BansMade && e.Jail == msg.Jail && e.At.Equal(msg.At)
	})
	if at < 0 {
		return s
	}
	bans := slices.Clone(msg.Bans)
	slices.SortStableFunc(bans, func(a, b fail2ban.Ban) int { return b.Start.Compare(a.Start) })
	bans = bans[:min(len(bans), s.Events[at].Count)]
	var names []string
	for _, b := range bans[:min(len(bans), maxNamed)] {
		names = append(names, b.Address)
	}
	note := strings.Join(names, ", ")
	if more := s.Events[at].Count - len(names); more > 0 && len(names) > 0 {
		note += " and " + strconv.Itoa(more) + " more"
	}
	s.Events = slices.Clone(s.Events)
	s.Events[at].Note = note
	return s
}
