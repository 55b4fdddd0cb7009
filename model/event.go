package model

import (
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
	ChangeStarted   EventKind = "change"
	ChangeProven    EventKind = "proven"
	ChangeKept      EventKind = "confirmed"
	ChangeTurned    EventKind = "going back"
	ChangeBack      EventKind = "taken back"
	ChangeStuck     EventKind = "not back"
	ChangeUnheard   EventKind = "not heard"    // what was asked of a guard did not reach it
	JournalMissed   EventKind = "no journal"   // acts were done, and could not be written into the journal
	SettingsTaken   EventKind = "settings"     // a file changed, and what it says holds
	SettingsSpoilt  EventKind = "bad settings" // a file or a variable is not used
	SettingsMended  EventKind = "settings ok"
	StateRenewed    EventKind = "new state" // what was kept before is not trusted
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

// BansFetched is whom a jail bans, after a look that counted new ones. Bans is
// empty where that could not be asked.
type BansFetched struct {
	Jail  string
	At    time.Time
	Count int
	Bans  []fail2ban.Ban
}
