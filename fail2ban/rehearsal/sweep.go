package rehearsal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"bantop/fail2ban/tempdir"
)

// Sweep ends and removes what a bantop left below parent that was killed: scratch
// servers, and folders of all kinds. It is for the start of a program. parent is what
// Options.Dir was; "" is the folder for temporary files. It returns how many folders
// it removed.
func Sweep(parent string) (int, error) {
	return tempdir.Sweep(parent, func(k tempdir.Kind, path string) error {
		if k != tempdir.Rehearsal {
			return nil
		}
		return endServers(path)
	})
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
