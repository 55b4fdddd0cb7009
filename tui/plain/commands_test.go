package plain_test

import (
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/sebdah/goldie/v2"

	"bantop/config"
	"bantop/fail2ban"
	"bantop/model"
	"bantop/tui/plain"
	"bantop/tui/safetext"
)

// printed is everything that the commands other than status print, of texts that
// a caller gives.
func printed(t *testing.T, text string) map[string]func(io.Writer) error {
	t.Helper()
	s := story(up(), enabled(), gone(), configured())
	s, _ = model.Update(s, model.EvidenceOpened{})
	s, _ = model.Update(s, model.LogRead{At: s.Now, Notes: []fail2ban.LogNote{
		{At: t0, Kind: fail2ban.LogReload, Text: "Reload all jails"},
		{At: t0, Kind: fail2ban.LogOther, Text: "nobody needs to read this"},
		{At: t0.Add(time.Second), Kind: fail2ban.LogError, Jail: "nginx-x", Text: text},
	}})
	acted := s
	acted.Acting = model.Acting{Kind: model.ActReload, At: t0, Wanted: 2, Attempts: 3, Missing: []string{text}}
	failed := s
	failed.Acting = model.Acting{Kind: model.ActRestart, At: t0, Wanted: 2, Reason: text, Hint: text}
	checks := []model.Check{
		{Name: "settings", Mark: model.CheckOK, Found: "the defaults"},
		{Name: "log", Mark: model.CheckNote, Found: text, Why: "it is not read"},
		{Name: "socket", Mark: model.CheckFault, Found: text, Why: text, Mend: text},
	}
	acts := []plain.Done{
		{At: t0, Who: "lukas", TTY: "pts/3", Host: "web-3", Act: "reload", Result: "done"},
		{At: t0.Add(time.Minute), Who: text, TTY: text, Host: text, Act: "ban", Jail: text, Address: text, Result: text},
	}
	events := []model.Event{{At: t0, Kind: model.CameOnline, Note: text}, {At: t0, Kind: model.BansMade, Jail: text, Count: 1, Note: text}}
	settings, err := config.Defaults().With(config.Value{Key: "refresh", Text: "3s", Origin: config.Origin{Source: text, Line: 4}})
	if err != nil {
		t.Fatal(err)
	}
	door := safetext.Door{}
	return map[string]func(io.Writer) error{
		"01 doctor":         func(w io.Writer) error { return plain.ChecksText(w, door, checks) },
		"02 doctor, ASCII":  func(w io.Writer) error { return plain.ChecksText(w, safetext.Door{ASCII: true}, checks) },
		"03 doctor, JSON":   func(w io.Writer) error { return plain.ChecksJSON(w, checks) },
		"04 recover":        func(w io.Writer) error { return plain.Evidence(w, door, s) },
		"05 recover, JSON":  func(w io.Writer) error { return plain.RecoveryJSON(w, acted) },
		"06 jails missing":  func(w io.Writer) error { return plain.Outcome(w, door, acted) },
		"07 it failed":      func(w io.Writer) error { return plain.Outcome(w, door, failed) },
		"08 acts":           func(w io.Writer) error { return plain.ActsText(w, door, acts) },
		"09 acts, JSON":     func(w io.Writer) error { return plain.ActsJSON(w, acts) },
		"10 no acts":        func(w io.Writer) error { return plain.ActsText(w, door, nil) },
		"11 no acts, JSON":  func(w io.Writer) error { return plain.ActsJSON(w, nil) },
		"12 events":         func(w io.Writer) error { return plain.EventsText(w, door, events) },
		"13 events, JSON":   func(w io.Writer) error { return plain.EventsJSON(w, events) },
		"14 settings":       func(w io.Writer) error { return plain.SettingsText(w, door, settings) },
		"15 settings, JSON": func(w io.Writer) error { return plain.SettingsJSON(w, settings) },
	}
}

// TestCommands keeps what the commands print.
func TestCommands(t *testing.T) {
	var out strings.Builder
	all := printed(t, "some words")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out.WriteString("=== " + name + "\n")
		if err := all[name](&out); err != nil {
			t.Fatal(err)
		}
	}
	goldie.New(t, goldie.WithFixtureDir("../../testdata/plain")).Assert(t, "commands", []byte(out.String()))
}

// TestCommandsHostile: nothing foreign reaches the terminal raw.
func TestCommandsHostile(t *testing.T) {
	for _, text := range []string{"\x1b]0;x\a\x1b[2J", "a\r\nb\tc\x08\x00", "\u202egnp.exe\u200f\ufeff", "\xff\xfe\xc0\x80", "\u009b31m"} {
		for name, write := range printed(t, text) {
			var out strings.Builder
			if err := write(&out); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			for _, r := range out.String() {
				if r != '\n' && !unicode.IsPrint(r) {
					t.Errorf("%s of %q: %U", name, text, r)
				}
			}
		}
	}
}
