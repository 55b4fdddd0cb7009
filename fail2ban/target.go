package fail2ban

import "time"

// Target is one address in one jail that something is to be done to.
type Target struct {
	Jail    string // "" where every jail is meant
	Address string // an address, a network in CIDR form, or a name in a jail that bans by name
}

// Outcome is what an act did to one of its targets.
type Outcome uint8

// The outcomes of an act.
const (
	Unknown   Outcome = iota // it was sent and no answer to it can be read: it may have been done or not
	Done                     // it was carried out
	Unchanged                // there was nothing to do: banned already, not banned, ignored already, not ignored
	Refused                  // it was not carried out
)

// Result is what became of one target of an act.
type Result struct {
	Target
	Outcome Outcome
	Count   int           // bans that were made or ended, or entries of an ignore list that came or went
	Length  time.Duration // of a ban with a time of its own: how long it lasts from now on, at least; else 0
	Err     error         // why it was refused, or what was answered where the outcome is unknown
}
