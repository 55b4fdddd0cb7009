package store

import (
	"context"
	"fmt"
)

// migrations make the schema, one step a version. A step that was released
// never changes; what is new is a further step.
var migrations = []string{
	`CREATE TABLE server (
		key      TEXT PRIMARY KEY,  -- the socket's absolute real path
		revision INTEGER NOT NULL,
		boot     TEXT NOT NULL,     -- life of the machine that the state is of
		runtime  BLOB NOT NULL,     -- JSON, without the jails
		jails    BLOB NOT NULL      -- JSON
	) WITHOUT ROWID;
	CREATE TABLE event (
		id     INTEGER PRIMARY KEY AUTOINCREMENT,
		server TEXT NOT NULL,
		event  BLOB NOT NULL        -- JSON
	);
	CREATE INDEX event_server ON event (server, id);
	CREATE TABLE lease (
		server  TEXT PRIMARY KEY,
		term    INTEGER NOT NULL,
		id      TEXT NOT NULL,      -- the holder,
		boot    TEXT NOT NULL,      -- life of the machine,
		pid     INTEGER NOT NULL,   -- process, 0 when nobody holds it,
		started TEXT NOT NULL,      -- and when that started
		beat    INTEGER NOT NULL    -- when it was last heard of, ns since boot
	) WITHOUT ROWID;
	CREATE TABLE acting (
		server  TEXT PRIMARY KEY,
		id      TEXT NOT NULL,      -- who acts, as in lease
		boot    TEXT NOT NULL,
		pid     INTEGER NOT NULL,
		started TEXT NOT NULL,
		act     BLOB NOT NULL       -- JSON
	) WITHOUT ROWID;
	CREATE TABLE act (
		id      INTEGER PRIMARY KEY AUTOINCREMENT,
		server  TEXT NOT NULL,
		at      INTEGER NOT NULL,   -- ns since 1970
		who     TEXT NOT NULL,
		tty     TEXT NOT NULL,
		host    TEXT NOT NULL,
		act     TEXT NOT NULL,
		jail    TEXT NOT NULL,
		address TEXT NOT NULL,
		result  TEXT NOT NULL
	);
	CREATE INDEX act_server ON act (server, id);`,
	// The schema is as before; the file holds no text of the configuration any more.
	// See forget.
	"",
}

// schemaVersion is the newest schema that this bantop knows.
const schemaVersion = 2

// forgetVersion is the first version whose file holds no text of the configuration.
const forgetVersion = 2

// migrate brings the schema up to date.
func (s *sqliteStore) migrate(ctx context.Context) error {
	var version int
	err := s.retry(ctx, func() error { return s.db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version) })
	if err != nil {
		return err
	}
	if version == schemaVersion {
		return nil
	}
	if version > 0 && version < forgetVersion {
		switch done, err := s.forget(ctx); {
		case err != nil:
			return err
		case !done: // later; what this bantop writes fits either
			return nil
		}
	}
	err = s.retry(ctx, func() error {
		_, err := s.db.ExecContext(ctx, "PRAGMA journal_mode = wal")
		return err
	})
	if err != nil {
		return err
	}
	return s.tx(ctx, func(t tx) error {
		if err := t.row("PRAGMA user_version").Scan(&version); err != nil {
			return err
		}
		if version > schemaVersion {
			return fmt.Errorf("%w (schema %d, this one knows %d)", ErrNewer, version, schemaVersion)
		}
		for ; version < schemaVersion; version++ {
			if err := t.exec(migrations[version]); err != nil {
				return err
			}
		}
		return t.exec(fmt.Sprintf("PRAGMA user_version = %d", schemaVersion))
	})
}
