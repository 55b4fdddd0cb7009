package cli_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bantop/fail2ban/fail2bantest"
	"bantop/model"
	"bantop/model/store"
	"bantop/tui/plain"
)

// stage is a real server with three jails that ban somebody, on which bantop changes
// jails: this test binary is bantop for whoever it starts.
type stage struct {
	*fail2bantest.Real
	t      *testing.T
	state  string
	temp   string   // where rehearsals are
	env    []string // of bantop
	flags  []string // likewise: server, state, settings
	before string   // the configuration
	bans   int
}

func newStage(t *testing.T, install fail2bantest.Install, bans int, settings ...string) *stage {
	t.Helper()
	s := &stage{Real: fail2bantest.NewReal(t, install, fail2bantest.RealOptions{}), t: t, state: t.TempDir(), temp: fail2bantest.TempDir(t), bans: bans}
	s.env = []string{reExec + "=1", "LANG=C.UTF-8", "TZ=UTC", "HOME=/nonexistent", "TMPDIR=" + s.temp,
		"PATH=" + install.Programs(t) + ":" + os.Getenv("PATH")}
	s.flags = []string{"-c", s.ConfDir, "--state-dir", s.state}
	if len(settings) > 0 {
		file := filepath.Join(t.TempDir(), "bantop.toml")
		if err := os.WriteFile(file, []byte(strings.Join(settings, "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
		s.flags = append(s.flags, "--settings", file)
	}
	for i, jail := range []string{"j001", "j002", "j003"} {
		args := []string{"set", jail, "banip"}
		for n := range bans {
			args = append(args, fmt.Sprintf("10.%d.%d.%d", i, n/250, n%250+1))
		}
		if _, err := s.Client(args...); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(s.LogPath("web"), []byte("nothing\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.before = fail2bantest.Tree(t, s.ConfDir)
	return s
}

// write writes a file of the configuration, which is then how it was before.
func (s *stage) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.ConfDir, name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.before = fail2bantest.Tree(s.t, s.ConfDir)
}

// bantop runs a command to its end.
func (s *stage) bantop(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	cmd := s.command(args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		s.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// command is bantop on this server.
func (s *stage) command(args ...string) *exec.Cmd {
	s.t.Helper()
	cmd := exec.Command(executable(s.t, 0), slices.Concat(s.flags, args)...)
	cmd.Env = s.env
	return cmd
}

// start runs a command as a process of its own.
func (s *stage) start(args ...string) *exec.Cmd {
	s.t.Helper()
	cmd := s.command(args...)
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	return cmd
}

// change is the change as the store has it; nil where there is none.
func (s *stage) change() *model.Change {
	s.t.Helper()
	kept := store.New(store.Options{Dir: s.state, Socket: s.Path})
	defer kept.Close()
	snap, err := kept.Load(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return snap.Runtime.Change
}

// guarded reports whether a guard of this stage lives.
func (s *stage) guarded() bool {
	s.t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		s.t.Fatal(err)
	}
	return slices.ContainsFunc(files, func(file string) bool {
		args, err := os.ReadFile(file) // else it has just ended
		return err == nil && bytes.Contains(args, []byte("\x00guard\x00")) && bytes.Contains(args, []byte("\x00"+s.state+"\x00"))
	})
}

// await waits until the change is at a step.
func (s *stage) await(step model.ChangeStep) {
	s.t.Helper()
	fail2bantest.Eventually(s.t, "the change is at: "+string(step), func() bool {
		c := s.change()
		return c != nil && c.Step == step
	})
}

// isBack holds that the server is as it was: its jails, their bans, and the
// configuration, byte for byte; and that nothing of a rehearsal is left.
func (s *stage) isBack() {
	s.t.Helper()
	status := func(args ...string) string {
		out, err := s.Client(args...)
		if err != nil {
			s.t.Error(err)
		}
		return out
	}
	if got := status("status"); !strings.Contains(got, "Jail list:\tj001, j002, j003") {
		s.t.Errorf("jails: %s", got)
	}
	for _, jail := range []string{"j001", "j002", "j003"} {
		if got := status("status", jail); !strings.Contains(got, fmt.Sprintf("Currently banned:\t%d\n", s.bans)) {
			s.t.Errorf("%.300s", got)
		}
	}
	if after := fail2bantest.Tree(s.t, s.ConfDir); after != s.before {
		s.t.Errorf("the configuration was\n%s\nand is\n%s", s.before, after)
	}
}

// eachStage runs a test on every version of fail2ban.
func eachStage(t *testing.T, bans int, test func(t *testing.T, s *stage), settings ...string) {
	t.Parallel()
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			t.Parallel()
			test(t, newStage(t, install, bans, settings...))
		})
	}
}

// web is a jail that works, enabled.
func (s *stage) web(more string) string {
	return "[web]\nenabled = false\nlogpath = " + s.LogPath("web") + "\n" + more
}

// TestActivate: the good case. It is rehearsed, activated, confirmed from another
// login, survives a restart of the server, and can be deactivated again.
func TestActivate(t *testing.T) {
	eachStage(t, 10, func(t *testing.T, s *stage) {
		s.write("jail.d/web.conf", s.web(""))
		code, out, errs := s.bantop("activate", "web", "--rehearse")
		if code != 0 || !strings.Contains(out, "result       it loads, after ") || !strings.Contains(out, "bans now     nobody") {
			t.Errorf("rehearse: %d %s%s", code, out, errs)
		}
		s.isBack()
		if code, _, errs = s.bantop("activate", "web"); code != exitUsage || !strings.Contains(errs, "--yes agrees") {
			t.Errorf("unasked: %d %s", code, errs)
		}
		if code, _, errs = s.bantop("confirm"); code != 1 || !strings.Contains(errs, "no change of the jails is under way") {
			t.Errorf("nothing to confirm: %d %s", code, errs)
		}
		waits := s.command("activate", "web", "--yes") // not from a terminal
		said, err := os.Create(filepath.Join(t.TempDir(), "said"))
		if err != nil {
			t.Fatal(err)
		}
		defer said.Close()
		waits.Stderr = said
		if err := waits.Start(); err != nil {
			t.Fatal(err)
		}
		s.await(model.StepConfirm)
		fail2bantest.Eventually(t, "it says how to confirm, from elsewhere", func() bool {
			text, err := os.ReadFile(said.Name())
			offers := holds(string(text), "y here") || holds(string(text), "n takes it back")
			return err == nil && holds(string(text), "or it is rolled back:\n  sudo bantop confirm") && !offers
		})
		if code, _, errs = s.bantop("confirm", "other"); code != exitUsage || !strings.Contains(errs, "is of web, not of other") {
			t.Errorf("another jail: %d %s", code, errs)
		}
		if code, out, errs = s.bantop("confirm", "web"); code != 0 || !strings.Contains(out, "activated web; confirmed by ") {
			t.Errorf("confirm: %d %s%s", code, out, errs)
		}
		if err := waits.Wait(); err != nil {
			t.Errorf("the one who waits: %v", err)
		}
		if _, err := s.Client("restart"); err != nil {
			t.Fatal(err)
		}
		fail2bantest.Eventually(t, "web runs after a restart", func() bool {
			out, err := s.Client("status", "web")
			return err == nil && strings.Contains(out, "web.log")
		})
		if code, out, errs = s.bantop("jails", "--json"); code != 0 || !strings.Contains(strings.ReplaceAll(out, " ", ""), `"name":"web","state":"ok","running":true,"enabled":true`) && !strings.Contains(out, `"said_in": "jail.d/zz-bantop-web.local:3"`) {
			t.Errorf("jails: %d %s%s", code, out, errs)
		}
		if code, out, errs = s.bantop("deactivate", "web", "--yes", "--commit"); code != 0 || !strings.Contains(out, "deactivated web; every jail is proven to run") {
			t.Errorf("deactivate: %d %s%s", code, out, errs)
		}
		s.isBack()
		for _, a := range []string{"activate web: confirmed", "deactivate web: confirmed", "confirm activate web: asked for"} {
			if all := s.journal(); !slices.Contains(all, a) {
				t.Errorf("the journal has no %q: %v", a, all)
			}
		}
	})
}

// exitUsage is how a command ends that could not do what was asked.
const exitUsage = 64

func (s *stage) journal() []string {
	s.t.Helper()
	var out []string
	for _, a := range journal(s.t, s.state, s.ConfDir) {
		out = append(out, a.Act+" "+a.Jail+": "+a.Result)
	}
	return out
}

// fault is a jail that bantop is to refuse, or to take back.
type fault struct {
	name, text string // of jail.d/web.conf
	reason     string // the true one
	prepare    func(s *stage)
}

func faults(s *stage) []fault {
	port := "nonsense"
	if _, err := os.Stat("/etc/services"); err != nil { // a machine without names of ports takes any
		port = "99999"
	}
	source := "logpath = " + s.LogPath("web") + "\n"
	jail := "[web]\nenabled = false\n"
	return []fault{
		{name: "log file missing", text: jail + "logpath = /nonexistent/x.log\n", reason: "Have not found any log file for web jail"},
		{name: "filter missing", text: jail + "filter = absent\n" + source, reason: "Unable to read the filter 'absent'"},
		{name: "action missing", text: jail + "action = absent\n" + source, reason: "Unable to read action 'absent'"},
		{name: "regex does not compile", text: jail + "filter =\nfailregex = fail from <HOST>(\n" + source, reason: "Unable to compile regular expression"},
		{name: "regex without <HOST>", text: jail + "filter =\nfailregex = fail from somebody\n" + source, reason: "No failure-id group in 'fail from somebody'"},
		{name: "unknown backend", text: jail + "backend = nonsense\n" + source, reason: "Unknown backend nonsense"},
		{name: "syntax error", text: "[web\nenabled = true\n[web]\n" + source, reason: "no section headers"},
		{name: "port unknown", text: jail + "port = " + port + "\n" + source, reason: fmt.Sprintf("port: %q is neither a number nor a name", port)},
		{name: "bantime not a number", text: jail + "bantime = nonsense\n" + source, reason: "nonsense"},
		{name: "ignoreip unreadable", text: jail + "ignoreip = not/an:address\n" + source, reason: `ignoreip: "not/an:address" is neither`},
		{name: "regex that backtracks without end", text: jail + "filter =\nfailregex = ^.*: (a+)+b <HOST>$\nlogpath = " + s.LogPath("slow") + "\n",
			reason: "its regular expressions read no more than 0 lines of ", prepare: func(s *stage) {
				line := time.Now().Format(time.DateTime) + " host app: " + strings.Repeat("a", 60) + "!\n"
				if err := os.WriteFile(s.LogPath("slow"), []byte(line), 0o600); err != nil {
					s.t.Fatal(err)
				}
			}},
		{name: "a pipe in place of the log", text: jail + "logpath = " + s.LogPath("pipe") + "\n", reason: "is a pipe: fail2ban would wait for ever", prepare: func(s *stage) {
			if err := unix.Mkfifo(s.LogPath("pipe"), 0o600); err != nil {
				s.t.Fatal(err)
			}
		}},
		{name: "symlink as override file", text: jail + source, reason: "is a link, and bantop writes through none", prepare: func(s *stage) {
			if err := os.Symlink("/etc/passwd", filepath.Join(s.ConfDir, "jail.d", "zz-bantop-web.local")); err != nil {
				s.t.Fatal(err)
			}
		}},
		{name: "read-only configuration", text: jail + source, reason: "read-only file system", prepare: func(s *stage) {
			readOnly(s.t, filepath.Join(s.ConfDir, "jail.d"))
		}},
	}
}

// testOf is what fail2ban-client -t says of the jail, were it enabled.
func (s *stage) testOf() string {
	s.t.Helper()
	file := filepath.Join(s.ConfDir, "jail.local")
	if err := os.WriteFile(file, []byte("[web]\nenabled = true\n"), 0o600); err != nil {
		s.t.Fatal(err)
	}
	defer os.Remove(file)
	if _, err := s.Client("-t"); err == nil {
		return "passes it"
	}
	return "finds it"
}

// readOnly makes a folder one that cannot be written to.
func readOnly(t *testing.T, dir string) {
	t.Helper()
	fail2bantest.NeedRoot(t)
	if err := unix.Mount(dir, dir, "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) }) // a test may have done it
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
}

// TestActivateFaults walks all faults: bantop says the true reason, and the server,
// its bans and its configuration are as before; the journal tells it.
func TestActivateFaults(t *testing.T) {
	eachStage(t, 334, func(t *testing.T, s *stage) {
		for _, f := range faults(s) {
			t.Run(f.name, func(t *testing.T) {
				s := *s
				s.t = t
				s.write("jail.d/web.conf", f.text)
				if f.prepare != nil {
					f.prepare(&s)
					s.before = fail2bantest.Tree(t, s.ConfDir)
				}
				tests := s.testOf()
				began := time.Now()
				code, out, errs := s.bantop("activate", "web", "--yes", "--commit")
				touched := s.change() != nil && !s.change().At.Before(began) && s.change().Touched
				t.Logf("fail2ban-client -t %s; bantop finds it after %d ms, live server touched: %v", tests, time.Since(began).Milliseconds(), touched)
				if code != 1 || !strings.Contains(out+errs, f.reason) || touched {
					t.Errorf("exit %d: %s%s", code, out, errs)
				}
				s.isBack()
				if all := strings.Join(s.journal(), "\n"); !strings.Contains(all, f.reason) {
					t.Errorf("the journal has no %q:\n%s", f.reason, all)
				}
				_ = unix.Unmount(filepath.Join(s.ConfDir, "jail.d"), unix.MNT_DETACH) // where it was mounted
				_ = os.Remove(filepath.Join(s.ConfDir, "jail.d", "zz-bantop-web.local"))
			})
		}
	}, `activation.limit = "12s"`)
}

// TestActivateUnrehearsed: what a rehearsal would have found is found by the guard's
// proof, before the live server is touched.
func TestActivateUnrehearsed(t *testing.T) {
	eachStage(t, 334, func(t *testing.T, s *stage) {
		for _, f := range faults(s)[3:6] {
			s.write("jail.d/web.conf", f.text)
			code, out, errs := s.bantop("activate", "web", "--yes", "--no-rehearsal")
			if code != 1 || !strings.Contains(out+errs, f.reason) || !strings.Contains(out, "rolled back before the running server was touched") {
				t.Errorf("%s: exit %d: %s%s", f.name, code, out, errs)
			}
			s.isBack()
		}
	})
}

// TestActivateOdd: strange names go like any other; what cannot be the name of a
// section is refused.
func TestActivateOdd(t *testing.T) {
	eachStage(t, 1, func(t *testing.T, s *stage) {
		for _, name := range []string{"it's \"odd\"", "ümlaut", "$(reboot)", "a b"} {
			s.write("jail.d/odd.conf", strings.Replace(s.web(""), "[web]", "["+name+"]", 1))
			for _, act := range []string{"activate", "deactivate"} {
				if code, out, errs := s.bantop(act, name, "--yes", "--commit"); code != 0 {
					t.Errorf("%s %s: exit %d: %s%s", act, name, code, out, errs)
				}
			}
			s.isBack()
		}
		for _, name := range []string{"a]b", "a\nb", "", "nobody knows me"} {
			if code, out, errs := s.bantop("activate", name, "--yes", "--commit"); code != 1 || out+errs == "" {
				t.Errorf("%q: exit %d: %s%s", name, code, out, errs)
			}
		}
		s.isBack()
	})
}

// TestTwoAdministrators: one goes on, the other is told who and what.
func TestTwoAdministrators(t *testing.T) {
	eachStage(t, 1, func(t *testing.T, s *stage) {
		s.write("jail.d/web.conf", s.web("")+strings.Replace(s.web(""), "[web]", "[web2]", 1))
		one := s.start("activate", "web", "--yes")
		s.await(model.StepConfirm)
		code, out, errs := s.bantop("activate", "web2", "--yes", "--commit")
		if code != 1 || !strings.Contains(out+errs, "is changing web (activate)") {
			t.Errorf("exit %d: %s%s", code, out, errs)
		}
		if code, out, errs = s.bantop("recover", "--reload", "--yes"); code != 1 || !strings.Contains(out+errs, "is changing web (activate)") {
			t.Errorf("a reload meanwhile: exit %d: %s%s", code, out, errs)
		}
		if code, out, errs = s.bantop("revert"); code != 0 || !strings.Contains(out, "rolled back, all jails restored") {
			t.Errorf("revert: exit %d: %s%s", code, out, errs)
		}
		if err := one.Wait(); err == nil || one.ProcessState.ExitCode() != 1 {
			t.Errorf("the first: %v", err)
		}
		s.isBack()
	})
}

// TestActivateJSON: what it found and did, under names that stay.
func TestActivateJSON(t *testing.T) {
	eachStage(t, 1, func(t *testing.T, s *stage) {
		s.write("jail.d/web.conf", s.web("port = 8080\n"))
		code, out, errs := s.bantop("activate", "web", "--yes", "--commit", "--json")
		var got struct {
			Rehearsal plain.Rehearsal
			Change    plain.Change
		}
		if err := json.Unmarshal([]byte(out), &got); err != nil || code != 0 {
			t.Fatalf("exit %d, %v: %s%s", code, err, out, errs)
		}
		if got.Rehearsal.Verdict != "ready" || got.Rehearsal.Ports != "8080" || got.Change.Step != "confirmed" || len(got.Change.Steps) != 3 {
			t.Errorf("got %+v", got)
		}
	})
}

// TestKilledBantop: bantop is killed with -9 at every moment of an activation. Its
// guard goes on, and takes back what nobody confirms; what a rehearsal left is swept
// up by the next one.
func TestKilledBantop(t *testing.T) {
	eachStage(t, 10, func(t *testing.T, s *stage) {
		s.write("jail.d/web.conf", s.web(""))
		for _, after := range []time.Duration{30, 100, 180, 250, 400, 600, 800, 1000, 1200, 1500} {
			cmd := s.start("activate", "web", "--yes")
			time.Sleep(after * time.Millisecond)
			began := time.Now()
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // it was killed
			fail2bantest.Eventually(t, "no change is under way", func() bool {
				c := s.change()
				if c == nil || c.Step.Over() {
					return !s.guarded() // one that was just started has not said so yet
				}
				if c.Step == model.StepConfirm { // do not wait for it: that is tested below
					s.bantop("revert")
				}
				return false
			})
			s.isBack()
			t.Logf("killed after %d ms: back within %d ms", after, time.Since(began).Milliseconds())
		}
		if code, out, errs := s.bantop("activate", "web", "--rehearse"); code != 0 {
			t.Errorf("exit %d: %s%s", code, out, errs)
		}
		if left, err := filepath.Glob(filepath.Join(s.temp, "bantop-rehearsal-*")); err != nil || len(left) > 0 {
			t.Errorf("left: %v, %v", left, err)
		}
		waits := s.start("activate", "web", "--yes")
		s.await(model.StepConfirm)
		deadline := s.change().Deadline
		if err := waits.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = waits.Wait() // it was killed
		s.await(model.StepTakenBack)
		if late := time.Since(deadline); late > 10*time.Second {
			t.Errorf("taken back %s after the deadline", late)
		}
		s.isBack()
	}, `activation.confirm = "10s"`)
}

// TestKilledGuard: where the guard is killed as well, the next bantop that starts, a
// status from cron say, has the change taken back.
func TestKilledGuard(t *testing.T) {
	eachStage(t, 10, func(t *testing.T, s *stage) {
		s.write("jail.d/web.conf", s.web(""))
		waits := s.start("activate", "web", "--yes")
		s.await(model.StepConfirm)
		if err := waits.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = waits.Wait() // it was killed
		for _, pid := range s.guards() {
			if err := unix.Kill(pid, unix.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}
		if code, out, errs := s.bantop("status"); code > 1 {
			t.Errorf("exit %d: %s%s", code, out, errs)
		}
		s.await(model.StepTakenBack)
		if c := s.change(); !strings.HasPrefix(c.Why, "the guard ended at the step: confirm") {
			t.Errorf("got %s", c.Why)
		}
		s.isBack()
	})
}

// guards are the processes that hold the way back of this server.
func (s *stage) guards() []int {
	s.t.Helper()
	out := s.running()
	if len(out) == 0 {
		s.t.Error("there is no guard")
	}
	return out
}

// running are the guards that run, if any.
func (s *stage) running() []int {
	s.t.Helper()
	var out []int
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		s.t.Fatal(err)
	}
	for _, path := range all {
		words, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(words), "\x00guard\x00") || !strings.Contains(string(words), s.Path) {
			continue
		}
		var pid int
		if _, err := fmt.Sscanf(path, "/proc/%d/cmdline", &pid); err == nil {
			out = append(out, pid)
		}
	}
	return out
}

// TestGuardOutlivesTerminal: the terminal is hung up while nobody has confirmed; the
// guard, a session of its own, takes the change back.
func TestGuardOutlivesTerminal(t *testing.T) {
	eachStage(t, 1, func(t *testing.T, s *stage) {
		s.write("jail.d/web.conf", s.web(""))
		e := open(t, terminalOptions{state: s.state, env: s.env}, s.flags...)
		e.waitFor("3 jails")
		e.send("3")
		e.waitFor("1 inactive")
		e.send("Ga")
		e.waitFor("goes on: somebody has to confirm it")
		e.send("\ry")
		e.waitFor("y yes  n no")
		e.send("y")
		e.waitFor("every jail runs as it should")
		s.await(model.StepConfirm)
		if err := e.tty.Close(); err != nil {
			t.Fatal(err)
		}
		s.await(model.StepTakenBack)
		s.isBack()
	}, `activation.confirm = "10s"`)
}

// TestActivateOwn: a jail that would ban somebody who is logged in needs his address
// named; without, nothing is changed.
func TestActivateOwn(t *testing.T) {
	eachStage(t, 1, func(t *testing.T, s *stage) {
		s.write("jail.d/web.conf", s.web(""))
		line := time.Now().UTC().Format(time.DateTime) + " host app: fail from 198.51.100.7\n"
		if err := os.WriteFile(s.LogPath("web"), []byte(strings.Repeat(line, 5)), 0o600); err != nil {
			t.Fatal(err)
		}
		s.env = append(s.env, "SSH_CONNECTION=198.51.100.7 50000 192.0.2.1 22")
		code, out, errs := s.bantop("activate", "web", "--yes", "--commit")
		if code != 1 || !strings.Contains(out, "you          It would ban 198.51.100.7, from where ") || !strings.Contains(errs, "--own 198.51.100.7 does it all the same") {
			t.Errorf("exit %d: %s%s", code, out, errs)
		}
		s.isBack()
		if code, out, errs = s.bantop("activate", "web", "--yes", "--commit", "--own", "198.51.100.7"); code != 0 {
			t.Errorf("exit %d: %s%s", code, out, errs)
		}
	})
}

// TestActivateDenied: who may not talk to fail2ban is told so, and changes nothing.
func TestActivateDenied(t *testing.T) {
	fail2bantest.NeedRoot(t)
	eachStage(t, 1, func(t *testing.T, s *stage) {
		const nobody = 65534
		s.write("jail.d/web.conf", s.web(""))
		if err := errors.Join(os.Chmod(s.Dir, 0o755), os.Chmod(s.ConfDir, 0o755)); err != nil {
			t.Fatal(err)
		}
		s.state = folderOf(t, nobody)
		cmd := s.command("activate", "web", "--yes", "--commit")
		cmd.Path = executable(t, nobody)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		said, err := cmd.CombinedOutput()
		if err == nil || cmd.ProcessState.ExitCode() != 1 || !strings.Contains(string(said), "no permission to talk to fail2ban") {
			t.Errorf("%v: %s", err, said)
		}
		s.isBack()
	})
}
