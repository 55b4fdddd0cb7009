package tui

import (
	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"bantop/model"
	"bantop/model/banlist"
)

// pressAll takes keys apart that came in one piece, as they do when somebody
// types faster than the line is: to Bubble Tea they are one key of many letters.
func (m Model) pressAll(msg tea.KeyMsg) (tea.Model, tea.Cmd) {
	if msg.Type != tea.KeyRunes || len(msg.Runes) < 2 || msg.Paste {
		return m.press(msg)
	}
	var next tea.Model = m
	var cmds []tea.Cmd
	for _, r := range msg.Runes {
		one := msg
		one.Runes = []rune{r}
		var cmd tea.Cmd
		next, cmd = next.(Model).press(one)
		cmds = append(cmds, cmd)
	}
	return next, tea.Batch(cmds...)
}

// press is a key: first those that end something, then the answer to a question
// and text, then those that work everywhere, then the screen's own.
func (m Model) press(msg tea.KeyMsg) (tea.Model, tea.Cmd) {
	k := m.keys
	switch {
	case key.Matches(msg, k.Kill):
		return m, tea.Quit
	case key.Matches(msg, k.Suspend):
		return m.suspend()
	case m.question != nil:
		return m.answer(msg)
	case m.prompt != nil:
		return m.pressPrompt(msg), nil
	case m.going != nil:
		return m.pressGo(msg)
	case m.typing:
		return m.pressScreen(msg)
	case msg.Paste: // text is no command
		return m, nil
	case key.Matches(msg, k.Quit):
		if len(m.screens) == 1 {
			return m, tea.Quit
		}
		return m.back()
	case key.Matches(msg, k.Back) && m.state.Batch.Running && msg.Type == tea.KeyEsc:
		return m.feed(model.BatchStopped{})
	case key.Matches(msg, k.Back) && len(m.screens) > 1 && !m.holdsBack():
		return m.back()
	case key.Matches(msg, k.Pause):
		return m.pause(), nil
	case key.Matches(msg, k.Now):
		m.frozen = nil
		return m.feed(model.RefreshRequested{})
	}
	if next, cmd, done := m.pressAnywhere(msg); done {
		return next, cmd
	}
	return m.pressScreen(msg)
}

// pressAnywhere takes the keys that open a screen or act, wherever one is.
func (m Model) pressAnywhere(msg tea.KeyMsg) (next Model, cmd tea.Cmd, done bool) {
	k, r := m.keys, m.state.Runtime
	switch {
	case key.Matches(msg, k.Help):
		return m.openScreen(helpScreen{of: m.allKeys()}), nil, true
	case key.Matches(msg, k.Settings):
		return m.openScreen(settingsScreen{}), nil, true
	case key.Matches(msg, k.Go):
		m.going = &goPrompt{}
		return m, nil, true
	case key.Matches(msg, k.Results) && !m.editsHere():
		return m.openScreen(resultsScreen{}), nil, true
	case key.Matches(msg, k.TakeBack):
		return m.askTakeBack(), nil, true
	case key.Matches(msg, k.Bans):
		m = m.openScreen(bansScreen{by: banlist.BySince})
		m, cmd = m.feed(model.BansOpened{})
		return m, cmd, true
	case key.Matches(msg, k.Jails):
		m = m.openScreen(jailsScreen{})
		m, cmd = m.feed(model.CatalogueOpened{})
		return m, cmd, true
	case key.Matches(msg, k.Change):
		return m.openScreen(changeScreen{}), nil, true
	case key.Matches(msg, k.Setup):
		m, cmd = m.openSetup(false)
		return m, cmd, true
	case key.Matches(msg, k.Overview):
		m, cmd = m.toOverview()
		return m, cmd, true
	case key.Matches(msg, k.Recover):
		m = m.openScreen(recovery{})
		m, cmd = m.feed(model.EvidenceOpened{})
		return m, cmd, true
	case key.Matches(msg, k.Dismiss) && r.Pending != nil:
		return m.ask(model.ActDismiss), nil, true
	case key.Matches(msg, k.Unlock):
		if _, unlocked := m.state.ActiveSession(); !unlocked {
			m = m.ask("")
		}
		return m, nil, true
	case key.Matches(msg, k.Lock):
		m, cmd = m.feed(model.LockRequested{At: m.now().Round(0)})
		return m, cmd, true
	default:
		return m, nil, false
	}
}

// holdsBack tells whether the screen on top has something to take back before it
// is left.
func (m Model) holdsBack() bool {
	switch top := m.top().(type) {
	case bansScreen:
		return top.busy()
	case jailsScreen:
		return top.busy(m.state)
	default:
		return false
	}
}

// editsHere tells whether the key that shows results edits a jail instead.
func (m Model) editsHere() bool {
	switch m.top().(type) {
	case jailsScreen, changeScreen:
		return true
	default:
		return false
	}
}

func (m Model) pressScreen(msg tea.KeyMsg) (tea.Model, tea.Cmd) {
	next, out := m.top().press(m.keys, msg, m.shown(), m.body())
	m.typing = out.typing
	m.screens = append(m.screens[:len(m.screens)-1:len(m.screens)-1], next)
	if out.open != nil {
		m.screens = append(m.screens, out.open)
	}
	switch {
	case out.ask != "":
		m = m.ask(out.ask)
	case out.batch != nil:
		m = m.askBatch(*out.batch)
	case out.change:
		m = m.askChange()
	case out.edit == editAgain:
		return m.editAgain()
	case out.edit != "":
		return m.feed(model.EditRequested{Jail: out.edit})
	case out.prompt != nil:
		m.prompt = out.prompt
	case out.copied != "":
		if m.copy != nil {
			return m, func() tea.Msg { m.copy(out.copied); return nil }
		}
	case out.address != "":
		return m.openAddress(out.address)
	}
	return m.feed(out.msg)
}
