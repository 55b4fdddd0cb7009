package cli_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bantop/fail2ban/fail2bantest"
)

// dashboardModes are what the terminal is told to do while the dashboard is open: the
// mouse, paste, the alternate screen.
var dashboardModes = []string{"1002", "1006", "1049", "2004", "cursor hidden"}

// waitModes waits until the terminal is told to do that, and nothing else.
func (p *seat) waitModes(what string, want ...string) {
	p.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		got := modesLeft(p.out.String())
		slices.Sort(got)
		if slices.Equal(got, want) {
			return
		}
		if time.Now().After(deadline) {
			out := p.out.String()
			select {
			case <-p.ended:
				what += ", over: " + p.cmd.ProcessState.String() + p.errs.String()
			default:
			}
			p.t.Fatalf("%s: the terminal has the modes %v, want %v; it was written %q",
				what, got, want, out[max(0, len(out)-600):])
		}
	}
}

// child waits for the only child of a process.
func child(t *testing.T, parent int) int {
	t.Helper()
	dir := "/proc/" + strconv.Itoa(parent) + "/task/" + strconv.Itoa(parent) + "/children"
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		b, err := os.ReadFile(dir)
		if err != nil {
			t.Fatal(err)
		}
		if pid, err := strconv.Atoi(strings.TrimSpace(string(b))); err == nil {
			return pid
		}
	}
	t.Fatal("there is no child")
	return 0
}

// waitState waits until a process is in a state (proc(5), stat).
func (p *seat) waitState(pid int, want ...string) {
	t := p.t
	t.Helper()
	state := ""
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil {
			out := p.out.String()
			t.Fatalf("%v: it was written %q", err, out[max(0, len(out)-1500):])
		}
		if state = strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))[0]; slices.Contains(want, state) {
			return
		}
	}
	out := p.out.String()
	t.Fatalf("process %d is in state %s, not in %v; it was written %q", pid, state, want, out[max(0, len(out)-1500):])
}

// asks has the shell say something, which proves that it has the terminal.
func (p *seat) asks(word string) {
	p.t.Helper()
	p.send("echo shell-$((40+2))-" + word + "\n")
	p.waitText("shell-42-" + word)
}

// TestJobControl: under a shell that has jobs, ctrl+z, a stop from elsewhere and one
// that nobody can catch give the terminal to the shell; when it goes on, everything is
// set up again, the mouse too. At the end the shell has it as before.
func TestJobControl(t *testing.T) {
	t.Parallel()
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	p := openSeat(t, seatOptions{shell: true}, "-s", s.Path, "-p", s.PIDFile)
	p.waitText("ready> ")
	p.asks("begin")
	shells := p.termios()
	p.send("$B\n")
	p.waitDrawn()
	p.waitModes("open", dashboardModes...)
	pid := child(t, p.cmd.Process.Pid)

	p.send("\x1a")
	p.waitModes("after ctrl+z")
	p.waitState(pid, "T")
	p.asks("one")
	p.send("fg\n")
	p.waitModes("continued", dashboardModes...)

	if err := syscall.Kill(pid, unix.SIGTSTP); err != nil {
		t.Fatal(err)
	}
	p.waitModes("after SIGTSTP")
	p.waitState(pid, "T")
	p.asks("two")
	p.send("fg\n")
	p.waitModes("continued after SIGTSTP", dashboardModes...)

	if err := syscall.Kill(pid, unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	p.waitState(pid, "T")
	p.asks("three")
	before := strings.Count(p.out.String(), "\x1b[?1002h")
	p.send("fg\n")
	p.waitUntil("the mouse again", func() bool { return strings.Count(p.out.String(), "\x1b[?1002h") > before })
	p.waitModes("continued after SIGSTOP", dashboardModes...)

	p.send("q")
	p.waitGone(pid)
	p.waitModes("at the end")
	p.asks("end")
	if got := p.termios(); got != shells {
		t.Errorf("the shell has the terminal as %+v, had it as %+v", got, shells)
	}
}

// waitUntil waits until something holds.
func (p *seat) waitUntil(what string, holds func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			out := p.out.String()
			p.t.Fatalf("not %s: %q", what, out[max(0, len(out)-600):])
		}
	}
}

