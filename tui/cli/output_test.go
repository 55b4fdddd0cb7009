package cli_test

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"bantop/fail2ban/fail2bantest"
)

// printing are commands that print, all of them with something to say.
var printing = [][]string{
	{"status"}, {"status", "--json"}, {"status", "--format", "{{.Status}}"}, {"bans"}, {"bans", "--json"},
	{"bans", "--csv"}, {"why", "203.0.113.5"}, {"why", "203.0.113.5", "--json"}, {"jails"}, {"jails", "--json"},
	{"doctor"}, {"doctor", "--json"}, {"config"}, {"config", "--default"}, {"history"}, {"history", "--acts"},
	{"history", "--json"}, {"recover"}, {"version"}, {"version", "--json"}, {"help"}, {"status", "--help"},
	{"ban", "203.0.113.9", "--jail", "sshd", "--yes"}, {"unban", "203.0.113.9", "--yes", "--json"},
	{"allow", "203.0.113.8", "--jail", "sshd", "--yes"},
}

// printTo runs a command that prints into a file, and returns how it ended and what it
// said on standard error.
func printTo(t *testing.T, out *os.File, args ...string) (*os.ProcessState, string) {
	t.Helper()
	cmd := exec.Command(executable(t, 0), args...)
	cmd.Env = []string{reExec + "=1", noRaceSleep, "LANG=C.UTF-8", "PATH=" + os.Getenv("PATH"), "HOME=/nonexistent"}
	var errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // its state says how it ended
	return cmd.ProcessState, errs.String()
}

// TestOutputThatCannotBeWritten: a command whose output cannot be written ends with 74,
// says so, and what to do next; what it was to do is done.
func TestOutputThatCannotBeWritten(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	s.Ban("sshd", "203.0.113.5")
	writePID(t, s.PIDFile, os.Getpid()) // for the kernel, the server is this process
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	flags := []string{"-s", s.Path, "-p", s.PIDFile, "-c", t.TempDir(), "--state-dir", t.TempDir()}
	if code, out, errs := run(t.Context(), append(flags, "ban", "203.0.113.4", "--jail", "sshd", "--yes")...); code != 0 {
		t.Fatalf("exit code %d: %s%s", code, out, errs) // something for the history
	}
	for _, args := range printing {
		state, said := printTo(t, full, append(flags, args...)...)
		if code := state.ExitCode(); code != 74 ||
			!holds(said, "write the output", "no space left on device", "\nnext: ") || strings.Contains(said, "/dev/stdout") {
			t.Errorf("%v: exit code %d: %s", args, code, said)
		}
		if args[0] == "ban" && !(holds(said, "bantop history --acts") && strings.Contains(bansOf(t, flags), "203.0.113.9")) {
			t.Errorf("the ban: %s", said)
		}
	}
}

func bansOf(t *testing.T, flags []string) string {
	t.Helper()
	code, out, errs := run(t.Context(), append(flags, "bans")...)
	if code != 0 {
		t.Errorf("exit code %d: %s", code, errs)
	}
	return out
}

// TestOutputThatNobodyReads: a command into a pipe whose reader has gone (`bantop bans |
// head -1`) ends silently, by the signal for that.
func TestOutputThatNobodyReads(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	for _, args := range printing[:3] {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		state, said := printTo(t, w, append([]string{"-s", s.Path, "-p", s.PIDFile, "--state-dir", t.TempDir()}, args...)...)
		w.Close()
		if status := state.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != unix.SIGPIPE || said != "" {
			t.Errorf("%v: %v: %s", args, state, said)
		}
	}
}
