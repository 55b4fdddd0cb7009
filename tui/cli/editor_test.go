package cli

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestEditorCommand: the editor is the one that somebody chose, with its arguments,
// else the first that there is; no shell is involved.
func TestEditorCommand(t *testing.T) {
	for _, c := range []struct {
		name           string
		visual, editor string
		there          []string
		want           string // words, with | between
	}{
		{"VISUAL is the first", "code --wait", "vi", []string{"nano"}, "code|--wait"},
		{"EDITOR", "", "vim -u NONE", []string{"nano"}, "vim|-u|NONE"},
		{"blanks are none", " \t", " ", []string{"nano"}, "/bin/nano"},
		{"what Debian has chosen", "", "", []string{"vi", "sensible-editor", "nano"}, "/bin/sensible-editor"},
		{"the first that is there", "", "", []string{"vi", "vim"}, "/bin/vim"},
		{"no shell", "vi; rm -rf / $(reboot)", "", nil, "vi;|rm|-rf|/|$(reboot)"},
		{"none", "", "", nil, ""},
	} {
		env := func(name string) string { return map[string]string{"VISUAL": c.visual, "EDITOR": c.editor}[name] }
		look := func(name string) (string, error) {
			if !slices.Contains(c.there, name) {
				return "", errors.New("not found")
			}
			return "/bin/" + name, nil
		}
		words, err := editorCommand(env, look)
		if got := strings.Join(words, "|"); got != c.want || (err != nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), "EDITOR") {
			t.Errorf("%s: %q, %v", c.name, got, err)
		}
	}
}

// TestEditor: the editor gets a private copy, which is gone once it was read, also
// where the editor took it away itself.
func TestEditor(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	t.Setenv("VISUAL", "true --flag")
	for _, away := range []bool{false, true} {
		cmd, read, err := editor("../web.local", []byte("a"))
		if err != nil {
			t.Fatal(err)
		}
		file := cmd.Args[len(cmd.Args)-1]
		info, err := os.Stat(file)
		dir, errDir := os.Stat(filepath.Dir(file))
		if err != nil || errDir != nil || info.Mode() != 0o600 || dir.Mode().Perm() != 0o700 || filepath.Dir(filepath.Dir(file)) != tmp || filepath.Base(file) != "web.local" || cmd.Args[1] != "--flag" {
			t.Errorf("%q: %v, %v", cmd.Args, err, errDir)
		}
		if err := os.WriteFile(file, []byte("b"), 0o600); err != nil {
			t.Fatal(err)
		}
		if away {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		}
		text, err := read()
		if !away && (string(text) != "b" || err != nil) || away && err == nil {
			t.Errorf("%q, %v", text, err)
		}
		if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
			t.Errorf("left: %v, %v", left, err)
		}
	}
}

// TestEditorAbsent: what was made for an editor that is not there goes with it.
func TestEditorAbsent(t *testing.T) {
	t.Setenv("VISUAL", "")
	t.Setenv("EDITOR", "")
	t.Setenv("PATH", t.TempDir())
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	if _, _, err := editor("web.local", nil); err == nil {
		t.Error("there is one")
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
