package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bantop/fail2ban/fail2bantest"
)

// TestActsOnAFullDisk: an act that cannot be written into the journal is done, says
// that it is not in there, and `history` says that it may lack something.
func TestActsOnAFullDisk(t *testing.T) {
	server := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	dir := fail2bantest.SmallDisk(t, "4m")
	kept(t, dir, server.Path)
	run := func(args ...string) (int, string, string) {
		return runIn(t.Context(), dir, append([]string{"-s", server.Path, "-p", server.PIDFile}, args...)...)
	}
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 8<<20), 0o600); err == nil {
		t.Fatal("eight megabytes fitted into four")
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"ban", "192.0.2.1", "--jail", "sshd", "--yes"}, 0, "bantop: not in the journal: ban 192.0.2.1: " +
			"no room to write the state (" + dir + ")\nnext: make room: df -h " + dir + "\n"},
		{[]string{"ban", "192.0.2.2", "--jail", "sshd", "--yes", "--json"}, 0, "bantop: not in the journal: ban 192.0.2.2: "},
		{[]string{"unban", "192.0.2.1", "--yes"}, 0, "bantop: not in the journal: unban everywhere 192.0.2.1: "},
		{[]string{"history", "--acts"}, 74, "bantop: read the journal: "},
		{[]string{"history", "--json"}, 74, "bantop: read what happened: "},
	} {
		code, out, errs := run(c.args...)
		if code != c.code || !strings.Contains(errs, c.want) || !strings.Contains(errs, "no room") {
			t.Errorf("%v: exit %d: %s%s", c.args, code, out, errs)
		}
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := run("history", "--acts"); code != 0 || errs != "" {
		t.Errorf("with room again: exit %d: %s%s", code, out, errs)
	}
}

// TestStateVanishes: a state folder that is removed under an open dashboard, or that
// others may write, is told of at once, and a new one is shared again.
func TestStateVanishes(t *testing.T) {
	t.Parallel()
	for why, spoil := range map[string]func(dir string) error{
		"the state file was removed":  os.RemoveAll,
		"can be written by everybody": func(dir string) error { return os.Chmod(dir, 0o777) },
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			server := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
			dir := filepath.Join(fail2bantest.TempDir(t), "state")
			e := open(t, terminalOptions{width: 120, height: 40, state: dir}, "-s", server.Path, "-p", server.PIDFile)
			e.waitFor("● online", "sshd")
			if err := spoil(dir); err != nil {
				t.Fatal(err)
			}
			e.waitFor("not shared", why)
			e.waitUntil("it is shared again", func(screen string) bool { return !strings.Contains(screen, "not shared") })
			if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
				t.Errorf("%v, %v", info, err)
			}
			if _, err := os.Stat(stateFile(dir)); err != nil {
				t.Error(err)
			}
			e.send("q")
			if code := e.wait(); code != 0 {
				t.Errorf("exit %d", code)
			}
		})
	}
}
