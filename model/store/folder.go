package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"bantop/config/trust"
)

// logName is what the guard says when it cannot go on.
const logName = "guard.log"

// databaseNames are the files that SQLite opens, by these names: a journal that was
// left behind it would play back into the database.
var databaseNames = []string{fileName, fileName + "-wal", fileName + "-shm", fileName + "-journal"}

// ownNames are all that bantop keeps in its folder.
var ownNames = append(slices.Clone(databaseNames), logName, "changes")

// leftBehind are the names that bantop gives to what it does not trust, and to what
// it locks meanwhile.
var leftBehind = regexp.MustCompile(`\.untrusted-\d+$|^` + regexp.QuoteMeta(lockName) + `(-\d+)?$`)

// folder is the state folder, held open. Its parents are safe: nobody but root and
// the user can put another folder in its place, so a path into it is as good as its
// descriptor.
type folder struct {
	*trust.Dir
	path string // without links
	own  bool   // that nothing but bantop's state is in it goes without saying
}

// openFolder opens a folder below safe parents, and makes it if it is not there.
// Nothing in it was looked at yet.
func openFolder(path string) (*folder, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	real, err := makeFolder(abs)
	if err != nil {
		return nil, err
	}
	dir, err := trust.OpenDir(real)
	if err != nil {
		return nil, err
	}
	info, err := dir.Stat()
	if err == nil {
		err = trust.Owned(real, info)
	}
	if err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	return &folder{dir, real, ownByName(abs) || ownByName(real)}, nil
}

// ownByName reports whether a folder is bantop's by its name, as those are that it
// chooses itself: /var/lib/bantop, ~/.local/state/bantop, /tmp/bantop-1000.
func ownByName(path string) bool {
	name := filepath.Base(path)
	return name == "bantop" || strings.HasPrefix(name, "bantop-")
}

// makeAttempts is how often it is tried anew when somebody else makes the same folder.
const makeAttempts = 10

// makeFolder makes a folder and those above it that are missing, with mode 0700 and
// only below safe ones, and returns its path without links. In a parent with the
// sticky bit somebody else may be faster: each is made by itself, after all above it
// were checked once more, and what is there already is never taken for one's own.
func makeFolder(path string) (string, error) {
	for range makeAttempts {
		real, err := trust.Resolve(path)
		if err != nil {
			return "", err
		}
		first, err := firstMissing(real)
		if err != nil || first == "" {
			return real, err
		}
		if checked, err := trust.Resolve(first); err != nil {
			return "", err
		} else if checked != first {
			continue
		}
		err = os.Mkdir(first, 0o700)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err == nil {
			err = os.Chmod(first, 0o700) // below a folder with the setgid bit it has that bit, too
		}
		if err != nil {
			return "", err
		}
	}
	return "", &trust.Error{Path: path, Reason: "is made and removed by somebody else at the same time"}
}

