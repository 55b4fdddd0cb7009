package tty

import (
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"bantop/fail2ban/ending"
)

// Output is a queue before a terminal: to write never waits. Bubble Tea takes it for
// the terminal (it has its descriptor), and asks it for its size.
type Output struct {
	tty     *os.File
	repaint func()
	gone    func()

	mu      sync.Mutex
	changed *sync.Cond // pending, writing or closed changed
	pending []byte
	writing bool // some of it is on its way
	closed  bool // nothing is taken any more
	lost    bool // something was dropped
	failed  bool // the terminal is gone
	modes   modes
}

const (
	// most is how much may wait for a terminal that nobody reads: some hundred frames.
	// What comes then is dropped, and everything drawn anew when it reads again.
	most = 256 << 10
	// piece is how much is written at once: at the end no more than that may be on
	// its way.
	piece = 4 << 10
)

func newOutput(tty *os.File) *Output {
	o := &Output{tty: tty}
	o.changed = sync.NewCond(&o.mu)
	return o
}

func (o *Output) start(repaint, gone func()) {
	o.repaint, o.gone = repaint, gone
	go o.drain()
}

// Fd is the terminal's descriptor.
func (o *Output) Fd() uintptr { return o.tty.Fd() }

// Read reads nothing: keys come from elsewhere.
func (o *Output) Read([]byte) (int, error) { return 0, io.EOF }

// Close does nothing: the terminal is not this program's to close.
func (o *Output) Close() error { return nil }

// Write takes note of what is to be written.
func (o *Output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.closed || o.failed:
		return 0, os.ErrClosed
	case o.lost || len(o.pending)+len(b) > most:
		o.lost = true
		return len(b), nil
	}
	o.pending = append(o.pending, b...)
	o.modes.note(b)
	o.changed.Broadcast()
	return len(b), nil
}

// drain writes what is pending, until the end.
func (o *Output) drain() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		for len(o.pending) == 0 && !o.closed {
			o.changed.Wait()
		}
		if o.closed {
			return
		}
		next := o.pending[:min(len(o.pending), piece)]
		o.pending = o.pending[len(next):]
		o.writing = true
		o.mu.Unlock()
		err := writeAll(int(o.tty.Fd()), next)
		o.mu.Lock()
		o.writing = false
		if err != nil {
			o.failed, o.pending = true, nil
			call(o.gone)
		}
		if len(o.pending) == 0 && o.lost && !o.failed {
			o.lost = false
			call(o.repaint)
		}
		o.changed.Broadcast()
	}
}

// writeAll writes all of it, however long the terminal takes. Somebody may have set
// the descriptor, which others share, to return at once.
func writeAll(fd int, b []byte) error {
	for len(b) > 0 {
		n, err := unix.Write(fd, b)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN):
			_, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, -1) // else it is tried again at once
		case err != nil:
			return err
		default:
			b = b[n:]
		}
	}
	return nil
}

// Disturbed says that somebody else left the terminal in an unknown state.
func (o *Output) Disturbed() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lost = true
}

// flush waits until everything is written, for a while. It reports whether it is.
func (o *Output) flush(wait time.Duration) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.await(wait, func() bool { return len(o.pending) == 0 && !o.writing })
}

// await waits for something, for a while; o.mu is held.
func (o *Output) await(wait time.Duration, done func() bool) bool {
	deadline := time.Now().Add(wait)
	defer time.AfterFunc(wait, o.changed.Broadcast).Stop()
	for !done() && !o.failed {
		if !time.Now().Before(deadline) {
			return false
		}
		o.changed.Wait()
	}
	return true
}

// close ends it, and undoes what the terminal was told to do and not told to stop, if
// that is wanted. What a terminal has not read by then it never gets: it would come
// after the terminal was given back.
func (o *Output) close(wait time.Duration, undo bool) {
	drained := o.flush(wait)
	o.mu.Lock()
	o.closed, o.pending = true, nil
	o.changed.Broadcast()
	last := o.modes.undo(!drained || o.lost)
	failed := o.failed
	o.mu.Unlock()
	if failed || !undo {
		return
	}
	if !drained {
		_ = unix.IoctlSetInt(int(o.tty.Fd()), unix.TCFLSH, unix.TCOFLUSH) // no terminal without it
		o.mu.Lock()
		o.await(wait/2, func() bool { return !o.writing })
		o.mu.Unlock()
	}
	if last == "" {
		return
	}
	written := make(chan struct{})
	go func() {
		defer close(written)
		_ = writeAll(int(o.tty.Fd()), []byte(last)) // it is all that can be done
	}()
	select {
	case <-written:
	case <-time.After(wait / 2):
	}
}

// modes are what a terminal was told to do: the numbers of DEC's private modes.
type modes struct{ on []string }

// The sequences that set and reset a mode.
const (
	private = "\x1b[?"
	set     = "h"
	reset   = "l"
	cursor  = "25"   // shown, as it mostly is
	screen  = "1049" // the alternate one
)

// known are the modes that Bubble Tea sets, and the screen last: what comes before it
// belongs to the alternate one.
var known = []string{"1000", "1002", "1003", "1006", "1004", "2004", screen}

// note takes note of the sequences in what is written.
func (m *modes) note(b []byte) {
	for text := string(b); ; {
		_, rest, found := strings.Cut(text, private)
		if !found {
			return
		}
		end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if end <= 0 {
			text = rest
			continue
		}
		switch mode, what := rest[:end], rest[end:end+1]; what {
		case set:
			m.change(mode, mode != cursor)
		case reset:
			m.change(mode, mode == cursor)
		}
		text = rest[end:]
	}
}

func (m *modes) change(mode string, on bool) {
	for i, name := range m.on {
		if name == mode {
			if !on {
				m.on = append(m.on[:i:i], m.on[i+1:]...)
			}
			return
		}
	}
	if on {
		m.on = append(m.on, mode)
	}
}

// undo is what brings the terminal back; where it is not known what it got, from
// everything.
func (m *modes) undo(everything bool) string {
	on := make(map[string]bool)
	for _, name := range m.on {
		on[name] = true
	}
	var b strings.Builder
	if everything {
		b.WriteString("\x1b\\") // ends whatever was cut off
	}
	for _, name := range known {
		if on[name] || everything {
			b.WriteString(private + name + reset)
		}
	}
	if on[cursor] || everything {
		b.WriteString(private + cursor + set)
	}
	if b.Len() > 0 {
		b.WriteString("\x1b[0m\r")
	}
	return b.String()
}

func call(f func()) {
	if f != nil {
		ending.Go(f)
	}
}
