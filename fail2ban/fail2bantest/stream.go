package fail2bantest

import (
	"net"
	"time"

	"bantop/fail2ban/wire"
)

// stream is the replies of one connection, with what goes wrong with them.
type stream struct {
	net.Conn
	faults *faults
	past   [][]byte // the newest replies, for Lag
	held   []byte   // a reply that comes after the next one, see Fault.Swap
}

// mostPast is how many replies are kept, and of which size at most.
const (
	mostPast = 8
	pastSize = 1 << 16
)

// reply answers a command as it should be.
func (s *stream) reply(b []byte) {
	s.remember(b)
	s.send(b)
}

// send writes a reply, and the one that was held back for it. A client that is gone
// gets nothing.
func (s *stream) send(b []byte) {
	_, _ = s.Write(b)
	if s.held != nil {
		_, _ = s.Write(s.held)
		s.held = nil
	}
}

func (s *stream) remember(b []byte) {
	if len(b) > pastSize {
		return
	}
	if s.past = append(s.past, b); len(s.past) > mostPast {
		s.past = s.past[1:]
	}
}

// fail answers a command the way a fault says; answer makes the answer that it should
// have, which carries the command out. It reports whether the connection stays.
func (s *stream) fail(f *Fault, release <-chan struct{}, answer func() []byte) bool {
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
		reply = answer()
	}
	return s.deliver(f, release, reply)
}

// deliver sends a reply as a fault says.
func (s *stream) deliver(f *Fault, release <-chan struct{}, reply []byte) bool {
	s.remember(reply)
	switch {
	case f.Reset:
		return false
	case f.Half, f.Close:
		_, _ = s.Write(reply[:len(reply)/2])
		return !f.Close
	case f.Lost:
	case f.Swap && s.held == nil:
		s.held = reply
	case f.Lag > 0 && len(s.past) > 0:
		s.send(s.past[max(0, len(s.past)-1-f.Lag)])
	case f.Endless:
		return s.flood()
	case f.Trickle > 0:
		return s.trickle(f.Trickle, release, reply)
	case f.HoldEnd:
		_, _ = s.Write(reply[:max(0, len(reply)-len(wire.End))])
		<-release
		_, _ = s.Write(reply[max(0, len(reply)-len(wire.End)):])
	case f.Twice:
		s.send(reply)
		_, _ = s.Write(reply)
	default:
		if f.Noise > 0 || f.Garble > 0 {
			reply = s.faults.spoil(f, reply)
		}
		s.send(reply)
		_, _ = s.Write(f.Extra)
	}
	return true
}

// flood sends strings until the client goes away.
func (s *stream) flood() bool {
	begin, more := []byte("\x80\x04K\x00]("), []byte(text(repeat("A", 1<<16)))
	for _, err := s.Write(begin); err == nil; {
		_, err = s.Write(more)
	}
	return false
}

// trickle sends a reply byte by byte, until the faults are cleared; the rest comes then.
func (s *stream) trickle(pause time.Duration, release <-chan struct{}, reply []byte) bool {
	for i := range reply {
		if _, err := s.Write(reply[i : i+1]); err != nil {
			return false
		}
		select {
		case <-time.After(pause):
		case <-release:
			_, err := s.Write(reply[i+1:])
			return err == nil
		}
	}
	return true
}
