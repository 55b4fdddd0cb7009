package bandb_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/bandb"
)

// schema is fail2ban's (server/database.py, the same in 1.0.2 and 1.1.0).
const schema = `
CREATE TABLE fail2banDb(version INTEGER);
INSERT INTO fail2banDb VALUES (4);
CREATE TABLE jails(name TEXT NOT NULL UNIQUE, enabled INTEGER NOT NULL DEFAULT 1);
CREATE TABLE bans(jail TEXT NOT NULL, ip TEXT, timeofban INTEGER NOT NULL, bantime INTEGER NOT NULL, bancount INTEGER NOT NULL default 1, data JSON, FOREIGN KEY(jail) REFERENCES jails(name));
CREATE INDEX bans_jail_timeofban_ip ON bans(jail, timeofban);
CREATE INDEX bans_jail_ip ON bans(jail, ip);
CREATE INDEX bans_ip ON bans(ip);
CREATE TABLE bips(ip TEXT NOT NULL, jail TEXT NOT NULL, timeofban INTEGER NOT NULL, bantime INTEGER NOT NULL, bancount INTEGER NOT NULL default 1, data JSON, PRIMARY KEY(ip, jail), FOREIGN KEY(jail) REFERENCES jails(name));
CREATE INDEX bips_timeofban ON bips(timeofban);
CREATE INDEX bips_ip ON bips(ip);
INSERT INTO jails VALUES ('sshd', 1), ('nginx', 1), ('gone', 0);
`

const start = 1767225600 // 2026-01-01, when the bans of the made files began

var now = time.Unix(start+60, 0)

// create makes a database and writes to it; it is closed again when it returns.
func create(t testing.TB, statements ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fail2ban.sqlite3")
	write(t, path, statements...)
	return path
}

// write carries out statements in one transaction.
func write(t testing.TB, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range statements {
		if _, err := tx.Exec(s); err != nil {
			t.Fatal(err, s)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// many is a statement that bans n addresses for ten minutes, with the log lines
// that fail2ban keeps by default.
func many(table string, n int, from int64) string {
	return fmt.Sprintf(`WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c WHERE i < %d)
		INSERT INTO %s(jail, ip, timeofban, bantime, data) SELECT CASE i %% 2 WHEN 0 THEN 'sshd' ELSE 'nginx' END, '10.' || (i >> 16) || '.' || (i >> 8 & 255) || '.' || (i & 255), %d, 600,
		CAST('{"matches": ["2026-01-01 00:00:00 host sshd[4711]: Failed password for root from 192.0.2.1 port 4711 ssh2", "2026-01-01 00:00:00 host sshd[4711]: Failed password for root from 192.0.2.1 port 4711 ssh2"], "failures": 2}' AS BLOB) FROM c`, n-1, table, from)
}

// bans reads all that Bans gives.
func bans(t testing.TB, d *bandb.DB, now time.Time) []fail2ban.JailBan {
	t.Helper()
	var all []fail2ban.JailBan
	err := d.Bans(t.Context(), now, func(page []fail2ban.JailBan) error {
		all = append(all, page...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func open(t testing.TB, path string) *bandb.DB {
	t.Helper()
	d := bandb.Open(path)
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}
