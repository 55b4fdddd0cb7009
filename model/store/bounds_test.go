package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bantop/model"
	"bantop/model/store"
)

// edited is a state that somebody changed with another program.
func edited(t *testing.T, statements string, args ...any) string {
	t.Helper()
	dir := filled(t)
	db, err := sql.Open("sqlite", filepath.Join(dir, "bantop.db"))
	must(t, err)
	_, err = db.Exec(statements, args...)
	must(t, err, db.Close())
	return dir
}

// soon is far more than anything may take, and far less than what is not bounded takes.
const soon = 30 * time.Second

// every does everything with a state, and returns the first error.
func every(t *testing.T, dir string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	s := store.New(at(dir))
	defer s.Close()
	_, err := s.Load(ctx)
	if _, e := s.Apply(ctx, online(100, t0)); err == nil {
		err = e
	}
	if _, e := s.Events(ctx, math.MaxInt); err == nil {
		err = e
	}
	if _, e := s.Acts(ctx, math.MaxInt); err == nil {
		err = e
	}
	if _, e := s.Lease(ctx); err == nil {
		err = e
	}
	if _, _, e := s.Lock(ctx, store.Acting{Act: "reload"}); err == nil {
		err = e
	}
	if _, _, e := s.Holder(ctx); err == nil {
		err = e
	}
	if e := s.Append(ctx, store.Act{Act: "reload"}); err == nil {
		err = e
	}
	if e := s.Try(ctx); err == nil {
		err = e
	}
	if ctx.Err() != nil {
		t.Errorf("it took more than %v", soon)
	}
	return err
}

const endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) " +
	"SELECT x AS key, x AS revision, x AS boot, x AS runtime, x AS jails FROM n WHERE x < 0"

// TestRefused: a database that bantop would not have written is refused at once, and
// nothing is written to it.
func TestRefused(t *testing.T) {
	list := `{"Expected":["` + strings.Repeat(`a","`, 700_000) + `a"]}`
	for _, c := range []struct {
		name, statements string
		args             []any
		why              string
	}{
		{"a row of 35 MB", "UPDATE server SET runtime = zeroblob(35000000)", nil, "damaged"},
		{"a state of 5 MB", "UPDATE server SET runtime = zeroblob(5000000)", nil, "the state is longer"},
		{"jails of 9 MB", "UPDATE server SET jails = zeroblob(9000000)", nil, "the list of jails is longer"},
		{"a long list", "UPDATE server SET runtime = ?", []any{[]byte(list)}, "a list of the state is longer"},
		{"a revision without a next one", "UPDATE server SET revision = 9223372036854775807", nil, "revision is higher"},
		{"a revision that is not a number", "UPDATE server SET revision = 'x'", nil, "revision"},
		{"events without a next one", "INSERT INTO event VALUES (9223372036854775807, 'x', 'x')", nil,
			"numbers are higher"},
		{"acts without a next one", "INSERT INTO sqlite_sequence VALUES ('act', 9223372036854775807)", nil,
			"numbers are higher"},
		{"a count that is not a number", "INSERT INTO sqlite_sequence VALUES ('act', 'x')", nil, "numbers are higher"},
		{"an endless view for a table", "DROP TABLE server; CREATE VIEW server AS " + endless, nil,
			"not bantop's own: view server"},
		{"an endless view beside them", "CREATE VIEW v AS " + endless, nil, "not bantop's own: view v"},
		{"a trigger", "CREATE TRIGGER t AFTER INSERT ON event BEGIN DELETE FROM act; END", nil,
			"not bantop's own: trigger t"},
		{"a further table", "CREATE TABLE more (x)", nil, "not bantop's own: table more"},
		{"a further index", "CREATE INDEX more ON act (who)", nil, "not bantop's own: index more"},
		{"another table", "DROP TABLE act; CREATE TABLE act (id, server, at, who, tty, host, act, jail, address, result)",
			nil, "not bantop's own: table act"},
		{"a column more", "ALTER TABLE act ADD COLUMN x GENERATED ALWAYS AS (who || who)", nil,
			"not bantop's own: table act"},
		{"a table less", "DROP TABLE act", nil, "table act is missing"},
		{"all of it in a version that has none", "PRAGMA user_version = 0", nil, "not bantop's own"},
		{"a version before the first", "PRAGMA user_version = -1", nil, "newer bantop"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := edited(t, c.statements, c.args...)
			before, err := os.ReadFile(filepath.Join(dir, "bantop.db"))
			must(t, err)
			err = every(t, dir)
			if err == nil || !strings.Contains(err.Error(), c.why) {
				t.Errorf("got %v, want %q", err, c.why)
			}
			if !strings.Contains(c.name, "revision") && !strings.Contains(c.name, "MB") && !strings.Contains(c.name, "list") {
				if after, err := os.ReadFile(filepath.Join(dir, "bantop.db")); err != nil || !bytes.Equal(before, after) {
					t.Errorf("it was written to: %v", err)
				}
			}
		})
	}
}

// TestHuge: a file that is larger than bantop ever makes one is not opened.
func TestHuge(t *testing.T) {
	for _, name := range []string{"bantop.db", "bantop.db-wal", "bantop.db-shm"} {
		dir := filled(t)
		path := filepath.Join(dir, name)
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		must(t, err)
		must(t, f.Truncate(3<<30), f.Close())
		if err := every(t, dir); !errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), name+" has 3072 MiB") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestManyViews: to read a schema that takes long is given up when nobody waits for it
