package cli_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"bantop/fail2ban/fail2bantest"
	"bantop/model/store"
)

// rewriteSettings replaces a settings file, as an editor does.
func rewriteSettings(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
}

// TestPanesTakeUpSettings: what changes in a settings file holds in every open pane,
// and the window of the pane that polls in the shared state; a faulty file changes
// nothing and is said; what judges shared state is the polling pane's, and a pane
// whose own file says otherwise shows both, as `bantop config` does.
func TestPanesTakeUpSettings(t *testing.T) {
	t.Parallel()
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	file, other := settingsFile(t, "refresh = \"1s\"\n"), settingsFile(t, "recovery.window = \"5m\"\n")
	o := terminalOptions{width: 120, height: 30, state: t.TempDir()}
	panes := make([]*terminal, 3)
	for i, f := range []string{file, file, other} {
		panes[i] = open(t, o, "-s", s.Path, "-p", s.PIDFile, "--settings", f)
		panes[i].waitFor("online")
		panes[i].send("6")
		panes[i].waitFor("recovery.window", "refresh             1s")
	}
	panes[2].waitFor("5m (in force: 1m)")

	rewriteSettings(t, file, "refresh = \"500ms\"\nrecovery.window = \"2m\"\n")
	for _, e := range panes[:2] {
		e.waitFor("refresh             500ms", "recovery.window     2m", file+":2")
	}
	panes[2].waitFor("5m (in force: 2m)")
	window(t, o.state, s.Path, 2*time.Minute)
	_, out, errs := runIn(t.Context(), o.state, "-s", s.Path, "-p", s.PIDFile, "--settings", other, "config")
	if !holds(words(out), "recovery.window 5m "+other+":1 (in force: 2m, set by the pane that polls fail2ban)") ||
		errs != "" {
		t.Errorf("%s%s", out, errs)
	}

	rewriteSettings(t, file, "refresh = \"500ms\"\nrecovery.widnow = \"3m\"\n")
	for _, e := range panes[:2] {
		e.waitFor("bad settings", `unknown key "recovery.widnow"`, "recovery.window     2m")
	}
	rewriteSettings(t, file, "refresh = \"500ms\"\nrecovery.window = \"3m\"\n")
	for _, e := range panes[:2] {
		e.waitUntil("mended", func(screen string) bool {
			return holds(screen, "recovery.window     3m") && !holds(screen, "bad settings")
		})
		e.send("q")
		e.waitFor("settings ok", file+" is used again", "recovery.window 3m")
	}
	window(t, o.state, s.Path, 3*time.Minute)
}

// window waits until the shared state goes by a window.
func window(t *testing.T, dir, socket string, want time.Duration) {
	t.Helper()
	kept := store.New(store.Options{Dir: dir, Socket: socket})
	defer kept.Close()
	var got time.Duration
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		snap, err := kept.Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got = snap.Runtime.Window; got == want {
			return
		}
	}
	t.Fatalf("the window in force is %v, want %v", got, want)
}

// TestPaneWithFaultySettings: a dashboard opens on a file that cannot be used, says
// so, and takes it up when it is mended; so does one whose file goes meanwhile.
func TestPaneWithFaultySettings(t *testing.T) {
	t.Parallel()
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	file := badSettings(t)
	e := open(t, terminalOptions{width: 120, height: 30}, "-s", s.Path, "-p", s.PIDFile, "--settings", file)
	e.waitFor("online", "bad settings", "unknown key", "sshd")
	rewriteSettings(t, file, "refresh = \"700ms\"\n")
	e.waitFor("settings ok", "refresh 700ms")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	e.waitFor("bad settings", filepath.Base(file)+": no such file")
	e.send("6")
	e.waitFor("refresh             700ms")
}
