package tui

import (
	"errors"
	"os/exec"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"bantop/fail2ban"
	"bantop/model"
)

// desk is an editor that takes note of what it is given.
type desk struct {
	name, text string
	opened     int
	err        error // it cannot be started
}

func (d *desk) edit(name string, text []byte) (*exec.Cmd, func() ([]byte, error), error) {
	d.name, d.text = name, string(text)
	d.opened++
	return exec.Command("true"), func() ([]byte, error) { return text, nil }, d.err
}

// atDesk is a stage with an editor.
func atDesk(t *testing.T) (*stage, *desk) {
	s, d := newStage(t, 100, 28, "none", false), &desk{}
	s.m.editor = d.edit
	return s, d
}

const before = "[nginx-x]\nenabled = true\n"

// prepared is the file of nginx-x, for the editor.
func (s *stage) prepared(text string) *stage {
	return s.laidOut(model.EditPrepared{Jail: "nginx-x", At: s.now, Name: "web.local", Text: []byte(text)})
}

var keyE = tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("e")}

// laidOut sends a message that opens the editor, up to the editor itself.
func (s *stage) laidOut(msg tea.Msg) *stage {
	for _, m := range s.run(msg) {
		if e, is := m.(editing); is {
			if e.cmd == nil {
				s.t.Error("there is no editor to run")
			}
			continue // it would run now
		}
		s.send(m)
	}
	return s
}

// rehearses is the text of the rehearsal that goes on; "(none)" where none does.
func (s *stage) rehearses() string {
	text, ok := s.m.state.Preparing.Edited()
	if !ok || !s.m.state.Preparing.Running {
		return "(none)"
	}
	return string(text)
}

// TestEditJail: what somebody made of the file is rehearsed; where he left it as it was,
// nothing happens.
func TestEditJail(t *testing.T) {
	for _, c := range []struct {
		name, was, now string
		err, failed    error
		asked, reason  string
	}{
		{"changed", before, before + "maxretry = 9\n", nil, nil, before + "maxretry = 9\n", ""},
		{"unchanged", before, before, nil, nil, "(none)", ""},
		{"emptied", before, "", nil, nil, "", ""},
		{"not UTF-8", before, "\xff\x00\r\n", nil, nil, "\xff\x00\r\n", ""},
		{"somebody's own remark", "# bantop: is mine\n" + before, "# bantop: is mine\n" + before, nil, nil, "(none)", ""},
		{"the editor failed", before, "half", errors.New("exit status 1"), nil, "(none)", "the editor failed: exit status 1"},
		{"its file is gone", before, "", nil, errors.New("open web.local: no such file"), "(none)", "the editor failed: open web.local: no such file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, d := atDesk(t)
			if s.prepared(c.was); d.opened != 1 || d.name != "web.local" || d.text != c.was {
				t.Errorf("%d times %s: %q", d.opened, d.name, d.text)
			}
			read := func() ([]byte, error) { return []byte(c.now), c.failed }
			s.send(editing{jail: "nginx-x", was: []byte(c.was), read: read}.end(c.err))
			if got := s.rehearses(); got != c.asked || s.m.state.Preparing.Reason != c.reason {
				t.Errorf("rehearsed %q, refused %q", got, s.m.state.Preparing.Reason)
			}
		})
	}
}

// TestEditRefused: where a jail cannot be edited the screen says why, whatever that
// is.
func TestEditRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		open func(*stage, *desk)
		want string
	}{
		{"the file", func(s *stage, _ *desk) {
			s.send(model.EditPrepared{Jail: "nginx-x", At: s.now, Reason: "web.local is a link", Hint: "take it away"})
		}, "web.local is a link"},
		{"no editor", func(s *stage, d *desk) { d.err = errors.New("there is no editor here"); s.prepared(before) }, "there is no editor here"},
		{"nobody may edit", func(s *stage, _ *desk) { s.m.editor = nil; s.prepared(before) }, "nothing can be edited here"},
	} {
		s, d := atDesk(t)
		c.open(s, d)
		if _, on := s.m.top().(changeScreen); !on || s.m.state.Preparing.Reason != c.want || !strings.Contains(s.m.View(), c.want) {
			t.Errorf("%s: %q on %T", c.name, s.m.state.Preparing.Reason, s.m.top())
		}
	}
}

// TestEditAgain: a text that was refused comes back as it was typed, with the reason
// on top as one harmless line, which is gone from what is rehearsed next.
func TestEditAgain(t *testing.T) {
	const typed = before + "filter = \xff\r\n"
	for _, reason := range append([]string{"its filter is not there", "a\n[DEFAULT]\nenabled = true", "a\r[DEFAULT]\renabled = true"}, hostile...) {
		s, d := atDesk(t)
		s.prepared(before)
		edit := func(was, now string, remarked bool) {
			s.send(editing{jail: "nginx-x", was: []byte(was), remarked: remarked, read: func() ([]byte, error) { return []byte(now), nil }}.end(nil))
		}
		edit(before, typed, false)
		refuse := func(id uint64) {
			s.send(model.RehearsalStepped{ID: id, At: s.now, File: model.FileChange{Dir: "jail.d", Name: "web.local", Was: []byte(before), Now: []byte(typed)},
				Rehearsal: fail2ban.Rehearsal{Jail: "nginx-x", Step: fail2ban.RehearseDone, Verdict: fail2ban.VerdictRefused, Reason: reason}})
		}
		refuse(1)
		s.laidOut(keyE)
		head, rest, _ := strings.Cut(d.text, "\n")
		if d.opened != 2 || d.name != "web.local" || rest != typed || !strings.HasPrefix(head, "# bantop: ") || !plainLine(head) {
			t.Errorf("%q: the editor got %q", reason, d.text)
		}
		edit(typed, d.text, true)
		if s.rehearses() != "(none)" {
			t.Errorf("%q: what was refused is rehearsed again: %q", reason, s.rehearses())
		}
		edit(typed, head+"\n"+before+"port = 1\n", true)
		if got := s.rehearses(); got != before+"port = 1\n" {
			t.Errorf("%q: rehearsed %q", reason, got)
		}
		refuse(2)
		edit(typed, head+"\n", true)
		if got := s.rehearses(); got != "" {
			t.Errorf("%q: emptied, and rehearsed %q", reason, got)
		}
	}
}

