package rehearsal_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bantop/fail2ban"
	"bantop/fail2ban/fail2bantest"
	"bantop/fail2ban/rehearsal"
	"bantop/fail2ban/socket"
)

// lab is a real server that bans somebody, and a folder for rehearsals.
type lab struct {
	*fail2bantest.Real
	t       testing.TB
	program string // fail2ban-client
	client  *socket.Client
	dir     string
}

func newLab(t testing.TB, install fail2bantest.Install) *lab {
	t.Helper()
	l := &lab{Real: fail2bantest.NewReal(t, install, fail2bantest.RealOptions{}), t: t, dir: fail2bantest.TempDir(t)}
	l.program = filepath.Join(install.Programs(t), "fail2ban-client")
	l.client = socket.New(socket.Options{Path: l.Path, PIDFile: l.PIDFile})
	t.Cleanup(func() { _ = l.client.Close() })
	if _, err := l.Client("set", "j001", "banip", "203.0.113.1", "203.0.113.2"); err != nil {
		t.Fatal(err)
	}
	return l
}

// options rehearse the jail "broken" with a file of this text.
func (l *lab) options(text string) rehearsal.Options {
	l.t.Helper()
	names, err := l.client.Jails(context.Background())
	if err != nil {
		l.t.Fatal(err)
	}
	live, err := l.client.JailStatuses(context.Background(), names)
	if err != nil {
		l.t.Fatal(err)
	}
	actions, err := l.client.Actions(context.Background(), names)
	if err != nil {
		l.t.Fatal(err)
	}
	for i := range live {
		live[i].Actions = actions[live[i].Name]
	}
	return rehearsal.Options{Conf: l.ConfDir, Jail: "broken", File: "zz-bantop-broken.local", Text: []byte(text), On: true, Live: live, Dir: l.dir, Program: l.program}
}

// run rehearses to the end.
func run(o rehearsal.Options) fail2ban.Rehearsal {
	r := rehearsal.New(o)
	defer r.Close()
	for {
		if found := r.Next(context.Background()); found.Step == fail2ban.RehearseDone {
			return found
		}
	}
}

// state is all that a rehearsal must leave as it is.
func (l *lab) state() string {
	l.t.Helper()
	var b strings.Builder
	status, err := l.Client("status", "j001")
	all, err2 := l.Client("status")
	fmt.Fprintln(&b, l.PID(), status, all, err, err2)
	err = filepath.WalkDir(l.ConfDir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		fmt.Fprintf(&b, "%s %s %s %q\n", path, info.Mode(), info.ModTime(), data)
		return err
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return b.String()
}

// nothingLeft holds that no folder and no process of a rehearsal is left.
func (l *lab) nothingLeft() {
	l.t.Helper()
	left, err := os.ReadDir(l.dir)
	if err != nil || len(left) > 0 {
		l.t.Errorf("left: %v, %v", left, err)
	}
	if all := processes(l.t, l.dir); len(all) > 0 {
		l.t.Errorf("still run: %v", all)
	}
}

// processes are those whose command names a folder.
func processes(t testing.TB, dir string) []string {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, path := range all {
		cmdline, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(cmdline), dir) {
			out = append(out, path)
		}
	}
	return out
}

func each(t *testing.T, test func(t *testing.T, l *lab)) {
	t.Parallel()
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			t.Parallel()
			test(t, newLab(t, install))
		})
	}
}

