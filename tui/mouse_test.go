package tui

import (
	"fmt"
	"io"
	"slices"
	"strconv"
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
	for _, k := range []string{"y", "space", "down", "space", "y", "enter", "y"} {
		if k == "y" {
			s.run(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("y")})
			continue
		}
		s.press(k)
	}
	want := []string{"203.0.113.0", "203.0.113.0\n203.0.113.4", "203.0.113.8"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// run sends a message and does what the program is then told to do; it returns the
// messages that come of it.
func (s *stage) run(msg tea.Msg) []tea.Msg {
	next, cmd := s.m.Update(msg)
	s.m = next.(Model)
	return results(cmd)
}

// results are what comes of a command, and of those in it.
func results(cmd tea.Cmd) []tea.Msg {
	if cmd == nil {
		return nil
	}
	msg := cmd()
	batch, is := msg.(tea.BatchMsg)
	if !is {
		return []tea.Msg{msg}
	}
	var all []tea.Msg
	for _, c := range batch {
		all = append(all, results(c)...)
	}
	return all
}

// TestMouseComesBack: once the terminal is back, after ctrl+z, after the editor, after
// somebody else stopped the process, the mouse is reported as the setting says.
func TestMouseComesBack(t *testing.T) {
	for _, mouse := range []bool{true, false} {
		s := attacked(newStage(t, 100, 28, "none", false))
		s.send(model.SettingsChanged{Values: []config.Value{{Key: "mouse", Text: strconv.FormatBool(mouse), Origin: config.ThisRun}}})
		for name, msg := range map[string]returned{"nothing": {}, "an editor that changed nothing": {edited{jail: "sshd"}}, "one that failed": {edited{err: io.EOF}}} {
			got := s.run(msg)
			if slices.ContainsFunc(got, func(m tea.Msg) bool { return m == tea.EnableMouseCellMotion() }) != mouse {
				t.Errorf("mouse %v, after %s: %v", mouse, name, got)
			}
		}
	}
}

// TestLoan: what runs while the terminal is lent runs inside the lending, and an error
// of either comes back.
func TestLoan(t *testing.T) {
	var told []string
	l := loan{run: func() error { told = append(told, "runs"); return io.EOF }}
	if err := l.Run(); err != io.EOF {
		t.Errorf("without a terminal: %v", err)
	}
	l.lend = func(run func() error) error {
		told = append(told, "lent")
		err := run()
		told = append(told, "back")
		return err
	}
	if err := l.Run(); err != io.EOF || !slices.Equal(told, []string{"runs", "lent", "runs", "back"}) {
		t.Errorf("%v: %v", told, err)
	}
}

// TestSuspend: ctrl+z and a stop from elsewhere lend the terminal; where the process
// cannot be stopped nothing happens.
func TestSuspend(t *testing.T) {
	s := attacked(newStage(t, 100, 28, "none", false))
	ctrlZ := tea.KeyMsg{Type: tea.KeyCtrlZ}
	if got := s.run(ctrlZ); got != nil {
		t.Errorf("it does %v", got)
	}
	s.m.stop = func() error { return nil }
	for _, msg := range []tea.Msg{ctrlZ, Suspended{}, Continued{}} {
		if got := s.run(msg); len(got) != 1 || fmt.Sprintf("%T", got[0]) != "tea.execMsg" {
			t.Errorf("%T: %v", msg, got)
		}
	}
}

// TestBackground: the answer of the terminal changes how everything is drawn.
func TestBackground(t *testing.T) {
	s := attacked(newStage(t, 100, 28, "none", false))
	s.m.look = func(_ config.Settings, light bool) Look {
		return Look{Theme: NewTheme(map[bool]string{true: "light", false: "dark"}[light])}
	}
	dark := s.send(Background{}).m.View()
	if light := s.send(Background{Light: true}).m.View(); light == dark {
		t.Error("a light background changes nothing")
	}
}
