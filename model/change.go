package model

import (
	"io/fs"
	"slices"
	"time"
)

// ChangeKind is what a change of the configuration is for.
type ChangeKind string

// The kinds of change.
const (
	ChangeActivate   ChangeKind = "activate"
	ChangeDeactivate ChangeKind = "deactivate"
	ChangeEdit       ChangeKind = "edit"
	ChangeSetAside   ChangeKind = "set aside" // a file that does harm gets a name that fail2ban does not read
	ChangeRevert     ChangeKind = "revert"    // a change of bantop's that was confirmed earlier is taken back
)

// BringsJails reports whether a change of that kind may make a jail run, or run
// otherwise, so that a crash or a hang right after it is put down to it.
func (k ChangeKind) BringsJails() bool {
	return k == ChangeActivate || k == ChangeEdit || k == ChangeRevert
}

// ChangeID tells changes apart.
type ChangeID struct {
	Kind ChangeKind
	Jail string
	At   time.Time // when it was asked for
}

// Is reports whether it is that change. Times that were stored are equal and not the same.
func (id ChangeID) Is(o ChangeID) bool {
	return id.Kind == o.Kind && id.Jail == o.Jail && id.At.Equal(o.At)
}

// FileChange is what a change does to the one file that it is made in.
//
// The texts may hold secrets (an API key of an action). A Plan has them on its
// way to the guard; a Runtime has their sums only, and the guard keeps the texts
// as files (store.Texts).
type FileChange struct {
	Dir    string // jail.d, filter.d or action.d
	Name   string
	Was    []byte // nil if the file does not exist
	Now    []byte // likewise
	WasSum string `json:",omitempty"` // SHA-256 of the texts, in hex; "" if the file does not exist
	NowSum string `json:",omitempty"`
	Aside  string // the name that it gets instead; "" if it keeps its own

	// Mode is the permission bits that the file has, or gets if it is made; 0 is 0644.
	Mode fs.FileMode `json:",omitempty"`
}

// Bare is the change without its texts.
func (f FileChange) Bare() FileChange {
	f.Was, f.Now = nil, nil
	return f
}

// Inline reports whether the texts are in the change itself: in a Runtime an older
// bantop put them there.
func (f FileChange) Inline() bool { return f.Was != nil || f.Now != nil }

// Plan is a change that somebody wants, with what it is to lead to.
type Plan struct {
	ChangeID
	By, TTY string
	File    FileChange
	More    []FileChange  `json:",omitempty"` // further files that get another name; none has a text
	Gains   []string      // jails that are to appear
	Loses   []string      // jails that are to go
	Loose   []string      // jails that may go, of ChangeSetAside
	Armed   []string      // those of Gains that have actions
	Restart []string      // jails whose actions are others now: a plain reload takes them away (1.0.2 to 1.1.2-dev)
	Confirm time.Duration // within which somebody has to confirm it
	Window  time.Duration // how long a crash is put down to it; 0: what holds then
	Commit  bool          // nobody has to

	Reverts int `json:",omitempty"` // the number of the Made that is taken back, of ChangeRevert

	// Unproven: somebody agreed that it is done although it cannot be proven here
	// that fail2ban comes up with it (--no-rehearsal).
	Unproven bool `json:",omitempty"`
}

// Files are all files that the change is made in.
func (p Plan) Files() []FileChange { return append([]FileChange{p.File}, p.More...) }

// ChangeStep is what is being done for a change, or how it ended.
type ChangeStep string

// The steps of a change: forward, back where one fails, and the three ends.
const (
	StepWrite   ChangeStep = "write"
	StepReload  ChangeStep = "reload"
	StepProve   ChangeStep = "prove"   // the jails are what they should be
	StepConfirm ChangeStep = "confirm" // somebody has to, before the deadline

	StepRestore    ChangeStep = "restore" // the file is put back
	StepReloadBack ChangeStep = "reload again"
	StepProveBack  ChangeStep = "prove the way back"
	StepRestart    ChangeStep = "restart"

	StepConfirmed ChangeStep = "confirmed"
	StepTakenBack ChangeStep = "taken back"
	StepStuck     ChangeStep = "not taken back"
)

// forward tells whether a step leads on; a change that is in one can be taken back.
func (s ChangeStep) forward() bool {
	return slices.Contains([]ChangeStep{StepWrite, StepReload, StepProve, StepConfirm}, s)
}

// Over tells whether a step is an end.
func (s ChangeStep) Over() bool {
	return slices.Contains([]ChangeStep{StepConfirmed, StepTakenBack, StepStuck}, s)
}