// TestFaults: every fault is found, with its true reason, and the live server and
// its configuration stay as they are.
func TestFaults(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		fifo := filepath.Join(l.Dir, "log", "fifo.log")
		if err := unix.Mkfifo(fifo, 0o600); err != nil {
			t.Fatal(err)
		}
		source := "logpath = " + l.LogPath("j001") + "\n"
		jail := "[broken]\nenabled = true\n"
		if err := os.WriteFile(l.LogPath("slow"), []byte(strings.Repeat("a", 40)+"!\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name, text string
			verdict    fail2ban.Verdict
			reason     string
		}{
			{"log missing", jail + "logpath = /nonexistent/x.log\n", fail2ban.VerdictNoLog, "Have not found any log file for broken jail"},
			{"filter missing", jail + "filter = absent\n" + source, fail2ban.VerdictNoFilter, "Unable to read the filter 'absent'"},
			{"action missing", jail + "action = absent\n" + source, fail2ban.VerdictNoAction, "absent"},
			{"regex", jail + "filter =\nfailregex = fail from <HOST>(\n" + source, fail2ban.VerdictRegex, "Unable to compile regular expression"},
			{"no host", jail + "filter =\nfailregex = fail from somebody\n" + source, fail2ban.VerdictRegex, "No failure-id group in"},
			{"backend", jail + "backend = nonsense\n" + source, fail2ban.VerdictRefused, "nknown backend"},
			{"syntax", "[broken\nenabled = true\n", fail2ban.VerdictSyntax, "no section headers"},
			{"bantime not a number", jail + "bantime = nonsense\n" + source, fail2ban.VerdictRefused, "nonsense"},
			{"a pipe in place of the log", jail + "logpath = " + fifo + "\n", fail2ban.VerdictTooSlow, "to load it takes longer than 5s"},
			{"disabled by a later file", "[broken]\nenabled = false\n" + source, fail2ban.VerdictRefused, "it stays disabled: jail.d/zz-bantop-broken.local:2 says so"},
			{"a port that is none", jail + "port = nonsense\n" + source, fail2ban.VerdictRefused, `port: "nonsense" is neither a number nor a name of /etc/services`},
			{"an ignore list that is none", jail + "ignoreip = ::1 not/an:address\n" + source, fail2ban.VerdictRefused, `ignoreip: "not/an:address" is neither`},
		} {
			t.Run(c.name, func(t *testing.T) {
				l := *l
				l.t = t
				before := l.state()
				o := l.options(c.text)
				if c.verdict == fail2ban.VerdictTooSlow {
					o.Limit = 5 * time.Second
				}
				found := run(o)
				t.Logf("%-12s %5d ms  %s  (%s)", found.Verdict, found.Took.Milliseconds(), found.Reason, found.At)
				if found.Verdict != c.verdict || !strings.Contains(found.Reason, c.reason) || (found.Reason == "") != (c.verdict == fail2ban.VerdictReady) {
					t.Errorf("%s: %q, want %s: %q", found.Verdict, found.Reason, c.verdict, c.reason)
				}
				if strings.Contains(found.Reason, l.dir) {
					t.Errorf("it names the copy: %s", found.Reason)
				}
				if after := l.state(); after != before {
					t.Errorf("it was\n%s\nand is\n%s", before, after)
				}
				l.nothingLeft()
			})
		}
	})
}

// TestGood: whom a jail would ban is known before it runs, who fails, and what it
// reads; the live server bans nobody of them.
func TestGood(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		log := l.LogPath("good")
		var b strings.Builder
		line := func(address string, ago time.Duration, n int) {
			for range n {
				fmt.Fprintf(&b, "%s host app: fail from %s\n", time.Now().Add(-ago).Format(time.DateTime), address)
			}
		}
		line("198.51.100.1", time.Hour, 9)
		line("198.51.100.2", 5*time.Minute, 3)
		line("198.51.100.3", 4*time.Minute, 2)
		line("2001:db8::1", 3*time.Minute, 4)
		line("198.51.100.4", 2*time.Minute, 1)
		if err := os.WriteFile(log, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		before := l.state()
		found := run(l.options("[broken]\nenabled = true\nport = 8080\nlogpath = " + log + "\n"))
		t.Logf("%+v", found)
		want := fail2ban.Rehearsal{
			Jail: "broken", Step: fail2ban.RehearseDone, Verdict: fail2ban.VerdictReady, Files: []string{log}, Lines: 19, LinesRead: 19, AllRead: true,
			Matched: 10, MaxRetry: 3, WouldBan: []string{"198.51.100.2", "2001:db8::1"}, Ports: "8080", Actions: []string{"noop"},
			Failing: []fail2ban.Failing{{Address: "198.51.100.3", Failures: 2}, {Address: "198.51.100.4", Failures: 1}},
		}
		want.Steps, want.Took = found.Steps, found.Took
		if fmt.Sprintf("%+v", found) != fmt.Sprintf("%+v", want) {
			t.Errorf("got\n%+v\nwant\n%+v", found, want)
		}
		var steps []fail2ban.RehearsalStep
		for _, s := range found.Steps {
			steps = append(steps, s.Step)
		}
		if !slices.Equal(steps, []fail2ban.RehearsalStep{fail2ban.RehearseCopy, fail2ban.RehearseTest, fail2ban.RehearseStart, fail2ban.RehearseRead}) {
			t.Errorf("steps %v", steps)
		}
		if after := l.state(); after != before {
			t.Errorf("it was\n%s\nand is\n%s", before, after)
		}
		l.nothingLeft()
	})
}

