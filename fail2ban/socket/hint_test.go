package socket

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"bantop/fail2ban"
)

// TestHintsAreQuoted: what to do next can be pasted into a shell, whatever the socket
// is called.
func TestHintsAreQuoted(t *testing.T) {
	inQuotes := regexp.MustCompile(`'[^']*'`)
	for _, mode := range []os.FileMode{0, 0o600, 0o660} { // 0: there is no socket
		dir := filepath.Join(t.TempDir(), "q;touch pwn")
		path := filepath.Join(dir, "f2b.sock")
		write(t, filepath.Join(dir, "f2b.pid"), "")
		if mode != 0 {
			write(t, path, "")
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
		}
		c := New(Options{Path: path, PIDFile: filepath.Join(dir, "f2b.pid")})
		for _, kind := range []error{
			fail2ban.ErrNotRunning, fail2ban.ErrStaleSocket, fail2ban.ErrPermission, fail2ban.ErrBusy, fail2ban.ErrTimeout,
			fail2ban.ErrProtocol, fail2ban.ErrClosed, fail2ban.ErrUnknownJail, fail2ban.ErrUnsupported,
		} {
			if hint := c.hint(kind); strings.Contains(inQuotes.ReplaceAllString(hint, ""), "touch") {
				t.Errorf("%v, mode %o: %s", kind, mode, hint)
			}
		}
		want := "sudo fail2ban-client -s '" + path + "' -p '" + filepath.Join(dir, "f2b.pid") + "' start"
		if got := c.Command("start", "start"); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
