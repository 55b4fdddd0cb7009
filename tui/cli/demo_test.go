package cli

import (
	"slices"
	"testing"

	"bantop/fail2ban/control"
	"bantop/fail2ban/fail2bantest"
)

// TestStoryControl: in the demo, too, a reload brings back jails that are lost,
// and a restart a server that died.
func TestStoryControl(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"postfix", "sshd"}})
	c := storyControl{s}
	s.LoseJails("sshd")
	d, err := c.Dump(t.Context())
	if err != nil || len(d.Jails) != 2 || d.Jails[1].Name != "sshd" || len(d.Jails[1].Actions) == 0 {
		t.Errorf("%+v, %v", d, err)
	}
	if err := c.Reload(t.Context()); err != nil || !slices.Equal(s.JailNames(), []string{"postfix", "sshd"}) {
		t.Errorf("%v, %v", s.JailNames(), err)
	}
	s.Kill()
	if err := c.Restart(t.Context(), control.Died); err != nil || !s.Running() {
		t.Errorf("runs %v, %v", s.Running(), err)
	}
}
