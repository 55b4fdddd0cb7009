package cli_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// seat is bantop on a pseudo-terminal of which the test holds both ends, so that it
// can see how the terminal was left.
type seat struct {
	t      *testing.T
	master *os.File
	slave  *os.File
	cmd    *exec.Cmd
	before unix.Termios
	out    screenful // what it wrote to the terminal
	errs   bytes.Buffer
	ended  chan struct{} // closed when the process has ended
	drain  chan struct{} // closed when the terminal is to be read no more
	drawn  chan struct{} // closed at the first frame
	deaf   chan struct{} // closed when nobody reads the terminal any more
}

// screenful is text that one goroutine writes and others read.
type screenful struct {
	mu   sync.Mutex
	text []byte
}

func (s *screenful) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text = append(s.text, b...)
	return len(b), nil
}

func (s *screenful) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.text)
}

// seatOptions say how a seat is opened.
type seatOptions struct {
	env    []string
	stuck  bool   // nobody reads the terminal, from the start
	onTerm bool   // errors go to the terminal, too
	typed  string // before it starts
	shell  bool   // an interactive shell runs instead, which has the command in $B
	large  bool   // the terminal is so large that a few frames fill it
}

// openSeat starts bantop.
func openSeat(t *testing.T, o seatOptions, args ...string) *seat {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	size := &pty.Winsize{Cols: 100, Rows: 28}
	if o.large {
		size = &pty.Winsize{Cols: 220, Rows: 60}
	}
	if err := pty.Setsize(master, size); err != nil {
		t.Fatal(err)
	}
	p := &seat{t: t, master: master, slave: slave,
		ended: make(chan struct{}), drain: make(chan struct{}), drawn: make(chan struct{}), deaf: make(chan struct{})}
	p.before = p.termios()
	if o.stuck {
		fill(t, slave)
	}
	words := append([]string{executable(t, 0), "--state-dir", t.TempDir()}, args...)
	if o.shell {
		o.env = append(o.env, "PS1=ready> ", "B="+strings.Join(words, " "))
		words = []string{"sh", "-i"}
	}
	p.cmd = exec.Command(words[0], words[1:]...)
	p.cmd.Env = append([]string{reExec + "=1", "TERM=xterm-256color", "LANG=C.UTF-8", "COLORFGBG=15;0", noRaceSleep,
		"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent"}, o.env...)
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = slave, slave, &p.errs
	if o.onTerm || o.shell {
		p.cmd.Stderr = slave
	}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	p.send(o.typed)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // its state says how it ended
		close(p.ended)
	}()
	if o.stuck {
		close(p.deaf)
	} else {
		go p.read()
	}
	t.Cleanup(p.close)
	return p
}

// fill writes into a terminal until it takes no more. While its output is worked on
// (OPOST) it refuses early what it takes later.
func fill(t *testing.T, slave *os.File) {
	t.Helper()
	fd := int(slave.Fd())
	was, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	raw := *was
	raw.Oflag &^= unix.OPOST
	if err := errors.Join(unix.IoctlSetTermios(fd, unix.TCSETS, &raw), unix.SetNonblock(fd, true)); err != nil {
		t.Fatal(err)
	}
	for full := 0; full < 30; {
		_, err := unix.Write(fd, bytes.Repeat([]byte("x"), 1024))
		switch {
		case errors.Is(err, unix.EAGAIN): // the kernel may still move some of it on, later on a busy machine
			full++
			time.Sleep(10 * time.Millisecond)
		case err != nil:
			t.Fatal(err)
		default:
			full = 0
		}
	}
	// The program shares this description.
	if err := errors.Join(unix.SetNonblock(fd, false), unix.IoctlSetTermios(fd, unix.TCSETS, was)); err != nil {
		t.Fatal(err)
	}
}

// read takes what the program writes, until it is to stop or nobody holds the other end.
func (p *seat) read() {
	defer close(p.deaf)
	buf, seen := make([]byte, 64<<10), false
	for {
		select {
		case <-p.drain:
			return
		default:
		}
		fds := []unix.PollFd{{Fd: int32(p.master.Fd()), Events: unix.POLLIN}}
		if n, err := unix.Poll(fds, 20); n == 0 || errors.Is(err, unix.EINTR) {
			continue
		}
		n, err := unix.Read(int(p.master.Fd()), buf)
		if n <= 0 || err != nil {
			return
		}
		_, _ = p.out.Write(buf[:n])
		if !seen && strings.Contains(p.out.String(), "online") {
			seen = true
			close(p.drawn)
		}
	}
}

