package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"bantop/config/trust"
)

// aside is what was in a state folder that others could write to.
type aside struct {
	reason  string   // why it is not trusted
	names   []string // files that were renamed
	number  int      // NAME.untrusted-number
	waiting []string // configuration files whose change may not have ended
}

// what says why files were set aside, and what is lost by it.
func (a aside) what() string {
	text := a.reason
	if path, who, is := strings.Cut(text, " can be written by "); is {
		text = strings.TrimPrefix(who, "the ") + " could write " + path
	}
	if len(a.names) == 0 {
		return text + ": it is closed to others now"
	}
	return fmt.Sprintf("%s: the old state is set aside (*.untrusted-%d); history and journal begin anew", text, a.number)
}

// pending names the files of changes that may not have ended, in fail2ban's
// configuration; "" if no change is known.
func (a aside) pending(conf string) string {
	if len(a.waiting) == 0 {
		return ""
	}
	var files []string
	for _, file := range a.waiting {
		files = append(files, filepath.Join(conf, file))
	}
	return "a change may have been pending: check " + strings.Join(files, ", ")
}

// told is all that there is to say, in lines, with what to do about it.
func (a aside) told(o Options) []string {
	lines := []string{a.what()}
	if len(a.names) > 0 {
		files := filepath.Join(o.Dir, "*"+untrusted("", a.number))
		lines = append(lines, "next: look at "+files+", then delete them")
	}
	if pending := a.pending(o.Conf); pending != "" {
		lines = append(lines, pending)
	}
	return lines
}

// note is what the event says, in one line.
func (a aside) note(o Options) string {
	return strings.TrimSuffix(a.what()+"; "+a.pending(o.Conf), "; ")
}

// clean renames everything of bantop's in a folder that others could write to, so
// that nothing of it is read or acted on, and closes the folder to them.
//
//   - First the folder is closed, with the sticky bit: from then on nobody else can
//     put a file in the place of one that was just renamed. Somebody who has the old
//     files open may go on writing to them; nobody reads those.
//   - The sticky bit, which bantop gives to no folder of its own, says that the rest
//     is still to be done: who finds it after a crash does all of it again.
//   - One bantop at a time does this, and looks again when it is its turn, else the
//     second one would rename the new database of the first.
func (f *folder) clean(ctx context.Context, reason string) (aside, error) {
	// Before the lock is looked for: else others could go on putting things in its way.
	if f.writable() {
		if err := f.shut(0o700 | fs.ModeSticky); err != nil {
			return aside{}, fmt.Errorf("set aside what is not trusted (%s): %w", reason, err)
		}
	}
	for {
		lock, err := f.lock(ctx)
		if err != nil {
			return aside{}, fmt.Errorf("set aside what is not trusted: %w", err)
		}
		done, again, err := f.cleanLocked(lock)
		if lock.named() { // whoever waits for it sees that it is gone, and looks again
			_ = os.Remove(lock.path)
		}
		err = errors.Join(err, lock.Close())
		if err != nil {
			return aside{}, fmt.Errorf("set aside what is not trusted (%s): %w", reason, err)
		}
		if !again {
			if done.reason != "" { // what it was before it was shut
				done.reason = reason
			}
			return done, nil
		}
	}
}

// writable reports whether the mode lets others write to the folder.
func (f *folder) writable() bool {
	info, err := f.Stat()
	return err != nil || info.Mode().Perm()&0o022 != 0
}

// cleanLocked is clean by who has the lock. It says again if it turns out that it
// does not have it.
func (f *folder) cleanLocked(lock *lock) (done aside, again bool, err error) {
	reason, err := f.judge()
	if err != nil || reason == "" {
		return aside{}, false, err
	}
	if err := f.shut(0o700 | fs.ModeSticky); err != nil {
		return aside{}, false, err
	}
	if !lock.named() { // until now others could rename it
		return aside{}, true, nil
	}
	done = aside{reason: reason}
	if err := f.rename(&done); err != nil {
		return aside{}, false, err
	}
	if err := f.Sync(); err != nil {
		return aside{}, false, err
	}
	if len(done.names) > 0 {
		done.waiting = f.waiting(done.number)
	}
	return done, false, f.shut(0o700)
}

// shut sets the mode of the folder, and makes sure that this had an effect: a file
// system without modes (vfat) would have it cleaned again and again.
func (f *folder) shut(mode fs.FileMode) error {
	if err := f.Chmod(mode); err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil && info.Mode() != mode|fs.ModeDir {
		err = &trust.Error{Path: f.path, Reason: "cannot be closed to others: its file system keeps no modes"}
	}
	return err
}

// rename gives everything of bantop's in the folder a name under which nobody reads
// it: a link as such, whatever it leads to.
func (f *folder) rename(a *aside) error {
	there, err := f.Names()
	if err != nil {
		return err
	}
	taken := make(map[string]bool)
	for _, name := range there {
		taken[name] = true
	}
	free := func(n int) bool {
		for _, name := range ownNames {
			if taken[untrusted(name, n)] {
				return false
			}
		}
		return true
	}
	for a.number = 1; !free(a.number); {
		a.number++
	}
	for _, name := range ownNames {
		if !taken[name] {
			continue
		}
		if err := f.Rename(name, untrusted(name, a.number)); err != nil {
			return err
		}
		a.names = append(a.names, name)
	}
	return nil
}

func untrusted(name string, n int) string { return name + ".untrusted-" + strconv.Itoa(n) }

// lockName is a folder that is locked while files are renamed. The state folder
// itself will not do: whoever could read it may hold a lock on it for ever. Nobody
// but its owner can open this one, and nobody else can make one that belongs to him.
const lockName = "bantop.lock"

// lock is such a folder, locked.
type lock struct {
	*trust.Dir
	path string
	info fs.FileInfo
}

// named reports whether the folder still has its name: else somebody may lock another.
func (l *lock) named() bool {
	info, err := os.Lstat(l.path)
	return err == nil && os.SameFile(info, l.info)
}

// lock waits for the lock. What others put in its place is passed over, by all in the
// same order.
func (f *folder) lock(ctx context.Context) (*lock, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for n := 1; ; {
		path := f.Path(lockName)
		if n > 1 {
			path += "-" + strconv.Itoa(n)
		}
		l, err := openLock(path)
		switch {
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return nil, err
		case err == nil && l == nil && !f.writable() && os.Remove(path) == nil: // nobody puts another there
		case err == nil && l == nil:
			n++
		case err == nil:
			mine, err := l.TryLock()
			if err != nil {
				return nil, errors.Join(err, l.Close())
			}
			if mine && l.named() {
				return l, nil
			}
			if err := l.Close(); err != nil {
				return nil, err
			}
			time.Sleep(time.Millisecond)
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("%w: another bantop sets files aside in %s", ErrBusy, f.path)
		}
	}
}

// openLock opens the folder that is to be locked, and makes it if it is not there; nil
// if what is there is not bantop's own.
func openLock(path string) (*lock, error) {
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	dir, err := trust.OpenDir(path)
	switch {
	case errors.Is(err, unix.ENOTDIR), errors.Is(err, unix.ELOOP), errors.Is(err, fs.ErrPermission):
		return nil, nil
	case err != nil:
		return nil, err
	}
	info, err := dir.Stat()
	if err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	if uid, _ := trust.Owner(info); uid != os.Geteuid() || info.Mode().Perm()&0o077 != 0 {
		return nil, dir.Close()
	}
	return &lock{dir, path, info}, nil
}
