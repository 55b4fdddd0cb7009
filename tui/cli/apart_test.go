package cli_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"bantop/fail2ban/fail2bantest"
)

// TestRootsChangesAreNotSeen: a user has a state of his own, in which no change of
// root's is: what would ask about one says so, with what to type, and never that no
// change waits. Of the user's own server all works.
func TestRootsChangesAreNotSeen(t *testing.T) {
	fail2bantest.NeedRoot(t) // who alone can be another user
	const nobody = 65534
	program := executable(t, nobody)
	for what, closed := range map[string]func(l lab, dir, socket string) error{
		"root's, open to all": func(_ lab, dir, socket string) error {
			return errors.Join(os.Chmod(dir, 0o755), os.Chmod(socket, 0o666))
		},
		"root's": func(_ lab, dir, socket string) error {
			return errors.Join(os.Chmod(dir, 0o755), os.Chmod(socket, 0o600))
		},
		"closed to him": func(_ lab, dir, _ string) error { return os.Chmod(dir, 0o700) },
		"not there":     func(_ lab, dir, socket string) error { return errors.Join(os.Chmod(dir, 0o755), os.Remove(socket)) },
		"own":           nil,
	} {
		t.Run(what, func(t *testing.T) {
			l, s := fakeLab(t, "sshd")
			l.program, l.user, l.state = program, nobody, folderOf(t, nobody)
			flags := " -s " + s.Path + " -p " + s.PIDFile
			if closed == nil {
				dir := filepath.Dir(s.Path)
				if err := errors.Join(os.Chmod(dir, 0o755), os.Chown(dir, nobody, nobody), os.Chown(s.Path, nobody, nobody)); err != nil {
					t.Fatal(err)
				}
				for _, line := range []string{"confirm", "revert"} {
					if _, errs := l.bantop(1, line); !holds(errs, line+": no change of the jails is under way") {
						t.Errorf("%s: %s", line, errs)
					}
				}
				l.bantop(0, "history")
				l.bantop(0, "recover")
				return
			}
			if err := closed(l, filepath.Dir(s.Path), s.Path); err != nil {
				t.Fatal(err)
			}
			for _, line := range []string{"confirm", "confirm sshd", "revert", "revert sshd", "history", "history --acts --json", "history --last 3", "recover", "recover --reload --yes", "recover --json"} {
				want := "bantop: nobody cannot see root's changes: sudo bantop" + flags + " " + line + "\n"
				if out, errs := l.bantop(77, line); out != "" || errs != want {
					t.Errorf("%s: printed %q, told\n%swant\n%s", line, out, errs, want)
				}
			}
		})
	}
}

// TestDashboardOfAUser: nor does the dashboard say that nobody has changed anything.
func TestDashboardOfAUser(t *testing.T) {
	fail2bantest.NeedRoot(t)
	const nobody = 65534
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	if err := errors.Join(os.Chmod(filepath.Dir(s.Path), 0o755), os.Chmod(s.Path, 0o777)); err != nil {
		t.Fatal(err)
	}
	e := open(t, terminalOptions{user: nobody}, "-s", s.Path, "-p", s.PIDFile)
	e.waitFor("● online", "sshd")
	e.send("C")
	e.waitFor("nobody cannot see root's changes:\n    sudo bantop -s " + s.Path[:10])
	e.send("q")
	e.send("q")
	e.wait()
}
