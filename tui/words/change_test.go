package words_test

import (
	"regexp"
	"strings"
	"testing"

	"bantop/model"
	"bantop/tui/words"
)

// TestLastResortIsQuoted: what is left to do by hand can be pasted into a shell.
func TestLastResortIsQuoted(t *testing.T) {
	s, c := model.State{Control: "fail2ban-client"}, model.Change{}
	s.Settings.Effective.Conf = "/etc/fail2ban"
	c.File.Dir, c.File.Name = "jail.d", "sshd.local"
	if got, want := words.LastResort(s, c)[0], "look at /etc/fail2ban/jail.d/sshd.local: it should hold what it held before the change; "+
		"mv it to sshd.local.off if there was none"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	s.Settings.Effective.Conf, c.File.Name = "/tmp/q;touch pwn", "q;touch pwn.local"
	for _, text := range words.LastResort(s, c) {
		if strings.Contains(regexp.MustCompile(`'[^']*'`).ReplaceAllString(text, ""), "touch") {
			t.Error(text)
		}
	}
}
