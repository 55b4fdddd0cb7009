package tui

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"bantop/config"
	"bantop/model"
)

// TestFastTyping: keys that come in one piece, as they do over a slow line, are
// each taken; a paste is no command.
func TestFastTyping(t *testing.T) {
	s := attacked(newStage(t, 100, 28, "none", false))
	s.press("jj")
	if got := s.m.top().(overview).win.cursor; got != 2 {
		t.Errorf("after jj the cursor is at %d", got)
	}
	s.press("/ssh", "enter")
	if got := s.m.top().(overview).filter; got != "ssh" {
		t.Errorf("after /ssh the filter is %q", got)
	}
	s.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("qq"), Paste: true})
	if got := s.m.top().(overview).filter; got != "ssh" {
		t.Errorf("after a paste the filter is %q", got)
	}
}

// quits presses a key, and reports whether that ends the program.
func (s *stage) quits(k tea.KeyMsg) bool {
	next, cmd := s.m.Update(k)
	s.m = next.(Model)
	if cmd == nil {
		return false
	}
	_, quit := cmd().(tea.QuitMsg)
	return quit
}

// TestQuit: q goes back, and quits at the top, as the footer says; while something is
// typed it is text.
func TestQuit(t *testing.T) {
	quits := (*stage).quits
	q := tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("q")}
	ctrlC := tea.KeyMsg{Type: tea.KeyCtrlC}
	s := attacked(newStage(t, 100, 28, "none", false)).press("enter", "?")
	for _, want := range []bool{false, false, true} {
		footer := map[bool]string{false: "? help  q back", true: "? help  q quit"}[want]
		if shown := strings.HasSuffix(strings.TrimSpace(s.m.View()), footer); !shown || quits(s, q) != want {
			t.Errorf("q with %d screens: the footer says %q: %v", len(s.m.screens), footer, shown)
		}
	}
	s.press("/")
	if quits(s, q) || s.m.top().(overview).filter != "q" {
		t.Error("q is not typed")
	}
	if !quits(s, ctrlC) {
		t.Error("ctrl+c does not quit while something is typed")
	}
	if s.press("esc"); s.m.typing || s.m.top().(overview).filter != "" {
		t.Error("esc does not take back what was typed")
	}
	if !quits(s, ctrlC) {
		t.Error("ctrl+c does not quit")
	}
}

// TestCtrlCQuitsEverywhere: whatever is open, typed or asked; a ctrl+c that somebody
// pasted is text.
func TestCtrlCQuitsEverywhere(t *testing.T) {
	fresh := func() *stage { return attacked(newStage(t, 100, 28, "none", false)) }
	list := func() *stage { return banned(newStage(t, 100, 28, "none", false)) }
	for name, s := range map[string]*stage{
		"overview":              fresh(),
		"filter of the jails":   fresh().press("/", "s"),
		"an alert":              crashed(newStage(t, 100, 28, "none", false)),
		"jail":                  fresh().toPostfix(),
		"help":                  fresh().press("?"),
		"help over a jail":      fresh().toPostfix().press("?"),
		"settings":              fresh().press("6"),
		"a setting":             fresh().press("6", "e", "x"),
		"bans":                  list(),
		"filter of the bans":    list().press("/", "2"),
		"marked bans":           list().press("space", "down", "space"),
		"ban prompt":            list().press("b", "2"),
		"ban prompt, wrong":     list().press("b", "x", "enter"),
		"unlock":                fresh().press("o"),
		"unlock, then unban":    list().press("u"),
		"unban":                 list().press("u", "y"),
		"question to type":      typesOut(list()),
		"go":                    fresh().press(":"),
		"go, typed":             fresh().press(":", "1", "9"),
		"go, wrong":             fresh().press(":", "x", "enter"),
		"address":               list().press("enter"),
		"jails of the folder":   fresh().press("3"),
		"filter of that":        fresh().press("3", "/", "x"),
		"change":                fresh().press("C"),
		"results":               fresh().press("e"),
		"recovery":              crashed(newStage(t, 100, 28, "none", false)).press("R"),
		"recovery, unlock":      crashed(newStage(t, 100, 28, "none", false)).press("R", "enter"),
		"recovery, reload":      crashed(newStage(t, 100, 28, "none", false)).press("R", "enter", "y"),
		"setup":                 fresh().press("7"),
		"paused":                fresh().press("p"),
		"too small to draw":     fresh().resize(10, 3),
		"before the first size": {t: t, m: newStage(t, 0, 0, "none", false).m},
	} {
		screen := s.m.View()
		if s.quits(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{3}, Paste: true}) {
			t.Errorf("%s: pasted text quits", name)
		}
		if !s.quits(tea.KeyMsg{Type: tea.KeyCtrlC}) {
			t.Errorf("%s: ctrl+c does not quit:\n%s", name, screen)
		}
	}
}

