package proven

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bantop/fail2ban"
)

const (
	// hungAfter is how long a server must not answer to count as hung.
	hungAfter = 30 * time.Second
	// idle is the share of a processor up to which a process does no work: the threads
	// that poll logs take some 0.2 % each (1.0.2, measured).
	idle = 0.05
)

// HungError reports that a server does not answer although its process lives.
type HungError struct {
	PID      int
	For      time.Duration // that it has not answered
	Busy     bool          // it works: it uses the processor, or one of its commands runs
	Children []int         // its commands that run
}

func (e *HungError) Error() string {
	switch {
	case len(e.Children) > 0:
		return fmt.Sprintf("fail2ban (process %d) waits for a command of an action that has run for more than %v (process %d)",
			e.PID, e.For.Round(time.Second), e.Children[0])
	case e.Busy:
		return fmt.Sprintf("fail2ban (process %d) is busy: it has not answered for %v, and works", e.PID, e.For.Round(time.Second))
	}
	return fmt.Sprintf("fail2ban (process %d) hangs: it has not answered for %v, and does nothing", e.PID, e.For.Round(time.Second))
}

// Hint is what to do next.
func (e *HungError) Hint() string {
	if e.Busy {
		return "wait until it answers; it is not ended while it works, and no second one is started beside it"
	}
	return "bantop recover --restart --end-hung ends it, and starts it anew"
}

// Await waits until the server answers. The error is a *HungError if it does not for 30 s
// although its process lives; fail2ban.ErrNotRunning and others pass as they are.
func (c *Control) Await(ctx context.Context) error {
	began, pid, used := time.Now(), 0, time.Duration(0)
	for {
		asking, cancel := context.WithTimeout(ctx, answerTime)
		_, err := c.opts.Server.Jails(asking)
		cancel()
		if err == nil || !isSilence(err) || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		if pid == 0 {
			if pid = c.opts.Server.PID(); pid == 0 {
				return fmt.Errorf("which process it is, is not known: %w", err)
			}
			used = Look(pid).Used
		}
		if passed := time.Since(began); passed >= hungAfter {
			h := &HungError{PID: pid, For: passed}
			for _, p := range Descendants(pid) {
				h.Children = append(h.Children, p.PID)
			}
			h.Busy = len(h.Children) > 0 || Look(pid).Used-used > time.Duration(idle*float64(passed))
			return h
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// isSilence reports whether an error is that of a server that lives and does not answer.
func isSilence(err error) bool {
	for _, kind := range []error{fail2ban.ErrTimeout, fail2ban.ErrBusy, fail2ban.ErrClosed, context.DeadlineExceeded} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}
