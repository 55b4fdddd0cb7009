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
		pending = append(pending, buf[:n]...)
		for {
			request, rest, ok := bytes.Cut(pending, []byte(wire.End))
			if !ok {
				break
			}
			if !s.handle(c, request) {
				return
			}
			pending = rest
		}
		if err != nil {
			return
		}
	}
}

// handle answers one command; it tells whether the connection stays.
func (s *Server) handle(c net.Conn, request []byte) bool {
	if string(request) == wire.Close {
		return false
	}
	v, err := wire.NewDecoder(bytes.NewReader(append(request, wire.End...)), wire.Limits{}).Decode()
	if err != nil {
		reply := wire.AppendReply(nil, "ERROR: "+err.Error())
		_, err := c.Write(reply)
		return err == nil
	}
	command, _ := v.Strings()

	s.mu.Lock() // one command at a time, delays included
	defer s.mu.Unlock()
	f, release := s.fault(command)
	if f == nil {
		_, err := c.Write(wire.AppendReply(nil, s.proceed(command)))
		return err == nil
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
	_, err := c.Write(reply)
	return err == nil && !f.Close
}
