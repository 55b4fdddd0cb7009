package tui

import (
	"regexp"
	"strings"
	"testing"

	"bantop/model"
)

// TestJailAdviceIsQuoted: what helps a jail that reads nothing can be pasted into a
// shell, whatever the jail is called.
func TestJailAdviceIsQuoted(t *testing.T) {
	for name, files := range map[string][]model.LogFile{"nothing to read": nil, "a file that is gone": {{Path: "/var/log/x", Missing: true}}} {
		s := model.State{Control: "fail2ban-client"}
		s.Detail.Jail, s.Detail.Files = "q;touch pwn", files
		text := strings.Join(pen{width: 200, height: 40}.sources(s), "\n")
		if !strings.Contains(text, "reload 'q;touch pwn'") || strings.Contains(regexp.MustCompile(`'[^']*'`).ReplaceAllString(text, ""), "touch") {
			t.Errorf("%s: %s", name, text)
		}
	}
}
