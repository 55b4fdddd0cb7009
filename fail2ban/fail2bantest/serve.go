package fail2bantest

import (
	"bytes"
	"errors"
	"net"
	"os"
	"time"

	"bantop/fail2ban/wire"
)

// accept takes connections until the listener is closed.
func (s *Server) accept(l *net.UnixListener) {
	defer s.wg.Done()
	for {
		c, err := l.Accept()
		s.conns.Lock()
		switch release := s.release; {
		case s.listener != l:
			s.conns.Unlock()
			if err == nil {
				c.Close()
			}
			return
		case errors.Is(err, os.ErrDeadlineExceeded): // see Refuse
			refusing := s.refusing
			s.conns.Unlock()
			if refusing {
				<-release
			}
		case err != nil:
			s.conns.Unlock()
			return
		default:
			s.open[c] = struct{}{}
			s.accepted++
			s.wg.Add(1)
			s.conns.Unlock()
			go s.serve(c)
		}
	}
}

// serve answers the commands of one connection, in order. As the real server
// it ends a command at the mark, wherever that stands.
func (s *Server) serve(c net.Conn) {
	defer s.wg.Done()
	defer func() {
		s.conns.Lock()
		delete(s.open, c)
		s.conns.Unlock()
		c.Close()
	}()
	var pending []byte
	buf := make([]byte, 65536)
	for {
		n, err := c.Read(buf)
		var ok bool
		if pending, ok = s.answer(c, append(pending, buf[:n]...)); !ok || err != nil {
			return
		}
	}
}

// answer answers the commands that were read, and returns what is left; ok tells
// whether the connection stays. As in the real server nobody else is answered
// meanwhile.
func (s *Server) answer(c net.Conn, pending []byte) (left []byte, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		request, rest, found := bytes.Cut(pending, []byte(wire.End))
		if !found {
			return pending, true
		}
		if !s.serves(c) || !s.handle(c, request) {
			return nil, false
		}
		pending = rest
	}
}

// serves tells whether the server still has a connection.
func (s *Server) serves(c net.Conn) bool {
	s.conns.Lock()
	defer s.conns.Unlock()
	_, ok := s.open[c]
	return ok
}

// handle answers one command; it tells whether the connection stays. As the real
// server it goes on with what it has read when nobody is there for the answer. The
// caller holds s.mu: one command at a time, delays included.
func (s *Server) handle(c net.Conn, request []byte) bool {
	if string(request) == wire.Close {
		return false
	}
	v, err := wire.NewDecoder(bytes.NewReader(append(request, wire.End...)), wire.Limits{}).Decode()
	if err != nil {
		_, _ = c.Write(wire.AppendReply(nil, "ERROR: "+err.Error()))
		return true
	}
	command, _ := v.Strings()

	f, release := s.fault(command)
	if f == nil {
		_, _ = c.Write(wire.AppendReply(nil, s.proceed(command)))
		return true
	}
	return s.failWith(c, f, release, command)
}

// failWith answers a command the way a fault says.
func (s *Server) failWith(c net.Conn, f *Fault, release <-chan struct{}, command []string) bool {
	if f.Hang {
		<-release
	}
	if f.Delay > 0 {
		select {
		case <-time.After(f.Delay):
		case <-release:
		}
	}
	var reply []byte
	switch {
	case f.Raw != nil:
		reply = f.Raw
	case f.Raise != nil:
		reply = wire.AppendReply(nil, *f.Raise)
	default:
		reply = wire.AppendReply(nil, s.proceed(command))
	}
	if f.Half || f.Close {
		reply = reply[:len(reply)/2]
	}
	_, _ = c.Write(reply)
	return !f.Close
}
