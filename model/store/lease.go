package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// renewAfter is how old a beat may be before its holder beats again: to hold a
// lease costs no write a look.
const renewAfter = time.Second

// holder is a row of lease.
type holder struct {
	instance
	term uint64
	beat time.Duration
}

// lapsed tells whether a holder has to be taken for dead.
func (h holder) lapsed(now time.Duration) bool {
	return h.PID == 0 || !h.Alive() || now-h.beat > leaseLasts || h.beat > now
}

func (s *sqliteStore) holder(row func(string, ...any) *sql.Row) (holder, error) {
	var h holder
	err := row("SELECT term, id, boot, pid, started, beat FROM lease WHERE server = ?", s.key).
		Scan(&h.term, &h.id, &h.Boot, &h.PID, &h.Started, &h.beat)
	if errors.Is(err, sql.ErrNoRows) {
		return holder{}, nil
	}
	return h, err
}

// Lease takes or keeps the right to look at the server.
func (s *sqliteStore) Lease(ctx context.Context) (Lease, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var h holder
	err := s.retry(ctx, func() (err error) {
		h, err = s.holder(func(q string, args ...any) *sql.Row { return s.db.QueryRowContext(ctx, q, args...) })
		return err
	})
	now := clock()
	switch {
	case err != nil:
		return Lease{}, fmt.Errorf("take the lease: %w", kindOf(err))
	case h.instance == s.me && now-h.beat < renewAfter:
		return Lease{Held: true, Term: h.term}, nil
	case h.instance != s.me && !h.lapsed(now):
		return Lease{Term: h.term}, nil
	}
	var lease Lease
	err = s.tx(ctx, func(t tx) error {
		h, err := s.holder(t.row) // somebody may have been faster
		if err != nil {
			return err
		}
		if h.instance != s.me {
			if !h.lapsed(clock()) {
				lease = Lease{Term: h.term}
				return nil
			}
			h.term++
		}
		lease = Lease{Held: true, Term: h.term}
		return t.exec("INSERT OR REPLACE INTO lease (server, term, id, boot, pid, started, beat) VALUES (?, ?, ?, ?, ?, ?, ?)",
			s.key, h.term, s.me.id, s.me.Boot, s.me.PID, s.me.Started, clock())
	})
	if err != nil {
		return Lease{}, fmt.Errorf("take the lease: %w", kindOf(err))
	}
	return lease, nil
}

// Release gives the right to look back; its term stays.
func (s *sqliteStore) Release(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.db == nil {
		return nil // it was never taken
	}
	err := s.tx(ctx, func(t tx) error {
		return t.exec("UPDATE lease SET pid = 0 WHERE server = ? AND id = ?", s.key, s.me.id)
	})
	if err != nil {
		return fmt.Errorf("give the lease back: %w", kindOf(err))
	}
	return nil
}

// acting is the row of who acts; false where there is none.
func (s *sqliteStore) acting(row func(string, ...any) *sql.Row) (p instance, act Acting, ok bool, err error) {
	var text []byte
	err = row("SELECT id, boot, pid, started, act FROM acting WHERE server = ?", s.key).Scan(&p.id, &p.Boot, &p.PID, &p.Started, &text)
	if errors.Is(err, sql.ErrNoRows) {
		return p, act, false, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &act)
	}
	return p, act, err == nil, err
}

// Lock takes the right to act.
func (s *sqliteStore) Lock(ctx context.Context, act Acting) (Acting, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held, ok := act, true
	err := s.tx(ctx, func(t tx) error {
		held, ok = act, true
		p, other, taken, err := s.acting(t.row)
		if err != nil {
			return err
		}
		if taken && p != s.me && p.Alive() {
			held, ok = other, false
			return nil
		}
		mine, err := json.Marshal(act)
		if err != nil {
			return err
		}
		return t.exec("INSERT OR REPLACE INTO acting (server, id, boot, pid, started, act) VALUES (?, ?, ?, ?, ?, ?)",
			s.key, s.me.id, s.me.Boot, s.me.PID, s.me.Started, mine)
	})
	if err != nil {
		return Acting{}, false, fmt.Errorf("take the right to act: %w", kindOf(err))
	}
	return held, ok, nil
}

// Holder is who acts.
func (s *sqliteStore) Holder(ctx context.Context) (Acting, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var act Acting
	var held bool
	err := s.retry(ctx, func() error {
		p, a, ok, err := s.acting(func(q string, args ...any) *sql.Row { return s.db.QueryRowContext(ctx, q, args...) })
		act, held = a, ok && p.Alive()
		return err
	})
	if err != nil {
		return Acting{}, false, fmt.Errorf("see who acts: %w", kindOf(err))
	}
	return act, held, nil
}

// Unlock gives the right to act back.
func (s *sqliteStore) Unlock(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.tx(ctx, func(t tx) error {
		return t.exec("DELETE FROM acting WHERE server = ? AND id = ?", s.key, s.me.id)
	})
	if err != nil {
		return fmt.Errorf("give back the right to act: %w", kindOf(err))
	}
	return nil
}
