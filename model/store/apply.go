package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"bantop/model"
)

// stored is the row of a server.
type stored struct {
	revision       uint64
	boot           string
	runtime, jails []byte
	state          model.Runtime
}

var readServer = "SELECT revision, " + text("boot", maxID) + ", " + short("runtime", maxRuntime) + ", " +
	short("jails", maxJails) + " FROM server WHERE key = ?"

// read reads the row of the server. Where there is none, the state is new; where
// the machine has restarted since, it has forgotten what was of the other life.
func (s *sqliteStore) read(row func(string, ...any) *sql.Row) (stored, error) {
	var r stored
	err := row(readServer, s.key).Scan(&r.revision, &r.boot, &r.runtime, &r.jails)
	if errors.Is(err, sql.ErrNoRows) {
		r.state = model.NewRuntime()
		return r, nil
	}
	if err != nil {
		return r, err
	}
	switch {
	case r.runtime == nil:
		return r, tooLong("the state")
	case r.jails == nil:
		return r, tooLong("the list of jails")
	case r.revision > maxCount:
		return r, fmt.Errorf("%w: its revision is higher than bantop ever counts", ErrCorrupt)
	}
	if r.state, err = decode(r.runtime, r.jails); err != nil {
		return r, err
	}
	if r.state, err = bounded(r.state); err != nil {
		return r, err
	}
	if r.boot != s.me.Boot {
		r.state, _ = model.Step(r.state, model.Rebooted{At: time.Now()})
	}
	return r, nil
}

// Load reads the state.
func (s *sqliteStore) Load(ctx context.Context) (Snapshot, error) {
	ctx, end := s.enter(ctx)
	defer end()
	return s.load(ctx)
}

func (s *sqliteStore) load(ctx context.Context) (Snapshot, error) {
	var snap Snapshot
	var newest int64
	err := s.retry(ctx, func() error {
		if err := s.db.QueryRowContext(ctx, "PRAGMA data_version").Scan(&s.version); err != nil {
			return err
		}
		r, err := s.read(func(q string, args ...any) *sql.Row { return s.db.QueryRowContext(ctx, q, args...) })
		if err != nil {
			return err
		}
		snap = Snapshot{Revision: r.revision, Runtime: r.state}
		snap.Events, newest, err = s.events(ctx, s.db, s.event, firstEvents)
		return err
	})
	if err != nil {
		return Snapshot{}, fmt.Errorf("read the shared state: %w", s.failed(err))
	}
	s.event = newest
	return snap, nil
}

// Changed reads the state where others have changed it.
func (s *sqliteStore) Changed(ctx context.Context) (Snapshot, bool, error) {
	ctx, end := s.enter(ctx)
	defer end()
	var version int64
	err := s.retry(ctx, func() error { return s.db.QueryRowContext(ctx, "PRAGMA data_version").Scan(&version) })
	if err != nil {
		return Snapshot{}, false, fmt.Errorf("watch the shared state: %w", s.failed(err))
	}
	if version == s.version {
		return Snapshot{}, false, nil
	}
	snap, err := s.load(ctx)
	return snap, err == nil, err
}

// Apply carries out a message.
func (s *sqliteStore) Apply(ctx context.Context, msg model.Msg) (Snapshot, error) {
	ctx, end := s.enter(ctx)
	defer end()
	var snap Snapshot
	var newest int64
	err := s.tx(ctx, func(t tx) error {
		r, err := s.read(t.row)
		if err != nil {
			return err
		}
		next, events := model.Step(r.state, msg)
		if err := s.write(t, r, next); err != nil {
			return err
		}
		for _, e := range events {
			if err := s.tell(t, e); err != nil {
				return err
			}
		}
		snap = Snapshot{Revision: r.revision + 1, Runtime: next}
		snap.Events, newest, err = s.events(ctx, t.t, s.event, firstEvents)
		return err
	})
	if err != nil {
		return Snapshot{}, fmt.Errorf("write the shared state: %w", s.failed(err))
	}
	s.event = newest
	return snap, nil
}

// write writes the next state. The jails are written only where they changed.
func (s *sqliteStore) write(t tx, was stored, next model.Runtime) error {
	runtime, jails, err := encode(next)
	if err != nil {
		return err
	}
	switch {
	case len(runtime) > maxRuntime || len(jails) > maxJails:
		return fmt.Errorf("the state is too large: %d and %d bytes", len(runtime), len(jails))
	case was.runtime == nil:
		return t.exec("INSERT INTO server (key, revision, boot, runtime, jails) VALUES (?, ?, ?, ?, ?)",
			s.key, was.revision+1, s.me.Boot, runtime, jails)
	case bytes.Equal(jails, was.jails):
		return t.exec("UPDATE server SET revision = ?, boot = ?, runtime = ? WHERE key = ?",
			was.revision+1, s.me.Boot, runtime, s.key)
	default:
		return t.exec("UPDATE server SET revision = ?, boot = ?, runtime = ?, jails = ? WHERE key = ?",
			was.revision+1, s.me.Boot, runtime, jails, s.key)
	}
}
