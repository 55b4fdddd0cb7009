package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"bantop/config/trust"
)

// place is which file a path led to.
type place struct{ device, inode uint64 }

func placeOf(path string) (place, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return place{}, err
	}
	st, is := info.Sys().(*syscall.Stat_t)
	if !is {
		return place{}, nil
	}
	return place{st.Dev, st.Ino}, nil
}

// still reports an error if the database that is open is not the one that others
// find: its folder or the file was removed, or replaced. SQLite goes on with a file
// that has no name, and whoever opens the state then has another one. It is an error,
// too, if others may write to the folder: from then on anybody could have written what
// is read. It costs microseconds.
func (s *sqliteStore) still() error {
	path := filepath.Join(s.opts.Dir, fileName)
	is, err := placeOf(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %s", ErrGone, path)
	case err != nil:
		return err
	case is != s.file:
		return fmt.Errorf("%w: %s", ErrReplaced, path)
	}
	info, err := os.Lstat(s.folder)
	if err != nil {
		return err
	}
	if err := trust.Owned(s.folder, info); err != nil {
		return err
	}
	return trust.Closed(s.folder, info)
}
