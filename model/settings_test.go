package model_test

import (
	"strings"
	"testing"
	"time"

	"bantop/config"
	"bantop/model"
)

// settingsTable writes the settings of the start, what was set since, and what
// holds, side by side.
func (s *scenario) settingsTable(keys ...string) {
	set := s.state.Settings
	s.note("%-16s  %-10s %-22s %-10s", "", "bootstrap", "overrides", "effective")
	for _, k := range keys {
		var overrides []string
		for _, v := range set.Overrides {
			if v.Key == k {
				overrides = append(overrides, v.Text)
			}
		}
		s.note("%-16s  %-10s %-22s %-10s from %v", k, set.Bootstrap.Text(k), strings.Join(overrides, ", "), set.Effective.Text(k), set.Effective.Origin(k))
	}
	if set.Refused != "" {
		s.note("refused: %s", set.Refused)
	}
	if set.Kept != "" {
		s.note("kept in %s", set.Kept)
	}
}

func setting(key, text string) config.Value {
	return config.Value{Key: key, Text: text, Origin: config.ThisRun}
}

// TestR8Settings: settings of the start never change; a second override keeps
// the first; a bad third is refused whole.
func TestR8Settings(t *testing.T) {
	play(t, func(s *scenario) {
		boot, err := config.Defaults().With(config.Value{Key: "refresh", Text: "3s", Origin: config.Origin{Source: "bantop.toml", Line: 4}})
		if err != nil {
			t.Fatal(err)
		}
		s.state, _ = model.Update(model.New(model.Options{Settings: boot}), model.Started{At: s.now})
		keys := []string{"refresh", "timeout", "recovery.window", "theme", "socket"}
		set := func(what string, values ...config.Value) {
			s.send(what, model.SettingsChanged{Values: values})
			s.settingsTable(keys...)
		}
		s.settingsTable(keys...)
		set("a first override", setting("refresh", "5s"))
		set("a second", setting("timeout", "1s"), setting("recovery.window", "90s"))
		set("a third, of which one is bad", setting("theme", "dark"), setting("timeout", "soon"))
		set("a fourth, of no such key", setting("refesh", "1s"))
		set("a fifth, of what is read at the start", setting("theme", "dark"), setting("socket", "/run/x.sock"))
		set("a sixth, over the first", setting("refresh", "2s"))
		set("a seventh, that repeats itself", setting("refresh", "2s"))

		s.say("kept for good")
		s.send("w", model.SettingsKeeping{})
		s.send("written", model.SettingsKept{File: "/etc/bantop/bantop.local.toml"})
		s.settingsTable(keys...)
		s.send("w", model.SettingsKeeping{})
		s.send("not written", model.SettingsKept{File: "/etc/bantop/bantop.local.toml", Reason: "keep the settings: read-only file system"})
		s.settingsTable(keys...)

		s.say("nothing to keep")
		s.state = model.New(model.Options{Settings: boot})
		s.send("w", model.SettingsKeeping{})
		s.settingsTable(keys...)
	})
}

// TestR8Files: what the files say later is taken up as far as it may change at run
// time; what is read at the start waits; what was set in this run, the environment
// and the flags stay over it. What is not used is told, and so is what is mended.
func TestR8Files(t *testing.T) {
	play(t, func(s *scenario) {
		file := func(line int) config.Origin { return config.Origin{Source: "bantop.toml", Line: line} }
		flag := config.Value{Key: "theme", Text: "16", Origin: config.Origin{Source: "--theme"}}
		says := func(values ...config.Value) config.Effective {
			e, err := config.Defaults().With(append(values, flag)...)
			if err != nil {
				t.Fatal(err)
			}
			return e
		}
		boot := says(config.Value{Key: "refresh", Text: "3s", Origin: file(4)}, config.Value{Key: "socket", Text: "/a.sock",
			Origin: file(5)})
		s.state = model.New(model.Options{Settings: boot, Faults: []config.Fault{{Source: "BANTOP_MOUSE",
			Reason: "BANTOP_MOUSE: mouse: it is not"}}})
		s.send("started", model.Started{At: s.now})
		keys := []string{"refresh", "timeout", "recovery.window", "theme", "socket"}
		read := func(what string, e config.Effective, faults ...config.Fault) {
			s.wait(time.Second)
			s.send(what, model.SettingsRead{At: s.now, Settings: e, Faults: faults})
			s.settingsTable(keys...)
			for _, k := range keys {
				if s.state.Settings.Waiting(k) {
					s.note("%s waits for the next start", k)
				}
			}
		}
		more := []config.Value{{Key: "refresh", Text: "5s", Origin: file(4)}, {Key: "recovery.window", Text: "2m",
			Origin: file(9)},
			{Key: "timeout", Text: "4s", Origin: file(6)}, {Key: "theme", Text: "dark", Origin: file(8)}, {Key: "socket",
				Text: "/b.sock", Origin: file(5)}}
		read("other values", says(more...))
		s.send("set in this run", model.SettingsChanged{Values: []config.Value{setting("refresh", "1s")}})
		bad := config.Fault{Source: "bantop.toml", Reason: "bantop.toml:4: unknown key \"refesh\"", Kept: true}
		read("spoilt", says(more...), bad)
		read("mended, and back to one value", says(config.Value{Key: "refresh", Text: "9s", Origin: file(1)}))
		read("the same", says(config.Value{Key: "refresh", Text: "9s", Origin: file(1)}))
		read("gone", says())
	})
}

// TestR8ValuesAreCopied: values that were handed in, and that somebody changes
// afterwards, change no state.
func TestR8ValuesAreCopied(t *testing.T) {
	values := make([]config.Value, 1, 8)
	values[0] = setting("refresh", "5s")
	s, _ := model.Update(model.New(model.Options{Settings: config.Defaults()}), model.SettingsChanged{Values: values})
	one, _ := model.Update(s, model.SettingsChanged{Values: []config.Value{setting("timeout", "1s")}})
	two, _ := model.Update(s, model.SettingsChanged{Values: []config.Value{setting("timeout", "4s")}})
	values[0].Text = "7s"
	if s.Settings.Overrides[0].Text != "5s" || one.Settings.Overrides[1].Text != "1s" || two.Settings.Effective.Timeout != 4*time.Second ||
		one.Settings.Effective.Timeout != time.Second || one.Settings.Effective.Refresh != 5*time.Second {
		t.Errorf("%+v\n%+v\n%+v", s.Settings.Overrides, one.Settings.Overrides, two.Settings.Overrides)
	}
}
