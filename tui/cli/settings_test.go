package cli_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"bantop/fail2ban/fail2bantest"
	"bantop/tui/cli"
)

// badSettings are a settings file that cannot be used.
func badSettings(t *testing.T) string {
	t.Helper()
	return settingsFile(t, "refesh = \"1s\"\n")
}

func settingsFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "bantop.toml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestFaultySettings: a settings file that cannot be used keeps no command from its
// work: it ends and prints as without the file, on the server and the state of the
// flags, and says on stderr what is not used, why, and what to do.
func TestFaultySettings(t *testing.T) {
	for _, args := range [][]string{
		{"status"}, {"status", "--json", "--format", ""}, {"bans"}, {"jails"}, {"why", "192.0.2.1"},
		{"confirm"}, {"revert"}, {"recover"}, {"history"}, {"history", "--acts"},
		{"ban", "192.0.2.9", "--jail", "sshd", "--yes"}, {"unban", "192.0.2.1", "--yes"}, {"allow", "192.0.2.8", "--jail",
			"sshd", "--yes"},
		{"activate", "nothing", "--yes"}, {"deactivate", "nothing", "--yes"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			t.Parallel()
			bad := badSettings(t)
			with, without := lookBy(t, args, "--settings", bad), lookBy(t, args) // at the same time
			code, out, errs := with()
			said := "bantop: settings not used: " + bad + `:1: unknown key "refesh": did you mean "refresh"?` +
				" next: correct " + bad + "; bantop config --settings " + bad + " checks it"
			rest, found := strings.CutPrefix(errs, said)
			if !found {
				t.Errorf("not said: %s", errs)
			}
			wantCode, wantOut, wantErrs := without()
			if code != wantCode || plainDigits(out) != plainDigits(wantOut) || words(rest) != wantErrs {
				t.Errorf("exit %d, without the file %d\n%s\n%s\n%s\n%s", code, wantCode, out, wantOut, rest, wantErrs)
			}
		})
	}
}

// lookBy runs a command with flags on a server of its own, and returns what waits for
// its result, without the names of that server's files.
func lookBy(t *testing.T, args []string, flags ...string) func() (code int, out, errs string) {
	t.Helper()
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	writePID(t, s.PIDFile, os.Getpid())
	s.Ban("sshd", "192.0.2.1")
	conf := t.TempDir()
	type result struct {
		code      int
		out, errs string
	}
	done := make(chan result, 1)
	go func() {
		var r result
		r.code, r.out, r.errs = run(t.Context(), slices.Concat([]string{"-s", s.Path, "-p", s.PIDFile, "-c", conf}, flags, args)...)
		same := strings.NewReplacer(s.Path, "SOCKET", s.PIDFile, "PID", conf, "CONF")
		r.out, r.errs = words(same.Replace(r.out)), words(same.Replace(r.errs))
		done <- r
	}()
	return func() (int, string, string) {
		r := <-done
		return r.code, r.out, r.errs
	}
}

// words are the words of a text, in one line.
func words(text string) string { return strings.Join(strings.Fields(text), " ") }

// figures are a number, or a length of time in one unit or two ("5m 59s", "6m").
var figures = regexp.MustCompile(`[0-9]+(µs|ms|[smhd]\b)?( [0-9]+[smh]\b)?`)

// plainDigits leaves out all numbers: times and lengths of time differ.
func plainDigits(text string) string { return figures.ReplaceAllString(text, "") }

// TestFaultySettingsOfCommands: `config` says what is wrong and ends with 1;
// a wrong flag is an error of each. A file that does not exist keeps nobody from looking.
func TestFaultySettingsOfCommands(t *testing.T) {
	bad := badSettings(t)
	code, out, errs := run(t.Context(), "--settings", bad, "-s", "/run/f2b.sock", "--theme", "16", "config")
	if code != 1 || !holds(out, "--theme", "/run/f2b.sock") || !holds(errs, "settings not used: "+bad, "next: ") {
		t.Errorf("config: exit %d: %s%s", code, out, errs)
	}
	for _, command := range []string{"status", "doctor", "config", "confirm"} {
		if code, _, errs := run(t.Context(), "--settings", bad, "-s", "/run/f2b.sock", "--refresh", "soon",
			command); code != 64 || !holds(errs, `"soon" is not a time`) {
			t.Errorf("%s with a wrong flag: exit %d: %s", command, code, errs)
		}
	}
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	code, out, errs = runIn(t.Context(), t.TempDir(), "--settings", "/nonexistent/b.toml", "-s", s.Path, "-p", s.PIDFile, "status")
	if code != 0 || !holds(out, "sshd") || !holds(errs, "settings not used: /nonexistent/b.toml", "next: put /nonexistent/b.toml back") {
		t.Errorf("status without the file: exit %d: %s%s", code, out, errs)
	}
}

// TestDoctorLooksWhereItIsTold: with settings that cannot be used, the doctor looks
// at the server and the state of the flags, not at this machine's own.
func TestDoctorLooksWhereItIsTold(t *testing.T) {
	for name, file := range map[string]string{"faulty": badSettings(t), "not there": "/nonexistent/bantop.toml"} {
		t.Run(name, func(t *testing.T) {
			s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
			state := t.TempDir()
			code, out, errs := runIn(t.Context(), state, "doctor", "--settings", file, "-s", s.Path, "-p", s.PIDFile)
			if code != 1 || errs != "" || !holds(out, "fault  settings", file, s.Path, state) || holds(out,
				"/var/run/fail2ban") {
				t.Errorf("exit %d: %s%s", code, out, errs)
			}
			if _, err := os.Stat(filepath.Join(state, "bantop.db")); err != nil {
				t.Errorf("the state of the flags was not looked at: %v", err)
			}
		})
	}
}

