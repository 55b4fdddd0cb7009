package load_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bantop/config"
	"bantop/config/load"
)

// TestSettings: the file lies over the defaults and the flags over both.
func TestSettings(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bantop.toml")
	if err := os.WriteFile(file, []byte("refresh = \"2s\"\ntheme = \"16\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	flags := []config.Value{{Key: "refresh", Text: "5s", Origin: config.Origin{Source: "--refresh"}}}
	got, err := load.Settings(file, flags)
	want := config.Default()
	want.Refresh, want.Theme = 5*time.Second, "16"
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestSettingsRefuses: a file that is named must be there and be right; the
// error says which.
func TestSettingsRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bantop.toml")
	if _, err := load.Settings(file, nil); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a file that is not there: %v", err)
	}
	for text, want := range map[string]string{"theme = ": ":1: ", "refesh = 1": ":1: unknown key"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := load.Settings(file, nil); err == nil || !strings.Contains(err.Error(), file+want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
