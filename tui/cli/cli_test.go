package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"bantop/fail2ban/fail2bantest"
	"bantop/tui/cli"
	"bantop/tui/plain"
)

// run runs bantop, with a state of its own, and returns its exit code and what it
// printed.
func run(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	dir, err := os.MkdirTemp("", "bantop-state")
	if err != nil {
		return -1, "", err.Error()
	}
	defer os.RemoveAll(dir)
	return runIn(ctx, dir, args...)
}

// runIn is run with the state that is kept in a folder.
func runIn(ctx context.Context, state string, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = cli.Run(ctx, append([]string{"--state-dir", state}, args...), strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

// TestStatusAgreesWithFail2banClient: `bantop status --json` against ten real
// jails prints the counts that `fail2ban-client status JAIL` prints for each.
func TestStatusAgreesWithFail2banClient(t *testing.T) {
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			var jails []string
			for i := range 10 {
				jails = append(jails, fmt.Sprintf("jail%02d", i))
			}
			r := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{Jails: jails})
			for i, jail := range jails {
				ban := []string{"set", jail, "banip"}
				for n := range i {
					ban = append(ban, fmt.Sprintf("192.0.2.%d", n))
				}
				if _, err := r.Client(ban...); err != nil {
					t.Fatal(err)
				}
				if err := r.Attack(jail, "198.51.100.9", i%3); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(2 * time.Second) // the server looks at its logs once a second
			code, out, errs := run(t.Context(), "-c", r.ConfDir, "status", "--json")
			if code != plain.ExitOnline {
				t.Fatalf("exit %d: %s%s", code, out, errs)
			}
			var got plain.Status
			if err := json.Unmarshal([]byte(out), &got); err != nil {
				t.Fatal(err)
			}
			if got.Version != install.Version || len(got.Jails) != len(jails) {
				t.Errorf("version %q, %d jails", got.Version, len(got.Jails))
			}
			failed := 0
			for _, j := range got.Jails {
				text, err := r.Client("status", j.Name)
				if err != nil {
					t.Fatal(err)
				}
				counts := plain.Counts{Banned: *j.Banned, TotalBanned: *j.TotalBanned, Failing: *j.Failing, TotalFailed: *j.TotalFailed}
				if want := clientCounts(t, text); counts != want {
					t.Errorf("%s: bantop says %+v, fail2ban-client %+v", j.Name, counts, want)
				}
				failed += counts.TotalFailed
			}
			if got.Totals.Banned != 45 || failed == 0 {
				t.Errorf("banned %d, want 45; failed %d", got.Totals.Banned, failed)
			}
		})
	}
}

// clientCounts reads what fail2ban-client prints for a jail.
func clientCounts(t *testing.T, text string) plain.Counts {
	t.Helper()
	number := func(name string) int {
		m := regexp.MustCompile(name + `:\s+(\d+)`).FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("no %q in %s", name, text)
		}
		n, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	return plain.Counts{Banned: number("Currently banned"), TotalBanned: number("Total banned"),
		Failing: number("Currently failed"), TotalFailed: number("Total failed")}
}

