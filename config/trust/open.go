package trust

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// always are the flags of every open: no link is followed, a named pipe does not
// hold anybody up, and no process that is started inherits the file.
const always = unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_CLOEXEC

// Dir is a folder that is held open: what is in it is named by this descriptor,
// so that nothing can be put in the place of the folder.
type Dir struct {
	file *os.File
	path string
}

// OpenDir opens a folder. It is not checked: see Folder and Parents.
func OpenDir(path string) (*Dir, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|always, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return &Dir{os.NewFile(uintptr(fd), path), path}, nil
}

// Close closes the folder.
func (d *Dir) Close() error { return d.file.Close() }

// Stat describes the folder that is open.
func (d *Dir) Stat() (fs.FileInfo, error) { return d.file.Stat() }

// Chmod sets the mode of the folder that is open, its sticky bit too.
func (d *Dir) Chmod(mode fs.FileMode) error { return d.file.Chmod(mode) }

// TryLock locks the folder that is open (flock(2)) until it is closed, and reports
// whether nobody else has locked it. Whoever can read a folder can lock it.
func (d *Dir) TryLock() (bool, error) {
	err := unix.Flock(int(d.file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return false, nil
	}
	if err != nil {
		return false, &fs.PathError{Op: "lock", Path: d.path, Err: err}
	}
	return true, nil
}

// Sync waits until the disk has what was made, renamed and removed in the folder.
func (d *Dir) Sync() error { return d.file.Sync() }

// Path is where a file of the folder is.
func (d *Dir) Path(name string) string { return filepath.Join(d.path, name) }

// Names lists what is in the folder, in no order.
func (d *Dir) Names() ([]string, error) {
	if _, err := d.file.Seek(0, 0); err != nil {
		return nil, err
	}
	return d.file.Readdirnames(-1)
}

// Open opens a file of the folder, with the flags of open(2). What is not a
// regular file with one link, of root or the user, is refused with an *Error, and
// nothing is done to it. The mode of a file that is there is left as it is.
func (d *Dir) Open(name string, flags int, mode fs.FileMode) (*os.File, error) {
	f, err := d.openAny(name, flags, mode)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil {
		err = Own(d.Path(name), info)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Lstat describes a file of the folder, and follows no link.
func (d *Dir) Lstat(name string) (unix.Stat_t, error) {
	var st unix.Stat_t
	if err := unix.Fstatat(int(d.file.Fd()), name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return st, &fs.PathError{Op: "look at", Path: d.Path(name), Err: err}
	}
	return st, nil
}

// Rename gives a file of the folder another name, unless something has it.
func (d *Dir) Rename(from, to string) error {
	fd := int(d.file.Fd())
	if err := unix.Renameat2(fd, from, fd, to, unix.RENAME_NOREPLACE); err != nil {
		return &os.LinkError{Op: "rename", Old: d.Path(from), New: d.Path(to), Err: err}
	}
	return nil
}

// Remove removes a file of the folder; a missing one is no error.
func (d *Dir) Remove(name string) error {
	if err := unix.Unlinkat(int(d.file.Fd()), name, 0); err != nil && !errors.Is(err, unix.ENOENT) {
		return &fs.PathError{Op: "remove", Path: d.Path(name), Err: err}
	}
	return nil
}
