package rehearsal

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"bantop/fail2ban/confdir"
	"bantop/fail2ban/process"
)

// Prefix is what the name of a rehearsal's folder begins with.
const Prefix = "bantop-rehearsal-"

// What is in the folder, beside the copy of the configuration.
const (
	markerName = "maker"
	socketName = "s"
	pidName    = "p"
)

// folder is the private folder of a rehearsal.
type folder struct{ path string }

// newFolder makes one below parent, and writes into it who made it.
func newFolder(parent string) (*folder, error) {
	path, err := os.MkdirTemp(parent, Prefix) // 0700
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return nil, fmt.Errorf("make a folder to rehearse in: %w", err)
	}
	f := &folder{path}
	const most = 107 // bytes of a socket's path (unix(7))
	if len(f.socket()) > most {
		f.remove()
		return nil, confdir.Refuse("name a folder with a shorter path", "make a folder to rehearse in: %s is too long for the path of a socket", f.socket())
	}
	maker, err := json.Marshal(process.Self())
	if err == nil {
		err = os.WriteFile(filepath.Join(path, markerName), maker, 0o600)
	}
	if err != nil {
		f.remove()
		return nil, fmt.Errorf("make a folder to rehearse in: %w", err)
	}
	return f, nil
}

func (f *folder) socket() string { return filepath.Join(f.path, socketName) }

// remove removes it. Sweep tries again where that fails.
func (f *folder) remove() { _ = os.RemoveAll(f.path) }

// readMaker reads who made a folder.
func readMaker(folder string) (process.ID, error) {
	var maker process.ID
	text, err := os.ReadFile(filepath.Join(folder, markerName))
	if err == nil {
		err = json.Unmarshal(text, &maker)
	}
	return maker, err
}

// stat are the fields of /proc/PID/stat from the third, the state, on; nil where the
// process is gone. They follow its name in brackets, which may hold anything.
func stat(pid int) []string {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return nil
	}
	return strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
}