// TestBackgroundJob: a dashboard in the background waits for the terminal, does not
// touch it, and ends at a signal.
func TestBackgroundJob(t *testing.T) {
	t.Parallel()
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	p := openSeat(t, seatOptions{shell: true}, "-s", s.Path, "-p", s.PIDFile)
	p.waitText("ready> ")
	p.send("$B & \n")
	pid := child(t, p.cmd.Process.Pid)
	p.asks("one")
	time.Sleep(300 * time.Millisecond)
	p.asks("two")
	p.waitModes("in the background")
	p.send("fg\n")
	p.waitDrawn()
	p.waitModes("in the foreground", dashboardModes...)
	p.send("\x1a")
	p.waitModes("after ctrl+z")
	p.waitState(pid, "T")
	p.send("bg\n")
	p.waitState(pid, "S", "R")
	p.asks("three")
	if err := syscall.Kill(pid, unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.waitGone(pid)
	p.asks("four")
	p.waitModes("at the end")
}

// waitGone waits for the end of a process that is a child of the shell's.
func (p *seat) waitGone(pid int) {
	p.t.Helper()
	p.waitUntil("over", func() bool { return errors.Is(syscall.Kill(pid, 0), unix.ESRCH) || isZombie(pid) })
}

func isZombie(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && strings.Contains(string(b), ") Z ")
}

// TestCtrlZWithoutShell: where nobody could continue it, ctrl+z does not stop it for
// ever: the dashboard comes back by itself.
func TestCtrlZWithoutShell(t *testing.T) {
	t.Parallel()
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	p := openSeat(t, seatOptions{}, "-s", s.Path, "-p", s.PIDFile)
	p.waitDrawn()
	p.waitModes("open", dashboardModes...)
	for i := range 3 {
		p.send("\x1a")
		p.waitUntil("back", func() bool { return strings.Count(p.out.String(), "\x1b[?1002h") == i+2 })
		p.waitModes("back", dashboardModes...)
	}
	p.send("q")
	if took, code := p.await(); code != 0 {
		t.Errorf("exit code %d after %v", code, took)
	}
	if err := p.restored(true); err != nil {
		t.Error(err)
	}
}

// TestEditorHasTheTerminal: the editor gets the terminal as it was before, and keys
// that make signals are its own; afterwards the mouse is on again. A signal meanwhile
// ends both, with the terminal as it was.
func TestEditorHasTheTerminal(t *testing.T) {
	t.Parallel()
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	dir := t.TempDir()
	conf := filepath.Join(dir, "conf")
	editor := filepath.Join(dir, "editor")
	write := func(name, text string, mode os.FileMode) {
		t.Helper()
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(text), mode)); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(conf, "jail.conf"), "[sshd]\nenabled = true\n", 0o644)
	write(filepath.Join(conf, "jail.d", "one.local"), "[sshd]\nmaxretry = 3\n", 0o644)
	write(editor, "#!/bin/sh\ntrap 'echo caught it' INT\ntrap '' TERM\necho editing $$\n"+
		"while ! read -r x; do :; done\necho got $x\n", 0o755)
	for _, sig := range []syscall.Signal{0, unix.SIGTERM, unix.SIGHUP} {
		p := openSeat(t, seatOptions{env: []string{"EDITOR=" + editor}}, "-s", s.Path, "-p", s.PIDFile, "-c", conf)
		p.waitDrawn()
		p.waitModes("open", dashboardModes...)
		p.send("3")
		p.waitText("jail.conf:2")
		p.send("e")
		p.waitText("editing ")
		p.waitModes("in the editor")
		if got := p.termios(); got != p.before {
			t.Errorf("the editor has the terminal as %+v, want %+v", got, p.before)
		}
		if sig != 0 {
			p.signal(sig)
			if took, code := p.await(); code != 128+int(sig) || took > 5*time.Second {
				t.Errorf("%v in the editor: exit code %d after %v", sig, code, took)
			}
			if err := p.restored(true); err != nil {
				t.Errorf("%v in the editor: %v", sig, err)
			}
			continue
		}
		p.send("\x03")
		p.waitText("caught it")
		p.send("word\n")
		p.waitText("got word")
		p.waitModes("back", dashboardModes...)
		p.send("q")
		p.send("q")
		if took, code := p.await(); code != 0 {
			t.Errorf("exit code %d after %v", code, took)
		}
		if err := p.restored(true); err != nil {
			t.Error(err)
		}
	}
}
