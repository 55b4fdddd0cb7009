// Package tui is the dashboard: a Bubble Tea program that draws the model's
// State and turns keys into messages.
//
// It holds only what is on the screen. Every rule about fail2ban is in package
// model, every look at the server in model/runner; a screen is one file, which
// draws a State into the room there is. Nothing foreign is drawn but through
// safetext.
package tui

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"time"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"bantop/config"
	"bantop/model"
	"bantop/tui/safetext"
)

// Options are what a dashboard is made of.
type Options struct {
	State   model.State
	Perform func(context.Context, model.Effect) model.Msg // carries out an effect; see runner.Runner.Do
	Look    func(s config.Settings, light bool) Look      // how things are drawn with these settings, on a light background
	Now     func() time.Time                              // the clock; default time.Now
	Told    <-chan model.Msg                              // messages from elsewhere; may be nil
	Lend    func(run func() error) error                  // gives the terminal back while something runs; may be nil
	Stop    func() error                                  // stops the process until it is continued; nil if it cannot be
	Editor  Editor                                        // nil where nothing can be edited
	Run     func(*exec.Cmd) error                         // runs the editor in the terminal
	Copy    func(text string)                             // hands a text to the terminal's clipboard; may be nil
}

// Look is how things are drawn.
type Look struct {
	Theme Theme
	ASCII bool
}

// Model is the whole program.
type Model struct {
	state    model.State
	perform  func(model.Effect) model.Msg
	look     func(config.Settings, bool) Look
	light    bool // the terminal's background is
	keys     keyMap
	pen      pen
	screens  []screen // the last is on top; the first stays
	typing   bool
	question *question    // that is asked; nil where none is
	prompt   *banPrompt   // that is typed into; nil where none is
	going    *goPrompt    // likewise
	frozen   *model.State // what is shown while paused
	offered  bool         // the setup was opened by itself
	now      func() time.Time
	told     <-chan model.Msg
	lend     func(func() error) error
	stop     func() error
	run      func(*exec.Cmd) error
	copy     func(string)
	editor   Editor
}

// Background says what the terminal answered when it was asked for its background.
type Background struct{ Light bool }

// New returns a dashboard that runs until ctx ends.
func New(ctx context.Context, o Options) Model {
	if o.Now == nil {
		o.Now = time.Now
	}
	m := Model{
		state:   o.State,
		perform: func(e model.Effect) model.Msg { return o.Perform(ctx, e) },
		look:    o.Look,
		screens: []screen{overview{}},
		now:     o.Now,
		told:    o.Told,
		lend:    o.Lend,
		stop:    o.Stop,
		run:     o.Run,
		copy:    o.Copy,
		editor:  o.Editor,
	}
	return m.relook()
}

// relook draws from now on as the settings say.
func (m Model) relook() Model {
	l := m.look(m.state.Settings.Effective.Settings, m.light)
	glyphs := Unicode
	if l.ASCII {
		glyphs = ASCII
	}
	m.keys = defaultKeys(glyphs)
	m.pen.Theme, m.pen.Glyphs, m.pen.Door = l.Theme, glyphs, safetext.Door{ASCII: l.ASCII}
	return m
}

// Init begins to look, to tick and to listen.
func (m Model) Init() tea.Cmd {
	return tea.Batch(func() tea.Msg { return model.Started{At: m.now().Round(0)} }, tick(m.now), listen(m.told))
}

// tick is the passing of a second, on the second.
func tick(now func() time.Time) tea.Cmd {
	return tea.Every(time.Second, func(time.Time) tea.Msg { return model.Ticked{At: now().Round(0)} })
}

// told is a message from elsewhere.
type told struct{ msg model.Msg }

// listen waits for the next message from elsewhere.
func listen(from <-chan model.Msg) tea.Cmd {
	if from == nil {
		return nil
	}
	return func() tea.Msg { return told{<-from} }
}

// Update hands keys to the screen and everything else to the model.
func (m Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.pen.width, m.pen.height = msg.Width, msg.Height
		return m, nil
	case tea.KeyMsg:
		return m.pressAll(msg)
	case Background:
		m.light = msg.Light
		return m.relook(), nil
	case Suspended:
		return m.suspend()
	case Continued:
		return m.refresh()
	case returned:
		return m.resume(msg)
	case tea.MouseMsg:
		return m.mouse(msg)
	case model.EditPrepared:
		return m.openEditor(msg)
	case editing:
		return m.runEditor(msg)
	case edited:
		return m.takeEdited(msg)
	case model.Ticked:
		next, cmd := m.feed(msg)
		return next, tea.Batch(cmd, tick(m.now))
	case told:
		next, cmd := m.feed(msg.msg)
		return next, tea.Batch(cmd, listen(m.told))
	default:
		return m.feed(msg)
	}
}

