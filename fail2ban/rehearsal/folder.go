package rehearsal

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"bantop/fail2ban/confdir"
	"bantop/fail2ban/tempdir"
)

// What is in the folder, beside the copy of the configuration.
const (
	socketName = "s"
	pidName    = "p"
)

// folder is the private folder of a rehearsal.
type folder struct{ path string }

// newFolder makes one below parent; "" is the folder for temporary files.
func newFolder(parent string) (*folder, error) {
	path, err := tempdir.Make(parent, tempdir.Rehearsal)
	if err != nil {
		return nil, fmt.Errorf("make a folder to rehearse in: %w", err)
	}
	f := &folder{path}
	const most = 107 // bytes of a socket's path (unix(7))
	if len(f.socket()) > most {
		f.remove()
		return nil, confdir.Refuse("name a folder with a shorter path", "make a folder to rehearse in: %s is too long for the path of a socket", f.socket())
	}
	return f, nil
}

func (f *folder) socket() string { return filepath.Join(f.path, socketName) }

// remove removes it. Sweep tries again where that fails.
func (f *folder) remove() { tempdir.Remove(f.path) }

// stat are the fields of /proc/PID/stat from the third, the state, on; nil where the
// process is gone. They follow its name in brackets, which may hold anything.
func stat(pid int) []string {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return nil
	}
	return strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
}
