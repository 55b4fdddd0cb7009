package model

import "time"

// Effect is something that is to be done: a plain, comparable value, so that a
// test can show what follows from a message.
type Effect any

// Probe asks for a look at the server. Its result is a ProbeFinished or a
// Followed with the same Seq. The result gets its term and number from who
// carries it out: where nothing is shared, the one after Applied.
type Probe struct {
	Seq     uint64
	After   time.Duration // from now
	Applied ProbeID       // the newest result that counted
}

// Commit asks that a message be carried out in the shared state. Its result is a
// Stored with the same number, or a StoreFailed.
type Commit struct {
	ID  uint64
	Msg Msg
}

// Hurry asks that the probe that waits for its time does not wait.
type Hurry struct{}

// FetchJail asks for what the screen of one jail shows. Its result is a
// JailFetched with the same Request.
type FetchJail struct {
	Jail    string
	Request uint64
	Bans    bool // the list of bans as well
}

// FetchBans asks whom a jail has banned of late. Its result is a BansFetched
// with the same Jail, At and Count.
type FetchBans struct {
	Jail  string
	At    time.Time // of the look that counted them
	Count int       // how many are new
}

// ReadConfiguration asks what fail2ban's configuration says. Its result is a
// ConfigurationRead.
type ReadConfiguration struct{}
