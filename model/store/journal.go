package store

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Append adds to the journal.
func (s *sqliteStore) Append(ctx context.Context, acts ...Act) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.tx(ctx, func(t tx) error {
		for _, a := range acts {
			err := t.exec("INSERT INTO act (server, at, who, tty, host, act, jail, address, result) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
				s.key, a.At.UnixNano(), a.Who, a.TTY, a.Host, a.Act, a.Jail, a.Address, a.Result)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("write the journal: %w", kindOf(err))
	}
	return nil
}

// Acts reads the journal.
func (s *sqliteStore) Acts(ctx context.Context, most int) ([]Act, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var acts []Act
	err := s.retry(ctx, func() error {
		acts = nil
		rows, err := s.db.QueryContext(ctx, `SELECT at, who, tty, host, act, jail, address, result FROM act
			WHERE server = ? ORDER BY id DESC LIMIT ?`, s.key, most)
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
		return nil, fmt.Errorf("read the journal: %w", kindOf(err))
	}
	slices.Reverse(acts)
	return acts, nil
}
