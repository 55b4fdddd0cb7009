package bandb_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bantop/fail2ban"
	"bantop/fail2ban/bandb"
	"bantop/fail2ban/fail2bantest"
)

// try reads, both ways; both must give the same kind of error.
func try(ctx context.Context, d *bandb.DB) (bansErr, historyErr error) {
	bansErr = d.Bans(ctx, now, func([]fail2ban.JailBan) error { return nil })
	_, historyErr = d.History(ctx, now, "192.0.2.1", 10)
	return bansErr, historyErr
}

// sums are the contents of the files of a folder, for comparison.
func sums(t *testing.T, dir string) map[string][32]byte {
	t.Helper()
	out := make(map[string][32]byte)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if out[e.Name()] = [32]byte{}; !e.Type().IsRegular() {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = sha256.Sum256(b)
	}
	return out
}

// TestUnusable: what cannot be read is told of by its kind, and stays as it is,
// byte for byte, with nothing beside it that was not there.
func TestUnusable(t *testing.T) {
	file := func(content string) func(*testing.T) string {
		return func(t *testing.T) string {
			path := filepath.Join(t.TempDir(), "fail2ban.sqlite3")
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}
	}
	edited := func(change func([]byte) []byte) func(*testing.T) string {
		return func(t *testing.T) string {
			b, err := os.ReadFile(create(t, schema, many("bips", 10_000, start)))
			if err != nil {
				t.Fatal(err)
			}
			return file(string(change(b)))(t)
		}
	}
	for _, c := range []struct {
		name string
		make func(*testing.T) string
		want error
	}{
		{"a file that is not there", func(t *testing.T) string { return filepath.Join(t.TempDir(), "absent") }, bandb.ErrNone},
		{"a folder", func(t *testing.T) string {
			path := filepath.Join(t.TempDir(), "folder")
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
			return path
		}, bandb.ErrUnreadable},
		{"a pipe", func(t *testing.T) string {
			path := filepath.Join(t.TempDir(), "pipe")
			if err := unix.Mkfifo(path, 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}, bandb.ErrUnreadable},
		{"an empty file", file(""), bandb.ErrUnreadable},
		{"no database", file(strings.Repeat("not a database\n", 1000)), bandb.ErrUnreadable},
		{"cut short", edited(func(b []byte) []byte { return b[:len(b)/3] }), bandb.ErrUnreadable},
		{"damaged in the middle", edited(func(b []byte) []byte {
			for i := 4096; i < len(b); i++ {
				b[i] = 0x5a
			}
			return b
		}), bandb.ErrUnreadable},
		{"another schema", func(t *testing.T) string { return create(t, "CREATE TABLE bips(x); CREATE TABLE jails(x)") }, bandb.ErrUnreadable},
		{"a view that never ends", func(t *testing.T) string {
			return create(t, `CREATE VIEW jails AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n)
				SELECT i AS rowid, 'x' AS name, 0 AS enabled FROM n WHERE i < 0`, `CREATE VIEW bips AS SELECT * FROM jails`)
		}, bandb.ErrUnreadable},
		{"a value of 35 MB", func(t *testing.T) string {
			return create(t, schema, `UPDATE jails SET enabled = 0, name = hex(zeroblob(17500000)) WHERE name = 'sshd'`,
				`INSERT INTO bips VALUES ('192.0.2.1', 'nginx', 1767225600, 600, 1, hex(zeroblob(17500000)))`)
		}, bandb.ErrUnreadable},
		{"without one table", func(t *testing.T) string { return create(t, schema, "DROP TABLE jails") }, bandb.ErrUnreadable},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := c.make(t)
			before := sums(t, filepath.Dir(path))
			d := open(t, path)
			for _, name := range []string{"first", "again"} {
				err, err2 := try(t.Context(), d)
				if !errors.Is(err, c.want) || !errors.Is(err2, c.want) || !strings.Contains(err.Error(), path) {
					t.Errorf("%s: got %v, %v", name, err, err2)
				}
			}
			if !maps.Equal(before, sums(t, filepath.Dir(path))) {
				t.Error("the folder was touched")
			}
		})
	}
}

// TestWithoutIndex: without an index to go by, the bans of one address are not
// looked for: that would take as long as the table is.
func TestWithoutIndex(t *testing.T) {
	d := open(t, create(t, schema, many("bips", 3, start), "DROP INDEX bips_ip; DROP INDEX bans_ip"))
	if err, err2 := try(t.Context(), d); err != nil || !errors.Is(err2, bandb.ErrUnreadable) {
		t.Errorf("got %v, %v", err, err2)
	}
}

// TestNoDatabase: fail2ban's words for none, and a path that says too little.
func TestNoDatabase(t *testing.T) {
	for path, want := range map[string]error{"": bandb.ErrNone, ":memory:": bandb.ErrNone, "None": bandb.ErrNone, "none": bandb.ErrNone, "fail2ban.sqlite3": bandb.ErrUnreadable} {
		if err, err2 := try(t.Context(), open(t, path)); !errors.Is(err, want) || !errors.Is(err2, want) {
			t.Errorf("%q: %v, %v", path, err, err2)
		}
	}
}

