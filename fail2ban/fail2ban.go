// Package fail2ban is the vocabulary of bantop: what a fail2ban-server says, as
// plain values, and the errors of talking to one.
//
// Nothing here does I/O. The words are fail2ban's own (jail, filter, action,
// ban, failure), so that what a reader knows from fail2ban-client holds here.
package fail2ban

import (
	"slices"
	"strings"
	"time"
)

// Counts are the four numbers that fail2ban keeps for a jail. The two totals
// start at 0 with the server and fall to 0 again with `reload --restart JAIL`;
// the two others are what holds at this moment.
type Counts struct {
	Banned      int // addresses banned now
	TotalBanned int // bans since the jail started
	Failing     int // addresses with failures that are not yet a ban
	TotalFailed int // failures since the jail started
}

// Add returns the sum of both, number by number.
func (c Counts) Add(o Counts) Counts {
	return Counts{
		Banned:      c.Banned + o.Banned,
		TotalBanned: c.TotalBanned + o.TotalBanned,
		Failing:     c.Failing + o.Failing,
		TotalFailed: c.TotalFailed + o.TotalFailed,
	}
}

// Jail is one jail as the server lists it.
type Jail struct {
	Name string
	Counts
	Files   []string // log files that its filter reads
	Journal []string // journal matches that its filter follows, each as fail2ban prints it
	Actions []string // names of its actions; none means that it bans on paper only

	// LastLine is when the newest of Files was last written to; the zero time
	// when none of them could be looked at.
	LastLine time.Time
}

// HasSource tells whether the jail's filter has anything to read. A jail that
// is listed without one was never started (fail2ban 1.0.2: a jail whose
// filter failed while it was being set up).
func (j Jail) HasSource() bool { return len(j.Files) > 0 || len(j.Journal) > 0 }

// Clone returns a copy that shares no slice with j.
func (j Jail) Clone() Jail {
	j.Files = slices.Clone(j.Files)
	j.Journal = slices.Clone(j.Journal)
	j.Actions = slices.Clone(j.Actions)
	return j
}

// JailSettings are the settings in force in one jail: what the server uses
// now, which need not be what the configuration says (set commands change it
// until the next reload).
type JailSettings struct {
	Name       string
	BanTime    time.Duration // how long a ban lasts; Permanent for ever
	FindTime   time.Duration // failures older than this do not count
	MaxRetry   int           // failures that make a ban
	Files      []string
	Journal    []string
	IgnoreIP   []string // addresses, networks and names that are never banned
	IgnoreSelf bool     // the machine's own addresses are never banned either
	Actions    []string
	Filter     JailFilter // only where it was asked for
}

// JailFilter is what a jail's filter was set to.
type JailFilter struct {
	UseDNS      string   // "yes", "warn", "no" or "raw"
	MaxMatches  int      // log lines that are kept of an address
	FailRegex   []string // as the server holds them: <HOST> and other tags are written out
	MaxLines    int
	IgnoreRegex []string
}

// Permanent is the ban time of a ban that never ends. fail2ban writes it as a
// negative number of seconds (1.0.2, server/ticket.py).
const Permanent time.Duration = -1

// Seconds turns fail2ban's seconds into a ban time; every negative number
// means Permanent, and what is longer than a time.Duration holds (292 years)
// is cut to that.
func Seconds(n int64) time.Duration {
	const most = int64(1<<63-1) / int64(time.Second)
	switch {
	case n < 0:
		return Permanent
	case n > most:
		return time.Duration(most) * time.Second
	default:
		return time.Duration(n) * time.Second
	}
}

// ParseJailList reads the "Jail list" line of `status`: names with a comma and a space
// between them (0.11.2 to 1.1.0, server/server.py). A name may hold a comma. An empty line
// is no jail.
func ParseJailList(s string) []string {
	var names []string
	for name := range strings.SplitSeq(s, ", ") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}
