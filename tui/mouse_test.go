package tui

import (
	"slices"
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"bantop/config"
	"bantop/model"
)

func (s *stage) point(b tea.MouseButton, line int) *stage {
	return s.send(tea.MouseMsg{Button: b, Action: tea.MouseActionPress, Y: line})
}

// TestMouse: the wheel moves as the keys do, a click goes to its row, and a second
// one opens it; beside rows, and while something is asked, nothing happens.
func TestMouse(t *testing.T) {
	s := attacked(newStage(t, 100, 28, "none", false))
	at := func() int { return s.m.top().(overview).win.cursor }
	s.point(tea.MouseButtonWheelDown, 0)
	if at() != 3 {
		t.Errorf("after the wheel: row %d", at())
	}
	s.point(tea.MouseButtonWheelUp, 0)
	const rows = 5 // header, blank, totals, blank, heading
	s.point(tea.MouseButtonLeft, rows+2)
	if at() != 2 {
		t.Errorf("after a click: row %d", at())
	}
	for _, line := range []int{0, 2, rows - 1, rows + 5, 27} {
		s.point(tea.MouseButtonLeft, line)
		if _, still := s.m.top().(overview); !still || at() != 2 {
			t.Errorf("a click on line %d did something", line)
		}
	}
	s.point(tea.MouseButtonLeft, rows+2)
	if j, is := s.m.top().(jailScreen); !is || j.name != "postfix" {
		t.Errorf("after the second click: %+v", s.m.top())
	}
	s.press("esc", "o").point(tea.MouseButtonWheelDown, 0)
	if at() != 2 {
		t.Error("the mouse moved while something was asked")
	}
}

// TestMouseOnBans: a click marks nothing, and goes to the ban of its row.
func TestMouseOnBans(t *testing.T) {
	s := banned(newStage(t, 100, 28, "none", false))
	s.point(tea.MouseButtonWheelDown, 0).point(tea.MouseButtonWheelDown, 0).point(tea.MouseButtonLeft, 5+4)
	if v := s.m.top().(bansScreen); v.win.cursor != 4 || len(v.marked) > 0 {
		t.Errorf("row %d, %d marked", v.win.cursor, len(v.marked))
	}
	s.point(tea.MouseButtonLeft, 5+4)
	if _, is := s.m.top().(addressScreen); !is {
		t.Errorf("after the second click: %T", s.m.top())
	}
}

// TestMouseSetting: the terminal is told when the setting changes, and only then.
func TestMouseSetting(t *testing.T) {
	for _, c := range []struct{ was, is, told bool }{{true, true, false}, {false, false, false}, {false, true, true}, {true, false, true}} {
		if told := mouseMode(c.was, c.is) != nil; told != c.told {
			t.Errorf("%+v: told %v", c, told)
		}
	}
	s := attacked(newStage(t, 100, 28, "none", false))
	s.send(model.SettingsChanged{Values: []config.Value{{Key: "mouse", Text: "false", Origin: config.ThisRun}}})
	if s.m.state.Settings.Effective.Mouse {
		t.Error("the setting was not taken")
	}
}

// TestCopy: y hands over the addresses of the marked bans, each once, or the one
// under the cursor.
func TestCopy(t *testing.T) {
	s := banned(newStage(t, 100, 28, "none", false))
	var got []string
	s.m.copy = func(text string) { got = append(got, text) }
	s.press("y", "space", "down", "space", "y", "enter", "y")
	want := []string{"203.0.113.0", "203.0.113.0\n203.0.113.4", "203.0.113.8"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestSuspend: what would hold others up stops before the process does, and goes
// on after it.
func TestSuspend(t *testing.T) {
	s := attacked(newStage(t, 100, 28, "none", false))
	var told []string
	s.m.still = func() func() {
		told = append(told, "still")
		return func() { told = append(told, "on") }
	}
	s.send(tea.KeyMsg{Type: tea.KeyCtrlZ}).send(tea.ResumeMsg{}).send(tea.ResumeMsg{}).send(tea.KeyMsg{Type: tea.KeyCtrlZ})
	if !slices.Equal(told, []string{"still", "on", "still"}) {
		t.Errorf("told %v", told)
	}
}
