package fail2bantest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bantop/fail2ban/fail2bantest"
)

// TestRealLeavesNothing: a real server bans for log lines, and is gone with all
// of its processes afterwards, however it was ended and whoever started it.
func TestRealLeavesNothing(t *testing.T) {
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			r, err := fail2bantest.StartReal(install, fail2bantest.TempDir(t), fail2bantest.RealOptions{})
			if err != nil {
				t.Fatal(err)
			}
			var pids []int
			running := func() {
				t.Helper()
				if r.PID() == 0 || unix.Kill(r.PID(), 0) != nil {
					t.Fatal("it does not run")
				}
				pids = append(pids, r.PID())
			}
			running()
			if err := r.Attack("j002", "192.0.2.1", 3); err != nil {
				t.Fatal(err)
			}
			for deadline := time.Now().Add(15 * time.Second); ; time.Sleep(50 * time.Millisecond) {
				out, err := r.Client("status", "j002")
				if err == nil && strings.Contains(out, "192.0.2.1") {
					break
				}
				if time.Now().After(deadline) {
					t.Fatalf("three failures made no ban: %s, %v", out, err)
				}
			}
			for _, end := range []func() error{r.Stop, r.Kill} {
				for _, start := range []func() error{r.Start, func() error { _, err := r.Client("-x", "start"); return err }} {
					if err := end(); err != nil {
						t.Fatal(err)
					}
					if err := start(); err != nil {
						t.Fatal(err)
					}
					running()
				}
			}
			if err := r.Stop(); err != nil {
				t.Fatal(err)
			}
			for _, pid := range pids {
				if unix.Kill(pid, 0) == nil && !zombie(pid) { // process 1 of a container may collect nobody
					t.Errorf("process %d is still there", pid)
				}
			}
			if err := r.Stop(); err != nil {
				t.Errorf("stopped twice: %v", err)
			}
		})
	}
}

func zombie(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(b), ") Z ")
}

// TestInstalls: what is asked for and is not there is an error, not a skip.
func TestInstalls(t *testing.T) {
	t.Setenv(fail2bantest.EnvInstalls, t.TempDir())
	if i, err := fail2bantest.Installs(); err == nil {
		t.Errorf("found %+v", i)
	}
	t.Setenv(fail2bantest.EnvInstalls, "")
	t.Setenv("PATH", "")
	if i, err := fail2bantest.Installs(); !errors.Is(err, fail2bantest.ErrNoFail2ban) {
		t.Errorf("found %+v, %v", i, err)
	}
}

// TestStory: the demo's server has hours of traffic behind it when it is
// opened, its clock goes at the pace that the story sets, and it ends when it
// is told to.
func TestStory(t *testing.T) {
	story := fail2bantest.NewStory(1)
	s, err := story.Begin(fail2bantest.TempDir(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	names := s.JailNames()
	if len(names) < 5 {
		t.Errorf("jails: %q", names)
	}
	for _, name := range names {
		if banned := s.TotalBanned(name); banned == 0 {
			t.Errorf("%s has banned nobody in six hours", name)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { story.Play(ctx); close(ended) }()
	began, shown := time.Now(), story.Now()
	time.Sleep(500 * time.Millisecond)
	if pace := float64(story.Now().Sub(shown)) / float64(time.Since(began)); pace < 20 || pace > 61 {
		t.Errorf("the clock goes %.0f times as fast", pace)
	}
	cancel()
	<-ended
}

// TestFilesAreGone: a server that was stopped leaves no socket and no pid file,
// one that was killed leaves both.
func TestFilesAreGone(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{})
	there := func() (n int) {
		for _, file := range []string{s.Path, s.PIDFile} {
			if _, err := os.Stat(file); err == nil {
				n++
			}
		}
		return n
	}
	if s.Kill(); there() != 2 {
		t.Errorf("%d files after kill", there())
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	if s.Stop(); there() != 0 {
		t.Errorf("%d files after stop", there())
	}
}
