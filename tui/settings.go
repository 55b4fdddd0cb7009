package tui

import (
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"bantop/config"
	"bantop/model"
	"bantop/tui/safetext"
	"bantop/tui/words"
)

// settingsScreen shows each setting with its origin; those that may change while
// bantop runs are edited in place, for this run, or kept.
type settingsScreen struct {
	win    window
	typing bool
	text   string
}

func (v settingsScreen) keys(k keyMap) (often, seldom []key.Binding) {
	return []key.Binding{k.Edit, k.Keep}, k.moving()
}

func (v settingsScreen) press(k keyMap, msg tea.KeyMsg, s model.State, p pen) (screen, outcome) {
	keys := config.Keys()
	if v.typing {
		return v.typed(msg, keys[v.win.cursor].Name)
	}
	if win, moved := v.win.press(k, msg, len(keys), v.rows(p)); moved {
		v.win = win
		return v, outcome{}
	}
	switch {
	case key.Matches(msg, k.Keep):
		return v, outcome{msg: model.SettingsKeeping{}}
	case key.Matches(msg, k.Edit):
		v.typing, v.text = true, s.Settings.Effective.Text(keys[v.win.cursor].Name)
		return v, outcome{typing: true}
	}
	return v, outcome{}
}

func (v settingsScreen) typed(msg tea.KeyMsg, name string) (screen, outcome) {
	switch msg.Type {
	case tea.KeyEnter:
		v.typing = false
		return v, outcome{msg: model.SettingsChanged{Values: []config.Value{{Key: name, Text: v.text, Origin: config.ThisRun}}}}
	case tea.KeyEsc:
		v.typing = false
	default:
		v.text = edit(v.text, msg)
	}
	return v, outcome{typing: v.typing}
}

func (v settingsScreen) view(p pen, s model.State) []string {
	keys := config.Keys()
	seen := v.rows(p)
	win := v.win.clamp(len(keys), seen)
	const name, value = 20, 22
	lines := []string{p.line().skip(2).put(p.Faint, "SETTING").to(2+name).put(p.Faint, "VALUE").to(2+name+value).put(p.Faint, "FROM").String()}
	for i := win.top; i < min(len(keys), win.top+seen); i++ {
		lines = append(lines, v.row(p, s, keys[i], i == win.cursor, name, value))
	}
	for len(lines) < min(len(keys), seen)+1 {
		lines = append(lines, "")
	}
	lines = append(lines, p.line().say(p.Bad, words.Unused(s.Settings)).String())
	style, note := v.note(p, s, keys[win.cursor])
	for _, text := range p.wrap(note, p.width, noteLines) {
		lines = append(lines, p.line().put(style, text).String())
	}
	return lines
}

// noteLines is how long the note below the table may be.
const noteLines = 2

// rows is how many settings are seen: the heading, a blank line and the note
// take the rest.
func (v settingsScreen) rows(p pen) int { return max(1, p.height-2-noteLines) }

func (v settingsScreen) row(p pen, s model.State, k config.Key, current bool, name, value int) string {
	l := p.line()
	if current {
		l.put(p.Label, safetext.Text(p.Cursor))
	}
	style := Style{}
	if !k.Live {
		style = p.Faint
	}
	l.to(2).put(p.Label, safetext.Text(k.Name)).to(2 + name)
	if current && v.typing {
		return l.put(p.Title, p.text(v.text, value-3)).put(p.Mark, " ").String()
	}
	text, from := s.Settings.Effective.Text(k.Name), s.Settings.Effective.Origin(k.Name).String()
	if text == "" {
		text = p.Dash
	}
	if inForce, elsewhere := s.ElsewhereInForce()[k.Name]; elsewhere {
		style, text = p.Warn, text+" (in force: "+inForce+")"
	}
	if s.Settings.Waiting(k.Name) {
		style, from = p.Warn, from+", changed since the start"
	}
	l.put(style, p.text(text, value-2)).to(2 + name + value)
	return l.say(p.Faint, from).String()
}

// note is what there is to say about the newest change, else about the setting
// under the cursor.
func (v settingsScreen) note(p pen, s model.State, k config.Key) (Style, string) {
	switch set := s.Settings; {
	case v.typing:
		return p.Faint, "it is " + k.Form + "; enter sets it for this run, esc leaves it"
	case set.Refused != "":
		return p.Bad, strings.TrimPrefix(set.Refused, config.ThisRun.String()+": ")
	case set.Kept != "":
		return p.OK, "kept in " + set.Kept
	case s.ElsewhereInForce()[k.Name] != "":
		return p.Warn, words.InForce(s.ElsewhereInForce()[k.Name])
	case set.Waiting(k.Name):
		return p.Warn, words.Reopen(set, k.Name)
	case !k.Live:
		return p.Faint, k.Doc + " (read at the start)"
	default:
		return p.Faint, k.Doc
	}
}
