package cli_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"bantop/fail2ban/fail2bantest"
)

// unanswered is a terminal that is asked for its background, and never answers.
var unanswered = []string{"COLORFGBG="}

// TestTypedAhead: keys that were typed before the dashboard was there are its first
// keys, all of them; and a terminal that answers no question delays nothing.
func TestTypedAhead(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"dovecot", "postfix", "sshd"}})
	frame := make(map[bool]time.Duration)
	for _, asked := range []bool{false, true} {
		o := seatOptions{typed: "6q:203.0.113.5\r"}
		if asked {
			o.env = unanswered
		}
		began := time.Now()
		p := openSeat(t, o, "-s", s.Path, "-p", s.PIDFile)
		p.waitText("\x1b[?1049h")
		p.waitText("bantop")
		frame[asked] = time.Since(began)
		// Settings, back, and an address, which is opened.
		p.waitText("203.0.113.5 is not banned")
		if got := strings.Contains(p.out.String(), "\x1b]11;?"); got != asked {
			t.Errorf("asked %v, want %v", got, asked)
		}
		p.send("\x03")
		if took, code := p.await(); code != 0 {
			t.Errorf("exit code %d after %v", code, took)
		}
		if err := p.restored(true); err != nil {
			t.Error(err)
		}
	}
	t.Logf("first frame after %v, asked and not answered after %v",
		frame[false].Round(time.Millisecond), frame[true].Round(time.Millisecond))
	if frame[true] > frame[false]+3*time.Second {
		t.Error("the first frame waits for the answer")
	}
}

// TestLateAnswer: an answer that comes late, in pieces, is taken for no key, and for
// what it says.
func TestLateAnswer(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	p := openSeat(t, seatOptions{env: unanswered}, "-s", s.Path, "-p", s.PIDFile)
	p.waitDrawn()
	before := len(p.out.String())
	for _, piece := range []string{"\x1b]11;rg", "b:ffff/ff", "ff/ffff\x1b", "\\"} {
		p.send(piece)
		time.Sleep(50 * time.Millisecond)
	}
	p.waitUntil("drawn anew", func() bool { return strings.Contains(p.out.String()[before:], "sshd") })
	p.send("q") // which quits, as nothing was opened or typed
	if took, code := p.await(); code != 0 {
		t.Errorf("exit code %d after %v: %q", code, took, p.out.String()[before:])
	}
	if err := p.restored(true); err != nil {
		t.Error(err)
	}
}

// TestEndlessText: neither a paste that never ends nor a flood of keys makes the
// dashboard deaf to ctrl+c, or large.
func TestEndlessText(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	for name, begin := range map[string]string{"a paste": "\x1b[200~", "a flood": ""} {
		p := openSeat(t, seatOptions{}, "-s", s.Path, "-p", s.PIDFile)
		p.waitDrawn()
		before := p.memory()
		p.send(begin)
		for range 64 {
			p.send(strings.Repeat("x", 32<<10))
		}
		after := p.memory()
		began := time.Now()
		p.send("\x03")
		_, code := p.await()
		t.Logf("%s of 2 MiB: ctrl+c took %v, memory grew from %d to %d kB",
			name, time.Since(began).Round(time.Millisecond), before, after)
		if code != 0 {
			t.Errorf("%s: exit code %d", name, code)
		}
		if after > before+100<<10 {
			t.Errorf("%s: the memory grew from %d to %d kB", name, before, after)
		}
		if err := p.restored(true); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// memory is how much the process holds, in kB (proc(5), VmRSS).
func (p *seat) memory() int {
	p.t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), "VmRSS:")
	n, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

// TestPasteIsTyped: what is pasted into a prompt stands in it; pasted keys do nothing
// elsewhere.
func TestPasteIsTyped(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	p := openSeat(t, seatOptions{}, "-s", s.Path, "-p", s.PIDFile)
	p.waitDrawn()
	p.send("\x1b[200~qq\x1b[201~2")
	p.waitText("ADDRESS")
	p.send("b\x1b[200~203.0.113.9 sshd for 1h\x1b[201~")
	p.waitText("203.0.113.9 sshd for 1h")
	p.send("\r")
	p.waitText("Unlock this pane")
	p.send("\x03")
	if took, code := p.await(); code != 0 {
		t.Errorf("exit code %d after %v", code, took)
	}
}