// TestStatusExitCodes: each state of a server, and the code that status ends
// with.
func TestStatusExitCodes(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*fail2bantest.Server)
		exit  int
		words []string
	}{
		{"online", func(*fail2bantest.Server) {}, plain.ExitOnline, []string{"online", "fail2ban 1.0.2", "sshd"}},
		{"degraded", func(s *fail2bantest.Server) {
			s.Edit("sshd", func(j *fail2bantest.Jail) { j.Actions = nil })
		}, plain.ExitDegraded, []string{"degraded", "sshd: no action", "reload --restart sshd"}},
		{"stopped", (*fail2bantest.Server).Stop, plain.ExitOffline, []string{"offline", "not running", "next: sudo fail2ban-client -s "}},
		{"killed", (*fail2bantest.Server).Kill, plain.ExitOffline, []string{"offline", "left its socket", " -x start"}},
		{"no answer", func(s *fail2bantest.Server) { s.Inject(fail2bantest.Fault{Hang: true}) }, plain.ExitUnknown,
			[]string{"unresponsive", "no answer for 300ms", "next: wait"}},
		{"garbage", func(s *fail2bantest.Server) { s.Inject(fail2bantest.Fault{Raw: []byte("\x1b[2J")}) }, plain.ExitUnknown,
			[]string{"unresponsive", "cannot be read", "ping"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
			writePID(t, s.PIDFile, os.Getpid()) // for the kernel, the server is this process
			c.spoil(s)
			file := filepath.Join(t.TempDir(), "bantop.toml")
			if err := os.WriteFile(file, []byte("timeout = \"300ms\"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			code, out, errs := run(t.Context(), "--settings", file, "-s", s.Path, "-p", s.PIDFile, "status")
			if code != c.exit || errs != "" {
				t.Errorf("exit %d, want %d; %s", code, c.exit, errs)
			}
			for _, w := range c.words {
				if !strings.Contains(out, w) {
					t.Errorf("%q is not in\n%s", w, out)
				}
			}
		})
	}
}

func writePID(t *testing.T, file string, pid int) {
	t.Helper()
	if err := os.WriteFile(file, []byte(strconv.Itoa(pid)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestErrorsSayWhatToDo: a wrong call is told on stderr, and nothing is printed.
func TestErrorsSayWhatToDo(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"nonsense"}, `unknown command "nonsense"`},
		{[]string{"stats"}, "status"}, // the nearest command is named
		{[]string{"--nonsense"}, "unknown flag: --nonsense"},
		{[]string{"status", "--refresh", "fast"}, `--refresh: refresh: "fast" is not a time from 200ms to 1h`},
		{[]string{"status", "--json", "--format", "x"}, "--json and --format"},
		{[]string{"-s", "/nonexistent/x.sock", "status", "--format", "{{.X}}"}, "fill in the template"},
		{nil, "this is no terminal"},
		{[]string{"demo"}, "this is no terminal"},
		{[]string{"version", "\x1b[2J"}, `\x1b[2J`},
	} {
		code, out, errs := run(t.Context(), c.args...)
		if code != 64 || out != "" || !strings.HasPrefix(errs, "bantop: ") || !strings.Contains(errs, c.want) || strings.Contains(errs, "\x1b") {
			t.Errorf("%q: exit %d, printed %q, told %q", c.args, code, out, errs)
		}
	}
}

// TestVersion prints one line, or one document.
func TestVersion(t *testing.T) {
	if code, out, _ := run(t.Context(), "version"); code != 0 || !regexp.MustCompile(`^bantop \S+( \([0-9a-f]+\))? go1\.\S+\n$`).MatchString(out) {
		t.Errorf("exit %d: %q", code, out)
	}
	var doc map[string]string
	if code, out, _ := run(t.Context(), "version", "--json"); code != 0 || json.Unmarshal([]byte(out), &doc) != nil || doc["version"] == "" {
		t.Errorf("exit %d: %v", code, doc)
	}
}

// TestHelpHasExamples: every command explains itself.
func TestHelpHasExamples(t *testing.T) {
	for args, want := range map[string][]string{
		"--help":        {"Examples:", "sudo bantop status --json", "--socket FILE", "--conf DIR", "--pidfile FILE", "--settings FILE"},
		"status --help": {"Examples:", "--watch", "--format TEMPLATE", "offline"},
		"demo --help":   {"made-up"},
	} {
		code, out, errs := run(t.Context(), strings.Fields(args)...)
		for _, w := range want {
			if code != 0 || errs != "" || !strings.Contains(out, w) {
				t.Errorf("%s: exit %d, no %q in\n%s%s", args, code, w, out, errs)
			}
		}
	}
}

// TestFindsServerInConfiguration: without a socket named, it is the one that
// fail2ban's configuration names.
func TestFindsServerInConfiguration(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	dir := t.TempDir()
	text := "[Definition]\nsocket = " + s.Path + "\npidfile = " + s.PIDFile + "\n"
	if err := os.WriteFile(filepath.Join(dir, "fail2ban.local"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := run(t.Context(), "--conf", dir, "status"); code != 0 {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	s.Kill()
	_, out, _ := run(t.Context(), "--conf", dir, "status")
	if want := "next: sudo fail2ban-client -c " + dir + " -x start"; !strings.Contains(out, want) {
		t.Errorf("%q is not in\n%s", want, out)
	}
}

// TestWatch: status --watch says so again when something changed, and only
// then.
func TestWatch(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	ctx, cancel := context.WithCancel(t.Context())
	out := &lines{}
	done := make(chan int)
	go func() {
		done <- cli.Run(ctx, []string{"--state-dir", t.TempDir(), "-s", s.Path, "-p", s.PIDFile, "--refresh", "200ms", "status", "--watch",
			"--format", "{{.Status}} {{.Totals.Banned}}"}, strings.NewReader(""), out, out)
	}()
	out.wait(t, "online 0")
	s.Ban("sshd", "192.0.2.1")
	out.wait(t, "online 1")
	s.Stop()
	out.wait(t, "offline 0")
	cancel()
	if code := <-done; code != plain.ExitOffline {
		t.Errorf("exit %d", code)
	}
	if got := out.all(); len(slices.Compact(got)) != len(got) {
		t.Errorf("said twice: %q", got)
	}
}

// TestOneLookWaitsForAServerThatStarts: a server that gathers its jails is
// waited for, but not for long. It is a process of its own: how long a server runs
// is how long its process does.
func TestOneLookWaitsForAServerThatStarts(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := fail2bantest.TempDir(t)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), gathering+"="+dir)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = in.Close() // that ends it
		_ = cmd.Wait()
	}()
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	code, text, errs := run(t.Context(), "-s", filepath.Join(dir, "f2b.sock"), "-p", filepath.Join(dir, "f2b.pid"), "status", "--format", "{{len .Jails}}")
	if code != 0 || text != "2\n" {
		t.Errorf("exit %d: %q%s", code, text, errs)
	}
}

// gathering is the variable that makes the test binary a server in that folder
// which has its jails half a second after it began.
const gathering = "BANTOP_TEST_GATHERING"

// maybeGather is that server, where this process is to be it, until its input ends.
func maybeGather() {
	dir := os.Getenv(gathering)
	if dir == "" {
		return
	}
	s, err := fail2bantest.NewServer(dir, fail2bantest.Options{Jails: []string{"postfix", "sshd"}})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	s.LoseJails("postfix", "sshd")
	time.AfterFunc(500*time.Millisecond, s.RestoreJails)
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}
