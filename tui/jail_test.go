package tui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"bantop/fail2ban"
	"bantop/model"
)

// TestJailCursorStaysOnAddress: who is under the cursor stays so when others fail
// or are banned, and when the one who failed is banned; a cursor that was not
// moved stays at the top.
func TestJailCursorStaysOnAddress(t *testing.T) {
	s := newStage(t, 100, 28, "none", false).toPostfix().fetched("postfix")
	under := func() string {
		j := s.m.top().(jailScreen)
		return j.address(s.m.state.Detail, j.win.cursor)
	}
	again := func(request uint64, change func(*model.JailFetched)) {
		s.wait(11*time.Second).probe(s.server()).fetched("postfix", func(m *model.JailFetched) {
			m.Request = request
			change(m)
		})
	}
	more := func(m *model.JailFetched) {
		m.Log.Notes = append(m.Log.Notes, fail2ban.FailNote{Kind: fail2ban.FailFound, Address: "192.0.2.250", At: s.now, Count: 4})
		m.Bans = append(m.Bans, fail2ban.Ban{Address: "192.0.2.251", Start: s.now})
	}
	if again(2, more); under() != "192.0.2.250" {
		t.Errorf("at the top: %s", under())
	}
	s.press("down", "down", "down", "down", "down")
	if under() != "203.0.113.1" {
		t.Fatal(under())
	}
	if again(3, func(*model.JailFetched) {}); under() != "203.0.113.1" {
		t.Errorf("after two rows went: %s", under())
	}
	s.press("home", "down")
	if under() != "2001:db8::99" {
		t.Fatal(under())
	}
	again(4, func(m *model.JailFetched) {
		m.Bans = append(m.Bans, fail2ban.Ban{Address: "2001:db8::99", Start: s.now})
	})
	if under() != "2001:db8::99" || s.m.top().(jailScreen).win.cursor < len(s.m.state.Detail.Failing.Addresses) {
		t.Errorf("after it was banned: %s", under())
	}
}

// server is the newest result again.
func (s *stage) server() model.ProbeFinished {
	var p model.ProbeFinished
	for _, j := range s.m.state.Runtime.Server.Jails {
		p.Jails = append(p.Jails, j.Jail)
	}
	return p
}

// TestJailOpensAddress: enter and a second click open who is on the row, whether
// he fails or is banned.
func TestJailOpensAddress(t *testing.T) {
	const failing, banned = 11, 15 // the lines of the first of each
	for _, c := range []struct {
		name string
		do   func(*stage)
		want string
	}{
		{"enter on one who fails", func(s *stage) { s.press("down", "enter") }, "2001:db8::99"},
		{"enter on a ban", func(s *stage) { s.press("down", "down", "enter") }, "203.0.113.0"},
		{"a click", func(s *stage) { s.point(tea.MouseButtonLeft, failing+1) }, ""},
		{"two clicks", func(s *stage) {
			s.point(tea.MouseButtonLeft, failing+1).point(tea.MouseButtonLeft, failing+1)
		}, "2001:db8::99"},
		{"two clicks on a ban", func(s *stage) {
			s.point(tea.MouseButtonLeft, banned+3).point(tea.MouseButtonLeft, banned+3)
		}, "203.0.113.3"},
		{"two clicks where the rows were scrolled", func(s *stage) {
			s.press("end").point(tea.MouseButtonLeft, 13).point(tea.MouseButtonLeft, 13)
		}, "203.0.113.57"},
		{"clicks beside rows", func(s *stage) {
			for _, line := range []int{0, 2, 5, failing - 1, banned - 2, banned - 1, 27} {
				s.point(tea.MouseButtonLeft, line).point(tea.MouseButtonLeft, line)
			}
		}, ""},
	} {
		s := newStage(t, 100, 28, "none", false).toPostfix().fetched("postfix")
		c.do(s)
		_, open := s.m.top().(addressScreen)
		if got := s.m.state.Address.Address; got != c.want || open != (c.want != "") {
			t.Errorf("%s: opened %q in %T", c.name, got, s.m.top())
		}
	}
	s := newStage(t, 100, 28, "none", false).toPostfix()
	if s.press("enter"); s.m.state.Address.Address != "" {
		t.Error("something was opened although nobody stands there")
	}
}

// TestPage: the cursor is always in sight, below the heading of its rows; the first
// row brings what is above it into sight, the last what is below.
func TestPage(t *testing.T) {
	rows := func(name string, n int) part {
		return part{above: []string{"HEAD " + name}, rows: n, draw: func(i int, current bool) string {
			return fmt.Sprintf("%s%d%s", name, i, strings.Repeat("<", map[bool]int{true: 1}[current]))
		}}
	}
	long := []part{{above: []string{"fact"}}, rows("a", 3), rows("b", 4), {above: []string{"tail"}}}
	for _, c := range []struct {
		parts       []part
		seen        int
		top, cursor int
		want        string
	}{
		{long, 4, 0, 0, "fact, HEAD a, a0<, a1"},
		{long, 4, 0, 1, "fact, HEAD a, a0, a1<"},
		{long, 4, 0, 2, "HEAD a, a0, a1, a2<"},
		{long, 4, 0, 3, "HEAD a, a2, HEAD b, b0<"},
		{long, 4, 9, 3, "HEAD b, b0<, b1, b2"},
		{long, 4, 0, 5, "HEAD b, b0, b1, b2<"},
		{long, 4, 0, 6, "HEAD b, b2, b3<, tail"},
		{long, 4, 0, 99, "HEAD b, b2, b3<, tail"},
		{long, 1, 0, 4, "b1<"},
		{long, 99, 7, 0, "fact, HEAD a, a0<, a1, a2, HEAD b, b0, b1, b2, b3, tail"},
		{long[:1], 4, 3, 3, "fact"},
		{nil, 4, 3, 3, ""},
	} {
		pg := page{parts: c.parts, seen: c.seen}
		if got := strings.Join(pg.draw(pg.clamp(window{top: c.top, cursor: c.cursor})), ", "); got != c.want {
			t.Errorf("row %d in %d lines: %q, want %q", c.cursor, c.seen, got, c.want)
		}
	}
}

// TestJailFrameCost: a frame of a jail costs what is seen, however many bans and
// failures there are.
func TestJailFrameCost(t *testing.T) {
	cost := func(n int) float64 {
		s := newStage(t, 100, 28, "dark", false).toPostfix().fetched("postfix", func(m *model.JailFetched) {
			m.Bans, m.Log.Notes, m.Files = nil, nil, m.Files[:1]
			for i := range n {
				m.Bans = append(m.Bans, fail2ban.Ban{Address: fmt.Sprintf("10.0.%d.%d", i/256, i%256), Start: s0(i), Length: fail2ban.Permanent})
				m.Log.Notes = append(m.Log.Notes, fail2ban.FailNote{Kind: fail2ban.FailFound, Address: fmt.Sprintf("10.1.%d.%d", i/256, i%256), At: s0(i), Count: 1})
				m.Files = append(m.Files, model.LogFile{Path: fmt.Sprintf("/var/log/%05d.log", i), Size: 1, Written: s0(i)})
			}
		})
		return testing.AllocsPerRun(20, func() { s.m.View() })
	}
	if few, many := cost(40), cost(1000); many > few+10 {
		t.Errorf("%v allocations with 40 of each, %v with 1000", few, many)
	}
}

// s0 is a moment just before the end of an hour of bans.
func s0(i int) time.Time { return t0.Add(time.Hour - time.Duration(i)*time.Millisecond) }
