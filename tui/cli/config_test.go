package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bantop/config"
	"bantop/tui/plain"
)

// TestConfig: settings and where they come from; a file to begin with.
func TestConfig(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bantop.toml")
	if err := os.WriteFile(file, []byte("refresh = \"3s\"\n\n[session]\nttl = \"1m\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"--settings", file, "-s", "/run/f2b.sock", "--theme", "dark", "config"}
	code, out, errs := run(t.Context(), args...)
	if code != 0 || errs != "" {
		t.Fatalf("exit %d: %s", code, errs)
	}
	fields := make(map[string]string)
	for line := range strings.Lines(out) {
		f := strings.Fields(line)
		fields[f[0]] = strings.Join(f[1:], " ")
	}
	for key, want := range map[string]string{"refresh": "3s " + file + ":1", "session.ttl": "1m " + file + ":4", "theme": "dark --theme",
		"socket": "/run/f2b.sock --socket", "timeout": "2s default"} {
		if fields[key] != want {
			t.Errorf("%s: %q, want %q", key, fields[key], want)
		}
	}
	code, out, _ = run(t.Context(), append(args, "--json")...)
	var all []plain.Setting
	if err := json.Unmarshal([]byte(out), &all); err != nil || code != 0 || !slices.Contains(all,
		plain.Setting{Key: "session.ttl", Value: "1m", Source: file, Line: 4, InForce: "1m"}) {
		t.Errorf("exit %d, %v: %s", code, err, out)
	}
	code, out, _ = run(t.Context(), "config", "--default")
	if err := os.WriteFile(file, []byte(out), 0o600); err != nil || code != 0 {
		t.Fatal(code, err)
	}
	if code, _, errs := run(t.Context(), args...); code != 0 {
		t.Errorf("the sample is refused: %s", errs)
	}
	if code, _, errs := run(t.Context(), "config", "--default", "--json"); code != 64 || !strings.Contains(errs, "cannot both be") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

// TestReadmeSettings: the settings that the README shows are allowed.
func TestReadmeSettings(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "```toml\n")
	text, _, found := strings.Cut(rest, "```")
	values, err := config.Parse("README.md", []byte(text))
	if err != nil || !found || len(values) < 8 {
		t.Fatalf("%v in %q", err, text)
	}
	if _, err := config.Defaults().With(values...); err != nil {
		t.Error(err)
	}
}
