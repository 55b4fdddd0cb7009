package ending

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// long is longer than any test takes.
const long = time.Hour

// end is a process of which a test sees the end.
type end struct {
	*process
	out    *strings.Builder
	forced chan int // the code that it was ended with, without waiting
	code   chan int // the code that it ended with by itself
}

func newEnd(t *testing.T, grace time.Duration) end {
	t.Helper()
	e := end{out: &strings.Builder{}, forced: make(chan int, 2), code: make(chan int, 1)}
	e.process = newProcess(context.Background(), grace, func(code int) { e.forced <- code }, e.out)
	t.Cleanup(func() { e.cancel(nil) })
	return e
}

// start runs a program.
func (e end) start(program func(context.Context) int) {
	go func() { e.code <- e.run(program) }()
}

// want waits for the end.
func want(t *testing.T, from <-chan int, code int) {
	t.Helper()
	select {
	case got := <-from:
		if got != code {
			t.Errorf("exit code %d, want %d", got, code)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it does not end")
	}
}

func winding(ctx context.Context) int { <-ctx.Done(); return 3 }

func stuck(context.Context) int { select {} }

// TestCode: the exit code is the program's own, or says which signal it was.
func TestCode(t *testing.T) {
	e := newEnd(t, long)
	e.start(func(context.Context) int { return 3 })
	want(t, e.code, 3)
	for _, s := range Signals {
		e := newEnd(t, long)
		e.start(winding)
		e.signalled(s.(syscall.Signal))
		want(t, e.code, 128+int(s.(syscall.Signal)))
		if got, is := Of(e.ctx); !is || got.Signal != s {
			t.Errorf("%v: the context says %v", s, got)
		}
	}
	if s, is := Of(t.Context()); is {
		t.Errorf("a context that nothing ended: %v", s)
	}
}

// TestStuck: what does not wind up is ended after a while, by a second signal at once,
// and when somebody quit; what is to be done before is done, the newest first.
func TestStuck(t *testing.T) {
	for name, c := range map[string]struct {
		grace time.Duration
		code  int
		do    func(end)
	}{
		"one signal":     {time.Millisecond, 143, func(e end) { e.signalled(unix.SIGTERM) }},
		"a second":       {long, 143, func(e end) { e.signalled(unix.SIGTERM); e.signalled(unix.SIGINT) }},
		"after a hangup": {long, 129, func(e end) { e.signalled(unix.SIGHUP); e.signalled(unix.SIGTERM) }},
		"somebody quit":  {time.Millisecond, 0, func(e end) { e.limit() }},
		"a panic":        {time.Millisecond, 70, func(e end) { e.do(func() { panic("x") }) }},
	} {
		e := newEnd(t, c.grace)
		var mu sync.Mutex
		var done []int
		for i := range 3 {
			e.before = append(e.before, func() { mu.Lock(); defer mu.Unlock(); done = append(done, i) })
		}
		e.start(stuck)
		c.do(e)
		want(t, e.forced, c.code)
		mu.Lock()
		if fmt.Sprint(done) != "[2 1 0]" {
			t.Errorf("%s: done before: %v", name, done)
		}
		mu.Unlock()
	}
}

// TestNothingHoldsTheEndUp: not even what is to be done before it.
func TestNothingHoldsTheEndUp(t *testing.T) {
	e := newEnd(t, time.Millisecond)
	e.before = append(e.before, func() { select {} })
	e.start(stuck)
	e.signalled(unix.SIGTERM)
	want(t, e.forced, 143)
}

// TestNoImpatience: hang-ups come in numbers, and end nothing that winds up; nor does
// any signal what has promised to bring something to an end.
func TestNoImpatience(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(end)
		signals []syscall.Signal
		code    int
	}{
		"hang-ups": {func(end) {}, []syscall.Signal{unix.SIGHUP, unix.SIGHUP, unix.SIGHUP}, 129},
		"logind":   {func(end) {}, []syscall.Signal{unix.SIGTERM, unix.SIGHUP}, 143},
		"a guard":  {func(e end) { e.patient.Store(true) }, []syscall.Signal{unix.SIGTERM, unix.SIGINT, unix.SIGTERM}, 143},
	} {
		e := newEnd(t, long)
		c.prepare(e)
		leave := make(chan struct{})
		e.start(func(context.Context) int { <-leave; return 3 })
		for _, s := range c.signals {
			e.signalled(s)
		}
		close(leave)
		want(t, e.code, c.code)
		if len(e.forced) > 0 {
			t.Errorf("%s: it was ended without waiting", name)
		}
	}
}

