package tui

import (
	"errors"
	"os/exec"
	"strings"
	"testing"

	"bantop/fail2ban"
	"bantop/model"
)

// typist is an Editor that makes of each text what a test wants.
type typist struct {
	given []string // the texts that it was given
	makes func(text string) string
	fails error // the editor itself
	cmd   error // it cannot be run
}

func (y *typist) edit(_ string, text []byte) (*exec.Cmd, func() ([]byte, error), error) {
	y.given = append(y.given, string(text))
	return exec.Command("true"), func() ([]byte, error) { return []byte(y.makes(string(text))), y.fails }, y.cmd
}

// edits presses e on nginx-x, and lets the typist do his work.
func (s *stage) edits(y *typist, text string) *stage {
	s.m.editor = y.edit
	toJails(s).press("down", "down", "down", "e")
	return s.send(model.EditPrepared{Jail: "nginx-x", At: s.now, Name: "web.local", Text: []byte(text)}).done(y, text)
}

// done is the end of the editor: Bubble Tea, which would run it, is not there.
func (s *stage) done(y *typist, was string) *stage {
	now, err := y.makes(y.given[len(y.given)-1]), y.fails
	return s.send(edited{jail: "nginx-x", was: []byte(was), given: []byte(was), now: unremarked([]byte(now)), err: err})
}

const webLocal = "[nginx-x]\nenabled = false\n"

// TestEdit: what somebody made of a jail's file is rehearsed; what he left as it was
// is nothing.
func TestEditJail(t *testing.T) {
	s := newStage(t, 100, 28, "none", false)
	s.edits(&typist{makes: func(text string) string { return text }}, webLocal)
	if _, is := s.m.top().(jailsScreen); !is || s.m.state.Preparing.Kind != "" {
		t.Errorf("unchanged: %T, %+v", s.m.top(), s.m.state.Preparing)
	}
	y := &typist{makes: func(text string) string { return text + "maxretry = 2\n" }}
	s = newStage(t, 100, 28, "none", false).edits(y, webLocal)
	text, ok := s.m.state.Preparing.Edited()
	if _, is := s.m.top().(changeScreen); !is || !ok || string(text) != webLocal+"maxretry = 2\n" || s.m.state.Preparing.Kind != model.ChangeEdit {
		t.Errorf("changed: %T, %q, %+v", s.m.top(), text, s.m.state.Preparing)
	}
}

// TestEditAgain: a fault brings the editor back with the reason on top, harmless,
// and what bantop put there is no part of the text.
func TestEditAgain(t *testing.T) {
	y := &typist{makes: func(text string) string { return text + "bantime = x\n" }}
	s := newStage(t, 100, 28, "none", false).edits(y, webLocal)
	s.rehearsed(func(r *fail2ban.Rehearsal) {
		r.Verdict, r.Reason = fail2ban.VerdictRefused, "name 'x' is not defined\x1b[2J\nand more"
	})
	s.press("e")
	if len(y.given) != 2 {
		t.Fatalf("the editor was opened %d times", len(y.given))
	}
	first, rest, _ := strings.Cut(y.given[1], "\n")
	if !strings.HasPrefix(first, "# bantop: name 'x' is not defined") || strings.ContainsAny(first, "\x1b\n") || rest != webLocal+"bantime = x\n" {
		t.Errorf("given %q", y.given[1])
	}
	y.makes = func(text string) string { return strings.Replace(text, "bantime = x\n", "bantime = 5m\n", 1) }
	s.done(y, "")
	if text, _ := s.m.state.Preparing.Edited(); string(text) != webLocal+"bantime = 5m\n" {
		t.Errorf("rehearsed %q", text)
	}
}

// TestEditRefused: why a jail cannot be edited is said, whatever the cause.
func TestEditRefused(t *testing.T) {
	for name, play := range map[string]func(s *stage){
		"it is a link": func(s *stage) {
			s.m.editor = (&typist{}).edit
			toJails(s).press("e").send(model.EditPrepared{Jail: "apache-auth", At: s.now, Reason: "it is a link", Hint: "take it away"})
		},
		"there is no editor here": func(s *stage) {
			y := &typist{makes: strings.ToUpper, cmd: errors.New("there is no editor here")}
			s.m.editor = y.edit
			toJails(s).press("e").send(model.EditPrepared{Jail: "apache-auth", At: s.now, Text: []byte("x")})
		},
		"exit status 1": func(s *stage) {
			s.edits(&typist{makes: strings.ToUpper, fails: errors.New("exit status 1")}, webLocal)
		},
	} {
		s := newStage(t, 100, 28, "none", false)
		play(s)
		if view := s.m.View(); !strings.Contains(view, "refused") || !strings.Contains(view, name) {
			t.Errorf("%s:\n%s", name, view)
		}
	}
}
