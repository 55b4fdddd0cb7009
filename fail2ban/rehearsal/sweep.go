package rehearsal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Sweep ends and removes what a bantop left below parent that was killed in the
// midst of a rehearsal: scratch servers and folders. It is for the start of a
// program, and touches only what is provably a rehearsal's, of this user, and made
// by a process that is gone. parent is what Options.Dir was; "" is the folder for
// temporary files. It returns how many folders it removed.
func Sweep(parent string) (int, error) {
	if parent == "" {
		parent = os.TempDir()
	}
	found, err := filepath.Glob(filepath.Join(globQuote(parent), Prefix+"*"))
	if err != nil {
		return 0, fmt.Errorf("look for old rehearsals: %w", err)
	}
	n := 0
	var errs []error
	for _, path := range found {
		if path, err = filepath.Abs(path); err != nil || !abandoned(path) {
			continue
		}
		if err := endServers(path); err != nil {
			errs = append(errs, fmt.Errorf("end an old rehearsal's server: %w", err))
			continue
		}
		if err := os.RemoveAll(path); err != nil {
			errs = append(errs, fmt.Errorf("remove an old rehearsal: %w", err))
			continue
		}
		n++
	}
	return n, errors.Join(errs...)
}

// globQuote makes a path one that a pattern means as it is.
func globQuote(path string) string {
	var b []byte
	for _, c := range []byte(path) {
		if bytes.IndexByte([]byte(`*?[\`), c) >= 0 {
			b = append(b, '\\')
		}
		b = append(b, c)
	}
	return string(b)
}

// abandoned tells whether a folder is a rehearsal's whose maker is gone.
func abandoned(path string) bool {
	var st unix.Stat_t
	if unix.Lstat(path, &st) != nil || st.Mode != unix.S_IFDIR|0o700 || int(st.Uid) != os.Geteuid() {
		return false
	}
	m, err := readMaker(path)
	if errors.Is(err, os.ErrNotExist) { // killed before it wrote that: there is nothing in it
		entries, err := os.ReadDir(path)
		return err == nil && len(entries) == 0 && time.Since(time.Unix(st.Mtim.Unix())) > time.Minute
	}
	return err == nil && !m.Alive()
}

// endServers kills the scratch servers of a folder, and waits until they are gone.
// They are known by the command that they were started with, which names the socket
// in it.
func endServers(path string) error {
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return err
	}
	for _, p := range processes {
		pid, err := strconv.Atoi(filepath.Base(p))
		if err != nil || !serves(pid, path) {
			continue
		}
		fd, err := unix.PidfdOpen(pid, 0)
		if err != nil {
			continue // it is gone
		}
		if serves(pid, path) { // the descriptor is of this one, and no later one of its number
			err = unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
		}
		if err == nil {
			_, err = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 5000)
		}
		unix.Close(fd)
		if err != nil && !errors.Is(err, unix.ESRCH) {
			return err
		}
	}
	return nil
}

// serves tells whether a process is the scratch server of a folder.
func serves(pid int, path string) bool {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	if err != nil {
		return false
	}
	var args []string
	for _, a := range bytes.Split(b, []byte{0}) {
		args = append(args, string(a))
	}
	at := slices.Index(args, filepath.Join(path, socketName))
	isServer := func(a string) bool { return filepath.Base(a) == serverName }
	return at > 0 && args[at-1] == "-s" && slices.ContainsFunc(args[:at], isServer)
}
