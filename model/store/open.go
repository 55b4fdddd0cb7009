package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"strconv"

	_ "modernc.org/sqlite" // the driver
)

// Options say where the state is kept, and of which server.
type Options struct {
	Dir    string // folder; made if it is not there
	Socket string // the server's
	Group  string // that may share it; "" is nobody
}

// fileName is the database in Options.Dir.
const fileName = "bantop.db"

// New returns the state that is kept in a folder. It is opened at the first use,
// and made where there is none. A file that cannot be used is left as it is, and
// tried again at the next use: what is in the way may be mended meanwhile.
func New(o Options) Store { return newStore(o) }

func newStore(o Options) *sqliteStore {
	return &sqliteStore{opts: o, key: serverKey(o.Socket), me: self()}
}

// Open is New, and opens it.
func Open(ctx context.Context, o Options) (Store, error) {
	s := newStore(o)
	if err := s.open(ctx); err != nil {
		return nil, kindOf(err)
	}
	return s, nil
}

// open opens the database, unless it is.
func (s *sqliteStore) open(ctx context.Context) error {
	if s.db != nil {
		err := s.still()
		if err == nil {
			return nil
		}
		// Nothing is lost: what is in there, nobody finds any more.
		return errors.Join(err, s.drop())
	}
	if err := s.opening(ctx); err != nil {
		return fmt.Errorf("open %s: %w", filepath.Join(s.opts.Dir, fileName), err)
	}
	return nil
}

func (s *sqliteStore) opening(ctx context.Context) error {
	if err := prepare(s.opts); err != nil {
		return err
	}
	file := filepath.Join(s.opts.Dir, fileName)
	if err := inspect(file); err != nil {
		return err
	}
	// A plain path would be taken for a URI or not depending on its characters.
	dsn := url.URL{Scheme: "file", OmitHost: true, Path: file, RawQuery: "_pragma=busy_timeout(0)&_pragma=synchronous(normal)&_txlock=immediate"}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return err
	}
	// One connection: data_version then counts what others do, and only that.
	db.SetMaxOpenConns(1)
	s.db, s.event, s.version = db, 0, 0
	if s.file, err = placeOf(file); err != nil {
		return errors.Join(err, s.drop())
	}
	if err := s.migrate(ctx); err != nil {
		return errors.Join(err, s.drop())
	}
	return nil
}

// prepare makes folder and file, so that both have the right modes from the
// start; SQLite's other files take theirs from the database.
func prepare(o Options) error {
	dirMode, fileMode := os.FileMode(0o700), os.FileMode(0o600)
	if o.Group != "" {
		dirMode, fileMode = 0o770|os.ModeSetgid, 0o660
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return err
	}
	file := filepath.Join(o.Dir, fileName)
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return err
	}
	f.Close()
	if o.Group == "" {
		return nil
	}
	return share(o, dirMode, fileMode)
}

// share gives folder and file to a group.
func share(o Options, dirMode, fileMode os.FileMode) error {
	g, err := user.LookupGroup(o.Group)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(g.Gid)
	if err != nil {
		return err
	}
	for _, x := range []struct {
		path string
		mode os.FileMode
	}{{o.Dir, dirMode}, {filepath.Join(o.Dir, fileName), fileMode}} {
		fi, err := os.Stat(x.path)
		if err != nil {
			return err
		}
		if fi.Mode()&(os.ModePerm|os.ModeSetgid) == x.mode {
			continue // whoever made it has shared it, and only he may
		}
		if err := os.Chown(x.path, -1, gid); err != nil {
			return err
		}
		if err := os.Chmod(x.path, x.mode); err != nil {
			return err
		}
	}
	return nil
}

// inspect reads the head of a database file (SQLite file format, 1.3) before
// SQLite touches it: one that is none, that is cut short, or that a newer
// bantop wrote stays as it is.
func inspect(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil || fi.Size() == 0 {
		return err
	}
	head := make([]byte, 100)
	if _, err := io.ReadFull(f, head); err != nil || string(head[:16]) != "SQLite format 3\x00" {
		return fmt.Errorf("%w: it is no database", ErrCorrupt)
	}
	if version := binary.BigEndian.Uint32(head[60:]); version > schemaVersion {
		return fmt.Errorf("%w (schema %d, this one knows %d)", ErrNewer, version, schemaVersion)
	}
	pageSize := int64(binary.BigEndian.Uint16(head[16:]))
	if pageSize == 1 {
		pageSize = 65536
	}
	pages := int64(binary.BigEndian.Uint32(head[28:]))
	if _, err := os.Stat(file + "-wal"); errors.Is(err, os.ErrNotExist) && fi.Size() < pages*pageSize {
		return fmt.Errorf("%w: it is cut short", ErrCorrupt)
	}
	return nil
}

// serverKey is the absolute real path of a socket, whether it is there or not.
func serverKey(socket string) string {
	dir, err := filepath.EvalSymlinks(filepath.Dir(socket))
	if err != nil {
		dir = filepath.Dir(socket)
	}
	path := filepath.Join(dir, filepath.Base(socket))
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}
