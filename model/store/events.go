package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"bantop/model"
)

const (
	keptEvents  = 1000 // of one server
	firstEvents = 100  // that a new instance is told of
	pruneEvery  = 50   // events, those that are too many are forgotten
)

// tell adds an event, and forgets those that are too many.
func (s *sqliteStore) tell(t tx, e model.Event) error {
	b, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode an event: %w", err)
	}
	if len(b) > maxEvent {
		return nil // it would not be read
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

// events are the newest so many that came after one, oldest first, and the
// number of the newest.
func (s *sqliteStore) events(ctx context.Context, q querier, after int64, most int) (events []model.Event, newest int64, err error) {
	rows, err := q.QueryContext(ctx, `SELECT id, event FROM
		(SELECT id, event FROM event WHERE server = ? AND id > ? AND octet_length(event) <= ?
			ORDER BY id DESC LIMIT ?) ORDER BY id`,
		s.key, after, maxEvent, most)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	newest = after
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

// Events reads what happened.
func (s *sqliteStore) Events(ctx context.Context, most int) ([]model.Event, error) {
	ctx, end := s.enter(ctx)
	defer end()
	var events []model.Event
	err := s.retry(ctx, func() (err error) {
		events, _, err = s.events(ctx, s.db, 0, most)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read what happened: %w", s.failed(err))
	}
	return events, nil
}