// TestElsewhere: what else a reload would do is told, and what a deactivation does.
func TestElsewhere(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		edit := "[j001]\naction = slow\n[j002]\nenabled = false\n[new]\nenabled = true\nlogpath = " + l.LogPath("j001") + "\n"
		if err := os.WriteFile(filepath.Join(l.ConfDir, "jail.local"), []byte(edit), 0o600); err != nil {
			t.Fatal(err)
		}
		o := l.options("[broken]\nenabled = true\nlogpath = " + l.LogPath("j001") + "\n")
		found := run(o)
		if !found.OK() || !slices.Equal(found.Appear, []string{"new"}) || !slices.Equal(found.Vanish, []string{"j002"}) || !slices.Equal(found.Change, []string{"j001"}) {
			t.Errorf("got %+v", found)
		}
		o.Jail, o.File, o.Text, o.On = "j003", "zz-bantop-j003.local", []byte("[j003]\nenabled = false\n"), false
		found = run(o)
		if !found.OK() || len(found.Steps) != 2 || !slices.Equal(found.Vanish, []string{"j002"}) {
			t.Errorf("got %+v", found)
		}
		o.Text = []byte("[j003]\n")
		if found = run(o); found.Verdict != fail2ban.VerdictRefused || !strings.HasPrefix(found.Reason, "it stays enabled: jail.conf:") {
			t.Errorf("got %+v", found)
		}
		l.nothingLeft()
	})
}

// TestBrokenAlready: what is wrong without the change is no fault of it.
func TestBrokenAlready(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		if err := os.WriteFile(filepath.Join(l.ConfDir, "jail.d", "a.local"), []byte("[j001\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		found := run(l.options("[broken]\nenabled = true\nlogpath = " + l.LogPath("j001") + "\n"))
		if found.Verdict != fail2ban.VerdictSyntax || !strings.HasPrefix(found.Reason, "without this change, too: File contains no section headers") || found.At.File != "jail.d/a.local" {
			t.Errorf("got %+v", found)
		}
	})
}

// TestSlowRegex: a regular expression that backtracks without end does not hold
// anybody up beyond the limit.
func TestSlowRegex(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		line := time.Now().Format(time.DateTime) + " host app: " + strings.Repeat("a", 60) + "!\n"
		if err := os.WriteFile(l.LogPath("slow"), []byte(line), 0o600); err != nil {
			t.Fatal(err)
		}
		o := l.options("[broken]\nenabled = true\nfilter =\nfailregex = ^.*: (a+)+b <HOST>$\nlogpath = " + l.LogPath("slow") + "\n")
		o.Limit = 10 * time.Second
		began := time.Now()
		found := run(o)
		if found.Verdict != fail2ban.VerdictTooSlow || !strings.Contains(found.Reason, "a regular expression that backtracks") || time.Since(began) > 30*time.Second {
			t.Errorf("after %s: %+v", time.Since(began), found)
		}
		t.Logf("%s %q after %s, all read %v, %d of %d lines", found.Verdict, found.Reason, time.Since(began), found.AllRead, found.LinesRead, found.Lines)
		l.nothingLeft()
	})
}

