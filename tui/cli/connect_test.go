package cli

import (
	"testing"

	"bantop/config"
)

// TestClientCommand: how fail2ban-client is called can be pasted into a shell,
// whatever the paths are, and says no more than it has to.
func TestClientCommand(t *testing.T) {
	conf := t.TempDir()
	for want, s := range map[string]config.Settings{
		"fail2ban-client -c " + conf + " -s /tmp/x.sock": {Conf: conf, Socket: "/tmp/x.sock"},
		"fail2ban-client -c '/tmp/q;touch pwn' -s '/tmp/q;touch pwn/x.sock' -p '/tmp/$(id)'": {
			Conf: "/tmp/q;touch pwn", Socket: "/tmp/q;touch pwn/x.sock", PIDFile: "/tmp/$(id)"},
	} {
		if got := clientCommand(s); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
