package model

import (
	"slices"
	"time"

	"bantop/config"
)

// Settings are the settings of the start, what was set since, and what holds
// (R8).
type Settings struct {
	Bootstrap config.Effective // those of the start: they never change
	Overrides []config.Value   // set while bantop runs
	Effective config.Effective // overrides over bootstrap
	Refused   string           // why the newest change was refused; "" where it was not
	Kept      string           // the file that the overrides were last written to
}

func newSettings(boot config.Effective) Settings { return Settings{Bootstrap: boot, Effective: boot} }

// SettingsChanged says that somebody wants other settings for this run.
type SettingsChanged struct{ Values []config.Value }

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
	effective, err := before.Bootstrap.With(overrides...)
	if err != nil {
		s.Settings.Refused = err.Error()
		return s, nil
	}
	s.Settings.Overrides, s.Settings.Effective, s.Settings.Refused = overrides, effective, ""
	s.Session = s.Session.follow(before.Effective.Settings, effective.Settings)
	if effective.Timeout != before.Effective.Timeout {
		return s, []Effect{Configure{Timeout: effective.Timeout}}
	}
	return s, nil
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
