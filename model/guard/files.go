package guard

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"

	"bantop/fail2ban/confdir"
	"bantop/model"
	"bantop/model/store"
)

// Conf are the files of a configuration folder.
func Conf(dir string) Files { return conf(dir) }

type conf string

// in opens and locks the folder that a change is made in.
func (c conf) in(ctx context.Context, f model.FileChange, do func(*confdir.Dir) error) error {
	return c.open(ctx, f, false, do)
}

// backIn is in for the way back, which goes on without the lock: the right to act is
// held in the store anyway, and whoever holds this lock for long may want just that a
// change is not taken back.
func (c conf) backIn(ctx context.Context, f model.FileChange, do func(*confdir.Dir) error) error {
	return c.open(ctx, f, true, do)
}

func (c conf) open(ctx context.Context, f model.FileChange, anyway bool, do func(*confdir.Dir) error) error {
	dir, err := confdir.OpenDir(string(c), f.Dir)
	if err != nil {
		return err
	}
	defer dir.Close()
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	if err := dir.Lock(ctx); err != nil && !anyway {
		return err
	}
	return do(dir)
}

// Write makes the change, or does nothing.
func (c conf) Write(ctx context.Context, f model.FileChange) error {
	return c.in(ctx, f, func(dir *confdir.Dir) error {
		if f.Aside != "" {
			return dir.Rename(f.Name, f.Aside)
		}
		if f.Was != nil {
			if err := dir.Keep(f.Name); err != nil {
				return err
			}
		}
		err := dir.ReplaceMode(f.Name, f.Was, f.Now, cmp.Or(f.Mode, ownMode))
		if err != nil {
			err = errors.Join(err, dir.PutBack(f.Name, f.Was, f.Now))
			_ = dir.Drop(f.Name) // it is one of two names of the file that is there
		}
		return err
	})
}

// Restore makes it undone.
func (c conf) Restore(ctx context.Context, f model.FileChange) error {
	return c.backIn(ctx, f, func(dir *confdir.Dir) error {
		if f.Aside != "" {
			return restoreName(dir, f)
		}
		is, err := dir.Read(f.Name)
		if err != nil {
			return err
		}
		was := holds(is, f.Was, f.WasSum)
		if !was && !holds(is, f.Now, f.NowSum) {
			if err := setAside(dir, f.Name); err != nil {
				return err
			}
			is, was = nil, f.Was == nil && f.WasSum == ""
		}
		if was {
			_ = dir.Drop(f.Name) // where nothing may be removed, nothing was kept
			return nil
		}
		there := f.Was != nil || f.WasSum != ""
		if there && dir.Back(f.Name) == nil { // takes no room
			return nil
		}
		if there && f.Was == nil {
			return confdir.Refuse("look for it in a backup", "the former text of %s is gone", dir.Path(f.Name))
		}
		return dir.ReplaceMode(f.Name, is, f.Was, cmp.Or(f.Mode, ownMode))
	})
}

// Withdraw takes back what a Write that failed may have left.
func (c conf) Withdraw(ctx context.Context, f model.FileChange) error {
	if f.Aside != "" {
		return nil // it has its old name, or none
	}
	return c.backIn(ctx, f, func(dir *confdir.Dir) error { return dir.PutBack(f.Name, f.Was, f.Now) })
}

// Done takes away what was kept for the way back.
func (c conf) Done(ctx context.Context, f model.FileChange) error {
	return c.backIn(ctx, f, func(dir *confdir.Dir) error { return dir.Drop(f.Name) })
}

// ownMode is what fail2ban's own files have, and a file that bantop makes gets.
const ownMode fs.FileMode = 0o644

// Mode is the mode of the file, 0644 if it does not exist.
func (c conf) Mode(ctx context.Context, f model.FileChange) fs.FileMode {
	mode := ownMode
	_ = c.backIn(ctx, f, func(dir *confdir.Dir) error { // if it cannot be looked at, the change fails soon
		if is, there := dir.Mode(f.Name); there {
			mode = is
		}
		return nil
	})
	return mode
}

// Sum is the sum of the file as it is named now.
func (c conf) Sum(ctx context.Context, f model.FileChange) (sum string) {
	_ = c.backIn(ctx, f, func(dir *confdir.Dir) error { // else it is not known
		is, err := dir.Read(cmp.Or(f.Aside, f.Name))
		sum = store.Sum(is)
		return err
	})
	return sum
}

// holds reports whether a file holds a text, by the text's sum if the text itself is
// not at hand. A text without a sum is that of a file that does not exist.
func holds(file, text []byte, sum string) bool {
	if text == nil && sum != "" {
		return store.Sum(file) == sum
	}
	return (file == nil) == (text == nil) && bytes.Equal(file, text)
}

// restoreName gives a file that was set aside its name back.
func restoreName(dir *confdir.Dir, f model.FileChange) error {
	is, err := dir.Read(f.Aside)
	if err != nil || is == nil {
		return err
	}
	return dir.Rename(f.Aside, f.Name)
}

// setAside renames a file that somebody else has changed since: nothing that a
// person wrote is lost.
func setAside(dir *confdir.Dir, name string) error {
	const most = 100
	for n := 1; n <= most; n++ {
		to := fmt.Sprintf("%s.changed-%d", name, n)
		there, err := dir.Read(to)
		if err == nil && there == nil {
			return dir.Rename(name, to)
		}
	}
	return confdir.Refuse("look at them, and take them away", "there are %d files %s.changed-*", most, dir.Path(name))
}