// TestLimit: a log that cannot be read in time is said to be read in part; the
// jail loads all the same.
func TestLimit(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		f, err := os.Create(l.LogPath("big"))
		if err != nil {
			t.Fatal(err)
		}
		line := time.Now().Format(time.DateTime) + " host app: nothing of interest, at great length, from nobody in particular\n"
		block := []byte(strings.Repeat(line, 10_000))
		for range 100 { // 90 MB: some 11 s
			if _, err := f.Write(block); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		o := l.options("[broken]\nenabled = true\nlogpath = " + l.LogPath("big") + "\n")
		o.Limit = 10 * time.Second
		r := rehearsal.New(o)
		defer r.Close()
		var found fail2ban.Rehearsal
		grew := 0
		for last := 0; found.Step != fail2ban.RehearseDone; last = found.LinesRead {
			if found = r.Next(t.Context()); found.LinesRead > last {
				grew++
			}
		}
		if !found.OK() || found.AllRead || found.LinesRead == 0 || found.LinesRead >= found.Lines || grew < 2 || found.Lines < 990_000 || found.Lines > 1_010_000 {
			t.Errorf("grew %d times, got %+v", grew, found)
		}
		r.Close()
		l.nothingLeft()
	})
}

// TestClose: a rehearsal that nobody wants any more leaves nothing, in whatever
// step it is, and says that it was given up.
func TestClose(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		for steps := range 6 {
			r := rehearsal.New(l.options("[broken]\nenabled = true\nlogpath = " + l.LogPath("j001") + "\n"))
			for range steps {
				r.Next(t.Context())
			}
			done := make(chan fail2ban.Rehearsal)
			go func() { done <- r.Next(context.Background()) }()
			r.Close()
			r.Close()
			<-done
			if found := r.Next(t.Context()); steps < 5 && found.Step != fail2ban.RehearseDone {
				t.Errorf("after %d steps: %+v", steps, found)
			}
			r.Close()
			l.nothingLeft()
		}
	})
}

// TestImpossible: where nothing can be rehearsed, that is said.
func TestImpossible(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		o := l.options("[broken]\n")
		o.Dir = fail2bantest.SmallDisk(t, "4k")
		found := run(o)
		if found.Verdict != fail2ban.VerdictImpossible || !strings.Contains(found.Reason, "no space left on device") {
			t.Errorf("got %+v", found)
		}
		o.Dir = l.dir
		o.Program = "/nonexistent/fail2ban-client"
		if found = run(o); found.Verdict != fail2ban.VerdictImpossible || !strings.Contains(found.Reason, "no such file or directory") {
			t.Errorf("got %+v", found)
		}
		l.nothingLeft()
	})
}

// TestOddNames: a jail with a strange name is rehearsed as any other.
func TestOddNames(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		for _, name := range []string{"it's \"odd\"", "a b", "ümlaut", "$(reboot)", "-x", "日本"} {
			o := l.options("[" + name + "]\nenabled = true\nlogpath = " + l.LogPath("j001") + "\n")
			o.Jail = name
			if found := run(o); !found.OK() {
				t.Errorf("%s: %+v", name, found)
			}
		}
		l.nothingLeft()
	})
}

// TestLargeLog: a log of 200 MB, of which fail2ban reads what is not older than
// findtime, is rehearsed within the limit; one that is all of today says how much of
// it was read.
func TestLargeLog(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		for _, c := range []struct {
			name  string
			ago   time.Duration
			limit time.Duration
			all   bool
		}{{"of old", 240 * time.Hour, time.Minute, true}, {"of today", 0, 8 * time.Second, false}} {
			f, err := os.Create(l.LogPath("large"))
			if err != nil {
				t.Fatal(err)
			}
			line := time.Now().Add(-c.ago).Format(time.DateTime) + " host app: nothing of interest, at great length, from nobody in particular\n"
			block := []byte(strings.Repeat(line, 10_000))
			for size := 0; size < 200<<20; size += len(block) {
				if _, err := f.Write(block); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := f.WriteString(strings.Repeat(time.Now().Format(time.DateTime)+" host app: fail from 203.0.113.9\n", 3)); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			o := l.options("[broken]\nenabled = true\nlogpath = " + l.LogPath("large") + "\n")
			o.Limit = c.limit
			found := run(o)
			t.Logf("%s: after %d ms, %d of %d lines, would ban %v", c.name, found.Took.Milliseconds(), found.LinesRead, found.Lines, found.WouldBan)
			if !found.OK() || found.AllRead != c.all || c.all != slices.Equal(found.WouldBan, []string{"203.0.113.9"}) || found.Lines < 2_000_000 {
				t.Errorf("%s: %+v", c.name, found)
			}
			l.nothingLeft()
		}
	})
}
