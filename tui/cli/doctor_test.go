package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bantop/fail2ban/fail2bantest"
	"bantop/tui/plain"
)

// TestDoctor: a server that is well, one that died, and settings that cannot be
// read, each told with what mends it, and with the exit code.
func TestDoctor(t *testing.T) {
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			install.Use(t)
			r := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{})
			check := func(what string, exit int, want map[string]string, args ...string) {
				t.Helper()
				code, out, errs := run(t.Context(), append([]string{"doctor", "--json"}, args...)...)
				var checks []plain.Check
				if err := json.Unmarshal([]byte(out), &checks); err != nil || code != exit || errs != "" {
					t.Fatalf("%s: exit %d, %v: %s%s", what, code, err, out, errs)
				}
				for _, c := range checks {
					if mark := want[c.Name]; mark != "" && mark != c.Mark || mark == "" && c.Mark == "fault" {
						t.Errorf("%s: %+v", what, c)
					}
				}
			}
			check("well", 0, map[string]string{"settings": "ok", "socket": "ok", "client": "ok", "configuration": "ok", "database": "ok", "log": "ok", "terminal": "note"}, "-c", r.ConfDir)

			bad := filepath.Join(t.TempDir(), "bantop.toml")
			if err := os.WriteFile(bad, []byte("refesh = \"1s\"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			code, out, _ := run(t.Context(), "doctor", "--settings", bad)
			if code != 1 || !strings.Contains(out, "fault  settings") || !strings.Contains(out, bad+":1") || !strings.Contains(out, `did you mean "refresh"?`) {
				t.Errorf("exit %d: %s", code, out)
			}

			if err := r.Kill(); err != nil {
				t.Fatal(err)
			}
			check("dead", 1, map[string]string{"socket": "fault", "fail2ban": "note"}, "-c", r.ConfDir)
		})
	}
}
