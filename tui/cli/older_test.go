package cli_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"bantop/fail2ban/fail2bantest"
	"bantop/model"
)

// Older states of bantop, by their commits.
const (
	schema1 = "5ff4c2c" // kept the texts of a change in the shared database
	schema2 = "bb4fe41" // knows neither a proof before a load nor the list of what was changed
)

// olderBantop builds an older state of bantop out of the history of this checkout.
// Without that history, as in an archive of the sources, the test is skipped.
func olderBantop(t *testing.T, commit string) string {
	t.Helper()
	git := func(args ...string) *exec.Cmd {
		return exec.Command("git", append([]string{"-c", "safe.directory=*", "-C", "../.."}, args...)...)
	}
	if err := git("cat-file", "-e", commit+"^{commit}").Run(); err != nil {
		whole, _ := git("rev-parse", "--is-shallow-repository").Output()
		if os.Getenv("CI") == "true" && strings.TrimSpace(string(whole)) == "false" {
			t.Fatalf("the history has no commit %s", commit)
		}
		t.Skip("this checkout has no history to build an older bantop of")
	}
	dir := t.TempDir()
	archive := filepath.Join(dir, "older.tar")
	build := exec.Command("go", "build", "-trimpath", "-o", "older", ".")
	build.Dir, build.Env = dir, append(os.Environ(), "CGO_ENABLED=0") // as make build: the same cache
	for _, cmd := range []*exec.Cmd{
		git("archive", "-o", archive, commit), exec.Command("tar", "-x", "-f", archive, "-C", dir), build,
	} {
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v: %s", cmd.Args, err, out)
		}
	}
	return filepath.Join(dir, "older")
}

// byOlder is a command that the older bantop runs on the same state.
func (s *stage) byOlder(older string, args ...string) *exec.Cmd {
	cmd := exec.Command(older, slices.Concat(s.flags, args)...)
	cmd.Env = s.env
	return cmd
}

// says runs a command to its end, which is to be a code, and returns what it said.
func (s *stage) says(code int, cmd *exec.Cmd) string {
	s.t.Helper()
	out, err := cmd.CombinedOutput()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		s.t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != code {
		s.t.Errorf("%s: exit %d, want %d: %s", filepath.Base(cmd.Path)+" "+strings.Join(cmd.Args[1+len(s.flags):], " "), got, code, out)
	}
	return string(out)
}

// waits begins a change, and returns once it waits to be confirmed. Its end is to be a code.
func (s *stage) waits(cmd *exec.Cmd, code int) (end func() string) {
	s.t.Helper()
	var out screenful // the state is not looked at: to open it may renew it
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	fail2bantest.Eventually(s.t, "it waits to be confirmed", func() bool { return strings.Contains(out.String(), "Confirm it within") })
	return func() string {
		s.t.Helper()
		_ = cmd.Wait() // its exit code is looked at
		if got := cmd.ProcessState.ExitCode(); got != code {
			s.t.Errorf("%s: exit %d, want %d: %s", filepath.Base(cmd.Path), got, code, out.String())
		}
		return out.String()
	}
}

// killGuard ends the guard of the change that waits.
func (s *stage) killGuard() {
	s.t.Helper()
	for _, guard := range s.guards() {
		if err := unix.Kill(guard, unix.SIGKILL); err != nil {
			s.t.Fatal(err)
		}
	}
}

// TestOlderBantop: an old and a new bantop on one state while a change waits do no harm:
// either confirms and takes back what the other began, or takes its place; one that does
// not know the state touches nothing.
func TestOlderBantop(t *testing.T) {
	t.Parallel()
	older, oldest := olderBantop(t, schema2), olderBantop(t, schema1)
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			for name, test := range map[string]func(*testing.T, *stage){
				"looks on":            func(t *testing.T, s *stage) { s.olderLooksOn(older) },
				"confirms, goes back": func(t *testing.T, s *stage) { s.olderDecides(older) },
				"begins":              func(t *testing.T, s *stage) { s.olderBegins(older) },
				"other schema":        func(t *testing.T, s *stage) { s.oldestBegins(oldest) },
			} {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					s := newStage(t, install, 5, `activation.confirm = "10s"`)
					s.write("jail.d/web.conf", s.web(""))
					test(t, s)
				})
			}
		})
	}
}

