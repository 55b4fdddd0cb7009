// Package testmain runs the tests of a package so that what they leave behind
// makes them fail: processes, temporary files, bantop's own folders on this
// machine, open descriptors.
//
//	func TestMain(m *testing.M) { testmain.Run(m) }
//
// The test binary starts itself once more, and the tests run in that child. The
// parent is a subreaper (prctl(2)): a process whose parent ends, as that of a
// daemon does, becomes its child, so that none gets away. The child has a folder
// for temporary files of its own, so that packages may be tested side by side.
// A TestMain that makes the test binary another program does so first.
package testmain

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// inner is the variable that tells the child that it is the one that tests.
const inner = "BANTOP_TEST_RUN"

// patience is how long what is ending by itself has to be gone.
var patience = 30 * time.Second

// Run runs the tests of m, a *testing.M, and ends the process.
func Run(m interface{ Run() int }) {
	switch {
	case os.Getenv(inner) != "":
		os.Exit(test(m))
	case direct(os.Args[1:]):
		os.Exit(m.Run())
	}
	code, err := watch()
	if err != nil {
		fmt.Fprintln(os.Stderr, "testmain:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// direct reports whether this run tests nothing, or is part of a fuzzing run,
// whose workers talk to each other over descriptors that they inherit.
func direct(args []string) bool {
	for _, a := range args {
		name, value, _ := strings.Cut(strings.TrimLeft(a, "-"), "=")
		switch {
		case name == "test.fuzz" && value != "", name == "test.fuzzworker", name == "test.list" && value != "":
			return true
		}
	}
	return false
}

// test runs the tests, and looks whether they left descriptors open.
func test(m interface{ Run() int }) int {
	before := descriptors()
	code := m.Run()
	left := await(func() []string {
		runtime.GC() // closes what nothing refers to any more, such as the ends of a test's pipes
		var left []string
		for fd, is := range descriptors() {
			if _, was := before[fd]; !was {
				left = append(left, "descriptor "+fd+" ("+is+")")
			}
		}
		return left
	})
	return tell(code, left)
}

// descriptors are the open descriptors of this process, but for the runtime's own.
func descriptors() map[string]string {
	open := make(map[string]string)
	names, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		panic(err) // the pattern is wrong
	}
	for _, name := range names {
		is, err := os.Readlink(name)
		// epoll of the runtime, and the descriptor that this list is read from
		if err != nil || strings.HasPrefix(is, "anon_inode:[event") || strings.HasPrefix(is, "/proc/") {
			continue
		}
		open[filepath.Base(name)] = is
	}
	return open
}

// watch runs this program again, as the one that tests, and looks what is left
// when it has ended.
func watch() (code int, err error) {
	runtime.LockOSThread() // the child dies with the thread that started it
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return 1, fmt.Errorf("become a subreaper: %w", err)
	}
	temp, err := makeTemp()
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	if err := os.Chmod(temp, 0o777|os.ModeSticky); err != nil { // as /tmp: some tests are another user
		return 1, err
	}
	own := ownFolders()
	code, err = start(temp)
	left := await(func() []string { return processes(os.Getpid()) })
	endAll()
	entries, failed := os.ReadDir(temp)
	for _, e := range entries {
		left = append(left, filepath.Join(temp, e.Name())+contents(filepath.Join(temp, e.Name())))
	}
	for _, dir := range own {
		if _, err := os.Lstat(dir); err == nil {
			left = append(left, dir)
		}
	}
	return tell(code, left), errors.Join(err, failed)
}

// makeTemp makes the folder for temporary files, with a short name: sockets are made
// in it, whose paths have 107 bytes at the most, and screens show them.
func makeTemp() (string, error) {
	for {
		dir := filepath.Join(os.TempDir(), "b"+strconv.FormatUint(uint64(rand.Uint32N(36*36*36*36)), 36))
		if err := os.Mkdir(dir, 0o700); !errors.Is(err, fs.ErrExist) {
			return dir, err
		}
	}
}

// start runs the tests to their end.
func start(temp string) (code int, err error) {
	self, err := os.Executable()
	if err != nil {
		return 1, err
	}
	cmd := exec.Command(self, os.Args[1:]...)
	cmd.Env = append(os.Environ(), inner+"="+filepath.Base(temp),
		"TMPDIR="+temp, "XDG_STATE_HOME="+filepath.Join(temp, "state"))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT) // go test sends SIGQUIT when the time is over
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return 1, err
	}
	go func() {
		for s := range signals {
			_ = cmd.Process.Signal(s) // it may have ended
		}
	}()
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, 0, nil) // whoever ended, also of those that were adopted
		switch {
		case err == unix.EINTR:
		case err != nil:
			return 1, fmt.Errorf("wait for the tests: %w", err)
		case pid != cmd.Process.Pid:
		case status.Exited():
			return status.ExitStatus(), nil
		default:
			return 1, fmt.Errorf("the tests were ended by %v", status.Signal())
		}
	}
}

// ownFolders are the folders that bantop makes on a machine, outside of the one for
// temporary files, as far as they are not there yet. What is in one that is there is
// not looked at: a bantop that somebody uses may write into it meanwhile.
func ownFolders() (absent []string) {
	dirs := []string{"/var/lib/bantop", "/etc/bantop", filepath.Join("/tmp", "bantop-"+strconv.Itoa(os.Geteuid()))}
	if home, err := os.UserHomeDir(); err == nil {
		dirs = append(dirs, filepath.Join(home, ".local", "state", "bantop"), filepath.Join(home, ".config", "bantop"))
	}
	for _, dir := range dirs {
		if _, err := os.Lstat(dir); os.IsNotExist(err) {
			absent = append(absent, dir)
		}
	}
	return absent
}

// contents names what is in a folder that was left, so that one sees whose it is.
func contents(path string) string {
	names, err := filepath.Glob(filepath.Join(path, "*"))
	if err != nil || len(names) == 0 {
		return ""
	}
	for i, name := range names {
		names[i] = filepath.Base(name)
	}
	const most = 8
	return " (" + strings.Join(names[:min(len(names), most)], " ") + ")"
}

// await asks again and again until there is nothing, or patience is over.
func await(what func() []string) []string {
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if left := what(); len(left) == 0 || time.Now().After(deadline) {
			return left
		}
	}
}

// tell names what was left, and is how the tests end.
func tell(code int, left []string) int {
	for _, l := range left {
		fmt.Fprintln(os.Stderr, "FAIL: the tests left behind:", l)
	}
	if len(left) > 0 && code == 0 {
		code = 1
	}
	return code
}
