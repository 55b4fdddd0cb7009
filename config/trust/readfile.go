package trust

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// ReadFile reads a file that only root or the user could have written, up to most
// bytes. Links are followed if they and what they lead to are safe (Resolve). A
// file with several names is read: its mode keeps others from writing it under any
// of them. What is not safe, not a regular file, or longer is an *Error.
func ReadFile(path string, most int64) ([]byte, error) {
	real, err := Resolve(path)
	if err != nil {
		return nil, err
	}
	d, err := OpenDir(filepath.Dir(real))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &fs.PathError{Op: "open", Path: real, Err: unix.ENOENT}
	}
	if err != nil {
		return nil, err
	}
	defer d.Close()
	f, err := d.openAny(filepath.Base(real), unix.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &Error{Path: real, Reason: "is " + kind(info.Mode()) + ", not a regular file"}
	}
	if err := owned(real, info); err != nil {
		return nil, err
	}
	if err := closed(real, info); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: real, Err: err}
	}
	if int64(len(data)) > most {
		return nil, &Error{Path: real, Reason: fmt.Sprintf("is longer than %d KiB", most>>10)}
	}
	return data, nil
}

// openAny opens a file of the folder, whatever it is, with the flags of every open.
func (d *Dir) openAny(name string, flags int, mode fs.FileMode) (*os.File, error) {
	fd, err := unix.Openat(int(d.file.Fd()), name, flags|always, uint32(mode.Perm()))
	switch {
	case errors.Is(err, unix.ELOOP):
		return nil, &Error{Path: d.Path(name), Reason: "is a symbolic link, not a regular file"}
	case errors.Is(err, unix.ENXIO): // a named pipe that nobody reads, or a socket
		return nil, &Error{Path: d.Path(name), Reason: "is a named pipe or a socket, not a regular file"}
	case err != nil:
		return nil, &fs.PathError{Op: "open", Path: d.Path(name), Err: err}
	}
	return os.NewFile(uintptr(fd), d.Path(name)), nil
}

// Replace gives a file of the folder the name of another, which it replaces.
func (d *Dir) Replace(from, to string) error {
	fd := int(d.file.Fd())
	if err := unix.Renameat(fd, from, fd, to); err != nil {
		return &os.LinkError{Op: "rename", Old: d.Path(from), New: d.Path(to), Err: err}
	}
	return nil
}
