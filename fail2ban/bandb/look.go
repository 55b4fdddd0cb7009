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
	"bantop/fail2ban/quote"
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
	path, err = locate(d.path)
	if err != nil {
		return "", nil, err
	}
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	if file, err = f.Stat(); err != nil {
		return "", nil, err
	}
	return path, file, rollbackMode(f)
}

// Check is why a database is not opened, as far as can be seen without opening it:
// any DB may be reading it. The error has its kind, and is a *trust.Error where
// others than root could have written it.
func Check(path string) error {
	_, err := locate(path)
	return (&DB{path: path}).failed(err)
}

// locate is where a database is, links resolved as root. What it fails for must not
// be opened.
func locate(path string) (string, error) {
	// What fail2ban says where it keeps nothing (server/server.py, setDatabase).
	if path == "" || path == ":memory:" || strings.EqualFold(path, "none") {
		return "", ErrNone
	}
	if !filepath.IsAbs(path) {
		return "", fmt.Errorf("%w: it is relative to a folder that only fail2ban knows", ErrUnreadable)
	}
	root := os.Geteuid() == 0
	if root {
		real, err := trust.Resolve(path)
		if err != nil {
			return "", unsafe(err)
		}
		path = real
	}
	file, err := os.Stat(path) // a device may do something when it is opened
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("%w: %w", ErrNone, err)
	case err != nil:
		return "", err
	case !file.Mode().IsRegular():
		return "", fmt.Errorf("%w: it is no file", ErrUnreadable)
	case root:
		return path, rootsOwn(path, file)
	}
	return path, nil
}

// rootsOwn checks that nobody but root could have written the database, or put
// anything beside it: SQLite takes what is called -journal there for its own.
func rootsOwn(path string, file os.FileInfo) error {
	if err := trust.Folder(filepath.Dir(path)); err != nil {
		return unsafe(err)
	}
	return unsafe(trust.File(path, file))
}

// unsafe advises to look at what others could have written, not to take it from them:
// it may be the user's that fail2ban runs as.
func unsafe(err error) error {
	if e, is := errors.AsType[*trust.Error](err); is {
		return &trust.Error{Path: e.Path, Reason: e.Reason, Next: "ls -ld " + quote.Word(e.Path)}
	}
	return err
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
