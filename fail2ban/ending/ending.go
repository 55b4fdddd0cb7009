// Package ending is how the process ends: the one owner of its signals and of its
// panics, and of the time that an end may take.
//
// The first signal ends the context of Main; what runs winds up and returns. If that
// takes longer than a moment, or a second signal comes, the process ends without
// waiting. Either way what was registered with Before is done first: the terminal is
// given back as it was. A panic, in whichever goroutine, is such an end, too, if that
// goroutine was started with Go or its work is done in Do.
//
// The state of this package is global, as the process and its signals are.
package ending

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Signals end the process. One that was ignored when it started stays ignored, as
// under nohup(1).
var Signals = []os.Signal{unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT, unix.SIGABRT}

const (
	// grace is how long what runs may take to wind up after the first signal.
	grace = 800 * time.Millisecond
	// restoring is how long giving the terminal back may take after that.
	restoring = 150 * time.Millisecond
)

// Signal is an end by a signal.
type Signal struct{ syscall.Signal }

func (s Signal) Error() string { return "ended by " + unix.SignalName(s.Signal) }

// ExitCode is what a shell says of a process that a signal ended.
func (s Signal) ExitCode() int { return 128 + int(s.Signal) }

// process is what ends.
type process struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	grace  time.Duration
	exit   func(code int)
	stderr io.Writer

	patient  atomic.Bool // no signal ends it without waiting
	signals  chan os.Signal
	keyboard chan os.Signal // SIGINT and SIGQUIT
	keys     []os.Signal    // those of them that were not ignored

	mu      sync.Mutex
	cause   error         // of the end; nil before
	before  []func()      // what is to be done before the end
	limited bool          // the time runs
	over    chan struct{} // closed when the process need not be ended any more
}

// current is the process while Main runs.
var current atomic.Pointer[process]

func newProcess(ctx context.Context, grace time.Duration, exit func(int), stderr io.Writer) *process {
	p := &process{grace: grace, exit: exit, stderr: stderr, over: make(chan struct{}),
		signals: make(chan os.Signal, 8), keyboard: make(chan os.Signal, 8)}
	p.ctx, p.cancel = context.WithCancelCause(ctx)
	return p
}

// Main runs a program and returns the exit code of the process: the program's own,
// 128 and its number if a signal ended it, 70 (EX_SOFTWARE) after a panic.
func Main(program func(context.Context) int) int {
	p := newProcess(context.Background(), grace, os.Exit, os.Stderr)
	current.Store(p)
	for _, s := range Signals {
		switch {
		case signal.Ignored(s):
		case s == unix.SIGINT, s == unix.SIGQUIT:
			p.keys = append(p.keys, s)
			signal.Notify(p.keyboard, s)
		default:
			signal.Notify(p.signals, s)
		}
	}
	go p.listen()
	return p.run(program)
}

// listen takes signals for as long as the process lives: one that comes while it
// winds up must not find the default action, which leaves the terminal as it is.
func (p *process) listen() {
	for {
		select {
		case s := <-p.signals:
			p.signalled(s.(syscall.Signal))
		case s := <-p.keyboard:
			p.signalled(s.(syscall.Signal))
		}
	}
}

func (p *process) signalled(s syscall.Signal) {
	first := p.begin(Signal{s})
	// A hang-up is no impatience: the kernel, the shell and logind each send one.
	if !first && s != unix.SIGHUP && !p.patient.Load() {
		p.now()
	}
}

// run runs the program to its end.
func (p *process) run(program func(context.Context) int) (code int) {
	p.do(func() { code = program(p.ctx) })
	p.mu.Lock()
	cause := p.cause
	select {
	case <-p.over: // somebody else ends the process at this moment
		p.mu.Unlock()
		select {}
	default:
		close(p.over)
	}
	p.mu.Unlock()
	if cause == nil {
		return code
	}
	p.say(cause)
	return exitCode(cause)
}

// begin begins the end, unless it has begun. It reports whether it had not.
func (p *process) begin(cause error) (first bool) {
	p.mu.Lock()
	first = p.cause == nil
	if first {
		p.cause = cause
	}
	p.mu.Unlock()
	if first {
		p.cancel(cause)
		p.limit()
	}
	return first
}

// limit ends the process after a moment, whatever goes on.
func (p *process) limit() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.limited || p.patient.Load() {
		return
	}
	p.limited = true
	time.AfterFunc(p.grace, p.now)
}

// now ends the process without waiting for what runs.
func (p *process) now() {
	p.mu.Lock()
	select {
	case <-p.over:
		p.mu.Unlock()
		return
	default:
		close(p.over)
	}
	cause, before := p.cause, p.before
	p.mu.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := len(before) - 1; i >= 0; i-- {
			before[i]()
		}
	}()
	select {
	case <-done:
	case <-time.After(restoring):
	}
	p.say(cause)
	p.exit(exitCode(cause))
}

// say tells of an end that is bantop's own fault.
func (p *process) say(cause error) {
	if fault, is := errors.AsType[*Panic](cause); is {
		fmt.Fprint(p.stderr, fault.Report())
	}
}

// exitCode is the exit code of an end; 0 for one that somebody asked for.
func exitCode(cause error) int {
	var coded interface{ ExitCode() int }
	if errors.As(cause, &coded) {
		return coded.ExitCode()
	}
	return 0
}

// Begin ends the process as a signal does.
func Begin(s syscall.Signal) {
	if p := current.Load(); p != nil {
		p.begin(Signal{s})
	}
}

// Limit gives what still runs no longer than after a signal: somebody quit.
func Limit() {
	if p := current.Load(); p != nil {
		p.limit()
	}
}

// Patient lets nothing end the process but its own work: a signal only ends the
// context. It is for a process that has promised to bring something to an end.
func Patient() {
	if p := current.Load(); p != nil {
		p.patient.Store(true)
	}
}

// LendKeyboard leaves the signals that the keyboard makes to another process of this
// terminal, until the function that it returns is called.
func LendKeyboard() (back func()) {
	p := current.Load()
	if p == nil || len(p.keys) == 0 {
		return func() {}
	}
	nobody := make(chan os.Signal, 1)
	signal.Notify(nobody, p.keys...)
	signal.Stop(p.keyboard)
	return func() {
		settle()
		signal.Notify(p.keyboard, p.keys...)
		signal.Stop(nobody)
	}
}

// settle waits until every signal that has come is with those that wanted it: that is
// what Stop waits for.
func settle() {
	some := make(chan os.Signal, 1)
	signal.Notify(some, unix.SIGWINCH)
	signal.Stop(some)
}

// Before has something done before the process ends, in whichever way: by the
// function that it returns, or without it. It has to bear being called twice, by
// several goroutines.
func Before(do func()) (done func()) {
	p := current.Load()
	if p == nil {
		return do
	}
	p.mu.Lock()
	p.before = append(p.before, do)
	p.mu.Unlock()
	return do
}

// Of is the signal that ended a context of Main; false if none did.
func Of(ctx context.Context) (Signal, bool) {
	return errors.AsType[Signal](context.Cause(ctx))
}