// typesOut has a question open whose answer is typed out.
func typesOut(s *stage) *stage {
	s.press("b")
	for _, r := range "203.0.0.0/8" {
		s.press(string(r))
	}
	s.press("enter", "y", "2")
	if s.m.question == nil || s.m.question.typed != "2" {
		s.t.Fatalf("nothing is typed out:\n%s", s.m.View())
	}
	return s
}

// TestCursorStaysOnJail: the cursor stays on its jail when the order of the
// rows changes, and where it was when the jail goes.
func TestCursorStaysOnJail(t *testing.T) {
	s := attacked(newStage(t, 100, 28, "none", false)).press("down", "down")
	selected := func() string {
		o := s.m.top().(overview)
		rows := o.rows(s.m.shown())
		return rows[o.sync(rows).win.cursor].Name
	}
	if selected() != "postfix" {
		t.Fatal(selected())
	}
	for range sortKeys {
		s.press("s")
		if selected() != "postfix" {
			t.Errorf("sorted by %d: %s", s.m.top().(overview).order.key, selected())
		}
	}
	p := busy()
	p.Jails = slices.Delete(p.Jails, 2, 3)
	s.probe(p)
	if selected() != "recidive" {
		t.Errorf("after postfix went: %s", selected())
	}
}

// TestPauseFreezesOnlyTheScreen: while paused the state goes on.
func TestPauseFreezesOnlyTheScreen(t *testing.T) {
	s := attacked(newStage(t, 100, 28, "none", false)).press("p")
	before := s.m.View()
	s.wait(time.Second).probe(model.ProbeFinished{Fault: model.NotRunning, Reason: "gone"})
	if s.m.View() != before {
		t.Error("the screen changed")
	}
	if s.m.state.Runtime.Server.Kind != model.Offline {
		t.Error("the state did not")
	}
	if s.press("p"); !strings.Contains(s.m.View(), "offline") {
		t.Error("the screen does not go on")
	}
}

// TestR12RecoveredIsNotHealthy: what the screen says derives from status and
// pending together: a server that is back after a crash is online, and the
// crash stays to be seen.
func TestR12RecoveredIsNotHealthy(t *testing.T) {
	s := crashed(newStage(t, 100, 28, "none", false)).wait(20 * time.Second).probe(busy())
	for _, want := range []string{"● online", "▲ fail2ban went down 4s after lukas (pts/3) enabled nginx-x", "it is back"} {
		if !strings.Contains(s.m.View(), want) {
			t.Errorf("%q is not in\n%s", want, s.m.View())
		}
	}
	s.send(model.PendingDismissed{ID: s.m.state.Runtime.Pending.PendingID})
	if strings.Contains(s.m.View(), "▲") {
		t.Errorf("after it was dismissed:\n%s", s.m.View())
	}
}

