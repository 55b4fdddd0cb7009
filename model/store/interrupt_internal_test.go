package store

import (
	"context"
	"errors"
	"testing"
	"time"
)

// TestInterrupted: what the database does ends when nobody waits for it any more, and it
// can be used as before.
func TestInterrupted(t *testing.T) {
	const endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n WHERE x < 0"
	s := newStore(Options{Dir: t.TempDir(), Socket: "/run/f2b.sock"})
	defer s.Close()
	if _, err := s.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		begun := time.Now()
		var x int
		err := s.db.QueryRowContext(ctx, endless).Scan(&x)
		cancel()
		if took := time.Since(begun); !errors.Is(err, context.DeadlineExceeded) || took > 10*time.Second {
			t.Errorf("%v after %v", err, took)
		}
		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, cancel)
		err = s.tx(ctx, func(t tx) error { return t.row(endless).Scan(&x) })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("in a transaction: %v", err)
		}
		if err := s.Append(t.Context(), Act{Act: "reload"}); err != nil {
			t.Fatal(err)
		}
	}
	if acts, err := s.Acts(t.Context(), 10); err != nil || len(acts) != 3 {
		t.Errorf("%d acts, %v", len(acts), err)
	}
}
