package tui

import (
	"strings"
	"testing"

	"bantop/config"
	"bantop/model"
)

// TestChangesOfRootAreNotSeen: who cannot see what root's instances do is not told
// that nobody has changed anything, but what to type, all of it on the smallest screen.
func TestChangesOfRootAreNotSeen(t *testing.T) {
	const command = "sudo bantop -s /run/fail2ban/another.sock -c /srv/fail2ban"
	for _, width := range []int{40, 100} {
		for _, apart := range []bool{false, true} {
			s := newStage(t, width, width*28/100, "none", true)
			s.m.state = model.New(model.Options{
				Settings: config.Defaults(), Host: "web-3", Who: "jo", Apart: apart, AsRoot: command,
			})
			s.m.state, _ = model.Update(s.m.state, model.Started{At: t0})
			text := strings.Join(strings.Fields(s.press("C").m.View()), " ")
			nobody := strings.Contains(text, "nobody has changed anything")
			if blind := strings.Contains(text, "jo cannot see root's changes: "+command); nobody == apart || blind != apart {
				t.Errorf("%d columns, apart %v: %s", width, apart, text)
			}
		}
	}
}

// TestChangesAreNotKnown: while nothing is shared, a change of somebody else's may be
// under way: the screen of changes does not say that nobody has changed anything.
func TestChangesAreNotKnown(t *testing.T) {
	for _, width := range []int{40, 80, 100} {
		s := newStage(t, width, 28, "none", true)
		s.m.state = model.New(model.Options{Settings: config.Defaults(), Private: "no room"})
		s.m.state, _ = model.Update(s.m.state, model.Started{At: t0})
		text := strings.Join(strings.Fields(s.press("C").m.View()), " ")
		if strings.Contains(text, "nobody has changed") || !strings.Contains(text, "not known while nothing is shared") {
			t.Errorf("%d columns: %s", width, text)
		}
	}
}
