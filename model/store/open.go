package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"bantop/model"
)

// Options say where the state is kept, and of which server.
type Options struct {
	Dir    string // folder; made if it is not there
	Socket string // the server's

	Conf string // folder of fail2ban's configuration, to name the files of changes

	// Notice is told, in lines, that what was in the folder is not trusted and was set
	// aside, and what to do about it. nil: only an event tells it.
	Notice func(lines []string)
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
	ctx, end := s.enter(ctx)
	defer end()
	if err := s.open(ctx); err != nil {
		return nil, s.failed(err)
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
		return errors.Join(err, s.disconnect()) // what was written there since, nobody finds
	}
	if err := s.opening(ctx); err != nil {
		return fmt.Errorf("open %s: %w", filepath.Join(s.opts.Dir, fileName), err)
	}
	return nil
}

// opening opens it after all that SQLite would open by its path was looked at.
func (s *sqliteStore) opening(ctx context.Context) error {
	f, err := openFolder(s.opts.Dir)
	if err != nil {
		return err
	}
	defer f.Close()
	gone, err := f.secure(ctx)
	if err != nil {
		return err
	}
	if gone.reason != "" {
		s.notice = gone.note(s.opts)
		if s.opts.Notice != nil {
			s.opts.Notice(gone.told(s.opts))
		}
	}
	if err := f.begin(); err != nil {
		return err
	}
	s.event, s.folder = 0, f.path
	if s.file, err = placeOf(f.Path(fileName)); err != nil {
		return err
	}
	if err := s.connect(ctx, f.Path(fileName)); err != nil {
		return err
	}
	err = s.checkSchema(ctx)
	if err == nil {
		err = s.migrate(ctx)
	}
	if err != nil {
		return errors.Join(err, s.disconnect())
	}
	s.tellNotice(ctx)
	return nil
}

// tellNotice tells all instances that what was in the folder was set aside. Where it
// cannot be written now, the next opening does.
func (s *sqliteStore) tellNotice(ctx context.Context) {
	if s.notice == "" {
		return
	}
	e := model.Event{At: time.Now().Round(0), Kind: model.StateRenewed, Note: s.notice}
	if s.tx(ctx, func(t tx) error { return s.tell(t, e) }) == nil {
		s.notice = ""
	}
}

// begin makes the database file if it is not there, and looks at its head before
// SQLite touches it. SQLite's other files take their mode from it.
func (f *folder) begin() error {
	file, err := f.Open(fileName, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := private(file); err != nil {
		return err
	}
	for _, name := range databaseNames[1:] {
		other, err := os.Lstat(f.Path(name))
		if errors.Is(err, fs.ErrNotExist) || err == nil && other.Mode().Perm() == 0o600 {
			continue
		}
		if err != nil {
			return err
		}
		if err := f.closeFile(name); err != nil {
			return err
		}
	}
	return f.inspect(file)
}

// closeFile takes from all others what they may do with a file.
func (f *folder) closeFile(name string) error {
	file, err := f.Open(name, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(private(file), file.Close())
}

// private takes them by the descriptor.
func private(file *os.File) error {
	info, err := file.Stat()
	if err == nil && info.Mode().Perm() != 0o600 {
		err = file.Chmod(0o600)
	}
	return err
}

// inspect reads the head of the database file (SQLite file format, 1.3): one that is
// not a database, that is cut short, or that a newer bantop wrote stays as it is.
func (f *folder) inspect(file *os.File) error {
	info, err := file.Stat()
	if err != nil || info.Size() == 0 {
		return err
	}
	head := make([]byte, 100)
	if _, err := io.ReadFull(file, head); err != nil || string(head[:16]) != "SQLite format 3\x00" {
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
	if _, err := os.Lstat(f.Path(fileName + "-wal")); errors.Is(err, fs.ErrNotExist) && info.Size() < pages*pageSize {
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
