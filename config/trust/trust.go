// Package trust reports whether anybody but root and the user of this process
// could have written a file or a folder, as OpenSSH does before it reads a
// user's keys (StrictModes), and opens files without following what others
// may have put in their place.
//
// A path is safe if every folder on the way to it, and every folder on the way
// to what a link in it leads to, belongs to root or to the user and nobody else
// may write to it. A parent with the sticky bit (/tmp) may be writable: nobody
// can rename or remove what belongs to somebody else there.
package trust

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"bantop/fail2ban/quote"
)

// Error says what makes a path unsafe. Its text names the path and the reason.
type Error struct {
	Path   string
	Reason string // such as "belongs to jo"
	Next   string // the command that mends it, names in it quoted for a shell; "" if none does
}

func (e *Error) Error() string { return e.Path + " " + e.Reason }

// Hint is the command that mends it; "" if none does.
func (e *Error) Hint() string { return e.Next }

// maxLinks is how many links a path may lead through, as in the kernel (path_resolution(7)).
const maxLinks = 40

// Parents checks every folder on the way to path, "/" first, but not what path
// itself names. A folder that is missing ends the check: what is made in a safe
// folder is safe. The error is an *Error, or that of a folder that cannot be
// looked at. The path must be absolute.
func Parents(path string) error {
	_, err := walk(path, maxLinks)
	return err
}

// Resolve is Parents, and returns the path without links: the one to open, so
// that nothing can be put in its place between the check and the use.
func Resolve(path string) (string, error) { return walk(path, maxLinks) }

// walk checks the parents of path and resolves its links, the last one too.
func walk(path string, links int) (string, error) {
	if !filepath.IsAbs(path) {
		return "", fmt.Errorf("%s: not an absolute path", path)
	}
	real := "/"
	rest := strings.Split(strings.Trim(filepath.Clean(path), "/"), "/")
	for i, name := range rest {
		if err := folder(real, true); err != nil {
			return "", err
		}
		next := filepath.Join(real, name)
		info, err := os.Lstat(next)
		if errors.Is(err, fs.ErrNotExist) {
			return filepath.Join(append([]string{real}, rest[i:]...)...), nil
		}
		if err != nil {
			return "", err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			real = next
			continue
		}
		if links == 0 {
			return "", &fs.PathError{Op: "resolve", Path: path, Err: unix.ELOOP}
		}
		if err := owned(next, info); err != nil { // a sticky folder has links of others
			return "", err
		}
		to, err := os.Readlink(next)
		if err != nil {
			return "", err
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(real, to)
		}
		return walk(filepath.Join(append([]string{to}, rest[i+1:]...)...), links-1)
	}
	return real, nil
}

// Folder checks that a folder belongs to root or to the user, and that nobody
// else may write to it. The error is an *Error, or that of the look.
func Folder(path string) error { return folder(path, false) }

func folder(path string, sticky bool) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return &Error{Path: path, Reason: "is not a folder"}
	}
	if err := owned(path, info); err != nil {
		return err
	}
	if sticky && info.Mode()&fs.ModeSticky != 0 {
		return nil
	}
	return closed(path, info)
}

// File checks that what info describes is a regular file of root or the user
// with one link, and that nobody else may write to it.
func File(path string, info fs.FileInfo) error {
	if err := Own(path, info); err != nil {
		return err
	}
	return closed(path, info)
}

// Program is File for what is run. It may have several names: its mode keeps others
// from writing it under any of them.
func Program(path string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return &Error{Path: path, Reason: "is " + kind(info.Mode()) + ", not a regular file"}
	}
	if err := owned(path, info); err != nil {
		return err
	}
	return closed(path, info)
}

// Own is File without a look at the mode.
func Own(path string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		reason := "is " + kind(info.Mode()) + ", not a regular file"
		return &Error{Path: path, Reason: reason, Next: "ls -l " + quote.Word(path)}
	}
	if st, is := info.Sys().(*syscall.Stat_t); is && st.Nlink > 1 {
		links := strconv.FormatUint(uint64(st.Nlink), 10)
		return &Error{Path: path, Reason: "has " + links + " hard links", Next: "ls -l " + quote.Word(path)}
	}
	return owned(path, info)
}

// Owned checks that what info describes belongs to root or to the user.
func Owned(path string, info fs.FileInfo) error { return owned(path, info) }

// Owner is the user that a file belongs to, by number.
func Owner(info fs.FileInfo) (uid int, known bool) {
	uid, _, known = ids(info)
	return uid, known
}

func owned(path string, info fs.FileInfo) error {
	uid, _, known := ids(info)
	if known && (uid == 0 || uid == os.Geteuid()) {
		return nil
	}
	me := userName(os.Geteuid())
	return &Error{
		Path: path, Reason: "belongs to " + userName(uid),
		Next: fmt.Sprintf("make sure of what is in it, then: chown %s %s", quote.Word(me), quote.Word(path)),
	}
}

// Closed checks that nobody but its owner may write to what info describes.
func Closed(path string, info fs.FileInfo) error { return closed(path, info) }

// closed checks that nobody but the owner may write. An access list (acl(5)) that
// lets somebody write shows in the bits of the group.
func closed(path string, info fs.FileInfo) error {
	mode, who := info.Mode().Perm(), ""
	switch _, gid, _ := ids(info); {
	case mode&0o002 != 0:
		who = "everybody"
	case mode&0o020 != 0 && !privateGroup(info):
		who = "the group " + groupName(gid)
	default:
		return nil
	}
	return &Error{Path: path, Reason: "can be written by " + who, Next: "chmod go-w " + quote.Word(path)}
}

// kind names what is not a regular file.
func kind(m fs.FileMode) string {
	switch {
	case m&fs.ModeSymlink != 0:
		return "a symbolic link"
	case m.IsDir():
		return "a folder"
	case m&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	default:
		return "a device"
	}
}
