package fail2bantest

import (
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"bantop/fail2ban/wire"
)

// Fault is something that goes wrong with one command.
type Fault struct {
	Command string        // the command's first word; "" is any
	Times   int           // how many commands it befalls; 0 is every one until ClearFaults
	Delay   time.Duration // before the answer; every client waits, as for a slow ban action
	Hang    bool          // no answer, to anybody, until ClearFaults
	Half    bool          // half of the reply, then silence
	Close   bool          // half of the reply, then the connection is closed
	Raw     []byte        // these bytes instead of the reply
	Raise   *wire.Exception
}

// Inject makes the commands to come go wrong.
func (s *Server) Inject(faults ...Fault) {
	s.conns.Lock()
	defer s.conns.Unlock()
	for _, f := range faults {
		s.faults = append(s.faults, &f)
	}
}

// ClearFaults ends all faults; what hangs goes on.
func (s *Server) ClearFaults() {
	s.conns.Lock()
	defer s.conns.Unlock()
	s.faults = nil
	s.free()
}

// free lets go on what hangs, and takes the connections of Refuse back. The
// caller holds s.conns.
func (s *Server) free() {
	close(s.release)
	s.release = make(chan struct{})
	for _, fd := range s.fillers {
		unix.Close(fd)
	}
	s.fillers = nil
	if s.refusing && s.listener != nil {
		_ = s.listener.SetDeadline(time.Time{}) // fails only for a closed listener
	}
	s.refusing = false
}

// fault counts a command and finds what goes wrong with it.
func (s *Server) fault(command []string) (*Fault, <-chan struct{}) {
	s.conns.Lock()
	defer s.conns.Unlock()
	if len(command) > 0 {
		s.commands[command[0]]++
	}
	for i, f := range s.faults {
		if f.Command != "" && (len(command) == 0 || command[0] != f.Command) {
			continue
		}
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				s.faults = slices.Delete(s.faults, i, i+1)
			}
		}
		return f, s.release
	}
	return nil, nil
}

// Refuse fills the queue of connections, so that every further one is refused
// with EAGAIN, until ClearFaults. Connections that are open go on.
func (s *Server) Refuse() error {
	s.conns.Lock()
	defer s.conns.Unlock()
	s.refusing = true
	if err := s.listener.SetDeadline(time.Unix(1, 0)); err != nil { // wakes accept
		return fmt.Errorf("stop accepting: %w", err)
	}
	for full := 0; full < 2; { // twice: accept may have been taking one out
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			return fmt.Errorf("make a socket: %w", err)
		}
		switch err := unix.Connect(fd, &unix.SockaddrUnix{Name: s.Path}); err {
		case nil:
			s.fillers, full = append(s.fillers, fd), 0
		case unix.EAGAIN:
			unix.Close(fd)
			full++
			time.Sleep(5 * time.Millisecond)
		default:
			unix.Close(fd)
			return fmt.Errorf("fill the queue of %s: %w", s.Path, err)
		}
	}
	return nil
}