// TestEitherOrder: the handler of signals and the program may end in either order, at
// any moment: the process ends once, in one of two ways.
func TestEitherOrder(t *testing.T) {
	for range 2000 {
		e := newEnd(t, 0)
		e.start(winding)
		var both sync.WaitGroup
		for _, s := range []syscall.Signal{unix.SIGTERM, unix.SIGTERM} {
			both.Go(func() { e.signalled(s) })
		}
		select {
		case code := <-e.code:
			if code != 143 {
				t.Fatalf("it ended with %d", code)
			}
		case code := <-e.forced:
			if code != 143 {
				t.Fatalf("it was ended with %d", code)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("it does not end")
		}
		both.Wait()
		if len(e.code)+len(e.forced) > 0 {
			t.Fatal("it ended twice")
		}
	}
	e := newEnd(t, 0)
	e.start(func(context.Context) int { return 3 })
	want(t, e.code, 3)
	e.signalled(unix.SIGTERM) // afterwards
	e.signalled(unix.SIGTERM)
	time.Sleep(10 * time.Millisecond)
	if len(e.forced) > 0 {
		t.Error("it was ended once it had ended")
	}
}

// TestPanic: a panic, wherever, is told in a few harmless lines that say where, and
// only the first.
func TestPanic(t *testing.T) {
	var none []int
	for name, c := range map[string]struct {
		do   func()
		says string
	}{
		"a string":      {func() { panic("a \x1b[31mfault\x07\nof two lines") }, "a ?[31mfault? of two lines"},
		"an error":      {func() { panic(errors.New("a fault")) }, "a fault"},
		"of the kernel": {func() { none[1] = 0 }, "index out of range [1] with length 0"},
		"long":          {func() { panic(strings.Repeat("x", 1000)) }, strings.Repeat("x", 300) + "..., at "},
		"again":         {func() { defer func() { panic("the second") }(); panic("the first") }, "the second"},
	} {
		e := newEnd(t, long)
		e.start(func(ctx context.Context) int {
			e.do(c.do)
			e.do(func() { panic("another") })
			return winding(ctx)
		})
		want(t, e.code, 70)
		head, rest, _ := strings.Cut(e.out.String(), "\n")
		if !strings.HasPrefix(head, "bantop: internal error: ") || !strings.Contains(head, c.says) ||
			!strings.Contains(head, ", at fail2ban/ending/ending_test.go:") {
			t.Errorf("%s: it says %q", name, head)
		}
		lines := strings.Split(strings.TrimSuffix(rest, "\n"), "\n")
		if !strings.HasPrefix(lines[len(lines)-1], "next: ") || len(lines) > 9 {
			t.Errorf("%s: it goes on: %q", name, lines)
		}
	}
	e := newEnd(t, long)
	e.start(func(context.Context) int { panic("in the program itself") })
	want(t, e.code, 70)
}

// TestWithoutMain: in a process that Main does not run, as a test's, panics and
// signals go their usual way.
func TestWithoutMain(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("the panic was swallowed")
		}
	}()
	Begin(unix.SIGTERM)
	Limit()
	Patient()
	LendKeyboard()()
	called := 0
	Before(func() { called++ })()
	if called != 1 {
		t.Errorf("called %d times", called)
	}
	Do(func() { panic("x") })
}
