package testmain

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// processes are all that descend from a process, each with its command.
func processes(parent int) (names []string) {
	for _, pid := range descendants(parent) {
		text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
		if err != nil {
			continue // it has just ended
		}
		command := strings.TrimSpace(string(bytes.ReplaceAll(text, []byte{0}, []byte{' '})))
		names = append(names, "process "+strconv.Itoa(pid)+" ("+command+")")
	}
	return names
}

// descendants are the processes that run and descend from another. Those that have
// ended and are its own children it collects.
func descendants(parent int) []int {
	for {
		if pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); pid <= 0 || err != nil {
			break
		}
	}
	children := make(map[int][]int)
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		panic(err) // the pattern is wrong
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])) // state, parent, … (proc(5))
		if err != nil || len(fields) < 2 || fields[0] == "Z" || fields[0] == "X" {
			continue
		}
		if of, err := strconv.Atoi(fields[1]); err == nil {
			children[of] = append(children[of], pid)
		}
	}
	var all []int
	for next := children[parent]; len(next) > 0; next = next[1:] {
		all = append(all, next[0])
		next = append(next, children[next[0]]...)
	}
	return all
}

// endAll kills all that descends from this process: nothing that was found and
// named stays.
func endAll() {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		left := descendants(os.Getpid())
		if len(left) == 0 {
			return
		}
		for _, pid := range left {
			_ = unix.Kill(pid, unix.SIGKILL) // it may have ended
		}
	}
}
