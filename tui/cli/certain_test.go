package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bantop/fail2ban/fail2bantest"
)

// TestActsOnACertainServer: an act is refused if a settings file that is not used may
// name another fail2ban, and no flag says which is meant. What only looks goes on.
func TestActsOnACertainServer(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	conf := t.TempDir() // whose server is the one that is looked at without the file
	text := fmt.Sprintf("[Definition]\nsocket = %s\npidfile = %s\n", s.Path, s.PIDFile)
	if err := os.WriteFile(filepath.Join(conf, "fail2ban.conf"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	good := fmt.Sprintf("conf = %q\n", conf)
	for _, c := range []struct {
		name, file, local string
		args              []string
		code              int
		want              string
	}{
		{"another server", good, "socket = /run/other.sock\n[", []string{"ban", "192.0.2.1", "-j", "sshd", "-y"}, 64, "may name another fail2ban"},
		{"a deactivation", good, "socket = /run/other.sock\n[", []string{"deactivate", "sshd", "-y"}, 64, "may name another fail2ban"},
		{"no server", good, "refesh = \"1s\"\n", []string{"ban", "192.0.2.2", "-j", "sshd", "-y"}, 0, "settings not used"},
		{"a flag", good, "socket = /run/other.sock\n[", []string{"-s", s.Path, "ban", "192.0.2.3", "-j", "sshd", "-y"}, 0, "settings not used"},
		{"a look", good, "socket = /run/other.sock\n[", []string{"status"}, 0, "settings not used"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range map[string]string{"b.toml": c.file, "b.local.toml": c.local} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			code, out, errs := runIn(t.Context(), t.TempDir(), append([]string{"--settings", filepath.Join(dir, "b.toml")}, c.args...)...)
			if code != c.code || !strings.Contains(errs, c.want) {
				t.Errorf("exit %d: %s%s", code, out, errs)
			}
		})
	}
}