// olderLooksOn: a pane of an older bantop, which writes the shared state every second,
// does not make the guard forget what it needs for the way back.
func (s *stage) olderLooksOn(older string) {
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	pane := exec.CommandContext(ctx, older, append(slices.Clone(s.flags), "status", "--watch")...)
	pane.Env = s.env
	if err := pane.Start(); err != nil {
		s.t.Fatal(err)
	}
	pid := s.PID()
	end := s.waits(s.command("activate", "web", "--yes"), 1)
	slip := filepath.Join(s.ConfDir, "jail.local")
	if err := os.WriteFile(slip, []byte("[j001]\nenabled = flase\n[j001]\nenabled = true\n"), 0o600); err != nil {
		s.t.Fatal(err)
	}
	out := end()
	if err := os.Remove(slip); err != nil {
		s.t.Fatal(err)
	}
	cancel()
	_ = pane.Wait() // it was killed
	log, err := os.ReadFile(filepath.Join(s.Dir, "log", "fail2ban.log"))
	if err != nil {
		s.t.Fatal(err)
	}
	loads := bytes.Count(log, []byte("Reload all jails")) // the change, and back to what ran before
	if s.PID() != pid || !strings.Contains(out, "rolled back, all jails restored") || loads != 2 {
		s.t.Errorf("the process is %d and was %d, %d loads: %s", s.PID(), pid, loads, out)
	}
	s.isBack()
}

// olderDecides: what a new bantop began, an older one confirms or takes back; what it
// confirmed is listed.
func (s *stage) olderDecides(older string) {
	end := s.waits(s.command("activate", "web", "--yes"), 0)
	s.says(0, s.byOlder(older, "confirm"))
	end()
	if got := s.listed(); len(got) != 1 || !got[0].Revertible {
		s.t.Errorf("listed: %+v", got)
	}
	end = s.waits(s.command("revert", "1", "--yes"), 1)
	s.says(0, s.byOlder(older, "revert"))
	end()
	if !s.runs("web") {
		s.t.Error("web does not run any more")
	}
	s.ends(0, "proven to run", "revert", "1", "--yes", "--commit")
	s.isBack()

	cmd := s.command("activate", "web", "--yes")
	end = s.waits(cmd, -1)
	if err := cmd.Process.Kill(); err != nil { // else it starts another guard
		s.t.Fatal(err)
	}
	end()
	s.killGuard()
	s.says(0, s.byOlder(older, "status"))
	s.await(model.StepTakenBack)
	s.isBack()
}

// olderBegins: what an older bantop began, a new one confirms or takes back.
func (s *stage) olderBegins(older string) {
	end := s.waits(s.byOlder(older, "activate", "web", "--yes"), 0)
	s.says(0, s.command("status"))
	s.says(0, s.command("confirm"))
	end()
	if !s.runs("web") {
		s.t.Error("web does not run")
	}
	end = s.waits(s.byOlder(older, "deactivate", "web", "--yes"), 1)
	s.says(0, s.command("revert"))
	end()
	if !s.runs("web") {
		s.t.Error("web does not run any more")
	}
	s.says(0, s.command("deactivate", "web", "--yes", "--commit"))
	s.isBack()
	end = s.waits(s.byOlder(older, "activate", "web", "--yes"), 1)
	s.killGuard()
	s.says(0, s.command("status"))
	s.await(model.StepTakenBack)
	end()
	s.isBack()
}

// oldestBegins: while a change of a bantop waits that has another schema, the state is
// left as it is. Afterwards it is made new, and the oldest touches nothing any more.
func (s *stage) oldestBegins(oldest string) {
	end := s.waits(s.byOlder(oldest, "activate", "web", "--yes"), 1)
	s.says(0, s.command("status"))
	end() // nobody confirms
	s.isBack()
	end = s.waits(s.byOlder(oldest, "activate", "web", "--yes"), 0)
	s.says(0, s.command("confirm"))
	end()
	s.says(0, s.command("status"))
	said := s.says(1, s.byOlder(oldest, "deactivate", "web", "--yes", "--commit"))
	if !strings.Contains(said, "written by a newer bantop") || !s.runs("web") {
		s.t.Errorf("it is not told: %s", said)
	}
	end = s.waits(s.command("deactivate", "web", "--yes"), 1)
	s.says(1, s.byOlder(oldest, "activate", "web", "--yes", "--commit"))
	s.says(0, s.command("revert"))
	end()
	if !s.runs("web") {
		s.t.Error("web does not run any more")
	}
}