// Standing is a jail as it stood before a change.
type Standing struct {
	Jail     string
	Started  bool // it had something to read
	Armed    bool // it had actions
	Banned   int
	Unwanted bool // of Expect: it is to be gone
}

// StepDone is a step that ended.
type StepDone struct {
	Step   ChangeStep
	Took   time.Duration
	Reason string // why it failed; "" where it did not
}

// Change is a change under way, or the newest that ended. All instances see the
// same; one process, its guard, carries it out (Carry).
type Change struct {
	Plan
	Before   []Standing // sorted by jail
	PID      int        // of the server, before; 0 where that is not known
	Step     ChangeStep
	Since    time.Time // when Step began
	Deadline time.Time // of StepConfirm
	Done     []StepDone
	Why      string   // it is taken back; "" where it is not
	Hint     string   // what to do next about a change that ended
	Missing  []string // jails that were not proven
	Attempts int      // to reload on the way back
	EndedBy  string   // who confirmed it or took it back

	Touched   bool     // the server may have read the file
	Certain   bool     `json:",omitempty"` // the server had read all files when the change began
	Kept      []string `json:",omitempty"` // what was set by hand and was put back after a reload or restart
	Lost      []string `json:",omitempty"` // what could not be put back
	Restarted bool     // the way back needed it
	Forgotten []string // jails of Loses that were expected

	// FormerSum is the SHA-256, in hex, of what set the server up before. The guard
	// keeps it (store.Texts).
	FormerSum string `json:",omitempty"`

	Untouched bool        `json:",omitempty"` // the way forward failed before anything was sent to the server
	Way       BackWay     `json:",omitempty"` // of StepReloadBack
	Slips     []string    `json:",omitempty"` // in the configuration, as last judged, each FILE:LINE and why
	Waiting   string      `json:",omitempty"` // what the way back waits for: a busy server
	Down      bool        `json:",omitempty"` // the way back found the server's process gone, and has not started it
	Hung      bool        `json:",omitempty"` // it made the server hang, which may be ended for that
	Left      ChangeFault `json:",omitempty"` // of StepStuck: why nothing more was done to the server
}

// ChangeBegun says that a guard holds the way back, and how the server stands. It
// is refused, and nothing changes, while another is under way.
type ChangeBegun struct {
	Plan   Plan
	Before []Standing
	PID    int
	At     time.Time

	FormerSum string // of Change; "" if the configuration could not be read
	// Certain says that the server has read all files as they stand: what they do not say
	// was set by hand.
	Certain bool
}

// ChangeDid says how a step ended.
type ChangeDid struct {
	Kept, Lost []string // see Change
	ID         ChangeID
	Step       ChangeStep
	At         time.Time
	Took       time.Duration
	Reason     string   // why it failed; "" where it did not
	Hint       string   // what to do next about that
	Missing    []string // jails that are not as they should be

	Fault     ChangeFault
	Judged    bool     // it was found out whether fail2ban would come up with its configuration
	Slips     []string // why it would not, each FILE:LINE and why
	Untouched bool     // it failed before anything was sent to the server
}

// ChangeConfirmed says that somebody saw that all is well, himself included.
type ChangeConfirmed struct {
	ID ChangeID
	At time.Time
	By string
}

// ChangeReverted says that somebody wants the change taken back.
type ChangeReverted struct {
	ID ChangeID
	At time.Time
	By string
}

// ChangeExpired says that the time to confirm is over.
type ChangeExpired struct {
	ID ChangeID
	At time.Time
}

// ChangeTaken says that another guard holds the way back, since the one before is
// gone.
type ChangeTaken struct {
	ID   ChangeID
	At   time.Time
	File FileChange // without texts, when they were inline before and are files now; else zero
}

// ChangeKnown is what the guard of a change says, with all that it knows of the change:
// an older bantop that writes the state drops what it has no field for.
type ChangeKnown struct {
	Own Change
	Msg Msg
}

// Knowing is a change as the state has it, with what its guard knows besides. Others can
// only confirm it or take it back: what that changes, every bantop has a field for.
func (c Change) Knowing(own Change) Change {
	if !c.Is(own.ChangeID) {
		return c
	}
	mode := own.File.Mode
	own.Step, own.Since, own.Deadline, own.Done = c.Step, c.Since, c.Deadline, c.Done
	own.Why, own.EndedBy, own.File, own.Before = c.Why, c.EndedBy, c.File, c.Before
	own.File.Mode = mode
	return own
}

// ChangeTold says how it stands with a change, by the guard that carries it out,
// after the state could not be written for a while. What somebody else confirmed
// stays.
type ChangeTold struct{ Change Change }
