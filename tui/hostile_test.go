package tui

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"

	"bantop/fail2ban"
	"bantop/model"
	"bantop/model/banlist"
)

// hostile are texts that try to do something to the terminal.
var hostile = []string{
	"\x1b]0;owned\a\x1b[2J\x1b[31m\x1b[5;5H",
	"\x1bP$q\"p\x1b\\\x1b_x\x1b\\\u009b31m\u009d0;owned\u009c",
	"a\r\nb\tc\x08\x7f\x00\x0e",
	"\u202egnp.exe\u2066\u200f\ufeff\u200d",
	"\xff\xfe\xed\xb3\xbf\xc0\x80",
	strings.Repeat("x\x1b[31m", 1<<14),
	strings.Repeat("e\u0301\u0302\u0303", 200),
	"日本語の牢獄🔥🇩🇪👩‍💻",
	"--help; rm -rf / | $(reboot) `id` %s %n {{.Status}}",
}

// TestHostileText puts hostile texts wherever foreign text comes from, and
// looks at every screen through a terminal emulator: nothing but the picture
// reaches it.
func TestHostileText(t *testing.T) {
	for i, text := range hostile {
		for _, open := range [][]string{nil, {"enter"}, {"?"}, {"/", "x"}, {"R"}, {"o"}, {"6"}, {"7"}, {"2"}, {"2", "u", "y", "y"}, {"2", "enter"}, {"b"}, {":"}, {"2", "/"}, {"3"}, {"3", "t"}, {"C"}} {
			for _, size := range sizes {
				t.Run(fmt.Sprintf("%d %v %d", i, open, size.width), func(t *testing.T) {
					s := newStage(t, size.width, size.height, "dark", false)
					s.m.state.Host = text
					played := hostileState(s, text)
					played.press(open...)
					if len(open) > 0 && open[0] == "enter" {
						s.send(hostileDetail(s, text))
					}
					if len(open) > 0 && open[0] == "R" {
						s.m.state.Who, s.m.state.TTY = text, text
						s.send(hostileEvidence(s, text)).press("enter", "y", "y").send(model.ActFinished{ID: 1, At: s.now,
							Reason: text, Hint: text, Missing: []string{text}})
					}
					s.send(model.SetupChecked{At: s.now, Checks: []model.Check{{Name: "socket", Mark: model.CheckFault, Found: text, Why: text, Mend: text}}})
					hostileBans(s, text)
					if len(open) > 0 && strings.Contains("3CR", open[0]) { // what the others do not show costs them nothing
						hostileChange(s, text)
					}
					s.m.state.Settings.Refused = text
					checkPicture(t, s.m.View(), size.width, size.height)
					s.probe(model.ProbeFinished{Fault: model.Unreadable, Reason: text, Hint: text})
					checkPicture(t, s.m.View(), size.width, size.height)
				})
			}
		}
	}
}

func hostileState(s *stage, text string) *stage {
	j := fail2ban.Jail{Name: text, Files: []string{text}, Actions: []string{text}, Counts: fail2ban.Counts{Banned: 1, Failing: 3}}
	p := model.ProbeFinished{Version: text, Jails: []fail2ban.Jail{j}}
	s.probe(p).wait(time.Second)
	p.Jails[0].TotalBanned = 2
	s.probe(p).send(model.BansFetched{Jail: text, At: s.now, Bans: []fail2ban.Ban{{Address: text}, {Address: text}}})
	s.send(model.ActivationRecorded{Activation: model.Activation{Jail: text, By: text, TTY: text, At: s.now}})
	return s
}

// hostileBans answers for everything that has to do with bans.
func hostileBans(s *stage, text string) {
	ban := fail2ban.JailBan{Jail: text, Ban: fail2ban.Ban{Address: text, Start: s.now}}
	s.send(model.OwnRead{At: s.now, Own: []model.Own{{Addr: netip.MustParseAddr("192.0.2.1"), Who: text, TTY: text, From: text, Mine: true, Banned: []string{text}}}})
	for request := range uint64(3) {
		s.send(model.BansListed{Request: request, At: s.now, Source: model.FromDatabase, List: hostileList(ban), Slow: []string{text}, NoCountries: text})
		s.send(model.AddressFetched{Request: request, At: s.now, Reason: text, Ignored: []model.IgnoreRule{{Jail: text, Entry: text}},
			Place: model.Place{Country: banlist.Country{0x1b, '['}, ASName: text}, NoPlace: text,
			Records: []model.BanRecord{{JailBan: ban, Current: true, Matches: []string{text}}}})
		s.send(model.ActedOn{ID: request, At: s.now, Reason: text, Hint: text, Results: []model.Result{{
			BatchTarget: model.BatchTarget{Target: fail2ban.Target{Jail: text, Address: text}}, Outcome: model.OutcomeRefused, Reason: text}}})
	}
	s.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(text)[:min(40, len([]rune(text)))], Paste: true})
}

