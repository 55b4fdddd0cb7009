package guard_test

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// bind makes a folder of another place appear here.
func bind(t *testing.T, from, to string) {
	t.Helper()
	if err := unix.Mount(from, to, "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(to, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
}

// fillDisk fills a disk with a file.
func fillDisk(t *testing.T, file string) {
	t.Helper()
	f, err := os.Create(file)
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	if f.Close(); !errors.Is(err, unix.ENOSPC) {
		t.Fatal(err)
	}
}
