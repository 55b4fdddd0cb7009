package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"bantop/model"
)

const (
	keptEvents  = 1000 // of one server
	firstEvents = 100  // that a new instance is told of
	pruneEvery  = 50   // events, those that are too many are forgotten
)

// stored is the row of a server.
type stored struct {
	revision       uint64
	boot           string
	runtime, jails []byte
	state          model.Runtime
}

// read reads the row of the server. Where there is none, the state is new; where
// the machine has restarted since, it has forgotten what was of the other life.
func (s *sqliteStore) read(row func(string, ...any) *sql.Row) (stored, error) {
	var r stored
	err := row("SELECT revision, boot, runtime, jails FROM server WHERE key = ?", s.key).Scan(&r.revision, &r.boot, &r.runtime, &r.jails)
	if errors.Is(err, sql.ErrNoRows) {
		r.state = model.NewRuntime()
		return r, nil
	}
	if err != nil {
		return r, err
	}
	if r.state, err = decode(r.runtime, r.jails); err != nil {
		return r, err
	}
	if r.boot != s.me.boot {
		r.state, _ = model.Step(r.state, model.Rebooted{At: time.Now()})
	}
	return r, nil
}

// Load reads the state.
func (s *sqliteStore) Load(ctx context.Context) (Snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
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
		snap.Events, newest, err = s.newEvents(ctx, s.db)
		return err
	})
	if err != nil {
		return Snapshot{}, fmt.Errorf("read the shared state: %w", kindOf(err))
	}
	s.event = newest
	return snap, nil
}

// Changed reads the state where others have changed it.
func (s *sqliteStore) Changed(ctx context.Context) (Snapshot, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var version int64
	err := s.retry(ctx, func() error { return s.db.QueryRowContext(ctx, "PRAGMA data_version").Scan(&version) })
	if err != nil {
		return Snapshot{}, false, fmt.Errorf("watch the shared state: %w", kindOf(err))
	}
	if version == s.version {
		return Snapshot{}, false, nil
	}
	snap, err := s.load(ctx)
	return snap, err == nil, err
}

// Apply carries out a message.
func (s *sqliteStore) Apply(ctx context.Context, msg model.Msg) (Snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
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
		snap.Events, newest, err = s.newEvents(ctx, t.t)
		return err
	})
	if err != nil {
		return Snapshot{}, fmt.Errorf("write the shared state: %w", kindOf(err))
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
	case was.runtime == nil:
		return t.exec("INSERT INTO server (key, revision, boot, runtime, jails) VALUES (?, ?, ?, ?, ?)",
			s.key, was.revision+1, s.me.boot, runtime, jails)
	case bytes.Equal(jails, was.jails):
		return t.exec("UPDATE server SET revision = ?, boot = ?, runtime = ? WHERE key = ?",
			was.revision+1, s.me.boot, runtime, s.key)
	default:
		return t.exec("UPDATE server SET revision = ?, boot = ?, runtime = ?, jails = ? WHERE key = ?",
			was.revision+1, s.me.boot, runtime, jails, s.key)
	}
}

// tell adds an event, and forgets those that are too many.
func (s *sqliteStore) tell(t tx, e model.Event) error {
	b, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode an event: %w", err)
	}
	done, err := t.t.ExecContext(t.ctx, "INSERT INTO event (server, event) VALUES (?, ?)", s.key, b)
	if err != nil {
		return err
	}
	if id, err := done.LastInsertId(); err != nil || id%pruneEvery != 0 {
		return err
	}
	return t.exec(`DELETE FROM event WHERE server = ?1 AND id <=
		(SELECT id FROM event WHERE server = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)`, s.key, keptEvents)
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// newEvents are the events that were not handed on yet, and the number of the
// newest.
func (s *sqliteStore) newEvents(ctx context.Context, q querier) (events []model.Event, newest int64, err error) {
	rows, err := q.QueryContext(ctx, `SELECT id, event FROM
		(SELECT id, event FROM event WHERE server = ? AND id > ? ORDER BY id DESC LIMIT ?) ORDER BY id`,
		s.key, s.event, firstEvents)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	newest = s.event
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&newest, &b); err != nil {
			return nil, 0, err
		}
		var e model.Event
		if err := json.Unmarshal(b, &e); err != nil {
			return nil, 0, fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
		events = append(events, e)
	}
	return events, newest, rows.Err()
}