// TestOddPaths: a path is a path, whatever stands in it, and never an option.
func TestOddPaths(t *testing.T) {
	from := create(t, schema, many("bips", 3, start))
	for _, name := range []string{"a b", "a?mode=rwc", "a#b", "a%20b", "a%", "file:a", "ä\xff", "a&b;c"} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.Rename(from, path); err != nil {
			t.Fatal(err)
		}
		if n := len(bans(t, open(t, path), now)); n != 3 {
			t.Errorf("%q: %d bans", name, n)
		}
		from = path
	}
}

// TestNoPermission: a file that this user may not read, or whose folder is
// closed, is told of.
func TestNoPermission(t *testing.T) {
	for _, what := range []string{"file", "folder"} {
		t.Run(what, func(t *testing.T) {
			path := create(t, schema)
			closed := path
			if what == "folder" {
				closed = filepath.Dir(path)
			}
			if err := os.Chmod(closed, 0); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.Chmod(closed, 0o700) }) // for the folder to be removed
			// The folders of a test are closed to nobody, too.
			if err := os.Chmod(filepath.Dir(filepath.Dir(path)), 0o755); err != nil {
				t.Fatal(err)
			}
			if what == "file" {
				if err := os.Chmod(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			d := open(t, path)
			fail2bantest.AsNobody(t, func() {
				if err, err2 := try(context.Background(), d); !errors.Is(err, bandb.ErrDenied) || !errors.Is(err2, bandb.ErrDenied) {
					t.Errorf("got %v, %v", err, err2)
				}
			})
			for _, name := range []string{closed, path} {
				if err := os.Chmod(name, 0o700); err != nil {
					t.Fatal(err)
				}
			}
			if err, err2 := try(t.Context(), d); err != nil || err2 != nil {
				t.Errorf("when it was given: %v, %v", err, err2)
			}
		})
	}
}

// TestLocked: a database that a writer holds is told of, and read when it is free.
func TestLocked(t *testing.T) {
	path := create(t, schema, many("bips", 3, start))
	d := open(t, path)
	writer, err := sql.Open("sqlite", "file:"+path+"?_txlock=exclusive")
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	tx, err := writer.Begin()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err, err2 := try(ctx, d); !errors.Is(err, bandb.ErrBusy) || !errors.Is(err2, bandb.ErrBusy) {
		t.Errorf("got %v, %v", err, err2)
	}
	over, cancelled := context.WithCancel(t.Context())
	cancelled()
	if err, err2 := try(over, d); !errors.Is(err, context.Canceled) || !errors.Is(err2, context.Canceled) {
		t.Errorf("with a context that is over: %v, %v", err, err2)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if n := len(bans(t, d, now)); n != 3 {
		t.Errorf("%d bans when it was let go", n)
	}
}

// TestHotJournal: a write that was not ended is left to the next writer, and told
// of as a lock is.
func TestHotJournal(t *testing.T) {
	path := create(t, schema, many("bips", 3, start))
	hot := filepath.Join(t.TempDir(), "hot.sqlite3")
	func() { // as it lies on the disk in the middle of a write
		writer, err := sql.Open("sqlite", "file:"+path+"?_pragma=cache_size(5)")
		if err != nil {
			t.Fatal(err)
		}
		defer writer.Close()
		tx, err := writer.Begin()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec("UPDATE bips SET bantime = -1;" + many("bans", 10_000, start)); err != nil {
			t.Fatal(err)
		}
		for _, suffix := range []string{"", "-journal"} {
			b, err := os.ReadFile(path + suffix)
			if err != nil || len(b) == 0 {
				t.Fatal(len(b), err)
			}
			if err := os.WriteFile(hot+suffix, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
	}()
	before := sums(t, filepath.Dir(hot))
	d := open(t, hot)
	if err, err2 := try(t.Context(), d); !errors.Is(err, bandb.ErrBusy) || !errors.Is(err2, bandb.ErrBusy) {
		t.Errorf("got %v, %v", err, err2)
	}
	if !maps.Equal(before, sums(t, filepath.Dir(hot))) {
		t.Error("the folder was touched")
	}
	write(t, hot, "INSERT INTO jails VALUES ('new', 1)")
	got := bans(t, d, now)
	if len(got) != 3 || got[0].Length != 10*time.Minute {
		t.Errorf("when the next writer came: %+v", got)
	}
}

// TestReplaced: a file that takes the place of the one that is open is read
// instead, and so is one that comes back.
func TestReplaced(t *testing.T) {
	path := create(t, schema, many("bips", 3, start))
	d := open(t, path)
	for i := range 3 {
		if n := len(bans(t, d, now)); n != 3+i {
			t.Errorf("%d bans in file %d", n, i)
		}
		if err := os.Rename(path, path+fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
		if err, err2 := try(t.Context(), d); !errors.Is(err, bandb.ErrNone) || !errors.Is(err2, bandb.ErrNone) {
			t.Errorf("got %v, %v", err, err2)
		}
		if err := os.Rename(create(t, schema, many("bips", 4+i, start)), path); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if n := len(bans(t, d, now)); n != 6 {
		t.Errorf("%d bans after it was closed", n)
	}
}
