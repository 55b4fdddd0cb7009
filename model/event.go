package model

import "time"

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
	Took  time.Duration // since the activation of ActivationCrash; the step of ClockSkew
	Note  string        // the version of CameOnline, the state of JailBad, …
}
