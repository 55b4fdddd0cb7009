package allowfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// jailDir is the folder of the configuration that the file is in.
const jailDir = "jail.d"

// newName is the file while it is being written. It is no name that fail2ban
// reads, and always the same one: what a bantop left that was killed is used again.
const newName = "." + Name + ".new"

// folder is jail.d, held open so that its path is looked up once. What is in it is
// named by this descriptor and never through a link.
type folder struct {
	fd   int
	path string
}

// openFolder opens jail.d. The configuration folder itself may be a link, as it may
// be for fail2ban; jail.d may not.
func openFolder(conf string) (*folder, error) {
	path := filepath.Join(conf, jailDir)
	root, err := unix.Open(conf, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: conf, Err: err}
	}
	defer unix.Close(root)
	fd, err := unix.Openat(root, jailDir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err == nil {
		return &folder{fd, path}, nil
	}
	var st unix.Stat_t
	if unix.Fstatat(root, jailDir, &st, unix.AT_SYMLINK_NOFOLLOW) == nil && st.Mode&unix.S_IFMT == unix.S_IFLNK {
		return nil, refuse("make it a folder, or add the address to the jail's ignoreip by hand", "%s is a link, and bantop writes through none", path)
	}
	err = &fs.PathError{Op: "open", Path: path, Err: err}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, refuse("make that folder: mkdir -m 755 "+path, "%w", err)
	}
	return nil, err
}

func (f *folder) close() { unix.Close(f.fd) }

func (f *folder) file() string { return filepath.Join(f.path, Name) }

// lock keeps every other bantop from changing the file until the folder is closed.
func (f *folder) lock(ctx context.Context) error {
	for {
		err := unix.Flock(f.fd, unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			if err != nil {
				return &fs.PathError{Op: "lock", Path: f.path, Err: err}
			}
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for another bantop that changes it: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// read reads the file; nil where there is none.
func (f *folder) read() ([]byte, error) {
	fd, err := unix.Openat(f.fd, Name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	switch {
	case errors.Is(err, unix.ENOENT):
		return nil, nil
	case errors.Is(err, unix.ELOOP):
		return nil, refuse("take the link away: the file is bantop's own", "it is a link, and bantop writes through none")
	case err != nil:
		return nil, &fs.PathError{Op: "open", Path: f.file(), Err: err}
	}
	file := os.NewFile(uintptr(fd), f.file())
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, refuse("take it away: the file is bantop's own", "it is no file")
	}
	return io.ReadAll(io.LimitReader(file, maxFile+1))
}

// replace writes the file, or removes it where text is nil, in one step: whoever
// reads it, or finds it after the power was lost, finds the old one or the new one.
// Where it is not what it was, nothing is done.
func (f *folder) replace(was, text []byte) error {
	is, err := f.read()
	if err != nil {
		return err
	}
	if (is == nil) != (was == nil) || !bytes.Equal(is, was) {
		return refuse("look at it, then try again", "somebody changed it meanwhile")
	}
	if text == nil {
		err = unix.Unlinkat(f.fd, Name, 0)
	} else if err = f.writeNew(text); err == nil {
		err = unix.Renameat(f.fd, newName, f.fd, Name)
		_ = unix.Unlinkat(f.fd, newName, 0) // it is gone when it was renamed
	}
	if err != nil {
		return &fs.PathError{Op: "replace", Path: f.file(), Err: err}
	}
	// EINVAL: a file system whose folders need none.
	if err := unix.Fsync(f.fd); err != nil && !errors.Is(err, unix.EINVAL) {
		return &fs.PathError{Op: "sync", Path: f.path, Err: err}
	}
	return nil
}

// writeNew writes the file under another name. Where that fails it leaves nothing.
func (f *folder) writeNew(text []byte) error {
	_ = unix.Unlinkat(f.fd, newName, 0) // of one that was killed; else there is none
	fd, err := unix.Openat(f.fd, newName, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	file := os.NewFile(uintptr(fd), filepath.Join(f.path, newName))
	_, err = file.Write(text)
	if err == nil {
		err = file.Chmod(0o644) // as fail2ban's own: whoever may read the others
	}
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		_ = unix.Unlinkat(f.fd, newName, 0)
	}
	return err
}

// putBack is replace after what may have failed half-way: it brings the old file
// back where the new one is in its place.
func (f *folder) putBack(old, text []byte) error {
	is, err := f.read()
	if err != nil {
		return err
	}
	if (is == nil) != (text == nil) || !bytes.Equal(is, text) {
		return nil
	}
	return f.replace(text, old)
}