// TestRootTakesNothingFromOthers: root reads no file of a home folder, and of the
// environment only what changes how things are drawn; the rest is said in one line.
func TestRootTakesNothingFromOthers(t *testing.T) {
	fail2bantest.NeedRoot(t)
	home := t.TempDir()
	if err := os.MkdirAll(filepath.Join(home, ".config", "bantop"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, ".config", "bantop", "bantop.toml"), []byte("refresh = \"9s\"\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"HOME": home, "XDG_CONFIG_HOME": filepath.Join(home, ".config"),
		"BANTOP_REFRESH":   "8s",
		"BANTOP_STATE_DIR": home, "BANTOP_THEME": "dark"} {
		t.Setenv(name, value)
	}
	code, out, errs := run(t.Context(), "-s", "/run/f2b.sock", "config")
	if code != 0 || !holds(words(out), "refresh 1s default", "theme dark BANTOP_THEME") || holds(out, "BANTOP_STATE_DIR") {
		t.Errorf("exit %d: %s", code, out)
	}
	if want := "bantop: root ignores BANTOP_REFRESH, BANTOP_STATE_DIR: use the flag, or set it in "; strings.Count(errs,
		"\n") != 1 || !strings.HasPrefix(errs, want) {
		t.Errorf("told %q", errs)
	}
}

// TestSettingsNamedFromHere: a file that is named relative to this folder is the
// same for the guard, whose folder is another.
func TestSettingsNamedFromHere(t *testing.T) {
	file := settingsFile(t, "refresh = \"5s\"\n")
	t.Chdir(filepath.Dir(file))
	if _, out, errs := run(t.Context(), "-s", "/run/f2b.sock", "--settings", "bantop.toml", "config"); !holds(words(out),
		"refresh 5s "+file+":1") {
		t.Errorf("%s%s", out, errs)
	}
}

// TestKeptOff: no test looks at the settings or the state of this machine.
func TestKeptOff(t *testing.T) {
	if admin, state := cli.Own(); strings.HasPrefix(admin, "/etc/") || strings.HasPrefix(state, "/var/") {
		t.Errorf("%s, %s", admin, state)
	}
}

// TestGuardNeedsNoSettings: the process that holds the way back works whatever has
// become of the settings file that it was given.
func TestGuardNeedsNoSettings(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	for name, file := range map[string]string{"faulty": badSettings(t), "gone": "/nonexistent/bantop.toml"} {
		var out, errs bytes.Buffer
		code := cli.Run(t.Context(), []string{"guard", "--conf", t.TempDir(), "-s", s.Path, "-p", s.PIDFile, "--state-dir",
			t.TempDir(), "--settings", file},
			strings.NewReader("null"), &out, &errs)
		if code != 0 || !holds(errs.String(), "settings not used: "+file) || holds(errs.String(), "read the settings") {
			t.Errorf("%s: exit %d: %s%s", name, code, &out, &errs)
		}
	}
}

// TestUserSettings: a user who is not root has his own file and all variables as
// before; a file of another user is refused by its name.
func TestUserSettings(t *testing.T) {
	fail2bantest.NeedRoot(t)
	const user, another = 65534, 65533
	home := folderOf(t, user)
	own := filepath.Join(home, ".config", "bantop", "bantop.toml")
	config := func(args ...string) (out, errs string) {
		t.Helper()
		var stdout, stderr bytes.Buffer
		cmd := exec.Command(executable(t, user), append([]string{"-s", "/run/f2b.sock", "--state-dir", home}, args...)...)
		cmd.Env = []string{reExec + "=1", "HOME=" + home, "BANTOP_TIMEOUT=7s", "LANG=C.UTF-8"}
		cmd.Dir, cmd.Stdout, cmd.Stderr = "/", &stdout, &stderr
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user, Gid: user}}
		err := cmd.Run()
		if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
			t.Fatal(err)
		}
		return words(stdout.String()), words(stderr.String())
	}
	write := func(file string, uid int) {
		t.Helper()
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte("refresh = \"9s\"\n"),
			0o644), os.Chown(file, uid, uid)); err != nil {
			t.Fatal(err)
		}
	}
	for _, uid := range []int{user, 0} {
		write(own, uid)
		if out, errs := config("config"); !holds(out, "refresh 9s "+own+":1", "timeout 7s BANTOP_TIMEOUT") || errs != "" {
			t.Errorf("a file of %d: %s %s", uid, out, errs)
		}
	}
	theirs := filepath.Join(home, "theirs.toml")
	write(own, another)
	write(theirs, another)
	for _, args := range [][]string{{"config"}, {"--settings", theirs, "config"}} {
		file := map[bool]string{true: theirs, false: own}[len(args) > 1]
		if out, errs := config(args...); !holds(out, "refresh 1s default") || !holds(errs,
			"settings not used: "+file+" belongs to ", "then: chown ", " "+file) {
			t.Errorf("a file of another: %s %s", out, errs)
		}
	}
}

// TestFaultyVariable: a variable that is not used is named by itself, for all else is.
func TestFaultyVariable(t *testing.T) {
	t.Setenv("BANTOP_MOUSE", "maybe")
	_, _, errs := run(t.Context(), "-s", filepath.Join(t.TempDir(), "absent.sock"), "status")
	if want := "bantop: ignored: BANTOP_MOUSE: \"maybe\" is not true or false\nnext: unset BANTOP_MOUSE\n"; errs != want {
		t.Errorf("got %q", errs)
	}
}
