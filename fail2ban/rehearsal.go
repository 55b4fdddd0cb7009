package fail2ban

import "time"

// RehearsalStep is how far a rehearsal of a jail is.
type RehearsalStep string

// The steps of a rehearsal, in their order. Nothing of the live server is touched
// by any.
const (
	RehearseCopy  RehearsalStep = "copy"  // the configuration is copied, with the jail enabled
	RehearseTest  RehearsalStep = "test"  // fail2ban-client -t and -d on the copy
	RehearseStart RehearsalStep = "start" // a scratch server with this jail alone
	RehearseRead  RehearsalStep = "read"  // it reads the jail's real log
	RehearseDone  RehearsalStep = "done"
)

// Verdict is what a rehearsal found.
type Verdict string

// The verdicts.
const (
	VerdictNone       Verdict = ""            // it is under way
	VerdictReady      Verdict = "ready"       // the jail loads
	VerdictNoLog      Verdict = "log missing" // what it is to read is not there
	VerdictNoFilter   Verdict = "filter missing"
	VerdictNoAction   Verdict = "action missing"
	VerdictRegex      Verdict = "regex"      // its filter's regular expression is none, or has no <HOST>
	VerdictSyntax     Verdict = "syntax"     // a file that cannot be read
	VerdictRefused    Verdict = "refused"    // by fail2ban, for another reason
	VerdictTooSlow    Verdict = "too slow"   // it did not load within the time limit
	VerdictImpossible Verdict = "impossible" // it could not be rehearsed here: nothing is known
)

// Rehearsal is what the rehearsal of a change to one jail has found so far. It is
// a value: a later one replaces it.
type Rehearsal struct {
	Jail    string
	Step    RehearsalStep
	Verdict Verdict
	Reason  string // fail2ban's own words, one line; "" where it is ready
	At      Place  // where that stems from; nowhere where it is not known

	Files   []string // log files that the scratch server reads
	Journal []string // journal matches that it follows

	// The log from findtime back. LinesRead are reckoned from the bytes until all is
	// read.
	Lines, LinesRead int
	AllRead          bool

	Matched  int       // failures found
	WouldBan []string  // addresses that the jail would ban now, sorted
	Failing  []Failing // and that have failed without being banned, most failures first, 1000 at most
	MaxRetry int
	Without  []string // settings of the jail that were left out of the trial, since they reach beyond it: "ignorecommand", "usedns"

	Ports   string   // that its actions would block, as the configuration says
	Actions []string // names of its actions

	// What else a reload would do, since it reads all of the configuration: jails
	// that would appear, vanish, or lose their actions (they changed), sorted.
	Appear, Vanish, Change []string
	// ByHand is what runs and no file says: a reload drops it, and bantop's puts it back.
	ByHand []string `json:",omitempty"`
	// Server is what it would change for the server as a whole.
	Server []ServerChange `json:",omitempty"`

	Steps []StepTime // done, in their order
	Took  time.Duration
}

// ServerChange is a setting of the server that the files give another value than it has.
type ServerChange struct {
	Option string // "loglevel"
	Has    string // as the server says it
	Gets   string // as the files say it
}

// StepTime is how long a step took.
type StepTime struct {
	Step RehearsalStep
	Took time.Duration
}

// Failing is an address with failures.
type Failing struct {
	Address  string
	Failures int
}

// OK tells whether the jail would run.
func (r Rehearsal) OK() bool { return r.Verdict == VerdictReady }
