package fail2bantest

import (
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// NeedRoot is for a test that only root can do. Another user skips it; under
// CI=true it fails, since there a test that did not run proves nothing.
func NeedRoot(t TB) {
	t.Helper()
	switch {
	case os.Geteuid() == 0:
	case os.Getenv("CI") == "true":
		t.Fatal("only root can do this test")
	default:
		t.Skip("only root can do this test")
	}
}

// AsNobody does something as a user who may do little with files, where this one
// is root and may all.
func AsNobody(t TB, do func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		do()
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends with its goroutine
		// The capabilities of root over files go with its file system identity.
		if err := unix.Setfsuid(65534); err != nil {
			t.Error(err)
			return
		}
		do()
	}()
	<-done
}

// Eventually waits until something holds, for 30 s at the most: real servers look
// at their logs once a second.
func Eventually(t TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatal("waited in vain for this: " + what)
}
