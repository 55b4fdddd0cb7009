// Package tty is the terminal of the dashboard, as long as the dashboard has it: its
// settings (termios), what is typed, what is written, and giving all of it back.
//
// Bubble Tea v1 draws and reads keys; it does not touch the terminal itself. What it
// writes goes through a queue, so that a terminal that nobody reads holds nothing up;
// what is typed is read here and handed on in pieces that Bubble Tea can take apart:
//
//   - ctrl+c overtakes everything else that was typed;
//   - a paste is handed on as it comes, up to what a line holds. Bubble Tea would wait
//     for its end, deaf to every key;
//   - the terminal's answer about its background, however late, is taken for no key.
package tty

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Events are what happens on the terminal beside keys. Each is called in a goroutine
// that nothing else waits for; nil is fine.
type Events struct {
	Interrupted func()           // ctrl+c was typed
	Gone        func()           // the terminal is hung up
	Background  func(light bool) // the answer to AskBackground
	Repaint     func()           // the terminal reads again, and has missed something
}

// Terminal is a terminal that this process has to itself.
type Terminal struct {
	in     *os.File
	was    unix.Termios // its settings before
	events Events
	out    *Output
	keys   *os.File // where Bubble Tea reads what was typed
	feed   int      // the other end of it
	stop   int      // an eventfd that ends the reading

	// settings is held to change those of the terminal, and never while something is
	// waited for: whoever ends the process must be able to.
	settings sync.Mutex
	ended    bool // it is never taken again

	mu      sync.Mutex    // held while the terminal changes hands
	reading chan struct{} // closed when the reading has ended; nil when nobody reads
	parser  parser
	closed  sync.Once
}

// How long things may take that a terminal can hold up.
const (
	drainTime = 100 * time.Millisecond // at the end, for what was written; a second signal leaves 150 for all of it
	lendTime  = time.Second            // before the terminal is lent
	stopTime  = 200 * time.Millisecond // for the reading to end
)

// Open takes a terminal: from now on keys come one by one, and nothing is echoed. What
// was typed before stays to be read. Call Start, and at the end Close.
func Open(in, out *os.File) (*Terminal, error) {
	t := &Terminal{in: in, feed: -1, stop: -1}
	was, err := unix.IoctlGetTermios(int(in.Fd()), unix.TCGETS)
	if err != nil {
		return nil, fmt.Errorf("take the terminal: read its settings: %w", err)
	}
	t.was = *was
	// A packet a write: Bubble Tea reads 256 bytes at a time, and takes what ends there
	// for the end of a key.
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("take the terminal: %w", err)
	}
	t.keys, t.feed = os.NewFile(uintptr(pair[0]), "keys"), pair[1]
	if t.stop, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		return nil, errors.Join(fmt.Errorf("take the terminal: %w", err), t.keys.Close(), unix.Close(t.feed))
	}
	t.out = newOutput(out)
	return t, nil
}

// Input is where Bubble Tea reads. It is no terminal, so Bubble Tea leaves the
// settings of the terminal alone.
func (t *Terminal) Input() *os.File { return t.keys }

// Output is where Bubble Tea writes.
func (t *Terminal) Output() *Output { return t.out }

// Start takes the terminal and begins to read it, as soon as this process is in its
// foreground. It gives up when wait ends.
func (t *Terminal) Start(wait <-chan struct{}, e Events) error {
	t.events = e
	t.out.start(e.Repaint, e.Gone)
	return t.takeWhenOurs(wait)
}

// takeWhenOurs takes the terminal in the foreground. In the background that would stop
// the process (SIGTTOU), again and again, deaf to every other signal.
func (t *Terminal) takeWhenOurs(wait <-chan struct{}) error {
	const often = 100 * time.Millisecond
	for {
		select {
		case <-wait:
			return os.ErrClosed
		default:
		}
		if t.Foreground() {
			break
		}
		time.Sleep(often)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.take()
}

// take makes the terminal raw and begins to read it.
func (t *Terminal) take() error {
	raw := t.was
	raw.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
	raw.Oflag &^= unix.OPOST
	raw.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
	raw.Cflag &^= unix.CSIZE | unix.PARENB
	raw.Cflag |= unix.CS8
	// A read waits for a byte. With 0, which would suit the reading here, a shell that
	// finds the terminal like that after a kill -9 takes it for hung up, and ends.
	raw.Cc[unix.VMIN], raw.Cc[unix.VTIME] = 1, 0
	t.settings.Lock()
	defer t.settings.Unlock()
	if t.ended {
		return os.ErrClosed
	}
	if err := unix.IoctlSetTermios(int(t.in.Fd()), unix.TCSETS, &raw); err != nil {
		return fmt.Errorf("take the terminal: change its settings: %w", err)
	}
	t.reading = make(chan struct{})
	go t.read(t.reading)
	return nil
}

// giveBack ends the reading and brings the settings back, if the terminal is this
// process's to change: in the background it is somebody else's.
func (t *Terminal) giveBack() {
	t.stopReading()
	t.settings.Lock()
	defer t.settings.Unlock()
	t.restore()
}

// restore brings the settings back; t.settings is held. It waits for nothing: TCSETS,
// other than TCSETSW, takes no notice of output that nobody reads.
func (t *Terminal) restore() {
	if t.Foreground() {
		_ = unix.IoctlSetTermios(int(t.in.Fd()), unix.TCSETS, &t.was) // fails where it is hung up
	}
}

// stopReading ends the reading, and reports whether it has ended.
func (t *Terminal) stopReading() bool {
	if t.reading == nil {
		return true
	}
	one := [8]byte{1}
	_, _ = unix.Write(t.stop, one[:]) // fails only where it is told already
	select {
	case <-t.reading:
		t.reading = nil
		return true
	case <-time.After(stopTime): // it reads what somebody else took away
		return false
	}
}

// Foreground reports whether this process is the one that the terminal talks to, as
// far as the terminal has jobs.
func (t *Terminal) Foreground() bool {
	group, err := unix.IoctlGetInt(int(t.in.Fd()), unix.TIOCGPGRP)
	return err != nil || group <= 0 || group == unix.Getpgrp()
}

// Lend gives the terminal back while something else runs, which may use it, and takes
// it again: not before this process is in its foreground, or wait ends.
func (t *Terminal) Lend(wait <-chan struct{}, run func() error) error {
	t.out.flush(lendTime)
	t.mu.Lock()
	t.giveBack()
	t.mu.Unlock()
	err := run()
	return errors.Join(err, t.takeWhenOurs(wait))
}

// Close gives the terminal back as it was, also where nobody reads it. It may be
// called again, also while it works: then it waits for that.
//
// The settings come first. The rest waits for others, for longer than a process has
// that is ended a second time, and a terminal that is left raw is of no use.
func (t *Terminal) Close() {
	t.end()
	t.closed.Do(t.close)
}

// end brings the settings back for good.
func (t *Terminal) end() {
	t.settings.Lock()
	defer t.settings.Unlock()
	t.ended = true
	t.restore()
}

func (t *Terminal) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stopReading() // what is typed from now on is for whoever comes next
	t.out.close(drainTime, t.Foreground())
	t.giveBack() // a program that had the terminal meanwhile may have changed it
	if t.stopReading() {
		// Bubble Tea may still read the keys (v1.3.10 does not wait for its own reading
		// when it was told to end): this is their end.
		_ = errors.Join(unix.Close(t.feed), unix.Close(t.stop)) // nothing is lost
	}
}
