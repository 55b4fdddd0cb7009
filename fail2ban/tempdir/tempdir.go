// Package tempdir makes the folders that bantop keeps something in for a moment:
// a copy of the configuration that is tried on, a file that is edited, the demo's
// socket. Each is private (0700), stands where nobody else can put another in its
// place, and names its maker, so that what a killed bantop leaves is found.
package tempdir

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"bantop/config/trust"
	"bantop/fail2ban/process"
)

// A Kind is what a folder is for. Its name begins with Prefix.
type Kind string

// The kinds.
const (
	Rehearsal Kind = "rehearsal" // a configuration and a scratch server
	Edit      Kind = "edit"      // a file that is in an editor
	Allow     Kind = "allow"     // a configuration with another ignore list
	Demo      Kind = "demo"      // the demo's socket
)

var kinds = []Kind{Rehearsal, Edit, Allow, Demo}

// Prefix is what the name of a folder of this kind begins with.
func (k Kind) Prefix() string { return "bantop-" + string(k) + "-" }

// maker is the file in each that says who made it.
const maker = "maker"

// made are the folders of this process that are not removed yet.
var made struct {
	sync.Mutex
	paths map[string]bool
	ended bool
}

// Parent is where folders are made: TMPDIR if nobody but root and this user could
// have made or replaced what is on the way to it, else /tmp. Root's TMPDIR may be
// the one of the user who called sudo or su, who could put another configuration
// in the place of the copy that root runs fail2ban-client on.
func Parent() (string, error) {
	var errs []error
	for _, dir := range []string{os.TempDir(), "/tmp"} {
		abs, err := filepath.Abs(dir)
		if err == nil {
			// The folder itself is a parent of what is made in it: sticky is enough.
			if abs, err = trust.Resolve(filepath.Join(abs, "x")); err == nil {
				return filepath.Dir(abs), nil
			}
		}
		errs = append(errs, err)
	}
	return "", fmt.Errorf("find a folder for temporary files: %w", errors.Join(errs...))
}

// Make makes a folder below parent, "" for Parent. Remove it.
func Make(parent string, k Kind) (path string, err error) {
	if parent == "" {
		if parent, err = Parent(); err != nil {
			return "", err
		}
	}
	made.Lock()
	defer made.Unlock()
	if made.ended {
		return "", errors.New("make a temporary folder: bantop is ending")
	}
	path, err = os.MkdirTemp(parent, k.Prefix()) // 0700
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(process.Self())
	if err == nil {
		err = os.WriteFile(filepath.Join(path, maker), text, 0o600)
	}
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(path))
	}
	if made.paths == nil {
		made.paths = make(map[string]bool)
	}
	made.paths[path] = true
	return path, nil
}

// Remove removes a folder. Where that fails the Sweep of a later bantop tries again.
func Remove(path string) {
	made.Lock()
	defer made.Unlock()
	_ = os.RemoveAll(path)
	delete(made.paths, path)
}

// End removes all that this process has made and not removed yet: it is for the end
// of a program, however that comes. None is made after that.
func End() {
	made.Lock()
	defer made.Unlock()
	made.ended = true
	for path := range made.paths {
		_ = os.RemoveAll(path) // else Sweep
		delete(made.paths, path)
	}
}