// TestRefresh: r asks for a look at once, and ends a pause.
func TestRefresh(t *testing.T) {
	var done []model.Effect
	s := newStage(t, 100, 28, "none", false)
	s.m.perform = func(e model.Effect) model.Msg { done = append(done, e); return nil }
	s.press("p")
	next, cmd := s.m.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("r")})
	cmd()
	if next.(Model).frozen != nil || !slices.Contains(done, model.Effect(model.Hurry{})) {
		t.Errorf("%v", done)
	}
}

// TestJailScreenTellsTheModel: opening and closing a jail are messages.
func TestJailScreenTellsTheModel(t *testing.T) {
	s := attacked(newStage(t, 100, 28, "none", false)).press("end", "enter")
	if got := s.m.state.Detail.Jail; got != "sshd" {
		t.Errorf("opened %q", got)
	}
	if s.press("esc"); s.m.state.Detail.Jail != "" {
		t.Error("still open")
	}
}

// TestHelpNamesEveryKey: every key that a screen knows is in its help, and
// every key of the map is known to some screen.
func TestHelpNamesEveryKey(t *testing.T) {
	shown := ""
	for _, open := range [][]string{{"?"}, {"enter", "?"}, {"R", "?"}, {"6", "?"}} {
		s := attacked(newStage(t, 100, 60, "none", false)).press(open...)
		view := s.m.View()
		for _, k := range s.m.top().(helpScreen).of {
			if line := k.Help().Key + strings.Repeat(" ", 10-len([]rune(k.Help().Key))) + k.Help().Desc; !strings.Contains(view, line) {
				t.Errorf("%v: %q is not in the help", open, line)
			}
		}
		shown += view
	}
	k := defaultKeys(Unicode)
	for _, b := range slices.Concat(k.moving(), []key.Binding{k.Open, k.Back, k.Filter, k.Sort, k.Reverse, k.Pause, k.Now, k.Help, k.Quit, k.Kill, k.Suspend,
		k.Recover, k.Dismiss, k.Unlock, k.Lock, k.Overview, k.Settings, k.Edit, k.Keep, k.Choose}) {
		if !strings.Contains(shown, "  "+b.Help().Key+" ") {
			t.Errorf("no screen names %q", b.Help().Key)
		}
	}
}

// TestEdit walks the keys that edit a line.
func TestEdit(t *testing.T) {
	for _, c := range []struct {
		from string
		key  tea.KeyMsg
		want string
	}{
		{"a", tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("bé")}, "abé"},
		{"a", tea.KeyMsg{Type: tea.KeySpace, Runes: []rune(" ")}, "a "},
		{"aé", tea.KeyMsg{Type: tea.KeyBackspace}, "a"},
		{"", tea.KeyMsg{Type: tea.KeyBackspace}, ""},
		{"one two ", tea.KeyMsg{Type: tea.KeyCtrlW}, "one "},
		{"one", tea.KeyMsg{Type: tea.KeyCtrlW}, ""},
		{"one two", tea.KeyMsg{Type: tea.KeyCtrlU}, ""},
		{"a", tea.KeyMsg{Type: tea.KeyLeft}, "a"},
		{strings.Repeat("x", maxTyped), tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("y")}, strings.Repeat("x", maxTyped)},
	} {
		if got := edit(c.from, c.key); got != c.want {
			t.Errorf("%q: %q, want %q", c.from, got, c.want)
		}
	}
}

// TestEffectsBecomeMessages: what comes of an effect is the next message.
func TestEffectsBecomeMessages(t *testing.T) {
	m := New(context.Background(), Options{
		State:   model.New(model.Options{}),
		Look:    func(config.Settings, bool) Look { return Look{} },
		Perform: func(_ context.Context, e model.Effect) model.Msg { return e },
	})
	_, cmd := m.Update(model.Started{At: t0})
	batch, is := cmd().(tea.BatchMsg)
	if !is || len(batch) != 2 || batch[0]() != (model.Probe{Seq: 1}) || !isReadOwn(batch[1]()) {
		t.Errorf("not carried out: %v", batch)
	}
}

func isReadOwn(msg tea.Msg) bool { _, is := msg.(model.ReadOwn); return is }
