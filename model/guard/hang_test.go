package guard_test

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// endAction ends the commands of an action that wrote their numbers into a file: a
// server that is killed leaves them running.
func endAction(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Error(err)
	}
	for _, word := range strings.Fields(string(text)) {
		pid, err := strconv.Atoi(word)
		command, gone := os.ReadFile("/proc/" + word + "/cmdline")
		if err != nil || gone != nil || !strings.HasPrefix(string(command), "sleep\x00300") {
			continue
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			t.Error(err)
		}
	}
}