func (p *seat) termios() unix.Termios {
	p.t.Helper()
	got, err := unix.IoctlGetTermios(int(p.slave.Fd()), unix.TCGETS)
	if err != nil {
		p.t.Fatal(err)
	}
	return *got
}

// hangUp closes the terminal's own end.
func (p *seat) hangUp() {
	p.stopReading()
	p.master.Close()
}

func (p *seat) stopReading() {
	select {
	case <-p.drain:
	default:
		close(p.drain)
	}
	<-p.deaf
}

// fillUp has the dashboard draw until the terminal, which nobody reads any more, takes
// nothing.
func (p *seat) fillUp() {
	p.t.Helper()
	p.stopReading()
	const often = 60 * time.Millisecond // no two keys in one frame
	deadline := time.Now().Add(time.Minute)
	for full := 0; full < 10; {
		if time.Now().After(deadline) {
			p.t.Fatal("the terminal does not fill up")
		}
		p.send("?")
		time.Sleep(often)
		p.send("\x1b")
		time.Sleep(often)
		full++
		if p.takesOutput() {
			full = 0
		}
	}
}

// takesOutput reports whether something could be written to the terminal.
func (p *seat) takesOutput() bool {
	fds := []unix.PollFd{{Fd: int32(p.slave.Fd()), Events: unix.POLLOUT}}
	n, err := unix.Poll(fds, 0)
	return n != 0 || err != nil
}

func (p *seat) send(keys string) {
	p.t.Helper()
	if _, err := p.master.WriteString(keys); err != nil {
		p.t.Fatal(err)
	}
}

func (p *seat) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) } // it may be gone

// waitDrawn waits for the first frame.
func (p *seat) waitDrawn() {
	p.t.Helper()
	select {
	case <-p.drawn:
	case <-p.ended:
		p.t.Fatalf("it ended before its first frame: %v, %s", p.cmd.ProcessState, p.errs.String())
	case <-time.After(time.Minute):
		p.t.Fatalf("no frame: %q", p.out.String())
	}
}

// waitText waits until the program has written something.
func (p *seat) waitText(text string) {
	p.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for ; !strings.Contains(p.out.String(), text); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatalf("it does not write %q: %q", text, p.out.String())
		}
	}
}

// hang is how much longer than it may something has to take to count as hung, on a
// machine however busy.
const hang = 10 * time.Second

// await waits for the end, and returns how long it took and the exit code as a shell
// has it. A process that hangs is ended, and its code is -1.
func (p *seat) await() (time.Duration, int) {
	p.t.Helper()
	began := time.Now()
	select {
	case <-p.ended:
	case <-time.After(hang):
		_ = p.cmd.Process.Kill()
		<-p.ended
		return hang, -1
	}
	took := time.Since(began)
	if status := p.cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signaled() {
		return took, 128 + int(status.Signal())
	}
	return took, p.cmd.ProcessState.ExitCode()
}

func (p *seat) close() {
	_ = p.cmd.Process.Kill() // mostly it has ended
	<-p.ended
	p.stopReading()
	p.master.Close()
	p.slave.Close()
}

// modeSet is a sequence that sets or resets modes of the terminal (DECSET, DECRST).
var modeSet = regexp.MustCompile("\x1b\\[\\?([0-9;]+)([hl])")

// modesLeft is what a terminal that got this output is still told to do, beside what it
// does by itself: alternate screen, mouse, paste; a cursor that is hidden.
func modesLeft(output string) []string {
	on := map[string]bool{"25": true}
	for _, m := range modeSet.FindAllStringSubmatch(output, -1) {
		for _, mode := range strings.Split(m[1], ";") {
			on[mode] = m[2] == "h"
		}
	}
	on["cursor hidden"] = !on["25"]
	delete(on, "25")
	var out []string
	for mode, is := range on {
		if is {
			out = append(out, mode)
		}
	}
	return out
}

// restored says what is not as it was.
func (p *seat) restored(readable bool) error {
	var errs []error
	if after := p.termios(); after != p.before {
		errs = append(errs, fmt.Errorf("the terminal's settings are %+v, were %+v", after, p.before))
	}
	if readable {
		deadline := time.Now().Add(time.Second) // what it wrote is read a moment later
		for len(modesLeft(p.out.String())) > 0 && time.Now().Before(deadline) {
			time.Sleep(10 * time.Millisecond)
		}
		if modes := modesLeft(p.out.String()); len(modes) > 0 {
			errs = append(errs, fmt.Errorf("the terminal keeps the modes %v", modes))
		}
	}
	return errors.Join(errs...)
}
