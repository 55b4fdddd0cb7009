package store

import (
	"context"
	"encoding/json"
	"fmt"

	"bantop/model"
)

// forget rewrites a database of an older bantop, which had the texts of changed
// configuration files in it: they stay in free pages and in the write-ahead log
// until both are made anew. It does not while such a change is under way: the guard
// that carries it out may be the older bantop, which needs the texts where they are.
// It reports whether the file is free of them.
func (s *sqliteStore) forget(ctx context.Context) (bool, error) {
	var waits bool
	err := s.retry(ctx, func() (err error) {
		waits, err = s.inline(ctx)
		return err
	})
	if err != nil || waits {
		return false, err
	}
	err = s.retry(ctx, func() error {
		_, err := s.db.ExecContext(ctx, "VACUUM")
		return err
	})
	if err != nil {
		return false, fmt.Errorf("remove texts of the configuration from it: %w", err)
	}
	var busy, frames, moved int
	err = s.retry(ctx, func() error {
		return s.db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &moved)
	})
	// Where another reads or writes at this moment, the next who opens it goes on.
	return err == nil && busy == 0, err
}

// inline reports whether a change with its texts in it is under way, of any server.
func (s *sqliteStore) inline(ctx context.Context) (bool, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT "+short("runtime", maxRuntime)+" FROM server")
	if err != nil {
		return false, err
	}
	defer rows.Close()
	found := false
	for rows.Next() {
		var text []byte
		if err := rows.Scan(&text); err != nil {
			return false, err
		}
		var r struct{ Change *model.Change }
		if json.Unmarshal(text, &r) != nil || r.Change == nil { // what cannot be read is told when it is used
			continue
		}
		found = found || !r.Change.Step.Over() && r.Change.File.Inline()
	}
	return found, rows.Err()
}
