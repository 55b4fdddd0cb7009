package cli_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bantop/fail2ban/fail2bantest"
	"bantop/tui/cli"
)

// way is a way for a dashboard to end.
type way struct {
	name  string
	do    func(*seat)
	code  int
	early bool // may come at any time, also before the first frame
	stuck bool // nobody reads the terminal
	full  bool // nobody reads it any more, after the first frame
	gone  bool // the terminal is gone afterwards
	fault string
	says  string // on standard error
}

// ways are all of them.
func ways() []way {
	typed := func(keys string) func(*seat) { return func(p *seat) { p.send(keys) } }
	sent := func(s syscall.Signal) func(*seat) { return func(p *seat) { p.signal(s) } }
	all := []way{
		{name: "q", do: typed("q")},
		{name: "ctrl+c", do: typed("\x03")},
		{name: "hung up", do: (*seat).hangUp, code: 128 + int(syscall.SIGHUP), gone: true},
		{name: "ctrl+c while Update hangs", fault: "endless", do: typed("!\x03")},
		{name: "nobody reads, q", do: typed("q"), stuck: true},
		{name: "nobody reads, ctrl+c", do: typed("\x03"), stuck: true},
		{name: "nobody reads, SIGTERM", do: sent(syscall.SIGTERM), code: 143, early: true, stuck: true},
		{name: "panic in Update", fault: "update", do: typed("!"), code: 70, says: "at "},
		{name: "panic in View", fault: "view", do: typed("!"), code: 70, says: "at "},
		{name: "panic in a command", fault: "command", do: typed("!"), code: 70, says: "at "},
		{name: "panic in a goroutine", fault: "goroutine", do: typed("!"), code: 70, says: "at "},
	}
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGABRT} {
		all = append(all, way{name: unix.SignalName(s), do: sent(s), code: 128 + int(s), early: true})
	}
	for _, two := range [][2]syscall.Signal{{unix.SIGTERM, unix.SIGTERM}, {unix.SIGINT, unix.SIGINT},
		{unix.SIGHUP, unix.SIGTERM}, {unix.SIGTERM, unix.SIGABRT}} {
		name := unix.SignalName(two[0]) + ", then " + unix.SignalName(two[1])
		w := way{name: name, do: twice(two), code: 128 + int(two[0]), early: true}
		all = append(all, w)
		w.name, w.early, w.full = "nobody reads any more, "+name, false, true
		all = append(all, w)
	}
	return all
}

// twice sends two signals, the second while the first is still being obeyed, or soon
// after that.
func twice(two [2]syscall.Signal) func(*seat) {
	return func(p *seat) {
		p.signal(two[0])
		time.Sleep(10*time.Millisecond + rand.N(140*time.Millisecond))
		p.signal(two[1])
	}
}

// TestEveryEnd: however a dashboard ends, it is over at once, and the terminal is as
// it was. BANTOP_TEST_SIGNALS=200 has so many ends of each kind, some of them in the
// first moments of the process, while the terminal is being set up.
func TestEveryEnd(t *testing.T) {
	runs := 2
	if n, err := strconv.Atoi(os.Getenv("BANTOP_TEST_SIGNALS")); err == nil {
		runs = n
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	for i, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, uint64(i)))
			var most time.Duration
			hung, bad := 0, 0
			for range runs {
				took, err := endOnce(t, w, random, "-s", s.Path, "-p", s.PIDFile)
				if took >= hang {
					hung++
				}
				if err != nil {
					bad++
					t.Error(err)
				}
				most = max(most, took)
			}
			t.Logf("%d runs: %d hung, %d wrong, %v at most", runs, hung, bad, most.Round(time.Millisecond))
		})
	}
}

// endOnce opens a dashboard, ends it, and looks at what is left.
func endOnce(t *testing.T, w way, random *rand.Rand, args ...string) (time.Duration, error) {
	o := seatOptions{stuck: w.stuck, large: w.full}
	if w.fault != "" {
		o.env = append(o.env, cli.FaultIn+"="+w.fault)
	}
	p := openSeat(t, o, args...)
	defer p.close()
	wait := time.Duration(0)
	switch {
	case w.early && random.IntN(2) == 0: // while it starts
		wait = time.Duration(random.Int64N(int64(50 * time.Millisecond)))
	case w.stuck:
		wait = time.Second + time.Duration(random.Int64N(int64(500*time.Millisecond)))
	case w.full:
		p.waitDrawn()
		p.fillUp()
	default:
		p.waitDrawn()
		wait = time.Duration(random.Int64N(int64(time.Second)))
	}
	time.Sleep(wait)
	if w.stuck && p.takesOutput() {
		return 0, fmt.Errorf("%s: the terminal takes something", w.name)
	}
	w.do(p)
	took, code := p.await()
	var errs []error
	if code == 2 && wait < 50*time.Millisecond && p.out.String() == "" && strings.HasPrefix(p.errs.String(), "SIG") {
		code = w.code // Go's own action, before the first statement of the program
		p.errs.Reset()
	}
	if code != w.code {
		errs = append(errs, fmt.Errorf("exit code %d, want %d", code, w.code))
	}
	if !w.gone {
		errs = append(errs, p.restored(!w.stuck && !w.full))
	}
	if text := p.errs.String(); w.says == "" && text != "" || !strings.Contains(text, w.says) {
		errs = append(errs, fmt.Errorf("it said %q", text))
	}
	if err := errors.Join(errs...); err != nil {
		return took, fmt.Errorf("%s after %v, over after %v: %w",
			w.name, wait.Round(time.Millisecond), took.Round(time.Millisecond), err)
	}
	return took, nil
}