// feed gives the model a message and has the effects carried out.
func (m Model) feed(msg model.Msg) (Model, tea.Cmd) {
	if msg == nil {
		return m, nil
	}
	before := m.state.Settings.Effective.Settings
	state, effects := model.Update(m.state, msg)
	m.state = state
	cmds := make([]tea.Cmd, len(effects), len(effects)+2)
	if set := state.Settings.Effective.Settings; set != before {
		m = m.relook()
		cmds = append(cmds, mouseMode(before.Mouse, set.Mouse))
	}
	for i, e := range effects {
		cmds[i] = do(m.perform, e)
	}
	m = m.followed()
	if _, acted := msg.(model.ActedOn); acted {
		m = m.askIgnored()
	}
	m, cmd := m.offerSetup()
	return m, tea.Batch(append(cmds, cmd)...)
}

// followed lets the screens work out anew what they keep of the state.
func (m Model) followed() Model {
	for i, s := range m.screens {
		f, follows := s.(follower)
		if !follows {
			continue
		}
		screens := slices.Clone(m.screens)
		screens[i] = f.follow(m.shown())
		m.screens = screens
	}
	return m
}

// do carries out one effect; what comes of it is the next message.
func do(perform func(model.Effect) model.Msg, e model.Effect) tea.Cmd {
	return func() tea.Msg { return perform(e) }
}

// askTakeBack asks whether to do the opposite of the newest act.
func (m Model) askTakeBack() Model {
	kind, targets := m.state.Batch.Reverse(m.now())
	return m.askBatch(model.BatchRequested{Kind: kind, Targets: targets, Back: true})
}

// openScreen puts a screen on top, unless one of its kind is.
func (m Model) openScreen(s screen) Model {
	if fmt.Sprintf("%T", m.top()) != fmt.Sprintf("%T", s) {
		m.screens = append(m.screens[:len(m.screens):len(m.screens)], s)
	}
	return m.followed()
}

// toOverview closes every screen but the first.
func (m Model) toOverview() (Model, tea.Cmd) {
	var cmds []tea.Cmd
	for len(m.screens) > 1 {
		var cmd tea.Cmd
		m, cmd = m.back()
		cmds = append(cmds, cmd)
	}
	return m, tea.Batch(cmds...)
}

// pause freezes what is shown, or lets it go on. The looking goes on.
func (m Model) pause() Model {
	if m.frozen != nil {
		m.frozen = nil
		return m
	}
	frozen := m.state
	m.frozen = &frozen
	return m
}

// back closes the screen on top, and tells the model what nobody looks at any
// more.
func (m Model) back() (Model, tea.Cmd) {
	was := m.top()
	m.screens = m.screens[: len(m.screens)-1 : len(m.screens)-1]
	switch was.(type) {
	case jailScreen:
		return m.feed(model.JailClosed{})
	case addressScreen:
		return m.feed(model.AddressClosed{})
	case bansScreen:
		return m.feed(model.BansClosed{})
	case setupScreen:
		return m.feed(model.SetupClosed{})
	case jailsScreen:
		return m.feed(model.CatalogueClosed{})
	case changeScreen:
		return m.feed(model.RehearsalDropped{})
	case recovery:
		return m.feed(model.EvidenceClosed{})
	default:
		return m, nil
	}
}

func (m Model) top() screen { return m.screens[len(m.screens)-1] }

// shown is the state that is drawn.
func (m Model) shown() model.State {
	if m.frozen != nil {
		return *m.frozen
	}
	return m.state
}

// footKeys are the keys that the footer shows: where there is something to
// recover from, first how.
func (m Model) footKeys() []key.Binding {
	often, _ := m.top().keys(m.keys)
	always, _ := m.keys.always(len(m.screens) > 1)
	var first []key.Binding
	if _, open := m.top().(recovery); !open && m.shown().Runtime.Pending != nil {
		first = []key.Binding{m.keys.Recover, m.keys.Dismiss}
	}
	return slices.Concat(first, often, always)
}

// allKeys are the keys that work now, for the help.
func (m Model) allKeys() []key.Binding {
	often, seldom := m.top().keys(m.keys)
	always, rarely := m.keys.always(len(m.screens) > 1)
	return slices.Concat(often, seldom, always, rarely)
}
