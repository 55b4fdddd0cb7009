package tui

import (
	"strings"
	"testing"

	"bantop/config"
	"bantop/model"
)

// TestChangesOfRootAreNotSeen: who cannot see what root's instances do is not told
// that nobody has changed anything.
func TestChangesOfRootAreNotSeen(t *testing.T) {
	for _, apart := range []bool{false, true} {
		s := newStage(t, 100, 28, "none", true)
		s.m.state = model.New(model.Options{Settings: config.Defaults(), Host: "web-3", Who: "jo", Apart: apart})
		s.m.state, _ = model.Update(s.m.state, model.Started{At: t0})
		text := s.press("C").m.View()
		if nobody, blind := strings.Contains(text, "nobody has changed anything"), strings.Contains(text, "jo cannot see root's changes: sudo bantop"); nobody == apart || blind != apart {
			t.Errorf("apart %v: %s", apart, text)
		}
	}
}
