package ending

import (
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// gate is passed by whoever holds what other processes wait for, such as a lock, and
// closed while this process is stopped (ctrl+z).
type gate struct {
	mu   sync.Mutex // held while the process is stopped
	free *sync.Cond // held is 0
	held int
}

// door is the one of this process.
var door = newGate()

func newGate() *gate {
	g := &gate{}
	g.free = sync.NewCond(&g.mu)
	return g
}

// hold waits while the gate is closed, and keeps it open until the function that it
// returns is called. Whoever holds it may hold it again.
func (g *gate) hold() (release func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held++
	return sync.OnceFunc(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.held--; g.held == 0 {
			g.free.Broadcast()
		}
	})
}

// close does something while nobody holds it.
func (g *gate) close(do func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.held > 0 {
		g.free.Wait()
	}
	do()
}

// Hold keeps the process from being stopped until the function that it returns is
// called: it has what others wait for. A process that is stopped in a transaction locks
// all of them out, for as long as somebody likes. It holds for the signals that
// CatchStops catches, and for Still. Nobody can catch SIGSTOP; but to send that takes
// a right over the process, which a key of its terminal does not.
func Hold() (release func()) { return door.hold() }

// Still does something while nothing is held, and nothing can be.
func Still(do func()) { door.close(do) }

// CatchStops has the signals that stop a job stop this process only while nothing is
// held, until the function that it returns is called. One that is ignored stays so.
func CatchStops(signals ...syscall.Signal) (back func()) {
	stops := make(chan os.Signal, 1)
	for _, s := range signals {
		if !signal.Ignored(s) {
			signal.Notify(stops, s)
		}
	}
	over := make(chan struct{})
	Go(func() {
		for {
			select {
			case s := <-stops:
				Still(func() { stop(s.(syscall.Signal)) })
			case <-over:
				return
			}
			// A read in the background that is not stopped at once is tried again, with a
			// signal each time. Those that came before it was stopped are of no use now.
			settle()
			select {
			case <-stops:
			default:
			}
		}
	})
	return func() {
		signal.Stop(stops)
		close(over)
	}
}

// stop stops this process, as the signal does by itself; not where no shell looks
// after it (setpgid(2), orphaned), and nobody would continue it. It returns when the
// process goes on.
//
// A read of the terminal in the background is tried again at once, and each try sends
// the signal: with its default action, that stops the process. To send one more would
// stop it again after somebody has brought it to the foreground: the read can be faster.
func stop(s syscall.Signal) {
	const tries = 20 * time.Millisecond // a read takes microseconds
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer DefaultAction(s)()
	if _, err := unix.IoctlGetTermios(unix.Stdin, unix.TCGETS); err == nil && s == unix.SIGTTIN {
		time.Sleep(tries)
		return
	}
	// Sent to this very thread, it is obeyed before the call returns.
	_ = unix.Tgkill(unix.Getpid(), unix.Gettid(), s) // it cannot fail
}

// DefaultAction gives a signal its default action, until the function that it returns
// is called. Package signal cannot: once it was asked for a signal, the runtime keeps a
// handler, which does nothing (Go 1.26, sigdisable in runtime/signal_unix.go).
func DefaultAction(s syscall.Signal) (back func()) {
	// struct sigaction as the kernel has it, on whichever machine: zeros are the default.
	type action [64]byte
	var was, is action
	const size = 8 // of a signal set
	call := func(set, get *action) bool {
		_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(s),
			uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(get)), size, 0, 0)
		return errno == 0
	}
	if !call(&is, &was) {
		return func() {} // it stays as it is
	}
	return func() { call(&was, nil) }
}