// plainLine tells whether a text is one line, and does nothing to a terminal.
func plainLine(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u202e' })
}

// TestEditAgainWithoutFile: what was refused before its file was known is edited all
// the same; where nothing was typed, nothing opens.
func TestEditAgainWithoutFile(t *testing.T) {
	s, d := atDesk(t)
	s.prepared(before)
	s.send(editing{jail: "nginx-x", was: []byte(before), read: func() ([]byte, error) { return []byte("x"), nil }}.end(nil))
	s.send(model.RehearsalStepped{ID: 1, At: s.now, Reason: "it cannot be read"})
	if s.laidOut(keyE); d.opened != 2 || d.name == "" || d.text != "# bantop: it cannot be read\nx" {
		t.Errorf("%d times %q: %q", d.opened, d.name, d.text)
	}
	s, d = atDesk(t)
	s.send(model.EditPrepared{Jail: "nginx-x", At: s.now, Reason: "no"}).laidOut(keyE)
	if d.opened != 0 {
		t.Errorf("it opened with %q", d.text)
	}
}

// TestEditOnceMore: what was rehearsed well can be edited on, without a remark.
func TestEditOnceMore(t *testing.T) {
	s, d := atDesk(t)
	s.edit(func(*fail2ban.Rehearsal) {}).laidOut(keyE)
	if text, _ := s.m.state.Preparing.Edited(); d.opened != 1 || d.text != string(text) {
		t.Errorf("%d times %q", d.opened, d.text)
	}
}

// TestWithoutText: where no text came of an edit there is nothing to rehearse, and
// the file can be asked for once more; a file that is set aside is not rehearsed.
func TestWithoutText(t *testing.T) {
	for _, c := range []struct {
		name  string
		play  func(*stage)
		keys  string // in the footer
		press string
		want  model.Msg
	}{
		{"the editor failed", func(s *stage) { s.send(model.EditRefused{Jail: "nginx-x", At: s.now, Reason: "no"}).press("C") }, "e edit  ? help  q back", "t", nil},
		{"once more", func(s *stage) { s.send(model.EditRefused{Jail: "nginx-x", At: s.now, Reason: "no"}).press("C") }, "e edit  ? help  q back", "e", model.PrepareEdit{Jail: "nginx-x"}},
		{"set aside", func(s *stage) {
			s.send(model.SetAsideChosen{At: s.now, Suspects: []model.Suspect{{Dir: "jail.d", Name: "x.local", Jail: "nginx-x"}}}).press("C")
		}, "⏎ go on  ? help  q back", "t", nil},
	} {
		s := newStage(t, 100, 28, "none", false)
		c.play(toJails(s))
		if footer := s.m.View(); !strings.Contains(footer, "\n"+c.keys) {
			t.Errorf("%s: the keys are not %q:\n%s", c.name, c.keys, footer)
		}
		var got model.Msg
		for _, e := range s.effects(c.press) {
			got = e
		}
		if got != c.want {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// effects are what a key leads to.
func (s *stage) effects(key string) []model.Effect {
	var all []model.Effect
	s.m.perform = func(e model.Effect) model.Msg { all = append(all, e); return nil }
	next, cmd := s.m.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(key)})
	s.m = next.(Model)
	if cmd == nil {
		return nil
	}
	if batch, is := cmd().(tea.BatchMsg); is {
		for _, c := range batch {
			if c != nil {
				c()
			}
		}
	}
	return all
}

// TestEditAsks: the key on a jail asks for its file, of the jail under the cursor.
func TestEditAsks(t *testing.T) {
	s := newStage(t, 100, 28, "none", false)
	got := toJails(s).press("down", "down", "down").effects("e")
	if len(got) != 1 || got[0] != (model.PrepareEdit{Jail: "nginx-x"}) {
		t.Errorf("asked for %+v", got)
	}
}

// TestHostileEdit: what stands in a file that is edited does nothing to the terminal,
// nor does its name.
func TestHostileEdit(t *testing.T) {
	for _, text := range hostile {
		for _, size := range sizes {
			s := newStage(t, size.width, size.height, "dark", false)
			s.edit(func(*fail2ban.Rehearsal) {})
			s.press("t").send(model.RehearsalStepped{ID: 2, At: s.now, Rehearsal: found(),
				File: model.FileChange{Dir: "jail.d", Name: text, Was: []byte(text), Now: []byte("x\n" + text + "\n" + text)}})
			checkPicture(t, s.m.View(), size.width, size.height)
			s.send(edited{jail: text, err: errors.New(text)})
			checkPicture(t, s.m.View(), size.width, size.height)
		}
	}
}
