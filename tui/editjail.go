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
	jail     string
	file     []byte // what the file held; nil where it was not there
	was, now []byte
	err      error
}

// editAgain stands in outcome.edit for the jail that is being edited.
const editAgain = "\x00again"

// remark begins the line that bantop puts above a text, and takes away again.
const remark = "# bantop: "

// remarked is a text under a remark, which is one line whatever it says; the text
// alone where there is nothing to remark.
func remarked(text []byte, reason string) []byte {
	if reason == "" {
		return text
	}
	const most = 300 // cells
	return append([]byte(remark+string(safetext.Door{}.Cut(reason, most, "..."))+"\n"), text...)
}

// unremarked is a text without the remark above it.
func unremarked(text []byte) []byte {
	if bytes.HasPrefix(text, []byte(remark)) {
		_, text, _ = bytes.Cut(text, []byte("\n"))
	}
	return text
}

// openEditor has somebody edit the file of a jail, on a copy.
func (m Model) openEditor(msg model.EditPrepared) (tea.Model, tea.Cmd) {
	if m.editor == nil {
		msg.Reason = cmp.Or(msg.Reason, "nothing can be edited here")
	}
	if msg.Reason != "" {
		return m.refuseEdit(model.EditRefused{Jail: msg.Jail, At: msg.At, Reason: msg.Reason, Hint: msg.Hint})
	}
	return m.editText(msg.Name, msg.Text, editing{jail: msg.Jail, file: msg.Was, was: msg.Text})
}

// refuseEdit says why a jail cannot be edited.
func (m Model) refuseEdit(msg model.EditRefused) (tea.Model, tea.Cmd) {
	return m.openScreen(changeScreen{}).feed(msg)
}

// editing is a text that is in somebody's editor.
type editing struct {
	jail     string
	file     []byte // as in edited
	was      []byte // without the remark
	remarked bool
	cmd      *exec.Cmd // the editor
	read     func() ([]byte, error)
}

// end reads the text back once the editor has ended.
func (e editing) end(err error) tea.Msg {
	now, failed := e.read()
	if err == nil {
		err = failed
	}
	if e.remarked {
		now = unremarked(now)
	}
	return edited{jail: e.jail, file: e.file, was: e.was, now: now, err: err}
}

// editText lays a text out for the editor.
func (m Model) editText(name string, text []byte, e editing) (tea.Model, tea.Cmd) {
	return m, func() tea.Msg {
		var err error
		if e.cmd, e.read, err = m.editor(name, text); err != nil {
			return model.EditPrepared{Jail: e.jail, At: m.now().Round(0), Reason: err.Error()}
		}
		return e
	}
}

// runEditor gives the terminal to the editor.
func (m Model) runEditor(e editing) (tea.Model, tea.Cmd) {
	return m, m.lendTo(func() error { return m.run(e.cmd) }, e.end)
}

// takeEdited rehearses what somebody made of the file; nothing, where it is as it
// was.
func (m Model) takeEdited(msg edited) (tea.Model, tea.Cmd) {
	now := m.now().Round(0)
	switch {
	case msg.err != nil:
		return m.refuseEdit(model.EditRefused{Jail: msg.jail, At: now, Reason: "the editor failed: " + msg.err.Error()})
	case bytes.Equal(msg.was, msg.now):
		return m, nil
	}
	m = m.openScreen(changeScreen{})
	return m.feed(model.RehearsalRequested{Kind: model.ChangeEdit, Jail: msg.jail, At: now, Text: &msg.now, Was: msg.file})
}

// editAgain opens what was edited and refused, with the reason on top.
func (m Model) editAgain() (tea.Model, tea.Cmd) {
	a := m.state.Preparing
	text, ok := a.Edited()
	if !ok || m.editor == nil {
		return m, nil
	}
	reason := cmp.Or(a.Rehearsal.Reason, a.Reason)
	name := cmp.Or(a.File.Name, "jail.local") // not known where it was refused before that
	return m.editText(name, remarked(text, reason), editing{jail: a.Jail, file: a.EditedFrom(), was: text, remarked: reason != ""})
}
