package store

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Append adds to the journal.
func (s *sqliteStore) Append(ctx context.Context, acts ...Act) error {
	ctx, end := s.enter(ctx)
	defer end()
	err := s.tx(ctx, func(t tx) error {
		for _, a := range acts {
			err := t.exec(`INSERT INTO act (server, at, who, tty, host, act, jail, address, result)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, s.key, a.At.UnixNano(), cut(a.Who), cut(a.TTY), cut(a.Host),
				cut(a.Act), cut(a.Jail), cut(a.Address), cut(a.Result))
			if err != nil {
				return err
			}
		}
		return t.exec("DELETE FROM act WHERE id <= (SELECT max(id) FROM act) - ?", keptActs)
	})
	if err != nil {
		return fmt.Errorf("write the journal: %w", s.failed(err))
	}
	return nil
}

var readActs = "SELECT " + number("at") + ", " + text("who", maxText) + ", " + text("tty", maxText) + ", " +
	text("host", maxText) + ", " + text("act", maxText) + ", " + text("jail", maxText) + ", " +
	text("address", maxText) + ", " + text("result", maxText) + " FROM act WHERE server = ? ORDER BY id DESC LIMIT ?"

// Acts reads the journal.
func (s *sqliteStore) Acts(ctx context.Context, most int) ([]Act, error) {
	ctx, end := s.enter(ctx)
	defer end()
	var acts []Act
	err := s.retry(ctx, func() error {
		acts = nil
		rows, err := s.db.QueryContext(ctx, readActs, s.key, most)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var a Act
			var at int64
			if err := rows.Scan(&at, &a.Who, &a.TTY, &a.Host, &a.Act, &a.Jail, &a.Address, &a.Result); err != nil {
				return err
			}
			a.At = time.Unix(0, at)
			acts = append(acts, a)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", s.failed(err))
	}
	slices.Reverse(acts)
	return acts, nil
}
