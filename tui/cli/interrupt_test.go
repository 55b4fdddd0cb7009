package cli_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bantop/fail2ban/fail2bantest"
	"bantop/model/store"
)

// noRaceSleep has the race detector not wait for a second before a process ends.
const noRaceSleep = "GORACE=atexit_sleep_ms=0"

// oneShot is a command of bantop that runs, without a terminal.
type oneShot struct {
	cmd       *exec.Cmd
	out, errs bytes.Buffer
	ended     chan struct{}
}

// startOneShot starts one. Stdin is a pipe that stays open.
func startOneShot(t *testing.T, shell string, args ...string) *oneShot {
	t.Helper()
	o := &oneShot{ended: make(chan struct{})}
	o.cmd = exec.Command("sh", append([]string{"-c", shell + ` exec "$0" "$@"`, executable(t, 0)}, args...)...)
	o.cmd.Env = []string{reExec + "=1", noRaceSleep, "LANG=C.UTF-8", "PATH=" + os.Getenv("PATH"), "HOME=/nonexistent"}
	o.cmd.Stdout, o.cmd.Stderr = &o.out, &o.errs
	in, err := o.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := o.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = o.cmd.Wait() // its state says how it ended
		close(o.ended)
	}()
	t.Cleanup(func() {
		_ = o.cmd.Process.Kill() // mostly it has ended
		<-o.ended
		in.Close()
	})
	return o
}

// runs reports whether it still runs.
func (o *oneShot) runs() bool {
	select {
	case <-o.ended:
		return false
	default:
		return true
	}
}

// waits waits until it waits itself: it has used no processor time for a while. It
// reports whether it still runs then.
func (o *oneShot) waits() bool {
	last, same := "", 0
	deadline := time.Now().Add(time.Minute)
	for ; same < 6 && o.runs() && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", o.cmd.Process.Pid))
		if err != nil {
			continue // it has just ended
		}
		fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		if used := fields[11] + " " + fields[12]; used == last && !bytes.Contains(b, []byte("(sh)")) {
			same++
		} else {
			last, same = used, 0
		}
	}
	return o.runs()
}

// await waits for its end, and returns its exit code; -1 if it hangs.
func (o *oneShot) await() int {
	select {
	case <-o.ended:
		return o.cmd.ProcessState.ExitCode()
	case <-time.After(hang):
		return -1
	}
}

// commands are all that ask the server, with answers that need nobody.
var commands = [][]string{
	{"status"}, {"status", "--watch"}, {"status", "--json"}, {"bans"}, {"why", "203.0.113.5"}, {"jails"}, {"doctor"},
	{"recover"}, {"recover", "--reload", "--yes"},
	{"ban", "203.0.113.9", "--jail", "sshd", "--yes"}, {"ban", "-", "--jail", "sshd", "--yes"},
	{"unban", "203.0.113.5", "--yes"}, {"unban", "--all", "--jail", "sshd", "--yes"},
	{"allow", "203.0.113.9", "--jail", "sshd", "--yes"}, {"activate", "sshd", "--yes"}, {"deactivate", "sshd", "--yes"},
	{"confirm"}, {"revert"}, {"history"}, {"history", "--acts"},
}

// TestCommandsEnd: a signal ends every command at once, also while the server gives no
// answer, takes no connection, or somebody holds the shared state; it prints no answer.
func TestCommandsEnd(t *testing.T) {
	for name, hold := range map[string]func(*testing.T, *fail2bantest.Server, string){
		"the server gives no answer": func(_ *testing.T, s *fail2bantest.Server, _ string) {
			s.Inject(fail2bantest.Fault{Hang: true})
		},
		"the server takes no connection": func(t *testing.T, s *fail2bantest.Server, _ string) {
			if err := s.Refuse(); err != nil {
				t.Fatal(err)
			}
		},
		"the state is held": func(t *testing.T, s *fail2bantest.Server, dir string) {
			s.Inject(fail2bantest.Fault{Hang: true})
			holdState(t, s.Path, dir)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
			s.Ban("sshd", "203.0.113.5")
			dir := t.TempDir()
			settings := filepath.Join(dir, "bantop.toml")
			if err := os.WriteFile(settings, []byte("timeout = \"1m\"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			state := filepath.Join(dir, "state")
			hold(t, s, state)
			signals := []syscall.Signal{unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT, unix.SIGABRT}
			for i, args := range commands {
				sig := signals[i%len(signals)]
				o := startOneShot(t, "", append([]string{"-s", s.Path, "-p", s.PIDFile,
					"--state-dir", state, "--settings", settings}, args...)...)
				if !o.waits() {
					continue // it needs nothing that is held
				}
				began := time.Now()
				_ = o.cmd.Process.Signal(sig) // it may end at this moment
				code := o.await()
				if took := time.Since(began); code != 128+int(sig) {
					t.Errorf("%v after %v: exit code %d after %v", args, sig, code, took)
				} else if o.out.Len() > 0 && args[0] != "doctor" {
					t.Errorf("%v: it printed %q", args, o.out.String())
				}
			}
		})
	}
}

// holdState keeps every other process out of the shared state.
func holdState(t *testing.T, socket, dir string) {
	t.Helper()
	kept, err := store.Open(context.Background(), store.Options{Dir: dir, Socket: socket})
	if err != nil {
		t.Fatal(err)
	}
	if err := kept.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "bantop.db")+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestIgnoredSignals: a signal that was ignored at the start stays so, as under nohup.
func TestIgnoredSignals(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	o := startOneShot(t, "trap '' HUP;", "-s", s.Path, "-p", s.PIDFile, "--state-dir", t.TempDir(),
		"status", "--watch")
	o.waits()
	_ = o.cmd.Process.Signal(unix.SIGHUP) // checked below
	time.Sleep(300 * time.Millisecond)
	if !o.runs() {
		t.Fatalf("the hang-up ended it: %s", o.errs.String())
	}
	_ = o.cmd.Process.Signal(unix.SIGTERM) // likewise
	if code := o.await(); code != 143 {
		t.Errorf("exit code %d", code)
	}
}

// TestQuestionEnds: a signal ends a command that asks, and nothing is done.
func TestQuestionEnds(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	for _, sig := range []syscall.Signal{unix.SIGTERM, unix.SIGINT, unix.SIGHUP} {
		p := openSeat(t, seatOptions{onTerm: true}, "-s", s.Path, "-p", s.PIDFile, "ban", "203.0.113.9", "--jail", "sshd")
		p.waitText("[y/N]")
		p.signal(sig)
		if took, code := p.await(); code != 128+int(sig) {
			t.Errorf("%v: exit code %d after %v", sig, code, took)
		}
		if err := p.restored(true); err != nil {
			t.Error(err)
		}
	}
	code, out, errs := run(t.Context(), "-s", s.Path, "-p", s.PIDFile, "--state-dir", t.TempDir(), "bans")
	if strings.Contains(out, "203.0.113.9") {
		t.Errorf("it banned: %d, %s%s", code, out, errs)
	}
}
