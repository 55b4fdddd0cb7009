package fail2bantest

import (
	"syscall"
	"time"
)

// Processes lets a server in this process pass for one of its own, with
// another number at every start: for the kernel both ends are one process. It
// is for socket.Options.
func (s *Server) Processes() Processes { return Processes{s} }

// Processes tells of the one process that a Server pretends to be.
type Processes struct{ s *Server }

// Peer is the process of the server.
func (p Processes) Peer(syscall.Conn) int {
	p.s.conns.Lock()
	defer p.s.conns.Unlock()
	return p.s.pid
}

// Running tells whether that is the server's process, and it runs.
func (p Processes) Running(pid int) bool {
	p.s.conns.Lock()
	defer p.s.conns.Unlock()
	return pid == p.s.pid && p.s.listener != nil
}

// Started is when the server was last started.
func (p Processes) Started(pid int) time.Time {
	p.s.conns.Lock()
	defer p.s.conns.Unlock()
	if pid != p.s.pid {
		return time.Time{}
	}
	return p.s.started
}
