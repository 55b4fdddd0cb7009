package confdir

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Dir is a folder of the configuration in which files may be changed, held open so
// that its path is looked up once. What is in it is named by this descriptor and
// never through a link.
type Dir struct {
	fd   int
	path string
	lock *os.File // nil if it is not held
}

// dirs are the folders in which a file may be changed.
var dirs = []string{"jail.d", "filter.d", "action.d"}

// maxChanged is how large a file may be that is changed.
const maxChanged = 1 << 20

// OpenDir opens jail.d, filter.d or action.d of a configuration folder. That one
// itself may be a link, as it may be for fail2ban; what is opened in it may not.
func OpenDir(conf, sub string) (*Dir, error) {
	path := filepath.Join(conf, sub)
	if !slices.Contains(dirs, sub) {
		return nil, fmt.Errorf("open %s: bantop changes nothing there", path)
	}
	root, err := unix.Open(conf, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: conf, Err: err}
	}
	defer unix.Close(root)
	fd, err := unix.Openat(root, sub, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err == nil {
		return &Dir{fd: fd, path: path}, nil
	}
	var st unix.Stat_t
	if unix.Fstatat(root, sub, &st, unix.AT_SYMLINK_NOFOLLOW) == nil && st.Mode&unix.S_IFMT == unix.S_IFLNK {
		return nil, Refuse("make it a folder, or change the file by hand", "%s is a link, and bantop writes through none", path)
	}
	err = &fs.PathError{Op: "open", Path: path, Err: err}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, Refuse("make that folder: mkdir -m 755 "+path, "%w", err)
	}
	return nil, err
}

// Close closes the folder, and gives the lock back. It may be called again.
func (d *Dir) Close() {
	if d.fd < 0 {
		return
	}
	if d.lock != nil {
		_ = unix.Unlinkat(d.fd, lockName, 0) // who waits for it sees that it is gone, and makes another
		_ = d.lock.Close()
	}
	unix.Close(d.fd)
	d.fd, d.lock = -1, nil
}

// Path is where a file of the folder is.
func (d *Dir) Path(name string) string { return filepath.Join(d.path, name) }

// Read reads a file, up to 1 MiB; nil where there is none.
func (d *Dir) Read(name string) ([]byte, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	fd, err := unix.Openat(d.fd, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	switch {
	case errors.Is(err, unix.ENOENT):
		return nil, nil
	case errors.Is(err, unix.ELOOP):
		return nil, Refuse("take the link away, or change what it leads to by hand", "%s is a link, and bantop writes through none", d.Path(name))
	case errors.Is(err, unix.ENXIO): // a socket
		return nil, noFile(d.Path(name))
	case err != nil:
		return nil, &fs.PathError{Op: "open", Path: d.Path(name), Err: err}
	}
	file := os.NewFile(uintptr(fd), d.Path(name))
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, noFile(d.Path(name))
	}
	data, err := io.ReadAll(io.LimitReader(file, maxChanged+1))
	if err == nil && len(data) > maxChanged {
		return nil, Refuse("make it smaller, or change it by hand", "%s is longer than %d bytes", d.Path(name), maxChanged)
	}
	return append([]byte{}, data...), err
}

func noFile(path string) error { return Refuse("take it away", "%s is no file", path) }

// checkName tells whether a name is one of a file in a folder, and of one that is
// not hidden.
func checkName(name string) error {
	if name == "" || name[0] == '.' || strings.ContainsAny(name, "/\x00") {
		return fmt.Errorf("%q is no name of a file of fail2ban's configuration", name)
	}
	return nil
}

// Replace writes a file, or removes it where now is nil, in one step: whoever reads
// it, or finds it after the power was lost, finds the old one or the new one. A new
// file may be read by all, as fail2ban's own; one that was there keeps its owner,
// mode and extended attributes. Where it is not what it was, nothing is done.
func (d *Dir) Replace(name string, was, now []byte) error {
	return d.ReplaceMode(name, was, now, 0o644)
}

