package cli

import (
	"context"
	"os"
	"os/exec"
	"os/signal"
	"time"

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
	defer ending.DefaultAction(unix.SIGTSTP)()
	return s.terminal.Lend(s.ctx.Done(), run)
}

// stop returns what stops this process, with all that the shell takes for one job,
// until it is continued.
func (s *shell) stop(still func() (goOn func())) func() error {
	return func() (err error) {
		defer still()()
		ending.Still(func() { err = s.stopJob() })
		return err
	}
}

func (s *shell) stopJob() error {
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

// run runs a command in the terminal. If bantop is to end meanwhile, so is the
// command: two programs at one terminal would be of use to nobody.
func (s *shell) run(cmd *exec.Cmd) error {
	defer ending.CatchStops(unix.SIGTSTP)() // the rest of bantop works on meanwhile
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
