package cli

import (
	"context"
	"os"
	"os/exec"
	"os/signal"
	"time"
	"unsafe"

	tea "github.com/charmbracelet/bubbletea"
	"golang.org/x/sys/unix"

	"bantop/fail2ban/ending"
	"bantop/tui"
	"bantop/tui/tty"
)

// shell is how the dashboard gets on with the shell that started it, and with what it
// starts itself in the same terminal.
type shell struct {
	ctx      context.Context
	in, out  *os.File
	terminal *tty.Terminal
	signals  chan os.Signal
}

// follow has a stop that somebody else asked for lend the terminal first, as ctrl+z
// does, and sets the terminal up anew after one that nobody can catch.
func (s *shell) follow(send func(tea.Msg)) (end func()) {
	s.signals = make(chan os.Signal, 1)
	s.listen()
	ending.Go(func() {
		for sig := range s.signals {
			if sig == unix.SIGTSTP {
				send(tui.Suspended{})
			} else {
				send(tui.Continued{})
			}
		}
	})
	return func() { signal.Stop(s.signals) }
}

func (s *shell) listen() {
	signal.Notify(s.signals, unix.SIGCONT)
	if !signal.Ignored(unix.SIGTSTP) {
		signal.Notify(s.signals, unix.SIGTSTP)
	}
}

// lend gives the terminal back while something runs. The keys that make signals are
// for that; and if it stops, this process stops, too.
func (s *shell) lend(run func() error) error {
	signal.Stop(s.signals)
	defer s.listen()
	defer ending.LendKeyboard()()
	defer defaultAction(unix.SIGTSTP)()
	return s.terminal.Lend(s.ctx.Done(), run)
}

// defaultAction gives a signal its default action, until the function that it returns
// is called. Package signal cannot: once it was asked for a signal, the runtime keeps a
// handler, which does nothing (Go 1.26, sigdisable in runtime/signal_unix.go).
func defaultAction(sig unix.Signal) (back func()) {
	// struct sigaction as the kernel has it, on whichever machine: zeros are the default.
	type action [64]byte
	var was, is action
	const size = 8 // of a signal set
	call := func(set, get *action) bool {
		_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig),
			uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(get)), size, 0, 0)
		return errno == 0
	}
	if !call(&is, &was) {
		return func() {} // it stays as it is
	}
	return func() { call(&was, nil) }
}

// stop returns what stops this process, with all that the shell takes for one job,
// until it is continued.
func (s *shell) stop(still func() (goOn func())) func() error {
	return func() error {
		defer still()()
		continued := make(chan os.Signal, 1)
		signal.Notify(continued, unix.SIGCONT)
		defer signal.Stop(continued)
		if err := unix.Kill(0, unix.SIGTSTP); err != nil {
			return err
		}
		// A process that no shell looks after is not stopped (setpgid(2), orphaned), and
		// nobody would continue it.
		const notStopped = 300 * time.Millisecond
		select {
		case <-continued:
		case <-time.After(notStopped):
		case <-s.ctx.Done():
		}
		return nil
	}
}

// run runs a command in the terminal. If bantop is to end meanwhile, so is the
// command: two programs at one terminal would be of use to nobody.
func (s *shell) run(cmd *exec.Cmd) error {
	cmd.Stdin, cmd.Stdout, cmd.Stderr = s.in, s.out, s.out
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	ending.Go(func() { ended <- cmd.Wait() })
	select {
	case err := <-ended:
		return err
	case <-s.ctx.Done():
	}
	for _, sig := range []os.Signal{unix.SIGTERM, unix.SIGKILL} {
		_ = cmd.Process.Signal(sig) // it may have ended
		select {
		case err := <-ended:
			return err
		case <-time.After(windUp / 3):
		}
		s.terminal.Output().Disturbed()
	}
	return s.ctx.Err()
}
