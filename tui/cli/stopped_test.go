package cli_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bantop/fail2ban/fail2bantest"
	"bantop/model/store"
)

// job is a command of bantop in a process group of its own, as a shell starts it: one
// that ctrl+z can stop.
type job struct {
	cmd       *exec.Cmd
	out, errs bytes.Buffer
	ended     chan struct{}
}

func startJob(t *testing.T, args ...string) *job {
	t.Helper()
	j := &job{ended: make(chan struct{})}
	j.cmd = exec.Command(executable(t, 0), args...)
	j.cmd.Env = []string{reExec + "=1", noRaceSleep, "LANG=C.UTF-8", "PATH=" + os.Getenv("PATH"), "HOME=/nonexistent"}
	j.cmd.Stdout, j.cmd.Stderr = &j.out, &j.errs
	j.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := j.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = j.cmd.Wait() // its state says how it ended
		close(j.ended)
	}()
	t.Cleanup(func() {
		_ = j.cmd.Process.Kill() // mostly it has ended
		<-j.ended
	})
	return j
}

func (j *job) signal(s syscall.Signal) { _ = j.cmd.Process.Signal(s) } // it may be gone

// stopped reports whether it is stopped.
func (j *job) stopped() bool {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", j.cmd.Process.Pid)) // it may be gone
	_, rest, _ := bytes.Cut(b, []byte(") "))
	return bytes.HasPrefix(rest, []byte("T"))
}

// waitLocks waits until it is seen for the nth time with a lock that keeps others from
// writing, or has ended.
func (j *job) waitLocks(n int) {
	lock := []byte(fmt.Sprintf(" WRITE %d ", j.cmd.Process.Pid))
	for seen := 0; seen <= n; {
		select {
		case <-j.ended:
			return
		default:
		}
		if locks, _ := os.ReadFile("/proc/locks"); bytes.Contains(locks, lock) {
			seen++
		}
	}
}

// await waits for its end, and returns its exit code; -1 if it hangs.
func (j *job) await() int {
	select {
	case <-j.ended:
		return j.cmd.ProcessState.ExitCode()
	case <-time.After(hang):
		return -1
	}
}

// TestStoppedCommandHoldsNobodyUp: a command that is stopped at whichever moment, by
// ctrl+z or by what a terminal does to a job in its background, never stands in a
// transaction of the state that all instances share; and it goes on when continued.
func TestStoppedCommandHoldsNobodyUp(t *testing.T) {
	const runs = 60
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	state := t.TempDir()
	args := []string{"-s", s.Path, "-p", s.PIDFile, "--state-dir", state, "status"}
	var whole time.Duration // of a run; the first of a new state takes longer
	for range 2 {
		began := time.Now()
		if j := startJob(t, args...); j.await() != 0 {
			t.Fatalf("%v: %s", j.cmd.ProcessState, j.errs.String())
		}
		whole = time.Since(began)
	}
	other, err := store.Open(t.Context(), store.Options{Dir: state, Socket: s.Path})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	stopped := 0
	for i := range runs {
		sig := []syscall.Signal{unix.SIGTSTP, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU}[i%4]
		j := startJob(t, args...)
		wait := time.Duration(random.Int64N(int64(whole)))
		if i%3 == 0 {
			time.Sleep(wait)
		} else {
			j.waitLocks(random.IntN(20))
		}
		j.signal(sig)
		time.Sleep(10 * time.Millisecond)
		if j.stopped() {
			stopped++
		}
		err := other.Try(t.Context())
		for deadline := time.Now().Add(hang); err != nil && time.Now().Before(deadline); {
			err = other.Try(t.Context())
		}
		if err != nil {
			t.Errorf("%v after %v: %v", sig, wait, err)
		}
		// It may be stopped later, once it is free to: it is continued until it ends.
		for deadline := time.Now().Add(hang); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
			j.signal(unix.SIGCONT)
			select {
			case <-j.ended:
				deadline = time.Now()
			default:
			}
		}
		if code := j.await(); code != 0 || j.out.Len() == 0 {
			t.Errorf("%v after %v: exit code %d, it printed %q, %q", sig, wait, code, j.out.String(), j.errs.String())
		}
		if t.Failed() {
			break
		}
	}
	t.Logf("%d of %d were stopped, each within %v", stopped, runs, whole)
}

// TestWatchStops: ctrl+z stops a command that waits, and it goes on when continued,
// however often.
func TestWatchStops(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	j := startJob(t, "-s", s.Path, "-p", s.PIDFile, "--state-dir", t.TempDir(), "status", "--watch")
	for range 5 {
		time.Sleep(rand.N(300 * time.Millisecond))
		j.signal(unix.SIGTSTP)
		fail2bantest.Eventually(t, "it is stopped", j.stopped)
		j.signal(unix.SIGCONT)
		fail2bantest.Eventually(t, "it goes on", func() bool { return !j.stopped() })
	}
	j.signal(unix.SIGTERM)
	if code := j.await(); code != 128+int(unix.SIGTERM) {
		t.Errorf("exit code %d: %s", code, j.errs.String())
	}
}

// TestQuestionInBackground: a command that asks in the background of a terminal is
// stopped until somebody brings it to the foreground, and then takes the answer.
func TestQuestionInBackground(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	p := openSeat(t, seatOptions{shell: true}, "-s", s.Path, "-p", s.PIDFile, "ban", "203.0.113.9", "--jail", "sshd")
	p.waitText("ready> ")
	p.send("$B &\n")
	pid := child(t, p.cmd.Process.Pid)
	p.waitText("[y/N]")
	p.waitState(pid, "T")
	p.send("fg\n")
	p.waitState(pid, "S")
	p.send("y\n")
	p.waitText("banned")
	p.send("exit\n")
	if took, code := p.await(); code != 0 {
		t.Errorf("exit code %d after %v: %s", code, took, p.out.String())
	}
}
