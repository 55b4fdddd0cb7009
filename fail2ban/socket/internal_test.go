package socket

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// TestHeldBySystemd walks who may have the listening socket open: only where
// process 1 alone does is connecting left alone.
func TestHeldBySystemd(t *testing.T) {
	const inode = "4711"
	for _, c := range []struct {
		name    string
		table   string   // /proc/net/unix
		holders []string // processes with the socket open
		pidFile string
		want    bool
	}{
		{"systemd alone", "00010000", []string{"1"}, "", true},
		{"systemd and the server", "00010000", []string{"1", "812"}, "", false},
		{"the server alone", "00010000", []string{"812"}, "", false},
		{"nobody listens", "00000000", []string{"1"}, "", false},
		{"the pid file names a process that runs", "00010000", []string{"1"}, strconv.Itoa(os.Getpid()), false},
		{"the pid file names a process that ended", "00010000", []string{"1"}, "999999999", true},
		{"no process can be looked into", "00010000", nil, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "f2b.sock")
			write(t, filepath.Join(dir, "net/unix"), "Num       RefCount Protocol Flags    Type St Inode Path\n"+
				"0000000000000000: 00000002 00000000 "+c.table+" 0001 01 "+inode+" "+path+"\n")
			for _, pid := range []string{"1", "812", "900"} {
				write(t, filepath.Join(dir, pid, "fd", "0"), "")
			}
			for _, pid := range c.holders {
				if err := os.Symlink("socket:["+inode+"]", filepath.Join(dir, pid, "fd", "3")); err != nil {
					t.Fatal(err)
				}
			}
			pidFile := filepath.Join(dir, "f2b.pid")
			write(t, pidFile, c.pidFile+"\n")
			client := New(Options{Path: path, PIDFile: pidFile, Proc: dir})
			if got := client.heldBySystemd(); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestBatchesHoldTheServerShortly walks what one command was measured to cost
// against how many go out together.
func TestBatchesHoldTheServerShortly(t *testing.T) {
	for _, c := range []struct {
		costs []time.Duration
		want  int
	}{
		{nil, 32},
		{[]time.Duration{12 * time.Microsecond}, 500},
		{[]time.Duration{time.Millisecond}, 50},
		{[]time.Duration{104 * time.Millisecond}, 1},
		{[]time.Duration{0}, 500},
		// One slow answer among quick ones does not make a server slow.
		{[]time.Duration{time.Millisecond, 2 * time.Millisecond}, 40},
		{[]time.Duration{100 * time.Millisecond, time.Millisecond}, 50},
	} {
		client := New(Options{})
		for _, cost := range c.costs {
			client.measure(cost)
		}
		if got := client.batchSize(); got != c.want {
			t.Errorf("after %v: %d commands, want %d", c.costs, got, c.want)
		}
	}
}

// TestStarted compares with what this process knows of itself.
func TestStarted(t *testing.T) {
	started := kernel{}.Started(os.Getpid())
	if age := time.Since(started); age < 0 || age > time.Hour {
		t.Errorf("this process started %v ago", age)
	}
	if got := (kernel{}).Started(999999999); !got.IsZero() {
		t.Errorf("no process started at %v", got)
	}
}

// TestZombieDoesNotRun holds that a process that ended and was not collected
// counts as gone.
func TestZombieDoesNotRun(t *testing.T) {
	p, err := os.StartProcess("/bin/true", []string{"true"}, &os.ProcAttr{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if _, err := p.Wait(); err != nil {
			t.Error(err)
		}
	}()
	for deadline := time.Now().Add(5 * time.Second); (kernel{}).Running(p.Pid); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("still told as running")
		}
	}
}
