package logfile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bantop/fail2ban/logfile"
)

// TestProlonged: a ban that was made again is prolonged until it ends or is made anew.
func TestProlonged(t *testing.T) {
	const again = " already banned"
	for _, c := range []struct {
		name  string
		lines []string
		want  bool // of 192.0.2.1 in j
	}{
		{"made again", []string{"[j] Ban 192.0.2.1", "[j] 192.0.2.1" + again}, true},
		{"only made", []string{"[j] Ban 192.0.2.1"}, false},
		{"in another jail", []string{"[k] 192.0.2.1" + again}, false},
		{"another address", []string{"[j] 192.0.2.11" + again, "[j] 2001:db8::1" + again}, false},
		{"lifted", []string{"[j] 192.0.2.1" + again, "[j] Unban 192.0.2.1"}, false},
		{"lifted in another jail", []string{"[j] 192.0.2.1" + again, "[k] Unban 192.0.2.1"}, true},
		{"lifted and made again", []string{"[j] 192.0.2.1" + again, "[j] Unban 192.0.2.1", "[j] Ban 192.0.2.1", "[j] 192.0.2.1" + again}, true},
		{"restored after a restart", []string{"[j] 192.0.2.1" + again, "[j] Restore Ban 192.0.2.1"}, false},
		{"not by fail2ban's actions", []string{"x 192.0.2.1" + again, "[j]192.0.2.1" + again}, false},
	} {
		name := filepath.Join(t.TempDir(), "f2b.log")
		var text strings.Builder
		for _, l := range c.lines {
			text.WriteString(failLine("actions", "NOTICE", l))
		}
		if err := os.WriteFile(name, []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		var p logfile.Prolonged
		p.Read(name)
		if got := p.Has("j", "192.0.2.1"); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

// TestProlongedFollows: only what is new is read, over rotations, and a line that is being
// written is read when it is whole.
func TestProlongedFollows(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f2b.log")
	line := func(address string) string { return failLine("actions", "WARNING", "[j] "+address+" already banned") }
	write := func(file, text string, flags int) {
		t.Helper()
		f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|flags, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	var p logfile.Prolonged
	has := func(when string, want ...string) {
		t.Helper()
		p.Read(name)
		for i := range 10 {
			address := fmt.Sprint("192.0.2.", i)
			wanted := strings.Contains(" "+strings.Join(want, " ")+" ", " "+fmt.Sprint(i)+" ")
			if p.Has("j", address) != wanted {
				t.Errorf("%s: %s is prolonged: %t", when, address, !wanted)
			}
		}
	}
	has("no log")
	write(name+".1", line("192.0.2.1"), 0)
	write(name, line("192.0.2.2")+line("192.0.2.3")[:40], 0)
	has("at first, with the one before", "1", "2")
	write(name, line("192.0.2.3")[40:], os.O_APPEND)
	has("the rest of a line", "1", "2", "3")
	write(name, line("192.0.2.4"), os.O_APPEND)
	if err := os.Rename(name, name+".1"); err != nil {
		t.Fatal(err)
	}
	write(name, line("192.0.2.5")+line("192.0.2.5"), 0)
	has("rotated, with what was written last", "1", "2", "3", "4", "5")
	write(name, line("192.0.2.6"), os.O_TRUNC)
	has("begun anew", "1", "2", "3", "4", "5", "6")
	write(name, strings.Repeat("x", 3<<20)+"\n"+line("192.0.2.7"), os.O_APPEND)
	has("a line without end", "1", "2", "3", "4", "5", "6", "7")
	for _, target := range []string{"", "SYSLOG", filepath.Dir(name), name + ".gone", "/dev/zero"} {
		p.Read(target)
	}
}