// hostileList is a list of a ban, and of one that is in a country of control
// characters.
func hostileList(ban fail2ban.JailBan) *banlist.List {
	at := ban
	at.Address = "192.0.2.1"
	return banlist.NewLocated([]fail2ban.JailBan{ban, at}, func(of []netip.Addr) []banlist.Country {
		return slices.Repeat([]banlist.Country{{0x1b, '['}}, len(of))
	})
}

func hostileDetail(s *stage, text string) model.JailFetched {
	return model.JailFetched{Jail: text, Request: 1, At: s.now, HasBans: true,
		Files: []model.LogFile{{Path: text}, {Path: text, Missing: true}, {Path: text, Reason: text}},
		Log:   model.FailingLog{Reason: text, Notes: []fail2ban.FailNote{{Kind: fail2ban.FailFound, Address: text, At: s.now, Count: 1}}},
		Bans:  []fail2ban.Ban{{Address: text}}, Settings: fail2ban.JailSettings{Name: text, MaxRetry: 5, FindTime: time.Hour, Files: []string{text},
			Journal: []string{text}, IgnoreIP: []string{text}, Actions: []string{text}}}
}

func hostileEvidence(s *stage, text string) model.LogRead {
	return model.LogRead{At: s.now, Notes: []fail2ban.LogNote{{At: s.now, Kind: fail2ban.LogError, Jail: text, Text: text}}}
}

// checkPicture feeds a view to a terminal emulator and holds that it shows the
// view, and that nothing else happened.
func checkPicture(t *testing.T, view string, width, height int) {
	t.Helper()
	checkSize(t, "hostile", view, width, height)
	e := vt.NewEmulator(width, height)
	defer e.Close()
	bad := func(what string) { t.Errorf("the terminal was told to %s", what) }
	e.SetCallbacks(vt.Callbacks{
		Bell:       func() { bad("ring") },
		Title:      func(string) { bad("change its title") },
		IconName:   func(string) { bad("change its icon") },
		AltScreen:  func(bool) { bad("switch screens") },
		EnableMode: func(ansi.Mode) { bad("set a mode") },
	})
	if _, err := e.WriteString(strings.ReplaceAll(view, "\n", "\r\n")); err != nil {
		t.Fatal(err)
	}
	want := strings.Split(ansi.Strip(view), "\n")
	got := strings.Split(e.String(), "\n")
	for i := range want {
		if g := strings.TrimRight(got[i], " "); g != strings.TrimRight(want[i], " ") {
			t.Errorf("line %d: the terminal shows %q, not %q", i+1, g, want[i])
		}
		for _, r := range want[i] {
			if !unicode.IsPrint(r) {
				t.Errorf("line %d: %U", i+1, r)
			}
		}
	}
}

// hostileChange is a catalogue, a rehearsal and a change whose every text is foreign.
func hostileChange(s *stage, text string) {
	s.send(model.CatalogueRead{At: s.now, Conf: fail2ban.Catalogue{
		Jails:  []fail2ban.ConfJail{{Name: text, Said: fail2ban.Place{File: text, Line: 3}, Port: text, LogPath: []string{text}, Fault: text}},
		Faults: []fail2ban.ConfFault{{Place: fail2ban.Place{File: text}, Reason: text}}}})
	all := []string{text, text}
	s.send(model.RehearsalStepped{ID: 1, At: s.now, Reason: text, Hint: text, Rehearsal: fail2ban.Rehearsal{Jail: text, Step: fail2ban.RehearseDone,
		Verdict: fail2ban.Verdict(text), Reason: text, At: fail2ban.Place{File: text}, Files: all, WouldBan: all, Ports: text, Actions: all, Appear: all,
		Vanish: all, Change: all, Failing: []fail2ban.Failing{{Address: text, Failures: 1}}}})
	s.m.state.Runtime.Change = &model.Change{Plan: model.Plan{ChangeID: model.ChangeID{Kind: model.ChangeActivate, Jail: text, At: s.now}, By: text, TTY: text,
		File: model.FileChange{Dir: "jail.d", Name: text}}, Step: model.StepStuck, Since: s.now, Why: text, Done: []model.StepDone{{Step: model.StepProve, Reason: text}}}
	s.send(model.SuspectsFound{At: s.now, Whole: true, List: []model.Suspect{{Dir: text, Name: text, Jail: text, Proven: true, Reason: text}}})
}