// any more.
func TestManyViews(t *testing.T) {
	dir := edited(t, `PRAGMA writable_schema = on;
		WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 200000)
		INSERT INTO sqlite_schema SELECT 'view', 'v' || x, 'v' || x, 0, 'CREATE VIEW v' || x || ' AS SELECT 1' FROM n`)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := store.Open(ctx, at(dir))
	if !errors.Is(err, store.ErrSlow) && !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("got %v", err)
	}
	if ctx.Err() != nil && t.Context().Err() == nil {
		_, err = store.Open(t.Context(), at(dir)) // without a limit of the caller's
	}
	if !errors.Is(err, store.ErrSlow) && !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("got %v", err)
	}
}

// TestOddRows: rows that cannot be right do not keep the others from being read, nor
// anybody from looking and acting.
func TestOddRows(t *testing.T) {
	for name, statements := range map[string]string{
		"a long event": "INSERT INTO event (server, event) VALUES ('/run/f2b.sock', zeroblob(10000000))",
		"a long act": `INSERT INTO act (server, at, who, tty, host, act, jail, address, result)
			VALUES ('/run/f2b.sock', 'x', zeroblob(9000000), 1, 2.5, '', '', '', '')`,
		"somebody acts, unreadably": "INSERT INTO acting VALUES ('/run/f2b.sock', 'x', 'y', 1, 'z', 'not JSON')",
		"somebody acts, at length": `INSERT INTO acting
			VALUES ('/run/f2b.sock', zeroblob(9000000), zeroblob(100), 1, 'z', zeroblob(9000000))`,
		"a lease of texts": `INSERT OR REPLACE INTO lease
			VALUES ('/run/f2b.sock', 'x', zeroblob(9000000), 5, 'y', 2.5, 'z')`,
	} {
		t.Run(name, func(t *testing.T) {
			if err := every(t, edited(t, statements)); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestNothingTooLongIsWritten: what would not be read again is cut or refused before.
func TestNothingTooLongIsWritten(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, "/run/f2b.sock")
	long := strings.Repeat("ü", 1<<20)
	must(t, s.Append(t.Context(), store.Act{At: t0, Who: long, Act: "reload", Result: long}))
	apply(t, s, model.EventsTold{Events: []model.Event{{Kind: model.BansMade, Note: long}, {Kind: model.CameOnline}}})
	p := online(1, t0)
	p.Jails[0].LastLine = t0
	p.Jails[0].Name = strings.Repeat("x", 9<<20)
	if _, err := s.Apply(t.Context(), p); err == nil {
		t.Error("a state that is too large was written")
	}
	if snap, err := s.Load(t.Context()); err != nil || len(snap.Events) != 0 {
		t.Errorf("%d events, %v", len(snap.Events), err)
	}
	acts, err := s.Acts(t.Context(), 10)
	if err != nil || len(acts) != 1 || len(acts[0].Who) > 4096 || !strings.HasSuffix(acts[0].Result, "ü…") {
		t.Errorf("%d acts, %v", len(acts), err)
	}
}

// TestTermsWithoutANext: whatever term stands in the database, the next holder of the lease
// begins with one whose results count.
func TestTermsWithoutANext(t *testing.T) {
	runtime := func(term, seq uint64) []byte {
		b, err := json.Marshal(model.Runtime{Applied: model.ProbeID{Term: term, Seq: seq}})
		must(t, err)
		return b
	}
	for name, c := range map[string]struct {
		term    any
		applied []byte
	}{
		"the largest of the lease":     {int64(math.MaxInt64), runtime(1, 1)},
		"a negative one":               {-5, runtime(1, 1)},
		"2^64-1 as a text":             {"18446744073709551615", runtime(1, 1)},
		"not a number":                 {"x", runtime(1, 1)},
		"the largest that was applied": {1, runtime(math.MaxUint64, 1)},
		"the largest number of a look": {1, runtime(1, math.MaxUint64)},
		"both":                         {int64(math.MaxInt64), runtime(math.MaxUint64, math.MaxUint64)},
		"one that was never taken":     {1, runtime(1<<40, 7)},
	} {
		t.Run(name, func(t *testing.T) {
			dir := edited(t, `UPDATE server SET runtime = ?1;
				INSERT INTO lease VALUES ('/run/f2b.sock', ?2, 'x', 'y', 0, 'z', 0)`, c.applied, c.term)
			s := open(t, dir, "/run/f2b.sock")
			lease, err := s.Lease(t.Context())
			if err != nil || !lease.Held {
				t.Fatalf("%+v, %v", lease, err)
			}
			p := online(1, t0.Add(time.Hour))
			p.Term = lease.Term
			if snap := apply(t, s, p); snap.Runtime.Applied != p.ProbeID || snap.Runtime.Server.Kind != model.Online {
				t.Errorf("of term %d, the result does not count: %+v", lease.Term, snap.Runtime.Applied)
			}
			must(t, s.Release(t.Context()))
			if next, err := open(t, dir, "/run/f2b.sock").Lease(t.Context()); err != nil || next.Term != lease.Term+1 {
				t.Errorf("%+v, %v", next, err)
			}
		})
	}
}
