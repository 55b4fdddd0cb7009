// Package bandb reads the database in which fail2ban-server keeps its bans, and
// never harms it.
//
// That database is in rollback mode: a read that is left open keeps fail2ban
// from writing, and after 5 s (the default of Python's sqlite3) the ban that it
// meant to write is lost (measured on 1.0.2). So these rules hold here:
//   - a read is a single statement, over within 10 ms, and closed before anything
//     is done with its rows; no transaction is ever open between two of them;
//   - there are 2 ms between two reads of one call;
//   - a lock that is in the way is waited for by trying again, 250 ms at most;
//   - the file is opened read-only and never written to, not even to roll back
//     what a killed writer left (a hot journal): that is the next writer's;
//   - one in WAL mode is not opened. Read-only is not enough there: SQLite makes
//     -wal and -shm beside it (O_RDWR|O_CREAT), writes to what has these names
//     already and, as root, gives it to the owner of the database. fail2ban has
//     never used that mode;
//   - so root opens it only if nobody else could have written it or put something
//     beside it: fail2ban names its path, and a server that is not root's could
//     name any. Where fail2ban runs as another user its database is that user's:
//     root does not open it, and asks over the socket.
package bandb

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"

	_ "modernc.org/sqlite" // the driver
)

// The kinds of failure that a caller may want to tell apart, with errors.Is.
var (
	// ErrNone: fail2ban keeps no database, or the file is not there.
	ErrNone = errors.New("there is none")
	// ErrDenied: this user may not read it (fail2ban gives it mode 0600).
	ErrDenied = errors.New("no permission to read it")
	// ErrBusy: it stayed locked, or a killed writer left it in the middle of a
	// write. It may be free the next time.
	ErrBusy = errors.New("it is locked")
	// ErrUnreadable: it is damaged, no database, or not laid out as fail2ban's.
	ErrUnreadable = errors.New("it cannot be read")
)

// dsnOptions open the file read-only. A file of somebody else runs no function for
// its schema.
const dsnOptions = "mode=ro&_pragma=busy_timeout(0)&_pragma=query_only(1)&_pragma=trusted_schema(0)&_error_rc=1"

// DB is fail2ban's database. Several goroutines may use it. Nothing else in the
// process may open the file, nor may DB itself during a read: POSIX locks are gone
// when any of its descriptors closes.
type DB struct {
	path string

	mu   sync.Mutex  // held during a read
	db   *sql.DB     // nil where it is not open
	file os.FileInfo // of what is open
}

// Open returns the database at a path, as fail2ban names it (`get dbfile`). It is
// opened at the first use, and anew where another file has taken its place:
// fail2ban moves a damaged one away.
func Open(path string) *DB { return &DB{path: path} }

// Close waits for a read under way, 10 ms as a rule, and closes the database; a
// later use opens it again. Whoever is going to stop the process (SIGTSTP) should
// close it before: a process that stands still in a read keeps its lock.
func (d *DB) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.close()
}

func (d *DB) close() error {
	if d.db == nil {
		return nil
	}
	db := d.db
	d.db, d.file = nil, nil
	if err := db.Close(); err != nil {
		return fmt.Errorf("close fail2ban's database %s: %w", d.path, err)
	}
	return nil
}

// open opens the database, where it is not open. What it is and who could have
// written it is looked at every time.
func (d *DB) open() (*sql.DB, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	path, file, err := d.look()
	if err == nil && d.db != nil && os.SameFile(file, d.file) {
		return d.db, nil
	}
	if err := errors.Join(err, d.close()); err != nil {
		return nil, d.failed(err)
	}
	// A plain path would be taken for a URI or not depending on its characters,
	// and would not be opened read-only.
	dsn := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: dsnOptions}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, d.failed(err)
	}
	db.SetMaxOpenConns(1)
	d.db, d.file = db, file
	return db, nil
}
