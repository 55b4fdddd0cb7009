package fail2bantest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"bantop/fail2ban/wire"
)

// Fault is something that goes wrong with one command.
type Fault struct {
	Command string        // the command's first word; "" is any
	Times   int           // how many commands it befalls; 0 is every one until ClearFaults
	Chance  float64       // with which it befalls a command; 0 is always
	Delay   time.Duration // before the answer; every client of a Server waits, as for a slow ban action
	Hang    bool          // no answer until ClearFaults; of a Server, to anybody
	Half    bool          // half of the reply, then silence
	Close   bool          // half of the reply, then the connection is closed
	Reset   bool          // no reply, and the connection is closed at once, unread commands and all
	Raw     []byte        // these bytes instead of the reply
	Raise   *wire.Exception

	// What moves answers in the stream.
	Twice bool   // the reply comes twice
	Lost  bool   // the reply is left out
	Swap  bool   // the reply comes after the next one
	Lag   int    // the reply to the command that many before, of the same connection, instead
	Extra []byte // these bytes after the reply, unasked for

	// What spoils the bytes of an answer, at random by Seed.
	Garble  float64       // this part of the bytes is changed
	Noise   int           // so many bytes of noise before the reply
	HoldEnd bool          // the last bytes are held back until ClearFaults
	Trickle time.Duration // between any two bytes
	Endless bool          // a list that never ends
	Seed    uint64        // of what is at random

	random *rand.Rand
}

// faults are the faults that are scripted. A Server and a Proxy each have some.
type faults struct {
	mu      sync.Mutex
	list    []*Fault
	release chan struct{} // closed to free what hangs
}

func newFaults() faults { return faults{release: make(chan struct{})} }

func (s *faults) inject(fs ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range fs {
		f.random = rand.New(rand.NewPCG(f.Seed, 1))
		s.list = append(s.list, &f)
	}
}

// clear ends all faults.
func (s *faults) clear() {
	s.mu.Lock()
	s.list = nil
	s.mu.Unlock()
	s.free()
}

// free lets go on what hangs.
func (s *faults) free() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.release)
	s.release = make(chan struct{})
}

// freed is closed when what hangs is let go on.
func (s *faults) freed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.release
}

// pick finds what goes wrong with a command; nil where nothing does.
func (s *faults) pick(command []string) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.list {
		if f.Command != "" && (len(command) == 0 || command[0] != f.Command) {
			continue
		}
		if f.Chance > 0 && f.random.Float64() >= f.Chance {
			continue
		}
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				s.list = slices.Delete(s.list, i, i+1)
			}
		}
		return f
	}
	return nil
}

// spoil is what becomes of the bytes of a reply.
func (s *faults) spoil(f *Fault, reply []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	noise := make([]byte, f.Noise, f.Noise+len(reply))
	for i := range noise {
		noise[i] = byte(f.random.Uint32())
	}
	reply = append(noise, reply...)
	for i := range reply {
		if f.Garble > 0 && f.random.Float64() < f.Garble {
			reply[i] = byte(f.random.Uint32())
		}
	}
	return reply
}

// Inject makes the commands to come go wrong.
func (s *Server) Inject(faults ...Fault) { s.faults.inject(faults...) }

// ClearFaults ends all faults; what hangs goes on.
func (s *Server) ClearFaults() {
	s.conns.Lock()
	defer s.conns.Unlock()
	s.faults.clear()
	s.admit()
}

// admit takes the connections of Refuse back. The caller holds s.conns.
func (s *Server) admit() {
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
	release := s.faults.freed()
	return s.faults.pick(command), release
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
