package cli_test

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"

	"bantop/fail2ban/fail2bantest"
	"bantop/fail2ban/testmain"
	"bantop/tui/cli"
)

// reExec makes the test binary be bantop: the tests below start it so, in a
// process of its own.
const reExec = "BANTOP_TEST_IS_BANTOP"

func TestMain(m *testing.M) {
	cli.NoMachineAddresses() // those of this machine may be any
	cli.KeepOff(os.Getenv(reExec) == "")
	cli.MaybeInstance()
	maybeGather()
	cli.MaybeFault()
	if os.Getenv(reExec) != "" {
		code := cli.Main()
		tellMemory()
		os.Exit(code)
	}
	testmain.Run(m)
}

// terminal is bantop in a real pseudo-terminal, whose screen is read back
// through a terminal emulator.
type terminal struct {
	t    *testing.T
	tty  *os.File
	cmd  *exec.Cmd
	emu  *emulator
	done chan struct{}
	told []string // what the program told the terminal beside its picture
	out  lines    // all that it wrote
}

type terminalOptions struct {
	width, height uint16
	env           []string
	user          uint32 // to be instead of root
	state         string // folder of the shared state; default one of its own
}

// open starts bantop in a terminal.
func open(t *testing.T, o terminalOptions, args ...string) *terminal {
	t.Helper()
	if o.width == 0 {
		o.width, o.height = 100, 28
	}
	if o.state == "" {
		o.state = folderOf(t, o.user)
	}
	args = append([]string{"--state-dir", o.state}, args...)
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, executable(t, o.user), args...)
	cmd.Env = append([]string{reExec + "=1", "TERM=xterm-256color", "LANG=C.UTF-8", "COLORFGBG=15;0", "TZ=UTC", "PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", "TMPDIR=" + os.TempDir()}, o.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	endInOrder(cmd)
	if o.user != 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: o.user, Gid: o.user}
	}
	tty, err := pty.StartWithAttrs(cmd, &pty.Winsize{Cols: o.width, Rows: o.height}, cmd.SysProcAttr)
	for errors.Is(err, syscall.ETXTBSY) { // another test has just forked, and has the copy open for a moment
		time.Sleep(10 * time.Millisecond)
		again := exec.CommandContext(ctx, cmd.Path, args...)
		again.Env, again.SysProcAttr = cmd.Env, cmd.SysProcAttr
		endInOrder(again)
		cmd = again
		tty, err = pty.StartWithAttrs(cmd, &pty.Winsize{Cols: o.width, Rows: o.height}, cmd.SysProcAttr)
	}
	if err != nil {
		t.Fatal(err)
	}
	e := &terminal{t: t, tty: tty, cmd: cmd, emu: &emulator{e: vt.NewEmulator(int(o.width), int(o.height))}, done: make(chan struct{})}
	e.emu.e.SetCallbacks(vt.Callbacks{
		Bell:  func() { e.told = append(e.told, "bell") },
		Title: func(s string) { e.told = append(e.told, "title "+s) },
	})
	go func() { _, _ = io.Copy(e.tty, e.emu.e) }() // what a terminal answers when it is asked
	go func() {
		_, _ = io.Copy(io.MultiWriter(&e.out, e.emu), e.tty) // ends with the program
		close(e.done)
	}()
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // it may have ended with any code
		<-e.done
		tty.Close()
		// Not Close, which (v0.1.0) races with the Read above.
		if err := e.emu.e.InputPipe().(io.Closer).Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// endInOrder has a process end as one that is told to, with its context: one that is
// killed cannot take away what it rehearses on.
func endInOrder(cmd *exec.Cmd) {
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
}

// executable is the test binary; for another user, a copy that he can reach.
func executable(t *testing.T, user uint32) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if user == 0 {
		return self
	}
	b, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folderOf(t, user), "bantop")
	syscall.ForkLock.RLock() // a process that is being started meanwhile would hold it open: "text file busy"
	err = os.WriteFile(file, b, 0o755)
	syscall.ForkLock.RUnlock()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// folderOf is a folder that belongs to a user, and that he can reach: those of
// t.TempDir lie inside one that is closed to others.
func folderOf(t *testing.T, user uint32) string {
	t.Helper()
	dir := fail2bantest.TempDir(t)
	if user != 0 {
		if err := errors.Join(os.Chown(dir, int(user), -1), os.Chmod(dir, 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// screen is what the terminal shows.
func (e *terminal) screen() (text string) {
	e.emu.do(func(v *vt.Emulator) { text = v.String() })
	return text
}

// styled is the same with its colours.
func (e *terminal) styled() (text string) {
	e.emu.do(func(v *vt.Emulator) { text = v.Render() })
	return text
}

// emulator is a terminal emulator that one may write to and another look at:
// the library's own safe one (v0.1.0) does not guard its String.
type emulator struct {
	mu sync.Mutex
	e  *vt.Emulator
}

func (e *emulator) do(f func(*vt.Emulator)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f(e.e)
}

func (e *emulator) Write(b []byte) (n int, err error) {
	e.do(func(v *vt.Emulator) { n, err = v.Write(b) })
	return n, err
}

// raw is all that the program wrote.
func (e *terminal) raw() string { return strings.Join(e.out.all(), "\n") }

// waitFor waits until the screen holds all of the words.
func (e *terminal) waitFor(words ...string) {
	e.t.Helper()
	e.waitUntil(strings.Join(words, " & "), func(screen string) bool { return holds(screen, words...) })
}

// holds tells whether a text holds all of the words, wherever its lines break: that
// goes by the length of the temporary folder's name.
func holds(text string, words ...string) bool {
	flat := strings.Join(strings.Fields(text), " ")
	for _, w := range words {
		if !strings.Contains(text, w) && !strings.Contains(flat, w) {
			return false
		}
	}
	return true
}

func (e *terminal) waitUntil(what string, holds func(screen string) bool) {
	e.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if holds(e.screen()) {
			return
		}
	}
	e.t.Fatalf("the screen does not show %q:\n%s", what, e.screen())
}

// send types.
func (e *terminal) send(keys string) {
	e.t.Helper()
	if _, err := e.tty.WriteString(keys); err != nil {
		e.t.Fatal(err)
	}
}

// resize makes the terminal larger or smaller.
func (e *terminal) resize(width, height uint16) {
	e.t.Helper()
	e.emu.do(func(v *vt.Emulator) { v.Resize(int(width), int(height)) })
	if err := pty.Setsize(e.tty, &pty.Winsize{Cols: width, Rows: height}); err != nil {
		e.t.Fatal(err)
	}
}

// wait waits until the program ends and returns its exit code.
func (e *terminal) wait() int {
	e.t.Helper()
	select {
	case <-e.done:
	case <-time.After(20 * time.Second):
		e.t.Fatalf("it does not end:\n%s", e.screen())
	}
	_ = e.cmd.Wait() // the code says it
	return e.cmd.ProcessState.ExitCode()
}
