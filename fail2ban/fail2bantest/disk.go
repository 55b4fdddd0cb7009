package fail2bantest

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// SmallDisk is a folder on a file system of its own, of a size such as "256k",
// for a test to fill. Where this user may not mount one the test is skipped;
// under CI=true it fails, since there a test that did not run proves nothing.
func SmallDisk(t TB, size string) string {
	t.Helper()
	dir := TempDir(t)
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "mode=0700,size="+size); err != nil {
		err = fmt.Errorf("mount a small file system: %w", err)
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}
