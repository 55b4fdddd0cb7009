package store_test

import (
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bantop/fail2ban/fail2bantest"
	"bantop/fail2ban/process"
	"bantop/model/store"
)

// says writes into a state that a process holds the lease, heard of at some time since
// the machine started, and that it acts.
func says(t *testing.T, dir string, p process.ID, beat time.Duration) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "bantop.db"))
	must(t, err)
	_, err = db.Exec("INSERT OR REPLACE INTO lease VALUES ('/run/f2b.sock', 3, 'x', ?, ?, ?, ?)",
		p.Boot, p.PID, p.Started, beat)
	must(t, err)
	_, err = db.Exec("INSERT OR REPLACE INTO acting VALUES ('/run/f2b.sock', 'x', ?, ?, ?, ?)",
		p.Boot, p.PID, p.Started, `{"Act":"reload","Since":"9999-12-31T00:00:00Z"}`)
	must(t, err, db.Close())
}

func sinceBoot(t *testing.T) time.Duration {
	t.Helper()
	var now unix.Timespec
	must(t, unix.ClockGettime(unix.CLOCK_BOOTTIME, &now))
	return time.Duration(now.Nano())
}

// free reports whether somebody can look and act.
func free(t *testing.T, dir string) (looks, acts bool) {
	t.Helper()
	s := open(t, dir, "/run/f2b.sock")
	_, held, err := s.Holder(t.Context())
	must(t, err)
	lease, err := s.Lease(t.Context())
	must(t, err)
	_, ok, err := s.Lock(t.Context(), store.Acting{Act: "restart"})
	must(t, err)
	if ok == held {
		t.Errorf("held %v, and locked %v", held, ok)
	}
	return lease.Held, ok
}

// TestHolderIsABantop: a row that names a process which never ends, or one of another
// user, keeps nobody from looking and acting; one that names a bantop does.
func TestHolderIsABantop(t *testing.T) {
	fail2bantest.NeedRoot(t)
	sleep := exec.Command("sleep", "600")
	must(t, sleep.Start())
	defer func() {
		_ = sleep.Process.Kill()
		_ = sleep.Wait()
	}()
	own, theirs := filled(t), filepath.Join(fail2bantest.TempDir(t), "bantop")
	must(t, os.Mkdir(theirs, 0o700), os.Chown(theirs, jo, jo))
	reachable(t, theirs)
	bantop, _ := start(t, "act", own, 0, 0)
	ofJo, _ := start(t, "act", theirs, jo, jo)
	for name, c := range map[string]struct {
		pid  int
		free bool
	}{
		"process 1":               {1, true},
		"another program":         {sleep.Process.Pid, true},
		"a bantop of this user":   {bantop, false},
		"a bantop of another one": {ofJo, true},
	} {
		dir := filled(t)
		says(t, dir, process.Of(c.pid), sinceBoot(t))
		if looks, acts := free(t, dir); looks != c.free || acts != c.free {
			t.Errorf("%s: looks %v, acts %v, want %v", name, looks, acts, c.free)
		}
	}
	if looks, acts := free(t, own); looks || acts {
		t.Errorf("beside a bantop that holds both: looks %v, acts %v", looks, acts)
	}
}

// TestForgedBeat: a lease that was last heard of in the future, or before the machine
// started, is free, whatever process it names.
func TestForgedBeat(t *testing.T) {
	for _, beat := range []time.Duration{1<<63 - 1, -1 << 63, -1, sinceBoot(t) + time.Hour} {
		dir := filled(t)
		bantop, _ := start(t, "act", filled(t), 0, 0)
		says(t, dir, process.Of(bantop), beat)
		if lease, err := open(t, dir, "/run/f2b.sock").Lease(t.Context()); err != nil || !lease.Held || lease.Term != 4 {
			t.Errorf("beat %d: %+v, %v", beat, lease, err)
		}
	}
}
