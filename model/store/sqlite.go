package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"sync"
	"syscall"
	"time"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// sqliteStore is the Store of one machine: an SQLite database in WAL mode.
//
// SQLite's own waiting for a lock starves one of many writers for seconds; here
// a busy database is tried again at random within 2 ms (eight processes: 61 ms
// at most).
type sqliteStore struct {
	opts Options
	key  string
	me   instance

	mu      sync.Mutex // guards what follows
	db      *sql.DB    // nil before it was opened
	event   int64      // the newest event that was handed on; 0 before the first
	version int64      // of the data, when the state was last read
	file    place      // of the database
}

// patience is how long a database may be busy.
const patience = 2 * time.Second

// retry opens the database, where that is still to be done, and does something
// again for as long as it is busy.
func (s *sqliteStore) retry(ctx context.Context, do func() error) error {
	if err := s.open(ctx); err != nil {
		return err
	}
	for deadline := time.Now().Add(patience); ; {
		err := do()
		if !isBusy(err) {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%w for %v: %w", ErrBusy, patience, err)
		}
		select {
		case <-time.After(time.Duration(rand.Int64N(int64(2 * time.Millisecond)))):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// tx is one transaction, with its context.
type tx struct {
	ctx context.Context
	t   *sql.Tx
}

func (t tx) row(query string, args ...any) *sql.Row {
	return t.t.QueryRowContext(t.ctx, query, args...)
}

func (t tx) exec(query string, args ...any) error {
	_, err := t.t.ExecContext(t.ctx, query, args...)
	return err
}

// tx carries out a transaction that writes. It begins with the lock, so that it
// never fails in the middle for another writer.
func (s *sqliteStore) tx(ctx context.Context, body func(tx) error) error {
	return s.retry(ctx, func() error {
		t, err := s.db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		if err := body(tx{ctx, t}); err != nil {
			return errors.Join(err, t.Rollback())
		}
		return t.Commit()
	})
}

// Try reads the state and writes the schema's version, which is there already: a
// file that is damaged is not written to.
func (s *sqliteStore) Try(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.tx(ctx, func(t tx) error {
		if _, err := s.read(t.row); err != nil {
			return err
		}
		var version int
		if err := t.row("PRAGMA user_version").Scan(&version); err != nil {
			return err
		}
		return t.exec(fmt.Sprintf("PRAGMA user_version = %d", version))
	})
	if err != nil {
		return fmt.Errorf("write the shared state: %w", kindOf(err))
	}
	return nil
}

func isBusy(err error) bool { return code(err) == lib.SQLITE_BUSY }

// code is the primary result code of an SQLite error, 0 for any other.
func code(err error) int { return extended(err) & 0xff }

// extended is the whole result code.
func extended(err error) int {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return 0
	}
	return e.Code()
}

// kindOf gives an error its kind.
func kindOf(err error) error {
	var kind error
	switch code(err) {
	case lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB:
		kind = ErrCorrupt
	case lib.SQLITE_FULL:
		kind = ErrFull
	case lib.SQLITE_READONLY, lib.SQLITE_CANTOPEN, lib.SQLITE_PERM:
		kind = ErrDenied
	}
	if kind == nil && (errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)) {
		kind = ErrDenied
	}
	// A file of shared memory that cannot grow tells nothing more (a full tmpfs).
	if kind == nil && (errors.Is(err, syscall.ENOSPC) || extended(err) == lib.SQLITE_IOERR_SHMSIZE) {
		kind = ErrFull
	}
	if kind == nil || errors.Is(err, kind) {
		return err
	}
	return fmt.Errorf("%w: %w", kind, err)
}

// Close closes the database, where it is open.
func (s *sqliteStore) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.db == nil {
		return nil
	}
	return s.db.Close()
}
