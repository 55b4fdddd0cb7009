package load_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"bantop/config"
	"bantop/config/load"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestLayers: the local file lies over the administrator's, the environment
// over both, and the flags over all.
func TestLayers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bantop.toml")
	write(t, file, "refresh = \"2s\"\ntheme = \"16\"\ntimeout = \"3s\"\nascii = true\n")
	write(t, load.LocalFile(file), "theme = \"dark\"\ntimeout = \"4s\"\nascii = false\n")
	got, err := load.Settings(load.Sources{
		File:    file,
		Environ: []string{"BANTOP_TIMEOUT=5s", "BANTOP_ASCII=true", "BANTOP_FAIL2BAN=x", "BANTOP_TEST_X=y"},
		Flags:   []config.Value{{Key: "ascii", Text: "false", Origin: config.Origin{Source: "--ascii"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"refresh": "2s bantop.toml:1", "theme": "dark bantop.local.toml:1", "timeout": "5s BANTOP_TIMEOUT", "ascii": "false --ascii"} {
		if text := got.Text(key) + " " + filepath.Base(got.Origin(key).String()); text != want {
			t.Errorf("%s: %s, want %s", key, text, want)
		}
	}
	if got.Refresh != 2*time.Second {
		t.Error(got.Refresh)
	}
}

// TestUserFile: a user's own file is read where no file is named.
func TestUserFile(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "bantop", "bantop.toml"), "refresh = \"7s\"\n")
	for _, env := range [][]string{{"XDG_CONFIG_HOME=" + dir}, {"HOME=" + filepath.Dir(dir), "XDG_CONFIG_HOME=" + dir}} {
		if got, err := load.Settings(load.Sources{Default: none(t), Environ: env}); err != nil ||
			got.Refresh != 7*time.Second {
			t.Errorf("%q: %v, %v", env, got.Refresh, err)
		}
	}
	file := filepath.Join(t.TempDir(), "x.toml")
	write(t, file, "")
	if got, err := load.Settings(load.Sources{File: file, Environ: []string{"XDG_CONFIG_HOME=" + dir}}); err != nil || got.Refresh != time.Second {
		t.Errorf("with a file named: %v, %v", got.Refresh, err)
	}
}

// TestMissing: a file that is named and does not exist is a fault like others: what it
// would say is not known.
func TestMissing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bantop.toml")
	got, err := load.Settings(load.Sources{File: file})
	if err != nil || len(got.Faults) != 1 || got.Faults[0].Source != file || !got.Faults[0].Server {
		t.Errorf("%+v, %v", got.Faults, err)
	}
}

// TestWrite: what is kept goes into the local file, over what was there; the
// administrator's file is not touched; what is wrong is not written.
func TestWrite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "etc", "bantop.toml")
	write(t, file, "# mine\nrefresh = \"2s\"\n")
	keep := func(values ...config.Value) error {
		path, err := load.Write(file, values)
		if path != load.LocalFile(file) {
			t.Errorf("written to %s", path)
		}
		return err
	}
	if err := keep(config.Value{Key: "theme", Text: "16"}, config.Value{Key: "recovery.window", Text: "90s"}); err != nil {
		t.Fatal(err)
	}
	if err := keep(config.Value{Key: "theme", Text: "dark"}); err != nil {
		t.Fatal(err)
	}
	if err := keep(config.Value{Key: "theme", Text: "blue"}); err == nil {
		t.Error("a bad value was kept")
	}
	got, err := load.Settings(load.Sources{File: file})
	if err != nil || len(got.Faults) > 0 || got.Theme != "dark" || got.RecoveryWindow != 90*time.Second ||
		got.Refresh != 2*time.Second {
		t.Errorf("%+v, %v", got.Settings, err)
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "# mine\nrefresh = \"2s\"\n" {
		t.Errorf("%q, %v", b, err)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(file), ".bantop-*")); err != nil || len(left) > 0 {
		t.Errorf("left: %q, %v", left, err)
	}
	write(t, load.LocalFile(file), "nonsense")
	if err := keep(config.Value{Key: "theme", Text: "dark"}); err == nil {
		t.Error("a file that cannot be read was written over")
	}
}
