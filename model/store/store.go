// Package store keeps what instances of bantop that look at one server share:
// the runtime state, who looks at the server, who acts on it, and the journal
// of what was done.
//
// model.Step is the body of every transaction: read, step, write with the next
// revision. A stale copy is never written. Rows are keyed by the server's
// socket, so that looking at another server never touches this one's state.
package store

import (
	"context"
	"errors"
	"time"

	"bantop/model"
)

// Store is what instances share. Its errors are of the kinds below; after any
// of them the caller goes on alone.
type Store interface {
	// Load reads the state, with the events since the last call of Load, Apply
	// or Changed; the first call gives the newest few.
	Load(ctx context.Context) (Snapshot, error)
	// Apply carries out a message in a transaction.
	Apply(ctx context.Context, msg model.Msg) (Snapshot, error)
	// Changed is Load, where others have changed anything since the last call of
	// any of the three, and tells whether they have. To ask costs microseconds.
	Changed(ctx context.Context) (Snapshot, bool, error)

	// Lease takes or keeps the right to look at the server, where it is free.
	Lease(ctx context.Context) (Lease, error)
	// Looked reports whether another instance has that right.
	Looked(ctx context.Context) (bool, error)
	// Release gives the right back.
	Release(ctx context.Context) error
	// Lock takes the right to act on the server. Where another acts, it returns
	// what that one does, and false.
	Lock(ctx context.Context, act Acting) (Acting, bool, error)
	// Holder is what somebody does to the server, and whether somebody does.
	Holder(ctx context.Context) (Acting, bool, error)
	// Unlock gives it back.
	Unlock(ctx context.Context) error

	// Append adds to the journal, all or nothing.
	Append(ctx context.Context, acts ...Act) error
	// Acts reads the newest so many of the journal, oldest first.
	Acts(ctx context.Context, most int) ([]Act, error)

	// Events reads the newest so many of what happened, oldest first. Some 1,000
	// are kept.
	Events(ctx context.Context, most int) ([]model.Event, error)

	// Try proves that the state can be written, by writing what is there anyway.
	Try(ctx context.Context) error

	Close() error
}

// Snapshot is the shared state at one moment.
type Snapshot struct {
	Revision uint64
	Runtime  model.Runtime
	Events   []model.Event // oldest first
}

// Lease is the right to look at the server.
type Lease struct {
	Held bool
	Term uint64 // grows by one whenever the right is taken
}

// leaseLasts is after how long a holder that is not heard of is taken for dead.
// One whose process is gone is at once.
const leaseLasts = 5 * time.Second

// Acting is what somebody does to the server right now.
type Acting struct {
	Act      string // "reload", "restart", …
	Jail     string
	Who, TTY string
	Since    time.Time
}

// Act is one line of the journal.
type Act struct {
	At             time.Time
	Who, TTY, Host string
	Act            string // "reload", "restart", "dismiss", "unlock", …
	Jail, Address  string
	Result         string // "done", or why not
}

// The kinds of failure.
var (
	// ErrNewer: the file was made by a newer bantop.
	ErrNewer = errors.New("the state was written by a newer bantop")
	// ErrUnsafe: somebody else could write there, or a file is not one that bantop made.
	ErrUnsafe = errors.New("the state folder is not safe")
	// ErrSlow: reading or writing took too long.
	ErrSlow = errors.New("the state file takes too long")
	// ErrCorrupt: the file is no database, or a broken one.
	ErrCorrupt = errors.New("the state file is damaged")
	// ErrBusy: others held it for too long.
	ErrBusy = errors.New("the state file is locked")
	// ErrFull: there is no room to write.
	ErrFull = errors.New("no room to write the state")
	// ErrGone: the file was removed while it was in use.
	ErrGone = errors.New("the state file was removed")
	// ErrReplaced: another file has its name now.
	ErrReplaced = errors.New("the state file was replaced")
	// ErrDenied: this user may not, or the folder is read-only.
	ErrDenied = errors.New("the state file cannot be written")
)
