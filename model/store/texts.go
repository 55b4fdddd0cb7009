package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"bantop/config/trust"
	"bantop/model"
)

// Texts keeps the texts of the file that a change of the configuration is made in,
// for as long as the change is under way: they may hold secrets, so they are no part
// of the database, whose freed pages and write-ahead log keep what was once in it.
// Each is a file with the mode of the file that it is of, in a folder that only its
// owner may enter. Of each server there is one change at a time.
type Texts struct {
	state string // the state folder
	name  string // of the files, without their ending
}

// textsFolder is the folder of the texts, in the state folder.
const textsFolder = "changes"

// The endings of the files.
const (
	wasEnding    = ".was"
	nowEnding    = ".now"
	formerEnding = ".former"
)

// endings are those of all files.
var endings = []string{wasEnding, nowEnding, formerEnding}

// maxKept is the longest text that is read back, in bytes: as long as a file of the
// configuration may be (confdir).
const maxKept = 1 << 20

// NewTexts returns the texts of the server that is looked at with these options.
// Nothing is read or made yet.
func NewTexts(o Options) Texts {
	sum := sha256.Sum256([]byte(serverKey(o.Socket)))
	return Texts{state: o.Dir, name: hex.EncodeToString(sum[:8])}
}

// Sum is the sum of a text, as a FileChange has it: "" if there is no text.
func Sum(text []byte) string {
	if text == nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Keep writes the texts of a change down, with the mode of the file that they are
// of, and returns the change with their sums. What an earlier change left goes.
func (t Texts) Keep(f model.FileChange, mode fs.FileMode) (model.FileChange, error) {
	f.WasSum, f.NowSum = Sum(f.Was), Sum(f.Now)
	dir, err := t.open()
	if err == nil {
		defer dir.Close()
		err = errors.Join(t.keep(dir, wasEnding, f.Was, mode), t.keep(dir, nowEnding, f.Now, mode),
			dir.Remove(t.name+formerEnding))
	}
	if err == nil {
		err = dir.Sync()
	}
	if err != nil {
		return f, fmt.Errorf("keep the texts of %s for the way back: %w", f.Name, kindOf(err))
	}
	return f, nil
}

func (t Texts) keep(dir *trust.Dir, ending string, text []byte, mode fs.FileMode) error {
	name := t.name + ending
	if err := dir.Remove(name); err != nil || text == nil {
		return err
	}
	file, err := dir.Open(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err == nil {
		err = file.Chmod(mode.Perm())
	}
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, dir.Remove(name))
	}
	return nil
}

// Read adds the texts to a change that has their sums. One that is missing, or is
// another than was kept, is left out, and the error says so.
func (t Texts) Read(f model.FileChange) (model.FileChange, error) {
	if f.WasSum == "" && f.NowSum == "" {
		return f, nil
	}
	dir, err := t.open()
	if err != nil {
		return f, fmt.Errorf("read the texts of %s: %w", f.Name, err)
	}
	defer dir.Close()
	var failed [2]error
	f.Was, failed[0] = t.read(dir, wasEnding, f.WasSum, maxKept)
	f.Now, failed[1] = t.read(dir, nowEnding, f.NowSum, maxKept)
	if err := errors.Join(failed[:]...); err != nil {
		return f, fmt.Errorf("read the texts of %s: %w", f.Name, err)
	}
	return f, nil
}

// read reads a file of so many bytes at most.
func (t Texts) read(dir *trust.Dir, ending, sum string, most int64) ([]byte, error) {
	if sum == "" {
		return nil, nil
	}
	file, err := dir.Open(t.name+ending, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, most))
	if err != nil {
		return nil, err
	}
	text = append([]byte{}, text...) // an empty file is there
	if Sum(text) != sum {
		return nil, &trust.Error{Path: dir.Path(t.name + ending), Reason: "is not what was kept"}
	}
	return text, nil
}

// Any reports whether texts of this server are there. It costs microseconds.
func (t Texts) Any() bool {
	for _, ending := range endings {
		if _, err := os.Lstat(filepath.Join(t.folder(), t.name+ending)); err == nil {
			return true
		}
	}
	return false
}

// Drop removes the texts. Missing ones are no error.
func (t Texts) Drop() error {
	if !t.Any() {
		return nil
	}
	dir, err := t.open()
	if err == nil {
		defer dir.Close()
		for _, ending := range endings {
			err = errors.Join(err, dir.Remove(t.name+ending))
		}
	}
	if err != nil {
		return fmt.Errorf("remove the texts of a change that has ended: %w", err)
	}
	return nil
}

// folder is where the texts are.
func (t Texts) folder() string { return filepath.Join(t.state, textsFolder) }

// open opens the folder of the texts, and makes it if it is missing: for its owner
// alone, in a state folder that nobody else may write.
func (t Texts) open() (*trust.Dir, error) {
	state, err := trust.Resolve(t.state)
	if err != nil {
		return nil, err
	}
	if err := trust.Folder(state); err != nil {
		return nil, err
	}
	path := filepath.Join(state, textsFolder)
	if err := unix.Mkdir(path, 0o700); err != nil && !errors.Is(err, unix.EEXIST) {
		return nil, &fs.PathError{Op: "make", Path: path, Err: err}
	}
	if err := trust.Folder(path); err != nil {
		return nil, err
	}
	dir, err := trust.OpenDir(path)
	if err != nil {
		return nil, err
	}
	if err := dir.Chmod(0o700); err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	return dir, nil
}
