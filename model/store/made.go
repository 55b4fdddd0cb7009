package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"bantop/config/trust"
	"bantop/model"
)

// What bantop changed in the configuration stays listed: a file for each change that
// was confirmed, beside the texts of the one under way, and as they for its owner alone.
// None is part of the database, so an older bantop, which knows nothing of them, leaves
// them as they are.

const (
	madePrefix = ".made-" // behind the name of the server; the number follows
	// mostMade is how many changes are kept of a server, and mostMadeBytes how much
	// they take: the oldest go first, the newest always stays.
	mostMade      = 200
	mostMadeBytes = 16 << 20
	// maxMade is the longest file that is read back: two texts of 1 MiB as base64.
	maxMade = 4 << 20
)

// made is the stored form of a model.Made. Names are never used for something else;
// what a newer bantop adds is not written anew by an older one, since no file is.
type made struct {
	Act     string     `json:"act"`
	Jail    string     `json:"jail,omitempty"`
	About   string     `json:"about,omitempty"`
	By      string     `json:"by,omitempty"`
	TTY     string     `json:"tty,omitempty"`
	Host    string     `json:"host,omitempty"`
	At      time.Time  `json:"at"`
	Ended   time.Time  `json:"ended"`
	EndedBy string     `json:"ended_by,omitempty"`
	Files   []madeFile `json:"files"`
	Reverts int        `json:"reverts,omitempty"`
}

type madeFile struct {
	Dir   string      `json:"dir"`
	Name  string      `json:"name"`
	Aside string      `json:"aside,omitempty"` // the name that it got instead
	Was   []byte      `json:"was"`             // null if it did not exist
	Now   []byte      `json:"now"`
	Mode  fs.FileMode `json:"mode,omitempty"`
	Sum   string      `json:"sum,omitempty"` // of one that was renamed
}

func storedForm(m model.Made) made {
	out := made{Act: m.Act, Jail: m.Jail, About: m.About, By: m.By, TTY: m.TTY, Host: m.Host, At: m.At, Ended: m.Ended,
		EndedBy: m.EndedBy, Reverts: m.Reverts}
	for _, f := range m.Files {
		kept := madeFile{Dir: f.Dir, Name: f.Name, Aside: f.Aside, Was: f.Was, Now: f.Now, Mode: f.Mode}
		if f.Aside != "" {
			kept.Sum = f.NowSum
		}
		out.Files = append(out.Files, kept)
	}
	return out
}

func (m made) value(number int) model.Made {
	out := model.Made{Number: number, Act: m.Act, Jail: m.Jail, About: m.About, By: m.By, TTY: m.TTY, Host: m.Host,
		At: m.At, Ended: m.Ended, EndedBy: m.EndedBy, Reverts: m.Reverts}
	for _, f := range m.Files {
		kept := model.FileChange{Dir: f.Dir, Name: f.Name, Aside: f.Aside, Was: f.Was, Now: f.Now, Mode: f.Mode.Perm(),
			WasSum: Sum(f.Was), NowSum: Sum(f.Now)}
		if f.Aside != "" {
			kept.WasSum, kept.NowSum = f.Sum, f.Sum
		}
		out.Files = append(out.Files, kept)
	}
	return out
}

// DamagedError says that a change that was written down cannot be read.
type DamagedError struct {
	Number int
	Cause  error
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("what was changed as number %d cannot be read: %v", e.Number, e.Cause)
}

func (e *DamagedError) Unwrap() error { return e.Cause }

// Record writes down a change that was confirmed, and returns its number. One that is
// written down already keeps its number. The oldest are removed if there are too many.
func (t Texts) Record(m model.Made) (number int, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("write down what was changed: %w", kindOf(err))
		}
	}()
	dir, err := t.open()
	if err != nil {
		return 0, err
	}
	defer dir.Close()
	numbers, err := t.numbers(dir)
	if err != nil {
		return 0, err
	}
	next := 1
	for _, n := range numbers {
		if is, err := t.readMade(dir, n); err == nil && is.Is(m) {
			return n, nil
		}
		next = n + 1
	}
	text, err := json.Marshal(storedForm(m))
	if err != nil {
		return 0, err
	}
	for err = fs.ErrExist; errors.Is(err, fs.ErrExist); next++ { // of two at once each gets a number of its own
		number, err = next, t.create(dir, madeName(next), text)
	}
	if err == nil {
		t.prune(dir, numbers, int64(len(text)))
	}
	return number, errors.Join(err, dir.Sync())
}

func madeName(number int) string { return madePrefix + strconv.Itoa(number) }

// create makes a file that is whole, or none.
func (t Texts) create(dir *trust.Dir, ending string, text []byte) error {
	file, err := dir.Open(t.name+ending, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, dir.Remove(t.name+ending))
	}
	return nil
}

// numbers are those of the changes that are written down, the oldest first.
func (t Texts) numbers(dir *trust.Dir) ([]int, error) {
	names, err := dir.Names()
	if err != nil {
		return nil, err
	}
	var out []int
	for _, name := range names {
		digits, is := strings.CutPrefix(name, t.name+madePrefix)
		if n, err := strconv.Atoi(digits); is && err == nil && n > 0 && strconv.Itoa(n) == digits {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out, nil
}

// prune removes the oldest changes where there are too many, or they are too long.
// That one cannot be removed does no harm.
func (t Texts) prune(dir *trust.Dir, numbers []int, bytes int64) {
	kept := 1
	for _, n := range slices.Backward(numbers) {
		kept++
		if st, err := dir.Lstat(t.name + madeName(n)); err == nil {
			bytes += st.Size
		}
		if kept > mostMade || bytes > mostMadeBytes {
			_ = dir.Remove(t.name + madeName(n))
		}
	}
}

// Made are the changes that are written down, the oldest first. What cannot be read of
// them is left out, and the error says so: its parts are *DamagedError.
func (t Texts) Made() ([]model.Made, error) {
	if _, err := os.Lstat(t.folder()); errors.Is(err, fs.ErrNotExist) {
		return nil, nil // to list nothing makes nothing
	}
	dir, err := t.open()
	if err != nil {
		return nil, fmt.Errorf("read what was changed: %w", err)
	}
	defer dir.Close()
	numbers, err := t.numbers(dir)
	if err != nil {
		return nil, fmt.Errorf("read what was changed: %w", err)
	}
	var out []model.Made
	var damaged []error
	for _, n := range numbers {
		switch m, err := t.readMade(dir, n); {
		case errors.Is(err, fs.ErrNotExist): // pruned meanwhile
		case err != nil:
			damaged = append(damaged, &DamagedError{Number: n, Cause: err})
		default:
			out = append(out, m)
		}
	}
	return out, errors.Join(damaged...)
}

func (t Texts) readMade(dir *trust.Dir, number int) (model.Made, error) {
	file, err := dir.Open(t.name+madeName(number), os.O_RDONLY, 0)
	if err != nil {
		return model.Made{}, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxMade+1))
	switch {
	case err != nil:
		return model.Made{}, err
	case len(text) > maxMade:
		return model.Made{}, &trust.Error{Path: dir.Path(t.name + madeName(number)), Reason: "is too long"}
	}
	var m made
	if err := json.Unmarshal(text, &m); err != nil {
		return model.Made{}, fmt.Errorf("%s: %w", dir.Path(t.name+madeName(number)), err)
	}
	if len(m.Files) == 0 || slices.ContainsFunc(m.Files, func(f madeFile) bool { return f.Name == "" }) {
		return model.Made{}, fmt.Errorf("%s names no file", dir.Path(t.name+madeName(number)))
	}
	return m.value(number), nil
}
