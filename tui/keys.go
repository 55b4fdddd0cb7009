package tui

import (
	"github.com/charmbracelet/bubbles/key"
)

// keyMap is every key, once: what it is bound to, how it is written, and what
// it does. Footer and help are made from it.
type keyMap struct {
	Up, Down, PageUp, PageDown, Top, Bottom      key.Binding
	Open, Back, Filter, Sort, Reverse            key.Binding
	Pause, Now, Help, Quit, Leave, Kill, Suspend key.Binding
	Recover, Dismiss, Unlock, Lock               key.Binding
	Overview, Settings, Setup, Edit, Keep        key.Binding
	Choose, Yes                                  key.Binding
	Bans, Ban, Unban, UnbanAll, Allow            key.Binding
	MarkOne, MarkRange, MarkAll, Invert          key.Binding
	TakeBack, Results, Copy, Go, LetIn           key.Binding
	Next, Previous, Disallow, ForGood            key.Binding
	Jails, Activate, Deactivate, Rehearse        key.Binding
	RehearseAll, EditJail, Change, Confirm       key.Binding
	Revert, GoAhead                              key.Binding
}

func bind(shown, does string, keys ...string) key.Binding {
	return key.NewBinding(key.WithKeys(keys...), key.WithHelp(shown, does))
}

// defaultKeys are the keys, written with the glyphs that the terminal has.
func defaultKeys(g Glyphs) keyMap {
	return keyMap{
		Up:          bind(g.Above+"/k", "up", "up", "k"),
		Down:        bind(g.Below+"/j", "down", "down", "j"),
		PageUp:      bind("pgup", "page up", "pgup", "ctrl+b"),
		PageDown:    bind("pgdn", "page down", "pgdown", "ctrl+f"),
		Top:         bind("g", "first", "home", "g"),
		Bottom:      bind("G", "last", "end", "G"),
		Open:        bind(g.Enter, "open", "enter", "l", "right"),
		Back:        bind("esc", "back", "esc", "h", "left", "backspace"),
		Filter:      bind("/", "filter", "/"),
		Sort:        bind("s", "sort", "s"),
		Reverse:     bind("S", "reverse the order", "S"),
		Pause:       bind("p", "pause", "p"),
		Now:         bind("r", "refresh", "r"),
		Help:        bind("?", "help", "?"),
		Quit:        bind("q", "quit", "q"),
		Leave:       bind("q", "back", "q"),
		Kill:        bind("ctrl+c", "quit at once", "ctrl+c"),
		Suspend:     bind("ctrl+z", "suspend", "ctrl+z"),
		Recover:     bind("R", "recover", "R"),
		Dismiss:     bind("x", "hide the alert", "x"),
		Unlock:      bind("o", "unlock this pane", "o"),
		Lock:        bind("L", "lock every pane", "L"),
		Overview:    bind("1", "overview", "1"),
		Bans:        bind("2", "bans", "2"),
		Ban:         bind("b", "ban", "b"),
		Unban:       bind("u", "unban", "u"),
		UnbanAll:    bind("U", "unban in every jail", "U"),
		Allow:       bind("i", "never ban", "i"),
		MarkOne:     bind("space", "mark", " "),
		MarkRange:   bind("v", "mark a range", "v"),
		MarkAll:     bind("*", "mark all that are shown", "*"),
		Invert:      bind("~", "turn the marks round", "~"),
		TakeBack:    bind("z", "take back the last act", "z"),
		Results:     bind("e", "what came of an act", "e"),
		Copy:        bind("y", "copy", "y"),
		Go:          bind(":", "open an address", ":"),
		LetIn:       bind("i", "let yourself in", "i"),
		ForGood:     bind("g", "for good", "g"),
		Disallow:    bind("I", "take off the ignore list", "I"),
		Next:        bind("n", "next that is marked", "n"),
		Previous:    bind("N", "the one before", "N"),
		Jails:       bind("3", "jails", "3"),
		Activate:    bind("a", "activate", "a"),
		Deactivate:  bind("d", "deactivate", "d"),
		Rehearse:    bind("t", "rehearse", "t"),
		RehearseAll: bind("T", "rehearse all", "T"),
		EditJail:    bind("e", "edit", "e"),
		Change:      bind("C", "change of the jails", "C"),
		Confirm:     bind("c", "confirm", "c"),
		Revert:      bind("v", "take back", "v"),
		GoAhead:     bind(g.Enter, "go on", "enter", "a"),
		Settings:    bind("6", "settings", "6"),
		Setup:       bind("7", "setup", "7"),
		Edit:        bind(g.Enter, "edit", "enter"),
		Keep:        bind("w", "keep for good", "w"),
		Choose:      bind(g.Enter, "do it", "enter"),
		Yes:         bind("y", "yes", "y", "Y"),
	}
}

// moving are the keys that move in a list.
func (k keyMap) moving() []key.Binding {
	return []key.Binding{k.Up, k.Down, k.PageUp, k.PageDown, k.Top, k.Bottom}
}

// always are the keys that work on every screen. The way out comes last: only
// where nothing is below a screen, it leads out of bantop.
func (k keyMap) always(below bool) (often, seldom []key.Binding) {
	often = []key.Binding{k.Help, k.Quit}
	if below {
		often, seldom = []key.Binding{k.Help, k.Leave}, []key.Binding{k.Back}
	}
	return often, append(seldom, k.Recover, k.Dismiss, k.Unlock, k.Lock, k.Results, k.TakeBack, k.Overview, k.Bans, k.Jails, k.Change, k.Go, k.Settings, k.Setup, k.Kill, k.Suspend)
}
