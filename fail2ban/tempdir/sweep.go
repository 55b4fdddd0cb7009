package tempdir

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"bantop/fail2ban/process"
)

// Sweep removes what a bantop left below parent, "" for Parent, that was killed. It
// touches only what is provably bantop's, of this user, and made by a process that
// is gone. First stop is called with each folder: it ends what still runs there; where
// that fails, the folder stays. Sweep returns how many folders it removed.
func Sweep(parent string, stop func(Kind, string) error) (int, error) {
	if parent == "" {
		var err error
		if parent, err = Parent(); err != nil {
			return 0, err
		}
	}
	entries, err := os.ReadDir(parent)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return 0, fmt.Errorf("look for old temporary folders: %w", err)
	}
	n := 0
	var errs []error
	for _, e := range entries {
		k, is := kindOf(e.Name())
		path, err := filepath.Abs(filepath.Join(parent, e.Name()))
		if !is || err != nil || !abandoned(path) {
			continue
		}
		if stop != nil {
			err = stop(k, path)
		}
		if err == nil {
			err = os.RemoveAll(path)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("remove what a killed bantop left: %w", err))
			continue
		}
		n++
	}
	return n, errors.Join(errs...)
}

// kindOf is the kind of a folder, by its name.
func kindOf(name string) (Kind, bool) {
	for _, k := range kinds {
		if strings.HasPrefix(name, k.Prefix()) {
			return k, true
		}
	}
	return "", false
}

// abandoned reports whether a folder is bantop's and its maker is gone.
func abandoned(path string) bool {
	var st unix.Stat_t
	if unix.Lstat(path, &st) != nil || st.Mode != unix.S_IFDIR|0o700 || int(st.Uid) != os.Geteuid() {
		return false
	}
	var by process.ID
	text, err := os.ReadFile(filepath.Join(path, maker))
	if errors.Is(err, os.ErrNotExist) { // killed before it wrote that: there is nothing in it
		entries, err := os.ReadDir(path)
		return err == nil && len(entries) == 0 && time.Since(time.Unix(st.Mtim.Unix())) > time.Minute
	}
	return err == nil && json.Unmarshal(text, &by) == nil && !by.Alive()
}
