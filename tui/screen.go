package tui

import (
	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"bantop/model"
)

// A screen is one thing that fills the terminal between header and footer. It
// is a value that holds only what is on the screen: cursor, order, filter. What
// it shows comes from the State, each time anew.
type screen interface {
	// keys are the keys that it knows, most useful first: those that the footer
	// shows, and those that only the help does.
	keys(keyMap) (often, seldom []key.Binding)
	// press is the screen after a key, and what follows from it. The pen tells
	// how much of it is seen.
	press(keyMap, tea.KeyMsg, model.State, pen) (screen, outcome)
	// view draws it into at most so many lines as the pen has.
	view(pen, model.State) []string
}

// A follower is a screen that keeps something that it worked out from the state,
// where that is too much to be worked out each time that it is drawn.
type follower interface {
	// follow is the screen after the state has changed.
	follow(model.State) screen
}

// room is how much a screen has to draw on.
type room struct{ width, height int }

// outcome is what follows from a key beyond the screen itself.
type outcome struct {
	open    screen                // to be put on top
	msg     model.Msg             // for the model
	ask     model.ActKind         // an act to ask about
	batch   *model.BatchRequested // an act on addresses to ask about
	prompt  *banPrompt            // to be typed into
	copied  string                // for the clipboard
	address string                // to be opened
	change  bool                  // the change that was rehearsed, to ask about
	edit    string                // a jail whose file is to be edited
	typing  bool                  // keys are text for the screen until it says otherwise
}

// small tells whether there is room for little more than the numbers.
func (r room) small() bool { return r.width < 60 || r.height < 16 }

// shown is the status whose numbers stand on the screen: the newest, or, where
// the server does not answer, the last that it gave.
func shown(s model.State) (status model.ServerStatus, stale bool) {
	if r := s.Runtime; !r.Server.Kind.Up() {
		return r.Seen, true
	}
	return s.Runtime.Server, false
}
