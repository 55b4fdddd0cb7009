package confdir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// lockName is the file that is locked while files of a folder are changed. The folder
// itself will not do: whoever may read it, and that is everybody, may hold a lock on
// it (flock(2)) for ever, and no change could be taken back. This one only its owner can
// open; it is there while it is held. fail2ban does not read it.
const lockName = ".bantop.lock"

// unlockable are the errors of a folder in which no file can be made. Nothing can be
// changed there either, and that is told when it is tried; but for a full disk, on which
// a file may become shorter: whoever changes it looks first whether it is as it was.
var unlockable = []error{unix.EACCES, unix.EPERM, unix.EROFS, unix.ENOSPC, unix.EDQUOT}

// Lock keeps every other bantop from changing what is in the folder until it is
// closed. It does nothing in a folder in which no file can be made.
func (d *Dir) Lock(ctx context.Context) error {
	for {
		file, err := d.openLock()
		if slices.ContainsFunc(unlockable, func(kind error) bool { return errors.Is(err, kind) }) {
			return nil
		}
		if err != nil {
			return err
		}
		err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil && d.isNamed(file) {
			d.lock = file
			return nil
		}
		file.Close()
		if err != nil && !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			return &fs.PathError{Op: "lock", Path: d.Path(lockName), Err: err}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for another bantop that changes %s: %w", d.path, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// openLock opens the file, and makes it if it is not there. What is not a file of this
// user that is closed to all others is refused.
func (d *Dir) openLock() (*os.File, error) {
	fd, err := unix.Openat(d.fd, lockName, unix.O_RDWR|unix.O_CREAT|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: d.Path(lockName), Err: err}
	}
	file := os.NewFile(uintptr(fd), d.Path(lockName))
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG || int(st.Uid) != os.Geteuid() || st.Mode&0o077 != 0 {
		file.Close()
		return nil, Refuse("take it away: rm "+file.Name(), "%s is not bantop's lock", file.Name())
	}
	return file, nil
}

// isNamed reports whether the file still has its name: who held the lock before may
// just have removed it.
func (d *Dir) isNamed(file *os.File) bool {
	var named, open unix.Stat_t
	return unix.Fstatat(d.fd, lockName, &named, unix.AT_SYMLINK_NOFOLLOW) == nil &&
		unix.Fstat(int(file.Fd()), &open) == nil && named.Ino == open.Ino && named.Dev == open.Dev
}
