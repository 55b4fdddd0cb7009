package fail2ban

import "testing"

// TestSameVersion: what fail2ban-client -V prints and what the server answers.
func TestSameVersion(t *testing.T) {
	for _, c := range []struct {
		client, server string
		same           bool
	}{
		{"1.0.2", "1.0.2", true}, {"1.1.2.1", "1.1.2.dev1", true}, {"1.1.0", "1.0.2", false}, {"1.1.2.1", "1.1.2.dev2", false},
	} {
		if got := SameVersion(c.client, c.server); got != c.same {
			t.Errorf("%s, %s: %v", c.client, c.server, got)
		}
	}
}
