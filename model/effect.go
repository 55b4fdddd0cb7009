package model

import "time"

// Effect is something that is to be done: a plain, comparable value, so that a
// test can show what follows from a message.
type Effect any

// Probe asks for a look at the server. Its result is a ProbeFinished with the
// same Term and Seq.
type Probe struct {
	Term  uint64
	Seq   uint64
	After time.Duration // from now
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
// with the same At.
type FetchBans struct {
	Jail string
	At   time.Time // of the event that told how many there are
}

// ReadConfiguration asks what fail2ban's configuration says. Its result is a
// ConfigurationRead.
type ReadConfiguration struct{}
