package confdir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// likeBefore gives a file that is to replace another the owner, the mode and the
// extended attributes of that one: access lists (acl(5)), the label of SELinux. What
// cannot be kept is an error: a file that lost its access list would be open to
// others, or closed to those who need it. A file that replaces none has a given mode,
// and what the folder gives it.
func (d *Dir) likeBefore(file *os.File, name string, mode fs.FileMode) error {
	fd, err := unix.Openat(d.fd, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) {
		return file.Chmod(mode)
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	err = unix.Fstat(fd, &st)
	if err == nil && (int(st.Uid) != os.Geteuid() || int(st.Gid) != os.Getegid()) {
		err = file.Chown(int(st.Uid), int(st.Gid))
	}
	if err == nil {
		err = d.likeAttributes(int(file.Fd()), fd, name)
	}
	if err == nil { // the last: with an access list, the group's bits are its mask
		err = file.Chmod(fs.FileMode(st.Mode & 0o777))
	}
	return err
}

// likeAttributes gives a file the extended attributes of another, and no others.
func (d *Dir) likeAttributes(to, from int, name string) error {
	names, err := attributes(from)
	if err != nil {
		return fmt.Errorf("read its extended attributes: %w", err)
	}
	has, err := attributes(to)
	if err != nil {
		return fmt.Errorf("read its extended attributes: %w", err)
	}
	for _, a := range has { // the folder gives new files some, such as its default access list
		if !slices.Contains(names, a) && !strings.HasPrefix(a, "security.") {
			if err := unix.Fremovexattr(to, a); err != nil {
				return d.notKept(name, a, err)
			}
		}
	}
	for _, a := range names {
		want, err := attribute(from, a)
		if err != nil {
			return d.notKept(name, a, err)
		}
		if is, err := attribute(to, a); err == nil && is == want {
			continue
		}
		if err := unix.Fsetxattr(to, a, []byte(want), 0); err != nil {
			return d.notKept(name, a, err)
		}
	}
	return nil
}

func (d *Dir) notKept(name, attribute string, err error) error {
	next := "change the file by hand, or take it off: setfattr -x " + attribute + " " + d.Path(name)
	if os.Geteuid() != 0 {
		next = "run bantop as root"
	}
	return Refuse(next, "its attribute %s would be lost: %w", attribute, err)
}

// attributes are the names of a file's extended attributes. Those of what the
// kernel measures of the content (Linux, security/integrity) belong to the content.
func attributes(fd int) ([]string, error) {
	list, err := growing(func(b []byte) (int, error) { return unix.Flistxattr(fd, b) })
	if errors.Is(err, unix.ENOTSUP) { // a file system that has none
		return nil, nil
	}
	names := slices.DeleteFunc(strings.Split(list, "\x00"), func(a string) bool {
		return a == "" || a == "security.ima" || a == "security.evm"
	})
	return names, err
}

// attribute is the value of one.
func attribute(fd int, name string) (string, error) {
	return growing(func(b []byte) (int, error) { return unix.Fgetxattr(fd, name, b) })
}

// growing calls what fills a buffer; 64 KiB is the most of either (xattr(7)).
func growing(fill func([]byte) (int, error)) (string, error) {
	b := make([]byte, 1<<10)
	n, err := fill(b)
	if errors.Is(err, unix.ERANGE) {
		b = make([]byte, 1<<16)
		n, err = fill(b)
	}
	if err != nil {
		return "", err
	}
	return string(b[:n]), nil
}
