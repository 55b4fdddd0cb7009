package guard

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// endTime is how long a server may take to end by itself.
const endTime = 5 * time.Second

// end ends a fail2ban-server that does not answer: it is asked to, then made to.
// The process is held by its descriptor, so that no other is hit that got its
// number meanwhile.
func end(ctx context.Context, pid int) error {
	if pid <= 0 {
		return errors.New("which process it is, is not known")
	}
	fd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("process %d: %w", pid, err)
	}
	defer unix.Close(fd)
	cmdline, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	if err == nil && !strings.Contains(string(cmdline), "fail2ban") {
		return fmt.Errorf("process %d is no fail2ban", pid)
	}
	for _, signal := range []unix.Signal{unix.SIGTERM, unix.SIGKILL} {
		if err := unix.PidfdSendSignal(fd, signal, nil, 0); err != nil {
			if errors.Is(err, unix.ESRCH) {
				return nil
			}
			return fmt.Errorf("process %d: %w", pid, err)
		}
		if ended(ctx, fd, endTime) {
			return nil
		}
	}
	return fmt.Errorf("process %d does not end", pid)
}

// ended waits for the end of a process.
func ended(ctx context.Context, fd int, most time.Duration) bool {
	for deadline := time.Now().Add(most); ctx.Err() == nil && time.Now().Before(deadline); {
		poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		if n, err := unix.Poll(poll, 100); err == nil && n > 0 {
			return true
		}
	}
	return false
}
