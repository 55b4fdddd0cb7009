package bandb

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"bantop/config/trust"
)

// The head of a database (sqlite.org/fileformat2.html, 1.3).
const (
	headSize = 100 // bytes
	magic    = "SQLite format 3\x00"
	forWrite = 18 // 1 for a rollback journal, 2 for WAL: the mode that a writer needs
	forRead  = 19 // the same for a reader
)

// look says where the database is and what it is, and fails where it must not be
// opened. It opens the file itself, so no read may be under way.
func (d *DB) look() (path string, file os.FileInfo, err error) {
	// What fail2ban says where it keeps nothing (server/server.py, setDatabase).
	if d.path == "" || d.path == ":memory:" || strings.EqualFold(d.path, "none") {
		return "", nil, ErrNone
	}
	if !filepath.IsAbs(d.path) {
		return "", nil, fmt.Errorf("%w: it is relative to a folder that only fail2ban knows", ErrUnreadable)
	}
	path = d.path
	if os.Geteuid() == 0 {
		if path, err = trust.Resolve(d.path); err != nil {
			return "", nil, err
		}
	}
	file, err = os.Stat(path) // a device may do something when it is opened
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil, fmt.Errorf("%w: %w", ErrNone, err)
	case err != nil:
		return "", nil, err
	case !file.Mode().IsRegular():
		return "", nil, fmt.Errorf("%w: it is no file", ErrUnreadable)
	}
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	file, err = f.Stat()
	if err == nil && os.Geteuid() == 0 {
		err = rootsOwn(path, file)
	}
	if err == nil {
		err = rollbackMode(f)
	}
	return path, file, err
}

// rootsOwn checks that nobody but root could have written the database, or put
// anything beside it: SQLite takes what is called -journal there for its own.
func rootsOwn(path string, file os.FileInfo) error {
	if err := trust.Folder(filepath.Dir(path)); err != nil {
		return err
	}
	return trust.File(path, file)
}

// rollbackMode checks, by the head of a file, that it is a database in rollback mode.
func rollbackMode(f io.ReaderAt) error {
	head := make([]byte, headSize)
	switch _, err := f.ReadAt(head, 0); {
	case errors.Is(err, io.EOF), err == nil && string(head[:len(magic)]) != magic:
		return fmt.Errorf("%w: it is no database", ErrUnreadable)
	case err != nil:
		return err
	case head[forWrite] != 1 || head[forRead] != 1:
		return fmt.Errorf("%w: it is in WAL mode, which fail2ban does not use", ErrUnreadable)
	}
	return nil
}
