package logfile_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bantop/fail2ban"
	"bantop/fail2ban/fail2bantest"
	"bantop/fail2ban/logfile"
)

const sample = `2026-01-02 15:04:05,678 fail2ban.server         [812]: INFO    Reload all jails
2026-01-02 15:04:05,679 fail2ban.server         [812]: INFO    Reload jail 'j001'
2026-01-02 15:04:05,680 fail2ban.jail           [812]: INFO    Creating new jail 'broken'
2026-01-02 15:04:05,681 fail2ban.filter         [812]: ERROR   Unable to compile regular expression 'x(':
missing ), unterminated subpattern at position 1
2026-01-02 15:04:05,682 fail2ban.jail           [812]: ERROR   Stop FilterPoll(Jail('broken')) of jail 'broken' failed: x
2026-01-02 15:04:06,000 fail2ban.jail           [812]: INFO    Jail 'sshd' started
2026-01-02 15:04:06,000 fail2ban.jail           [812]: INFO    Jail 'sshd' stopped
2026-01-02 15:04:07,000 fail2ban.server         [812]: INFO    Reload jail sshd
2026-01-02 15:04:08,000 fail2ban.server         [812]: INFO    Shutdown in progress...
2026-01-02 15:04:08,000 fail2ban.server         [812]: INFO    Exiting Fail2ban
2026-01-02 15:04:08,000 fail2ban.server         [813]: INFO    Starting Fail2ban v1.0.2
2026-01-02 15:04:08,000 fail2ban.transmitter    [813]: ERROR   Command ['reload', '--all', [], [['x', ']']]] has failed. Received RegexException("no")
2026-01-02 15:04:08,000 fail2ban.actions        [813]: NOTICE  [sshd] Ban 192.0.2.1
`

// TestParse walks the lines that bantop acts on.
func TestParse(t *testing.T) {
	at := func(s string) time.Time {
		when, err := time.ParseInLocation("15:04:05.000", s, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		return when.AddDate(2026, 0, 1)
	}
	want := []fail2ban.LogNote{
		{At: at("15:04:05.678"), Kind: fail2ban.LogReload, Text: "Reload all jails"},
		{At: at("15:04:05.679"), Text: "Reload jail 'j001'"},
		{At: at("15:04:05.680"), Kind: fail2ban.LogCreated, Jail: "broken", Text: "Creating new jail 'broken'"},
		{At: at("15:04:05.681"), Kind: fail2ban.LogError, Text: "Unable to compile regular expression 'x(':\nmissing ), unterminated subpattern at position 1"},
		{At: at("15:04:05.682"), Kind: fail2ban.LogError, Jail: "broken", Text: "Stop FilterPoll(Jail('broken')) of jail 'broken' failed: x"},
		{At: at("15:04:06.000"), Kind: fail2ban.LogStarted, Jail: "sshd", Text: "Jail 'sshd' started"},
		{At: at("15:04:06.000"), Kind: fail2ban.LogStopped, Jail: "sshd", Text: "Jail 'sshd' stopped"},
		{At: at("15:04:07.000"), Kind: fail2ban.LogReload, Jail: "sshd", Text: "Reload jail sshd"},
		{At: at("15:04:08.000"), Kind: fail2ban.LogServer, Text: "Shutdown in progress..."},
		{At: at("15:04:08.000"), Kind: fail2ban.LogServer, Text: "Exiting Fail2ban"},
		{At: at("15:04:08.000"), Kind: fail2ban.LogServer, Text: "Starting Fail2ban v1.0.2"},
		{At: at("15:04:08.000"), Kind: fail2ban.LogError, Text: "Command [...] has failed. Received RegexException(\"no\")"},
		{At: at("15:04:08.000"), Text: "[sshd] Ban 192.0.2.1"},
	}
	got := logfile.Parse("a line that continues nothing\n"+sample, time.UTC)
	if len(got) != len(want) {
		t.Fatalf("got %d notes: %+v", len(got), got)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("got  %+v\nwant %+v", got[i], want[i])
		}
	}
}

// TestTail reads only the end of a large log, and no half line.
func TestTail(t *testing.T) {
	file := filepath.Join(t.TempDir(), "fail2ban.log")
	if err := os.WriteFile(file, []byte(strings.Repeat(sample, 10000)), 0o600); err != nil {
		t.Fatal(err)
	}
	notes, err := logfile.Tail(file, 1000, time.UTC)
	if err != nil || len(notes) < 6 || len(notes) > 15 || notes[len(notes)-1].Text != "[sshd] Ban 192.0.2.1" {
		t.Errorf("%d notes, %v", len(notes), err)
	}
	if notes, err = logfile.Tail(file, 1<<30, time.UTC); err != nil || len(notes) != 130000 {
		t.Errorf("%d notes, %v", len(notes), err)
	}
	for _, target := range []string{"SYSTEMD-JOURNAL", "STDOUT", ""} {
		if _, err := logfile.Tail(target, 1000, time.UTC); !errors.Is(err, logfile.ErrNoFile) {
			t.Errorf("%q: %v", target, err)
		}
	}
	if _, err := logfile.Tail(file+".absent", 1000, time.UTC); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// TestRealLog: what a real server writes when a jail is faulty is found.
func TestRealLog(t *testing.T) {
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			r := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{})
			began := time.Now().Add(-time.Second)
			if err := r.Fault("regex"); err != nil {
				t.Fatal(err)
			}
			if _, err := r.Client("reload"); err == nil {
				t.Error("the reload of a faulty jail succeeded")
			}
			notes, err := logfile.Tail(filepath.Join(r.Dir, "log", "fail2ban.log"), 1<<16, time.Local)
			if err != nil {
				t.Fatal(err)
			}
			var kinds []string
			for _, n := range notes {
				if n.At.Before(began) || time.Since(n.At) < 0 {
					continue
				}
				if n.Kind == fail2ban.LogReload || n.Kind == fail2ban.LogError || n.Kind == fail2ban.LogCreated && n.Jail == "broken" {
					kinds = append(kinds, string(n.Kind))
				}
			}
			if got := strings.Join(kinds, " "); !strings.HasPrefix(got, "reload created error") {
				t.Errorf("got %q", got)
			}
		})
	}
}

// FuzzParse feeds foreign lines: no crash, no more notes than lines, and none
// that is endless.
func FuzzParse(f *testing.F) {
	f.Add(sample)
	f.Add("2026-01-02 15:04:05,678 x]: ERROR ail '\n\x00\n")
	f.Fuzz(func(t *testing.T, text string) {
		notes := logfile.Parse(text, time.UTC)
		if lines := strings.Count(text, "\n") + 1; len(notes) > lines {
			t.Errorf("%d notes of %d lines", len(notes), lines)
		}
		for _, n := range notes {
			if len(n.Text) > len(text) {
				t.Errorf("%+v", n)
			}
		}
	})
}

// TestNoRegularFile: a named pipe that nobody writes to, a folder and a device hold
// nobody up, and are no log to read.
func TestNoRegularFile(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{pipe, t.TempDir(), "/dev/null"} {
		if _, err := logfile.Tail(target, 1000, time.UTC); err == nil || !strings.HasSuffix(err.Error(), "is not a regular file") {
			t.Errorf("%s: %v", target, err)
		}
	}
}
