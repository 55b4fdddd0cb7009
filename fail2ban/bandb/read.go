package bandb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"time"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

const (
	longest  = 10 * time.Millisecond  // a read; a row that is slow to come makes it longer
	breath   = 2 * time.Millisecond   // between two reads
	patience = 250 * time.Millisecond // that a database may be locked
	hostile  = 2 * time.Second        // a read that takes longer is made to
	maxValue = 8 << 20                // bytes; fail2ban keeps dbmaxmatches lines with a ban (default 10)
)

// read carries out one read and hands on its rows. It tells whether those are
// all: a read that takes too long ends after the row it has.
//
// A lock is met before the first row or not at all.
func (d *DB) read(ctx context.Context, db *sql.DB, row func(*sql.Rows) error, query string, args ...any) (all bool, err error) {
	for deadline := time.Now().Add(patience); ; {
		all, err := d.try(ctx, db, row, query, args...)
		if !isBusy(err) || time.Now().After(deadline) {
			return all, d.failed(err)
		}
		if err := d.pause(ctx, time.Millisecond+rand.N(4*time.Millisecond)); err != nil {
			return false, err
		}
	}
}

// try is read where nothing is in the way. What ctx wants does not interrupt it, it
// is too short for that; only a database that was made to harm its readers, with a
// view that never ends or a value without bounds, is interrupted.
func (d *DB) try(
	ctx context.Context, db *sql.DB, row func(*sql.Rows) error, query string, args ...any,
) (all bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), hostile)
	defer cancel()
	conn, err := db.Conn(ctx)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	if _, err := sqlite.Limit(conn, lib.SQLITE_LIMIT_LENGTH, maxValue); err != nil {
		return false, err
	}
	began := time.Now()
	rows, err := conn.QueryContext(ctx, query, args...)
	if err != nil {
		return false, interrupted(ctx, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := row(rows); err != nil {
			return false, err
		}
		if time.Since(began) > longest {
			return false, nil
		}
	}
	return true, interrupted(ctx, rows.Err())
}

// interrupted says so of a read that was.
func interrupted(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("%w: a read does not end within %v", ErrUnreadable, hostile)
	}
	return err
}

// pause waits between two reads.
func (d *DB) pause(ctx context.Context, t time.Duration) error {
	select {
	case <-time.After(t):
		return nil
	case <-ctx.Done():
		return d.failed(ctx.Err())
	}
}

// failed says what was being done, and gives an error its kind.
func (d *DB) failed(err error) error {
	if err == nil {
		return nil
	}
	if kind := kindOf(err); kind != nil && !errors.Is(err, kind) {
		err = fmt.Errorf("%w: %w", kind, err)
	}
	return fmt.Errorf("read fail2ban's database %s: %w", d.path, err)
}

// kindOf is the kind of an error; none where it is not the database's.
func kindOf(err error) error {
	switch code := code(err); {
	case errors.Is(err, ErrNone), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return nil
	case isBusy(err):
		return ErrBusy
	case code&0xff == lib.SQLITE_CANTOPEN, code&0xff == lib.SQLITE_PERM, errors.Is(err, fs.ErrPermission):
		return ErrDenied // the file is there: stat has seen it
	default:
		return ErrUnreadable
	}
}

// isBusy tells whether somebody holds the database, or left it in the middle of
// a write.
func isBusy(err error) bool {
	return code(err)&0xff == lib.SQLITE_BUSY || code(err) == lib.SQLITE_READONLY_ROLLBACK
}

// code is the whole result code of an SQLite error, 0 for any other.
func code(err error) int {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return 0
	}
	return e.Code()
}
