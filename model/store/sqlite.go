package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"sync"
	"syscall"
	"time"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"bantop/config/trust"
	"bantop/fail2ban/ending"
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
	pool    *sql.DB
	db      *sql.Conn // its one connection; nil before it was opened
	event   int64     // the newest event that was handed on; 0 before the first
	version int64     // of the data, when the state was last read
	notice  string    // what is still to be told to all instances
	known   instance  // the last one that was found to be a bantop
	file    place     // of the database
	folder  string    // that it is in, without links
}

const (
	// patience is how long a database may be busy.
	patience = 2 * time.Second
	// longest is how long anything may take, whoever waits for it; to open the database
	// may also mean to bring all of it up to date.
	longest     = 5 * time.Second
	longestOpen = time.Minute
)

// enter begins a call: one at a time, and none for long. The process is not stopped in
// it: that would lock every other instance out.
func (s *sqliteStore) enter(ctx context.Context) (context.Context, func()) {
	s.mu.Lock()
	release := ending.Hold()
	most := longest
	if s.db == nil {
		most = longestOpen
	}
	ctx, cancel := context.WithTimeout(ctx, most)
	return ctx, func() {
		cancel()
		release()
		s.mu.Unlock()
	}
}

// first is what is done before anything else on a connection. Functions in a schema
// are not run, nothing is written into TMPDIR (temp_store), and the schema is read (for
// synchronous): in a script of several statements, which ends when the context does.
const first = "PRAGMA trusted_schema = off; PRAGMA temp_store = memory; PRAGMA synchronous = normal"

// connect opens the one connection. data_version then counts what others do, and only
// that; and no other connection takes its place, for which the bounds would not hold.
func (s *sqliteStore) connect(ctx context.Context, file string) error {
	// A plain path would be taken for a URI or not depending on its characters.
	dsn := url.URL{Scheme: "file", OmitHost: true, Path: file, RawQuery: "_defensive=1&_txlock=immediate"}
	pool, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return err
	}
	pool.SetMaxOpenConns(1)
	conn, err := pool.Conn(ctx)
	if err != nil {
		return errors.Join(err, pool.Close())
	}
	s.pool, s.db, s.version = pool, conn, 0
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	if _, err = sqlite.Limit(conn, lib.SQLITE_LIMIT_LENGTH, maxValue); err == nil {
		err = s.retry(ctx, func() error {
			_, err := conn.ExecContext(ctx, first)
			return err
		})
	}
	if err != nil {
		return errors.Join(err, s.disconnect())
	}
	return nil
}

// disconnect closes the database; it is opened anew at the next use.
func (s *sqliteStore) disconnect() error {
	err := errors.Join(s.db.Close(), s.pool.Close())
	s.pool, s.db = nil, nil
	return err
}

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
		// Only its statements end with the context: database/sql would roll back beside
		// them, and leave the one connection in a transaction that is over.
		t, err := s.db.BeginTx(context.WithoutCancel(ctx), nil)
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
	ctx, end := s.enter(ctx)
	defer end()
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
		return fmt.Errorf("write the shared state: %w", s.failed(err))
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
	case lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB, lib.SQLITE_TOOBIG:
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
	if _, is := errors.AsType[*trust.Error](err); is {
		kind = ErrUnsafe
	}
	if errors.Is(err, context.DeadlineExceeded) {
		kind = ErrSlow
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
	defer ending.Hold()()
	if s.db == nil {
		return nil
	}
	return errors.Join(s.db.Close(), s.pool.Close())
}
