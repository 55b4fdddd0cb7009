package cli_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"bantop/fail2ban/fail2bantest"
)

// process is bantop as a process that has ended.
type process struct {
	code      int
	out, errs string
	memory    int64 // the most that it had, in bytes
}

// runProcess runs bantop as a process of its own. One that does not end in time is told
// to say where it stands.
func runProcess(t *testing.T, within time.Duration, args ...string) process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	cmd := exec.Command(self, args...)
	peak := filepath.Join(fail2bantest.TempDir(t), "peak")
	cmd.Env = []string{reExec + "=1", peakFile + "=" + peak, "LANG=C.UTF-8", "TZ=UTC",
		"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent"}
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(within, func() { _ = cmd.Process.Signal(syscall.SIGABRT) }) // Go prints its stacks
	defer late.Stop()
	_ = cmd.Wait() // the code says it
	if cmd.ProcessState.ExitCode() < 0 {
		t.Errorf("%v: %v: %.2000s", args, cmd.ProcessState, errs.String())
	}
	return process{cmd.ProcessState.ExitCode(), out.String(), errs.String(), readPeak(peak)}
}

// peakFile is the variable that names the file into which bantop as a process of a test
// writes how much memory it has had. What wait(2) tells is of the test's own process
// where that had more before it started the other.
const peakFile = "BANTOP_TEST_PEAK"

func tellMemory() {
	if file := os.Getenv(peakFile); file != "" {
		b, _ := os.ReadFile("/proc/self/status") // what is missing is seen by who reads it
		_ = os.WriteFile(file, b, 0o600)
	}
}

// readPeak reads the line "VmHWM:  12345 kB"; 0 where the process has told nothing.
func readPeak(file string) int64 {
	b, _ := os.ReadFile(file)
	_, text, _ := strings.Cut(string(b), "VmHWM:")
	fields := strings.Fields(text)
	if len(fields) == 0 {
		return 0
	}
	kilobytes, _ := strconv.ParseInt(fields[0], 10, 64)
	return kilobytes << 10
}

// left is what this process has open.
type left struct{ files, goroutines, children int }

func (l left) over(o left) bool {
	return l.files > o.files || l.goroutines > o.goroutines || l.children > o.children
}

func leftovers() left {
	fds, _ := os.ReadDir("/proc/self/fd") // without proc there is nothing to see
	l := left{files: len(fds), goroutines: runtime.NumGoroutine()}
	threads, _ := filepath.Glob("/proc/self/task/*/children")
	for _, file := range threads {
		b, _ := os.ReadFile(file) // a thread that has just ended has none
		l.children += len(strings.Fields(string(b)))
	}
	return l
}

func stacks() string {
	b := make([]byte, 1<<16)
	return string(b[:runtime.Stack(b, true)])
}
