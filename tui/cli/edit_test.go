package cli_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"bantop/fail2ban/fail2bantest"
)

// editorLab is a dashboard whose editor is a script that says that it runs, and
// waits until it may go on.
type editorLab struct {
	*terminal
	t                *testing.T
	temp             string
	running, proceed string
	again            func() *terminal
}

func newEditorLab(t *testing.T, script string) *editorLab {
	t.Helper()
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	dir := fail2bantest.TempDir(t)
	l := &editorLab{t: t, temp: filepath.Join(dir, "tmp"), running: filepath.Join(dir, "running"), proceed: filepath.Join(dir, "go")}
	conf, editor := filepath.Join(dir, "conf"), filepath.Join(dir, "editor")
	script = "#!/bin/sh\ntouch " + l.running + "\n" + script + "\nwhile [ ! -e " + l.proceed + " ]; do sleep 0.05; done\n"
	if err := errors.Join(os.Mkdir(l.temp, 0o700), os.MkdirAll(filepath.Join(conf, "jail.d"), 0o755),
		os.WriteFile(filepath.Join(conf, "jail.conf"), []byte("[sshd]\nenabled = true\n"), 0o644),
		os.WriteFile(editor, []byte(script), 0o755)); err != nil {
		t.Fatal(err)
	}
	l.again = func() *terminal {
		return open(t, terminalOptions{env: []string{"VISUAL=" + editor, "TMPDIR=" + l.temp}}, "-s", s.Path, "-p", s.PIDFile, "-c", conf)
	}
	t.Cleanup(func() { l.goOn() }) // whatever else became of it, the script ends
	l.terminal = l.again()
	l.waitFor("● online", "sshd")
	l.send("3")
	l.waitFor("jail.conf:2", "e edit")
	l.send("e")
	fail2bantest.Eventually(t, "the editor runs", func() bool { _, err := os.Stat(l.running); return err == nil })
	return l
}

func (l *editorLab) goOn() {
	if err := os.WriteFile(l.proceed, nil, 0o600); err != nil && !errors.Is(err, os.ErrNotExist) {
		l.t.Error(err)
	}
}

// left are the folders for edited files.
func (l *editorLab) left() []string {
	l.t.Helper()
	found, err := filepath.Glob(filepath.Join(l.temp, "bantop-edit-*"))
	if err != nil {
		l.t.Fatal(err)
	}
	return found
}

// TestEditorLeavesNothing: however editing ends, no copy of the file is left: the
// editor ends, is killed, bantop is told to end meanwhile, or is killed itself.
func TestEditorLeavesNothing(t *testing.T) {
	gone := func(l *editorLab) {
		l.t.Helper()
		fail2bantest.Eventually(l.t, "the copy is gone", func() bool { return len(l.left()) == 0 })
	}
	quit := func(l *editorLab, e *terminal) {
		l.t.Helper()
		e.send("\x03")
		e.wait()
		gone(l)
	}
	t.Run("it ends", func(t *testing.T) {
		l := newEditorLab(t, "")
		if len(l.left()) != 1 {
			t.Errorf("while it runs: %q", l.left())
		}
		l.goOn()
		gone(l)
		quit(l, l.terminal)
	})
	t.Run("it is killed", func(t *testing.T) {
		l := newEditorLab(t, "kill -9 $$")
		gone(l)
		l.waitFor("the editor failed")
		quit(l, l.terminal)
	})
	t.Run("bantop is to end", func(t *testing.T) {
		l := newEditorLab(t, "")
		if err := l.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		l.goOn()
		l.wait()
		gone(l)
	})
	t.Run("bantop is killed", func(t *testing.T) {
		l := newEditorLab(t, "")
		if err := l.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		l.goOn()
		l.wait()
		if len(l.left()) != 1 {
			t.Errorf("nobody could remove it, and there is %q", l.left())
		}
		next := l.again()
		next.waitFor("● online", "sshd")
		gone(l)
		quit(l, next)
	})
}
