package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bantop/fail2ban/fail2bantest"
)

// TestBombs: whatever a server answers with, `status` ends with a short message, a
// small state, and no more memory than 64 MB beside what it takes anyway.
func TestBombs(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"postfix", "sshd"}})
	status := func(t *testing.T, bomb *fail2bantest.Bomb) process {
		t.Helper()
		p := fail2bantest.NewProxyTo(t, s.Path)
		if bomb != nil {
			command := bomb.Command
			if command == "" {
				command = "version"
			}
			p.Inject(fail2bantest.Fault{Command: command, Raw: bomb.Reply()})
		}
		dir := fail2bantest.TempDir(t)
		settings := filepath.Join(dir, "bantop.toml")
		if err := os.WriteFile(settings, []byte("timeout = \"20s\"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		state := filepath.Join(dir, "state")
		got := runProcess(t, time.Minute, "--settings", settings, "--state-dir", state,
			"-s", p.Path, "-p", filepath.Join(dir, "none"), "status")
		if text := got.out + got.errs; len(text) > 4<<10 || strings.ContainsAny(text, "\x1b\x07") {
			t.Errorf("printed %d bytes: %.300q", len(text), text)
		}
		if size := sizeOf(t, state); size > 512<<10 {
			t.Errorf("the state has %d KB", size>>10)
		}
		return got
	}
	base := status(t, nil).memory
	for _, bomb := range fail2bantest.Bombs() {
		t.Run(bomb.Name, func(t *testing.T) {
			got := status(t, &bomb)
			more := (got.memory - base) >> 20
			if got.memory == 0 || more > 64 && !raceDetector {
				t.Errorf("%d MB more than without", more)
			}
			t.Logf("exit %d, %d MB more, %.200q", got.code, more, got.out)
		})
	}
}

// TestChaosInTerminal is TestChaos for the whole program, in a real terminal: one
// dashboard outlives every kind of trouble, while its keys are pressed.
func TestChaosInTerminal(t *testing.T) {
	w := fakeWorld(t, "1.0.2")
	p := fail2bantest.NewProxyTo(t, w.socket)
	dir := fail2bantest.TempDir(t)
	settings := filepath.Join(dir, "bantop.toml")
	if err := os.WriteFile(settings, []byte("timeout = \"300ms\"\nrefresh = \"200ms\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	e := open(t, terminalOptions{}, "--settings", settings, "-s", p.Path, "-p", filepath.Join(dir, "none"))
	e.waitFor("● online", w.jails[0])
	for _, trouble := range fail2bantest.Troubles() {
		trouble.Begin(p, 0)
		for _, key := range []string{"j", "\r", "\x1b", "b", "\x1b", "k"} {
			e.send(key)
			time.Sleep(50 * time.Millisecond)
		}
		p.ClearFaults()
		e.waitFor("● online")
		if e.cmd.ProcessState != nil {
			t.Fatalf("%s ended it", trouble.Name)
		}
	}
	e.send("q")
	if code := e.wait(); code != 0 {
		t.Errorf("exit %d:\n%s", code, e.screen())
	}
}
