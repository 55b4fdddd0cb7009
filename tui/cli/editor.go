package cli

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"bantop/fail2ban/control"
	"bantop/fail2ban/tempdir"
)

// editors are those that are tried where the environment names none.
var editors = []string{"sensible-editor", "editor", "nano", "vim", "vi"}

// editor has somebody edit a text in a private folder, with the editor of his own
// choice: no shell is involved, words of the variable are its arguments. It keeps his
// environment, which his editor is made for, also as root: who may choose the program
// that runs as root needs no variable to have his way.
func editor(name string, text []byte) (*exec.Cmd, func() ([]byte, error), error) {
	words, err := editorCommand(os.Getenv, control.LookPath)
	if err != nil {
		return nil, nil, err
	}
	dir, err := tempdir.Make("", tempdir.Edit)
	if err != nil {
		return nil, nil, fmt.Errorf("edit %s: %w", name, err)
	}
	path := filepath.Join(dir, filepath.Base(name))
	if err := os.WriteFile(path, text, 0o600); err != nil {
		tempdir.Remove(dir)
		return nil, nil, fmt.Errorf("edit %s: %w", name, err)
	}
	read := func() ([]byte, error) {
		defer tempdir.Remove(dir)
		return os.ReadFile(path)
	}
	return exec.Command(words[0], append(words[1:], path)...), read, nil
}

// editorCommand is the command of the editor.
func editorCommand(env func(string) string, look func(string) (string, error)) ([]string, error) {
	for _, variable := range []string{"VISUAL", "EDITOR"} {
		if words := strings.Fields(env(variable)); len(words) > 0 {
			return words, nil
		}
	}
	for _, name := range editors {
		if path, err := look(name); err == nil {
			return []string{path}, nil
		}
	}
	return nil, errors.New("edit the jail: there is no editor here; name one in EDITOR")
}
