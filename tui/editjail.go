package tui

import (
	"bytes"
	"cmp"
	"os/exec"

	tea "github.com/charmbracelet/bubbletea"

	"bantop/model"
	"bantop/tui/safetext"
)

// Editor has somebody edit a text: the command to run, and what reads the text back
// when it has ended, and takes away what was made for it.
type Editor func(name string, text []byte) (cmd *exec.Cmd, read func() ([]byte, error), err error)

// edited is what somebody made of the file of a jail.
type edited struct {
	jail  string
	was   []byte // what the file held; nil where it was not there
	given []byte
	now   []byte
	err   error
}

// editAgain stands in outcome.edit for the jail that is being edited.
const editAgain = "\x00again"

// remark begins the lines that bantop puts above a text, and takes away again.
const remark = "# bantop: "

// remarked is a text under a remark.
func remarked(text []byte, reason string) []byte {
	if reason == "" {
		return text
	}
	return append([]byte(remark+string(safetext.Door{}.Text(reason))+"\n"), text...)
}

// unremarked is a text without the remarks above it.
func unremarked(text []byte) []byte {
	for bytes.HasPrefix(text, []byte(remark)) {
		_, text, _ = bytes.Cut(text, []byte("\n"))
	}
	return text
}

// openEditor has somebody edit the file of a jail, on a copy.
func (m Model) openEditor(msg model.EditPrepared) (tea.Model, tea.Cmd) {
	if msg.Reason != "" || m.editor == nil {
		return m.refuseEdit(model.EditRefused{Jail: msg.Jail, At: msg.At, Reason: msg.Reason, Hint: msg.Hint})
	}
	return m.editText(edited{jail: msg.Jail, was: msg.Was, given: msg.Text}, msg.Name, msg.Text)
}

// refuseEdit says why a jail cannot be edited.
func (m Model) refuseEdit(msg model.EditRefused) (tea.Model, tea.Cmd) {
	return m.openScreen(changeScreen{}).feed(msg)
}

// editText runs the editor on a text.
func (m Model) editText(e edited, name string, text []byte) (tea.Model, tea.Cmd) {
	cmd, read, err := m.editor(name, text)
	if err != nil {
		return m.refuseEdit(model.EditRefused{Jail: e.jail, At: m.now().Round(0), Reason: err.Error()})
	}
	return m, tea.ExecProcess(cmd, func(err error) tea.Msg {
		now, failed := read()
		if err == nil {
			err = failed
		}
		e.now, e.err = unremarked(now), err
		return e
	})
}

// takeEdited rehearses what somebody made of the file; nothing, where it is as it
// was.
func (m Model) takeEdited(msg edited) (tea.Model, tea.Cmd) {
	now := m.now().Round(0)
	switch {
	case msg.err != nil:
		return m.refuseEdit(model.EditRefused{Jail: msg.jail, At: now, Reason: "the editor failed: " + msg.err.Error()})
	case bytes.Equal(msg.given, msg.now):
		return m, nil
	}
	m = m.openScreen(changeScreen{})
	return m.feed(model.RehearsalRequested{Kind: model.ChangeEdit, Jail: msg.jail, At: now, Text: &msg.now, Was: msg.was})
}

// editAgain opens what was edited and refused, with the reason on top.
func (m Model) editAgain() (tea.Model, tea.Cmd) {
	a := m.state.Preparing
	text, ok := a.Edited()
	if !ok || m.editor == nil {
		return m, nil
	}
	reason := a.Rehearsal.Reason
	if reason == "" {
		reason = a.Reason
	}
	return m.editText(edited{jail: a.Jail, was: a.EditedFrom()}, cmp.Or(a.File.Name, "jail.local"), remarked(text, reason))
}
