package tui

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"bantop/fail2ban"
	"bantop/model"
)

// TestParseBan: what may be typed to ban somebody.
func TestParseBan(t *testing.T) {
	running := []string{"postfix", "sshd"}
	for _, c := range []struct{ text, jail, want string }{
		{"203.0.113.9", "sshd", "203.0.113.9 sshd 0s"},
		{"203.0.113.9 postfix", "sshd", "203.0.113.9 postfix 0s"},
		{"203.0.113.9 198.51.100.77/24 postfix sshd for 1h", "", "203.0.113.9 postfix 1h0m0s, 198.51.100.0/24 postfix 1h0m0s, 203.0.113.9 sshd 1h0m0s, 198.51.100.0/24 sshd 1h0m0s"},
		{"2001:DB8:0::1 for ever", "sshd", "2001:db8::1 sshd -1ns"},
		{"sshd 203.0.113.9  for  90 ", "", "203.0.113.9 sshd 1m30s"},
		{"", "sshd", "! type an address"},
		{"sshd", "", "! type an address"},
		{"203.0.113.9", "", "! name the jail"},
		{"203.0.113.9 dovecot", "sshd", "! there is no jail dovecot"},
		{"example.org", "sshd", "! read the address"},
		{"203.0.113.9 for soon", "sshd", "! \"soon\" is not a time"},
		{"203.0.113.9 for 0s", "sshd", "! a ban needs a time"},
	} {
		targets, err := parseBan(c.text, c.jail, running)
		var parts []string
		for _, t := range targets {
			parts = append(parts, fmt.Sprintf("%s %s %v", t.Address, t.Jail, t.Length))
		}
		got := strings.Join(parts, ", ")
		if err != nil {
			got = "! " + err.Error()
		}
		if got != c.want && !(strings.HasPrefix(c.want, "! ") && strings.HasPrefix(got, c.want)) {
			t.Errorf("%q in %q: %s, want %s", c.text, c.jail, got, c.want)
		}
	}
}

// asked is the batch that a stage asks about, as text.
func (s *stage) asked() string {
	q := s.m.question
	if q == nil || q.batch == nil {
		return ""
	}
	var parts []string
	for _, t := range q.batch.Targets {
		parts = append(parts, strings.TrimSpace(t.Address+" "+t.Jail))
	}
	return string(q.batch.Kind) + ": " + strings.Join(parts, ", ")
}

// TestActKeys: which act each key asks for, and on what.
func TestActKeys(t *testing.T) {
	for _, c := range []struct{ keys, want string }{
		{"u", "unban: 203.0.113.0 sshd"},
		{"U", "unban everywhere: 203.0.113.0"},
		{"i", "allow: 203.0.113.0 sshd"},
		{"space down space u", "unban: 203.0.113.0 sshd, 203.0.113.4 postfix"},
		{"v down down v U", "unban everywhere: 203.0.113.0, mallory, 203.0.113.4"},
		{"/ jail:nginx enter * / esc u", "unban: mallory nginx-http-auth"},
		{"/ jail:recidive enter * ~ space u", "unban: 2001:db8:1234:5678:9abc:def0:1234:5678 recidive"},
		{"space esc u", "unban: mallory nginx-http-auth"},
		{"enter U", "unban everywhere: 203.0.113.0"},
		{"enter i", "allow: 203.0.113.0 dovecot, 203.0.113.0 nginx-http-auth, 203.0.113.0 postfix, 203.0.113.0 recidive, 203.0.113.0 sshd"},
		{"b 192.0.2.1 enter", "ban: 192.0.2.1 sshd"},
		{"z", ""},
		{"/ jail:nobody enter u", ""},
	} {
		s := banned(newStage(t, 100, 28, "none", false)).press("o", "y")
		s.press(strings.Fields(c.keys)...)
		if got := s.asked(); got != c.want {
			t.Errorf("%s asks %q, want %q", c.keys, got, c.want)
		}
	}
}

// TestOwnHasToBeTyped: banning an address that somebody is logged in from, or a
// network that holds one, is done when that address was typed out, and only then.
func TestOwnHasToBeTyped(t *testing.T) {
	logins := []model.Own{{Addr: netip.MustParseAddr("198.51.100.7"), Who: "mira"}, {Addr: netip.MustParseAddr("2001:db8:7::1"), Who: "lukas"}}
	for _, c := range []struct {
		ban, typed string
		done       bool
	}{
		{"198.51.100.7", "198.51.100.7", true},
		{"198.51.100.0/24", "198.51.100.7", true},
		{"198.51.100.0/24", "198.51.100.0/24", false},
		{"198.51.100.7", "y", false},
		{"::ffff:198.51.100.7", "198.51.100.7", true},
		{"2001:db8:7::/48", "2001:db8:7::1", true},
		{"2001:db8:7::/48", "", false},
		{"10.0.0.0/8", "10.0.0.0/8", true},
		{"10.0.0.0/8", "y", false},
	} {
		s := banned(newStage(t, 100, 28, "none", false)).send(model.OwnRead{At: t0, Own: logins}).press("o", "y", "b")
		s.send(keyOf(c.ban)).press("enter").send(keyOf(c.typed)).press("enter")
		b := s.m.state.Batch
		if done := b.Running && b.Kind == model.ActBan; done != c.done {
			t.Errorf("ban %s, typed %q: done %v (%s)", c.ban, c.typed, done, b.Reason)
		}
	}
}

// TestTakeBackKey: z asks for the opposite of what was done, and does it.
func TestTakeBackKey(t *testing.T) {
	s := banned(newStage(t, 100, 28, "none", false)).press("o", "y", "space", "space", "u", "y").finish().wait(time.Second).press("z")
	if got := s.asked(); got != "ban: 203.0.113.0 sshd, mallory nginx-http-auth" {
		t.Fatalf("asks %q", got)
	}
	s.press("y")
	b := s.m.state.Batch
	if !b.Running || b.Kind != model.ActBan || b.Targets[0].Length != 28*time.Hour-time.Second || b.Targets[0].Target != (fail2ban.Target{Jail: "sshd", Address: "203.0.113.0"}) {
		t.Errorf("%+v", b)
	}
}

// keyOf is text that is typed at once.
func keyOf(text string) tea.KeyMsg { return tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(text)} }
