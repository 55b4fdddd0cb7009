package fail2bantest

import (
	"bytes"
	"errors"
	"net"
	"os"

	"bantop/fail2ban/wire"
)

// accept takes connections until the listener is closed.
func (s *Server) accept(l *net.UnixListener) {
	defer s.wg.Done()
	for {
		c, err := l.Accept()
		s.conns.Lock()
		switch release := s.faults.freed(); {
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
	stream := &stream{Conn: c, faults: &s.faults}
	var pending []byte
	buf := make([]byte, 65536)
	for {
		n, err := c.Read(buf)
		var ok bool
		if pending, ok = s.answer(stream, append(pending, buf[:n]...)); !ok || err != nil {
			return
		}
	}
}

// answer answers the commands that were read, and returns what is left; ok tells
// whether the connection stays. As in the real server nobody else is answered
// meanwhile.
func (s *Server) answer(c *stream, pending []byte) (left []byte, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		request, rest, found := bytes.Cut(pending, []byte(wire.End))
		if !found {
			return pending, true
		}
		if !s.serves(c.Conn) || !s.handle(c, request) {
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

// handle answers one command; it reports whether the connection stays. As the real
// server it goes on with what it has read when nobody is there for the answer. The
// caller holds s.mu: one command at a time, delays included.
func (s *Server) handle(c *stream, request []byte) bool {
	if string(request) == wire.Close {
		return false
	}
	v, err := wire.NewDecoder(bytes.NewReader(append(request, wire.End...)), wire.Limits{}).Decode()
	if err != nil {
		_, _ = c.Write(wire.AppendReply(nil, "ERROR: "+err.Error()))
		return true
	}
	command, _ := v.Strings()

	answer := func() []byte { return wire.AppendReply(nil, s.proceed(command)) }
	f, release := s.fault(command)
	if f == nil {
		c.reply(answer())
		return true
	}
	return c.fail(f, release, answer)
}
