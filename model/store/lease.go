package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"bantop/model"
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

// lapsed reports whether a holder has to be taken for dead: its process is gone, or is
// not a bantop, or it was last heard of too long ago, or before the machine started, or
// in the future.
func (s *sqliteStore) lapsed(h holder, now time.Duration) bool {
	return h.beat < 0 || h.beat > now || now-h.beat > leaseLasts || !s.holds(h.instance)
}

var readLease = "SELECT " + number("term") + ", " + text("id", maxID) + ", " + text("boot", maxID) + ", " +
	number("pid") + ", " + text("started", maxID) + ", " + number("beat") + " FROM lease WHERE server = ?"

// holder is the row of the lease. One with a term that nobody could count on from is
// no lease: the next holder begins anew.
func (s *sqliteStore) holder(row func(string, ...any) *sql.Row) (holder, error) {
	var h holder
	var term int64
	err := row(readLease, s.key).Scan(&term, &h.id, &h.Boot, &h.PID, &h.Started, &h.beat)
	if errors.Is(err, sql.ErrNoRows) || err == nil && (term < 0 || term > maxCount) {
		return holder{}, nil
	}
	h.term = uint64(term)
	return h, err
}

// nextTerm is the term of whoever takes the lease now: newer than that of every result
// that was applied, else none of his would count (R11).
func (s *sqliteStore) nextTerm(t tx, h holder) (uint64, error) {
	var runtime []byte
	err := t.row("SELECT "+short("runtime", maxRuntime)+" FROM server WHERE key = ?", s.key).Scan(&runtime)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, err
	}
	var was struct{ Applied model.ProbeID }
	if json.Unmarshal(runtime, &was) != nil || was.Applied.Term > maxCount {
		was.Applied.Term = 0 // whoever reads the state says so, or forgets that number
	}
	return max(h.term, was.Applied.Term) + 1, nil
}

// Lease takes or keeps the right to look at the server.
func (s *sqliteStore) Lease(ctx context.Context) (Lease, error) {
	ctx, end := s.enter(ctx)
	defer end()
	var h holder
	err := s.retry(ctx, func() (err error) {
		h, err = s.holder(func(q string, args ...any) *sql.Row { return s.db.QueryRowContext(ctx, q, args...) })
		return err
	})
	now := clock()
	switch {
	case err != nil:
		return Lease{}, fmt.Errorf("take the lease: %w", s.failed(err))
	case h.instance == s.me && now-h.beat < renewAfter:
		return Lease{Held: true, Term: h.term}, nil
	case h.instance != s.me && !s.lapsed(h, now):
		return Lease{Term: h.term}, nil
	}
	var lease Lease
	err = s.tx(ctx, func(t tx) error {
		h, err := s.holder(t.row) // somebody may have been faster
		if err != nil {
			return err
		}
		if h.instance != s.me {
			if !s.lapsed(h, clock()) {
				lease = Lease{Term: h.term}
				return nil
			}
			if h.term, err = s.nextTerm(t, h); err != nil {
				return err
			}
		}
		lease = Lease{Held: true, Term: h.term}
		return t.exec("INSERT OR REPLACE INTO lease (server, term, id, boot, pid, started, beat) VALUES (?, ?, ?, ?, ?, ?, ?)",
			s.key, h.term, s.me.id, s.me.Boot, s.me.PID, s.me.Started, clock())
	})
	if err != nil {
		return Lease{}, fmt.Errorf("take the lease: %w", s.failed(err))
	}
	return lease, nil
}

// Release gives the right to look back; its term stays.
func (s *sqliteStore) Release(ctx context.Context) error {
	ctx, end := s.enter(ctx)
	defer end()
	if s.db == nil {
		return nil // it was never taken
	}
	err := s.tx(ctx, func(t tx) error {
		return t.exec("UPDATE lease SET pid = 0 WHERE server = ? AND id = ?", s.key, s.me.id)
	})
	if err != nil {
		return fmt.Errorf("give the lease back: %w", s.failed(err))
	}
	return nil
}

var readActing = "SELECT " + text("id", maxID) + ", " + text("boot", maxID) + ", " + number("pid") + ", " +
	text("started", maxID) + ", " + short("act", maxEvent) + " FROM acting WHERE server = ?"

// acting is the row of who acts; false if nobody acts, or it is a row that no bantop
// wrote: what cannot be read must not keep everybody from acting.
func (s *sqliteStore) acting(row func(string, ...any) *sql.Row) (p instance, act Acting, ok bool, err error) {
	var text []byte
	err = row(readActing, s.key).Scan(&p.id, &p.Boot, &p.PID, &p.Started, &text)
	if errors.Is(err, sql.ErrNoRows) {
		return p, act, false, nil
	}
	if err != nil {
		return p, act, false, err
	}
	return p, act, json.Unmarshal(text, &act) == nil, nil
}

// Lock takes the right to act.
func (s *sqliteStore) Lock(ctx context.Context, act Acting) (Acting, bool, error) {
	ctx, end := s.enter(ctx)
	defer end()
	held, ok := act, true
	err := s.tx(ctx, func(t tx) error {
		held, ok = act, true
		p, other, taken, err := s.acting(t.row)
		if err != nil {
			return err
		}
		if taken && p != s.me && s.holds(p) {
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
		return Acting{}, false, fmt.Errorf("take the right to act: %w", s.failed(err))
	}
	return held, ok, nil
}

// Holder is who acts.
func (s *sqliteStore) Holder(ctx context.Context) (Acting, bool, error) {
	ctx, end := s.enter(ctx)
	defer end()
	var act Acting
	var held bool
	err := s.retry(ctx, func() error {
		p, a, ok, err := s.acting(func(q string, args ...any) *sql.Row { return s.db.QueryRowContext(ctx, q, args...) })
		act, held = a, ok && s.holds(p)
		return err
	})
	if err != nil {
		return Acting{}, false, fmt.Errorf("see who acts: %w", s.failed(err))
	}
	return act, held, nil
}

// Unlock gives the right to act back.
func (s *sqliteStore) Unlock(ctx context.Context) error {
	ctx, end := s.enter(ctx)
	defer end()
	err := s.tx(ctx, func(t tx) error {
		return t.exec("DELETE FROM acting WHERE server = ? AND id = ?", s.key, s.me.id)
	})
	if err != nil {
		return fmt.Errorf("give back the right to act: %w", s.failed(err))
	}
	return nil
}
