package fail2bantest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// TB is what the helpers below need of a *testing.T or *testing.B. It is an
// interface so that the demo, which is part of the program, does not carry
// package testing.
type TB interface {
	Helper()
	Cleanup(func())
	Setenv(key, value string)
	Fatal(args ...any)
	Skip(args ...any)
	Error(args ...any)
}

// TempDir makes a folder whose path is short enough for a socket (107 bytes),
// which those of testing.TB.TempDir are not always.
func TempDir(t TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "b")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// New starts a server in this process for the length of a test.
func New(t TB, opts Options) *Server {
	t.Helper()
	s, err := NewServer(TempDir(t), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// NewProxyTo starts a proxy before a server for the length of a test.
func NewProxyTo(t TB, to string) *Proxy {
	t.Helper()
	p, err := NewProxy(TempDir(t), to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// EnvChaos names the variable that says how often tests try each kind of trouble; see
// make chaos.
const EnvChaos = "BANTOP_TEST_CHAOS"

// ChaosRuns is how often a test tries each kind of trouble, each time with another
// seed from 0 on: once if nothing else is said.
func ChaosRuns(t TB) uint64 {
	t.Helper()
	v := os.Getenv(EnvChaos)
	if v == "" {
		return 1
	}
	n, err := strconv.ParseUint(v, 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// RealInstalls are the fail2bans to test with. Without any the test is skipped;
// under CI=true it fails, since there a test that did not run proves nothing.
func RealInstalls(t TB) []Install {
	t.Helper()
	installs, err := Installs()
	if err != nil && os.Getenv("CI") != "true" && os.Getenv(EnvInstalls) == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return installs
}

// Use makes a fail2ban the one on the PATH, for the length of a test.
func (i Install) Use(t TB) {
	t.Helper()
	for _, v := range i.Environ() {
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
}

// NewReal starts a real server for the length of a test.
func NewReal(t TB, install Install, opts RealOptions) *Real {
	t.Helper()
	r, err := StartReal(install, TempDir(t), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Stop(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// CPUTime is how long all threads of a process have run on a processor
// (Documentation/scheduler/sched-stats of Linux).
func CPUTime(t TB, pid int) time.Duration {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(files) == 0 {
		t.Fatal("no threads of process", pid, err)
	}
	var sum int64
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // the thread has just ended
		}
		ns, err := strconv.ParseInt(strings.Fields(string(text))[0], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += ns
	}
	return time.Duration(sum)
}

// Median is the middle one of some values, which it sorts.
func Median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// Programs is a folder with this fail2ban's fail2ban-client and fail2ban-server, which
// need nothing of the environment: so tests of several versions may run side by side.
func (i Install) Programs(t TB) string {
	t.Helper()
	if i.Root == "" {
		path, err := exec.LookPath("fail2ban-client")
		if err != nil {
			t.Fatal(err)
		}
		return filepath.Dir(path)
	}
	dir := TempDir(t)
	for _, name := range []string{"fail2ban-client", "fail2ban-server"} {
		script := "#!/bin/sh\nexport " + strings.Join(i.Environ()[:2], " ") + "\nexec " + filepath.Join(i.Root, "usr/bin", name) + " \"$@\"\n"
		syscall.ForkLock.RLock() // a process that is being started meanwhile would hold it open: "text file busy"
		err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755)
		syscall.ForkLock.RUnlock()
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Tree is all that is in a folder, a line each: modes, contents, where links lead to.
// Two that are the same are of folders that are, byte for byte.
func Tree(t TB, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || e != nil && e.Name() == ".bantop.lock" { // while a change is made
			return nil
		}
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s %v", path, info.Mode())
		switch {
		case info.Mode().IsRegular():
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, " %q", data)
		case info.Mode()&os.ModeSymlink != 0:
			to, err := os.Readlink(path)
			if err != nil {
				return err
			}
			b.WriteString(" " + to)
		}
		b.WriteString("\n")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
