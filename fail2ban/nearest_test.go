package fail2ban

import "testing"

// TestNearest: the name that was meant.
func TestNearest(t *testing.T) {
	for word, want := range map[string]string{
		"sshd": "sshd", "ssdh": "sshd", "SSHD": "sshd", "shd": "sshd", "postfx": "postfix", "nginx": "nginx-http-auth", "": "", "nowhere": "",
	} {
		if got := Nearest(word, []string{"sshd", "postfix", "nginx-http-auth"}); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
	if got := Nearest("x", nil); got != "" {
		t.Errorf("%q", got)
	}
}
