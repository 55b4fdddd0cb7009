package store

import (
	"context"
	"database/sql"
	"fmt"
)

// Looked reports whether another instance looks at the server for all.
func (s *sqliteStore) Looked(ctx context.Context) (bool, error) {
	ctx, end := s.enter(ctx)
	defer end()
	var h holder
	err := s.retry(ctx, func() (err error) {
		h, err = s.holder(func(q string, args ...any) *sql.Row { return s.db.QueryRowContext(ctx, q, args...) })
		return err
	})
	if err != nil {
		return false, fmt.Errorf("see who looks: %w", s.failed(err))
	}
	return h.instance != s.me && !s.lapsed(h, clock()), nil
}