// firstMissing is the uppermost folder on the way to path that is not there; "" if
// all are.
func firstMissing(path string) (string, error) {
	missing := ""
	for p := path; ; p = filepath.Dir(p) {
		_, err := os.Lstat(p)
		if err == nil {
			return missing, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		missing = p
	}
}

// secure makes sure that nobody but root and the user of this process can have
// written what is read here, or can write it from now on. If others could, it is set
// aside. What is not a file that bantop made is an error, and then nothing is touched.
func (f *folder) secure(ctx context.Context) (aside, error) {
	reason, err := f.judge()
	if err != nil {
		return aside{}, err
	}
	if reason != "" {
		return f.clean(ctx, reason)
	}
	return aside{}, f.tighten()
}

// judge is why what is in the folder cannot be trusted; "" if it can.
func (f *folder) judge() (string, error) {
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	open := f.opened(info)
	if open == "" {
		return f.files()
	}
	refuse := func(reason string) (string, error) {
		return "", &trust.Error{Path: f.path, Reason: reason, Next: "use a folder of bantop's own: --state-dir DIR"}
	}
	uid, _ := trust.Owner(info)
	foreign, err := f.foreign()
	switch {
	case err != nil:
		return "", err
	case uid != os.Geteuid():
		return refuse(open)
	case info.Mode()&fs.ModeSticky != 0 && info.Mode().Perm()&0o077 != 0:
		return refuse("is for everybody (sticky bit)") // /tmp: to close it would do harm
	case foreign != "" && !f.own:
		return refuse(open + " and holds what is not bantop's: " + foreign)
	}
	return f.path + " " + open, nil
}

// opened is how others than its owner could write to the folder; "" if nobody could.
// The setgid bit is what an older bantop gave a folder that a group shared: chmod(1)
// leaves it when somebody takes the group's rights away, so who was in the group may
// have written what is there. The sticky bit is bantop's own: see clean.
func (f *folder) opened(info fs.FileInfo) string {
	var unsafe *trust.Error
	switch err := trust.Closed(f.path, info); {
	case errors.As(err, &unsafe):
		return unsafe.Reason
	case info.Mode()&fs.ModeSetgid != 0:
		return "was shared with a group"
	case info.Mode()&fs.ModeSticky != 0:
		return "was not cleaned to the end"
	default:
		return ""
	}
}

// foreign is something in the folder that is not bantop's; "" if there is nothing.
func (f *folder) foreign() (string, error) {
	names, err := f.Names()
	if err != nil {
		return "", err
	}
	for _, name := range names {
		if !slices.Contains(ownNames, name) && !leftBehind.MatchString(name) {
			return name, nil
		}
	}
	return "", nil
}

// files looks at the database in a folder that nobody else can write to. It returns
// why it cannot be trusted; "" if it can, or is not there.
func (f *folder) files() (reason string, err error) {
	for _, name := range databaseNames {
		info, err := os.Lstat(f.Path(name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		more, err := written(f.Path(name), info)
		if err != nil {
			return "", err
		}
		if reason == "" {
			reason = more
		}
	}
	if reason == "" {
		return "", nil
	}
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if uid, _ := trust.Owner(info); uid != os.Geteuid() {
		return "", &trust.Error{Path: f.path, Reason: "does not belong to the user of this process, and " + reason}
	}
	return reason, nil
}

// written is how somebody else could have written a file of the database; "" if nobody
// could. What is not a file that bantop made is an error.
func written(path string, info fs.FileInfo) (string, error) {
	var unsafe *trust.Error
	if errors.As(trust.Owned(path, info), &unsafe) {
		return unsafe.Error(), nil
	}
	if err := trust.Own(path, info); err != nil {
		return "", err // SQLite would open it, whatever it is
	}
	if errors.As(trust.Closed(path, info), &unsafe) {
		return unsafe.Error(), nil
	}
	if uid, _ := trust.Owner(info); uid != os.Geteuid() {
		return path + " belongs to root", nil
	}
	if info.Size() > maxFile {
		return "", fmt.Errorf("%w: %s has %d MiB, more than bantop ever writes", ErrCorrupt, path, info.Size()>>20)
	}
	return "", nil
}

// tighten closes a folder that nobody but bantop uses to all others. One that holds
// something else stays as it is: nobody else may write to it, and to close it could
// do harm.
func (f *folder) tighten() error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if uid, _ := trust.Owner(info); info.Mode().Perm() == 0o700 || uid != os.Geteuid() {
		return nil
	}
	if foreign, err := f.foreign(); err != nil || foreign != "" {
		return err
	}
	return f.Chmod(0o700)
}

// OpenLog opens the file in a state folder that a guard writes to, empty. It is
// refused if anybody else could write there.
func OpenLog(dir string) (*os.File, error) {
	f, err := openFolder(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	reason, err := f.judge()
	if err == nil && reason != "" {
		err = &trust.Error{Path: f.path, Reason: "is not safe: " + reason}
	}
	if err != nil {
		return nil, err
	}
	log, err := f.Open(logName, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(log.Chmod(0o600), log.Truncate(0)); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	return log, nil
}
