package model

import (
	"slices"
	"strings"
	"time"

	"bantop/config"
)

// Settings are the settings of the start, what the files said since, what was set
// since, and what holds (R8).
type Settings struct {
	Bootstrap config.Effective // those of the start: they never change
	Read      config.Effective // what a start would give now
	Faults    []config.Fault   // what of that is not used
	Overrides []config.Value   // set while bantop runs
	Effective config.Effective // overrides over what is live of Read over bootstrap
	Refused   string           // why the newest change was refused; "" where it was not
	Kept      string           // the file that the overrides were last written to
}

func newSettings(boot config.Effective, faults []config.Fault) Settings {
	return Settings{Bootstrap: boot, Read: boot, Faults: faults, Effective: boot}
}

// Waiting reports whether a key has another value in its file than here, where it
// is read only at the start.
func (s Settings) Waiting(key string) bool {
	return slices.ContainsFunc(s.Bootstrap.Differing(s.Read), func(k config.Key) bool { return k.Name == key && !k.Live })
}

// SettingsChanged says that somebody wants other settings for this run.
type SettingsChanged struct{ Values []config.Value }

// SettingsRead says that a settings file has changed, or was mended or spoilt, and
// what a start would give now: files, environment and flags.
type SettingsRead struct {
	At       time.Time
	Settings config.Effective
	Faults   []config.Fault
}

// SettingsKeeping says that somebody wants this run's settings kept.
type SettingsKeeping struct{}

// SettingsKept is the result of KeepSettings.
type SettingsKept struct {
	File   string
	Reason string // why it failed; "" where it did not
}

func (s State) updateSettings(msg Msg) (State, []Effect) {
	switch msg := msg.(type) {
	case SettingsChanged:
		return s.settingsChanged(msg)
	case SettingsRead:
		return s.settingsRead(msg)
	case SettingsKeeping:
		return s.settingsKeeping()
	case SettingsKept:
		return s.settingsKept(msg), nil
	default:
		return s, nil
	}
}

// settingsChanged lays values over the settings. A second change keeps the
// first. What is unknown, not allowed, or read only at the start is refused
// whole, and the settings stay as they are.
func (s State) settingsChanged(msg SettingsChanged) (State, []Effect) {
	before := s.Settings
	s.Settings.Kept = ""
	for _, v := range msg.Values {
		if i := slices.IndexFunc(config.Keys(), func(k config.Key) bool { return k.Name == v.Key }); i >= 0 && !config.Keys()[i].Live {
			s.Settings.Refused = v.Key + " is read only at the start: set it in a file and open bantop again"
			return s, nil
		}
	}
	overrides := slices.Concat(before.Overrides, msg.Values)
	effective, err := before.Bootstrap.WithLive(before.Read).With(overrides...)
	if err != nil {
		s.Settings.Refused = err.Error()
		return s, nil
	}
	s.Settings.Overrides, s.Settings.Effective, s.Settings.Refused = overrides, effective, ""
	return s.follows(before.Effective)
}

// settingsRead takes up what the files say now, as far as it may change while
// bantop runs; what was set in this run stays over it. It tells what changed, what
// waits for the next start, and what is not used.
func (s State) settingsRead(msg SettingsRead) (State, []Effect) {
	s = s.at(msg.At)
	before := s.Settings
	effective, err := before.Bootstrap.WithLive(msg.Settings).With(before.Overrides...)
	if err != nil { // they were allowed over other values, and are over these
		return s, nil
	}
	s.Settings.Read, s.Settings.Faults, s.Settings.Effective = msg.Settings, slices.Clone(msg.Faults), effective
	return s.log(before.news(s.Settings, msg.At)).follows(before.Effective)
}

// news is what there is to tell of settings that were read again.
func (s Settings) news(now Settings, at time.Time) []Event {
	events := faultEvents(minusFaults(now.Faults, s.Faults), SettingsSpoilt, at)
	for _, f := range minusFaults(s.Faults, now.Faults) {
		if !slices.ContainsFunc(now.Faults, func(g config.Fault) bool { return g.Source == f.Source }) {
			events = append(events, Event{At: at, Kind: SettingsMended, Note: f.Source + " is used again"})
		}
	}
	var taken, waiting []string
	for _, k := range s.Effective.Differing(now.Effective) {
		taken = append(taken, strings.TrimSpace(k.Name+" "+now.Effective.Text(k.Name)))
	}
	for _, k := range s.Read.Differing(now.Read) {
		if now.Waiting(k.Name) {
			waiting = append(waiting, k.Name)
		}
	}
	if len(taken) > 0 {
		events = append(events, Event{At: at, Kind: SettingsTaken, Note: strings.Join(taken, ", ")})
	}
	if len(waiting) > 0 {
		note := strings.Join(waiting, ", ") + " changed: open this pane again to use it"
		events = append(events, Event{At: at, Kind: SettingsTaken, Note: note})
	}
	return events
}

// faultEvents tell of what is not used.
func faultEvents(faults []config.Fault, kind EventKind, at time.Time) []Event {
	var events []Event
	for _, f := range faults {
		note := f.Reason + "; not used"
		if f.Kept {
			note = f.Reason + "; the old settings stay"
		}
		events = append(events, Event{At: at, Kind: kind, Note: note})
	}
	return events
}

// minusFaults are the faults that are not among others.
func minusFaults(faults, others []config.Fault) []config.Fault {
	return slices.DeleteFunc(slices.Clone(faults), func(f config.Fault) bool {
		return slices.ContainsFunc(others, func(o config.Fault) bool { return o.Source == f.Source && o.Reason == f.Reason })
	})
}

// follows lets what goes by the settings follow them: the session's cache (R9), how
// long the server is waited for, and the next look, which may be due earlier, and
// which brings what judges shared state to the other panes.
func (s State) follows(was config.Effective) (State, []Effect) {
	before, now := was.Settings, s.settings()
	s.Session = s.Session.follow(before, now)
	var effects []Effect
	if now.Timeout != before.Timeout {
		effects = append(effects, Configure{Timeout: now.Timeout})
	}
	if now.Refresh < before.Refresh || judging(now) != judging(before) {
		effects = append(effects, Hurry{})
	}
	return s, effects
}

// settingsKeeping asks that this run's settings be kept.
func (s State) settingsKeeping() (State, []Effect) {
	if len(s.Settings.Overrides) == 0 {
		s.Settings.Refused = "nothing was set in this run"
		return s, nil
	}
	return s, []Effect{KeepSettings{Values: slices.Clone(s.Settings.Overrides)}}
}

func (s State) settingsKept(msg SettingsKept) State {
	s.Settings.Refused, s.Settings.Kept = msg.Reason, ""
	if msg.Reason == "" {
		s.Settings.Kept = msg.File
	}
	return s
}

// settings are the settings that hold.
func (s State) settings() config.Settings { return s.Settings.Effective.Settings }

// Configure asks that looks at the server go by another setting.
type Configure struct{ Timeout time.Duration }

// KeepSettings asks that settings be written into bantop's own file. Its result
// is a SettingsKept.
type KeepSettings struct{ Values []config.Value }
