package load

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"bantop/config"
	"bantop/config/trust"
	"bantop/fail2ban/quote"
)

// Write lays values over the local file beside the administrator's, and writes it
// whole or not at all. It returns the file. The folder has to be one that only root
// or the user may write to; the file, if it is there, has to be a regular one of
// theirs, and keeps its mode.
func Write(admin string, values []config.Value) (string, error) {
	path := LocalFile(admin)
	fail := func(err error) (string, error) { return path, fmt.Errorf("keep the settings: %w", err) }
	dir, err := openFolder(filepath.Dir(path))
	if err != nil {
		return fail(err)
	}
	defer dir.Close()
	mode, group := fs.FileMode(0o644), -1
	switch st, err := dir.Lstat(filepath.Base(path)); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fail(err)
	case st.Mode&unix.S_IFMT == unix.S_IFLNK:
		next := "rm " + quote.Word(path)
		return fail(&trust.Error{Path: path, Reason: "is a symbolic link, not a regular file", Next: next})
	default:
		mode, group = fs.FileMode(st.Mode&0o777), int(st.Gid)
	}
	had, err := read(file{path: path})
	if err != nil {
		return fail(err)
	}
	all := slices.Concat(had, values)
	if _, err := config.Defaults().With(all...); err != nil {
		return fail(err)
	}
	if err := writeWhole(dir, filepath.Base(path), config.File(all), mode, group); err != nil {
		return fail(err)
	}
	return path, nil
}

// openFolder opens a folder that only root or the user may write to, and makes it
// if it is not there.
func openFolder(path string) (*trust.Dir, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	real, err := trust.Resolve(path)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(real, 0o755); err != nil {
		return nil, err
	}
	if err := trust.Folder(real); err != nil {
		return nil, err
	}
	return trust.OpenDir(real)
}

// writeWhole replaces a file of a folder by another in one step, so that a reader,
// or a machine that loses its power, finds the old one or the new one.
func writeWhole(dir *trust.Dir, name, text string, mode fs.FileMode, group int) error {
	f, temp, err := create(dir)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err == nil && group >= 0 && f.Chown(-1, group) != nil {
		mode &^= 0o070 // it cannot stay the group's: another shall not get its rights
	}
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = dir.Replace(temp, name)
	}
	if err != nil {
		return errors.Join(err, dir.Remove(temp))
	}
	return dir.Sync()
}

// create makes a file in a folder under a name that nothing has.
func create(dir *trust.Dir) (*os.File, string, error) {
	for n := 0; ; n++ {
		name := ".bantop-" + strconv.Itoa(os.Getpid()) + "-" + strconv.Itoa(n)
		f, err := dir.Open(name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, 0o600)
		if err == nil || !errors.Is(err, fs.ErrExist) || n == 100 {
			return f, name, err
		}
	}
}
