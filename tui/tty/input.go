package tty

import (
	"errors"

	"golang.org/x/sys/unix"
)

// read hands on what is typed, until it is told to stop or the terminal is gone.
func (t *Terminal) read(done chan<- struct{}) {
	defer close(done)
	buf := make([]byte, 4<<10)
	fd := int(t.in.Fd())
	for {
		fds := []unix.PollFd{{Fd: fd32(fd), Events: unix.POLLIN}, {Fd: fd32(t.stop), Events: unix.POLLIN}}
		if _, err := unix.Poll(fds, -1); err != nil {
			continue // EINTR
		}
		if fds[1].Revents != 0 {
			var one [8]byte
			_, _ = unix.Read(t.stop, one[:]) // it said what it had to
			return
		}
		n, err := unix.Read(fd, buf)
		switch {
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.EAGAIN):
			continue
		case err != nil, n == 0 && fds[0].Revents&(unix.POLLHUP|unix.POLLERR|unix.POLLNVAL) != 0:
			call(t.events.Gone)
			return
		}
		t.hand(t.parser.take(buf[:n], n == len(buf)))
	}
}

func fd32(fd int) int32 { return int32(fd) }

// hand hands on what was typed. A program that is so far behind that no more packets
// fit loses keys, not ctrl+c.
func (t *Terminal) hand(typed typed) {
	for range typed.interrupts {
		call(t.events.Interrupted)
	}
	if typed.answered && t.events.Background != nil {
		call(func() { t.events.Background(typed.light) })
	}
	for _, p := range typed.packets {
		_ = unix.Sendto(t.feed, p, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, nil)
	}
}

// AskBackground asks the terminal for the colour of its background. The answer, if one
// comes, is an event.
func (t *Terminal) AskBackground() {
	t.parser.asked.Store(true)
	_, _ = t.out.Write([]byte("\x1b]11;?\x1b\\")) // where nothing can be written nothing is answered
}