// ReplaceMode is Replace with the permission bits of a file that was not there.
func (d *Dir) ReplaceMode(name string, was, now []byte, mode fs.FileMode) error {
	is, err := d.Read(name)
	if err != nil {
		return err
	}
	if !same(is, was) {
		return Refuse("look at it, then try again", "somebody changed %s meanwhile", d.Path(name))
	}
	if now == nil {
		err = unix.Unlinkat(d.fd, name, 0)
		if was == nil {
			err = nil
		}
	} else if err = d.writeNew(name, now, mode.Perm()); err == nil {
		err = unix.Renameat(d.fd, newName(name), d.fd, name)
		_ = unix.Unlinkat(d.fd, newName(name), 0) // it is gone when it was renamed
	}
	if err != nil {
		return &fs.PathError{Op: "replace", Path: d.Path(name), Err: err}
	}
	return d.sync()
}

// same tells whether two texts of a file are the same; nil is no file.
func same(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }

// sync waits until the disk has what was done in the folder.
func (d *Dir) sync() error {
	// EINVAL: a file system whose folders need none.
	if err := unix.Fsync(d.fd); err != nil && !errors.Is(err, unix.EINVAL) {
		return &fs.PathError{Op: "sync", Path: d.path, Err: err}
	}
	return nil
}

// newName is a file while it is being written. It is no name that fail2ban reads,
// and always the same one: what a bantop left that was killed is used again.
func newName(name string) string { return "." + name + ".new" }

// writeNew writes a file under another name. Where that fails it leaves nothing.
func (d *Dir) writeNew(name string, text []byte, mode fs.FileMode) error {
	hidden := newName(name)
	_ = unix.Unlinkat(d.fd, hidden, 0) // of one that was killed; else there is none
	fd, err := unix.Openat(d.fd, hidden, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	file := os.NewFile(uintptr(fd), d.Path(hidden))
	_, err = file.Write(text)
	if err == nil {
		err = d.likeBefore(file, name, mode)
	}
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		_ = unix.Unlinkat(d.fd, hidden, 0)
	}
	return err
}

// PutBack is Replace after what may have failed half-way: it brings the old file
// back where the new one is in its place.
func (d *Dir) PutBack(name string, was, now []byte) error {
	is, err := d.Read(name)
	if err != nil {
		return err
	}
	if !same(is, now) {
		return nil
	}
	return d.Replace(name, now, was)
}

// Mode is the permission bits of a file, and whether it exists.
func (d *Dir) Mode(name string) (fs.FileMode, bool) {
	var st unix.Stat_t
	if checkName(name) != nil || unix.Fstatat(d.fd, name, &st, unix.AT_SYMLINK_NOFOLLOW) != nil {
		return 0, false
	}
	return fs.FileMode(st.Mode & 0o777), true
}

// Rename gives a file another name, unless one has it.
func (d *Dir) Rename(from, to string) error {
	if err := errors.Join(checkName(from), checkName(to)); err != nil {
		return err
	}
	if err := unix.Renameat2(d.fd, from, d.fd, to, unix.RENAME_NOREPLACE); err != nil {
		return &os.LinkError{Op: "rename", Old: d.Path(from), New: d.Path(to), Err: err}
	}
	if err := d.sync(); err != nil {
		return errors.Join(err, unix.Renameat2(d.fd, to, d.fd, from, unix.RENAME_NOREPLACE))
	}
	return nil
}

// keptName is a file as it was, kept for the way back: a second name of it, which
// takes no room, and which fail2ban does not read.
func keptName(name string) string { return "." + name + ".was" }

// Keep keeps a file for Back.
func (d *Dir) Keep(name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	_ = unix.Unlinkat(d.fd, keptName(name), 0) // of one that was killed; else there is none
	if err := unix.Linkat(d.fd, name, d.fd, keptName(name), 0); err != nil {
		return &os.LinkError{Op: "keep", Old: d.Path(name), New: d.Path(keptName(name)), Err: err}
	}
	return nil
}

// Back puts a file that was kept in its place, over whatever is there. It needs no
// room on the disk.
func (d *Dir) Back(name string) error {
	if err := unix.Renameat(d.fd, keptName(name), d.fd, name); err != nil {
		return &os.LinkError{Op: "put back", Old: d.Path(keptName(name)), New: d.Path(name), Err: err}
	}
	_ = unix.Unlinkat(d.fd, keptName(name), 0) // it is still there where both were names of one file (rename(2))
	return d.sync()
}

// Drop keeps a file no longer.
func (d *Dir) Drop(name string) error {
	if err := unix.Unlinkat(d.fd, keptName(name), 0); err != nil && !errors.Is(err, unix.ENOENT) {
		return &fs.PathError{Op: "remove", Path: d.Path(keptName(name)), Err: err}
	}
	return d.sync()
}
