package cli

import (
	"strings"
	"testing"
)

// TestUserOf: who the journal says acted, by what the environment says and what the
// kernel knows.
func TestUserOf(t *testing.T) {
	users := map[string]string{"0": "root", "1000": "jo", "1001": "mallory"}
	lookup := func(who string) (uid, name string) {
		for u, n := range users {
			if who == u || who == n {
				return u, n
			}
		}
		return "", ""
	}
	for _, c := range []struct {
		what        string
		euid        int
		sudo, login string
		want        string
	}{
		{"a user", 1000, "", "1000", "jo"},
		{"a user who claims to be another", 1000, "mallory", "1000", "jo"},
		{"a user who claims to be root", 1000, "root", "1000", "jo"},
		{"a user without a name", 4711, "mallory", "4711", "uid 4711"},
		{"root's own login", 0, "", "0", "root"},
		{"sudo", 0, "jo", "1000", "jo"},
		{"su", 0, "", "1000", "root (logged in as jo)"},
		{"a name that was set by hand", 0, "mallory", "1000", "jo (SUDO_USER says mallory)"},
		{"su, then sudo", 0, "mallory", "0", "root (SUDO_USER says mallory)"},
		{"root set by hand", 0, "root", "1000", "jo (SUDO_USER says root)"},
		{"nobody's name", 0, "nobody-such", "1000", "jo (SUDO_USER says nobody-such)"},
		{"users of a directory, whom passwd does not know", 0, `DOM\ann lee`, "70001", `uid 70001 (SUDO_USER says DOM\ann lee)`},
		{"a number as a name", 0, "1000", "1001", "mallory (SUDO_USER says 1000)"},
		{"no login: a container", 0, "jo", "4294967295", "jo"},
		{"no login, no sudo: a timer", 0, "", "4294967295", "root"},
		{"a kernel without audit", 0, "jo", "", "jo"},
		{"an odd loginuid", 0, "jo", "-1", "jo"},
		{"a control character", 0, "jo\x1b[2J", "1000", "root (logged in as jo)"},
		{"a line break", 0, "jo\nroot did it", "4294967295", "root"},
		{"a right-to-left mark", 0, "jo\u202e", "4294967295", "root"},
		{"no UTF-8", 0, "jo\xff", "4294967295", "root"},
		{"what looks like two people", 0, "jo (logged in as mallory)", "4294967295", "root"},
		{"blanks", 0, "  ", "4294967295", "root"},
		{"a megabyte", 0, strings.Repeat("x", 1<<20), "4294967295", "root"},
	} {
		if got := userOf(c.euid, c.sudo, c.login, lookup); got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}
