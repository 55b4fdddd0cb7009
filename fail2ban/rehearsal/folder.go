package rehearsal

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"bantop/fail2ban/process"
)

// prefix is what the names of the folders of rehearsals begin with. A socket's path
// has 107 bytes at most.
const prefix = "bantop-try-"

// marker is the file in a rehearsal's folder that tells whose it is.
const marker = "owner.json"

// owner is who made a folder, and the scratch server that runs in it.
type owner struct {
	Maker  process.ID
	Server process.ID
}

// makeFolder makes the folder of a rehearsal.
func makeFolder(parent string) (string, error) {
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(parent, prefix)
	if err != nil {
		return "", err
	}
	if err := mark(dir, owner{Maker: process.Self()}); err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return dir, nil
}

func mark(dir string, o owner) error {
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, marker), text, 0o600)
}

// Sweep removes what rehearsals left that were killed: folders in parent that are
// this user's and that a rehearsal made whose process is gone, and the scratch
// servers that run in them. Nothing else is touched.
func Sweep(parent string) error {
	entries, err := os.ReadDir(parent)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("sweep up after rehearsals: %w", err)
	}
	var all []error
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), prefix) {
			all = append(all, sweep(filepath.Join(parent, e.Name())))
		}
	}
	return errors.Join(all...)
}

// sweep removes one folder, where it is provably a dead rehearsal's.
func sweep(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil || !info.IsDir() || info.Mode().Perm() != 0o700 {
		return nil
	}
	if st, ok := info.Sys().(*syscall.Stat_t); !ok || int(st.Uid) != os.Geteuid() {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(dir, marker))
	var o owner
	if err != nil || json.Unmarshal(text, &o) != nil || o.Maker.PID == 0 || o.Maker.Alive() {
		return nil
	}
	if o.Server.Alive() && runsIn(o.Server.PID, dir) {
		if err := unix.Kill(o.Server.PID, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("sweep up after rehearsals: end process %d: %w", o.Server.PID, err)
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("sweep up after rehearsals: %w", err)
	}
	return nil
}

// runsIn tells whether a process is a scratch server of a folder.
func runsIn(pid int, dir string) bool {
	cmdline, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	return err == nil && strings.Contains(string(cmdline), filepath.Join(dir, socketName))
}
