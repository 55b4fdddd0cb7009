package proven

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// How long a process may take to end by itself, before it is made to.
const (
	endTime     = 5 * time.Second
	commandTime = 2 * time.Second
)

// End ends a fail2ban-server that hangs: it is asked to, then made to.
func End(ctx context.Context, pid int) error {
	if pid <= 0 {
		return errors.New("which process it is, is not known")
	}
	return terminate(ctx, pid, endTime, 0, func() error {
		if !Alive(pid) {
			return fmt.Errorf("process %d is not fail2ban", pid)
		}
		return nil
	})
}

// processGroup makes a signal go to the process group of a pidfd (Linux 6.9,
// include/uapi/linux/pidfd.h).
const processGroup = 1 << 2

// EndCommand ends a command of fail2ban's with all that it started: fail2ban makes
// each the leader of a process group (server/utils.py, executeCmd, 1.0.2 and 1.1.0).
func EndCommand(ctx context.Context, p Process) error {
	flags := 0
	if p.Group == p.PID {
		flags = processGroup
	}
	return terminate(ctx, p.PID, commandTime, flags, func() error {
		if is := Look(p.PID); is.PID == 0 || is.Parent != p.Parent || is.Group != p.Group {
			return fmt.Errorf("process %d is another by now", p.PID)
		}
		return nil
	})
}

// terminate ends a process, which is held by its descriptor so that no other is hit
// that got its number meanwhile. Sure checks what is held.
func terminate(ctx context.Context, pid int, patience time.Duration, flags int, sure func() error) error {
	fd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("process %d: %w", pid, err)
	}
	defer unix.Close(fd)
	if err := sure(); err != nil {
		return err
	}
	for _, signal := range []unix.Signal{unix.SIGTERM, unix.SIGKILL} {
		err := unix.PidfdSendSignal(fd, signal, nil, flags)
		if errors.Is(err, unix.EINVAL) && flags != 0 { // an older kernel
			err = unix.Kill(-pid, signal)
		}
		if errors.Is(err, unix.ESRCH) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("process %d: %w", pid, err)
		}
		if ended(ctx, fd, patience) {
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
