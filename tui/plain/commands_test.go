package plain_test

import (
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/sebdah/goldie/v2"

	"bantop/config"
	"bantop/fail2ban"
	"bantop/model"
	"bantop/model/banlist"
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
	rows, now := banned(text), t0
	lines := map[string]func(io.Writer) error{
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
		"14 settings":       func(w io.Writer) error { return plain.SettingsText(w, door, settings, nil) },
		"15 settings, JSON": func(w io.Writer) error { return plain.SettingsJSON(w, settings, nil) },
		"48 settings, another pane's in force": func(w io.Writer) error {
			return plain.SettingsText(w, door, settings, map[string]string{"recovery.window": "5m"})
		},
		"49 settings, another pane's in force, JSON": func(w io.Writer) error {
			return plain.SettingsJSON(w, settings, map[string]string{"recovery.window": "5m"})
		},
		"16 bans":          func(w io.Writer) error { return plain.BansText(w, door, rows, now) },
		"17 bans, JSON":    func(w io.Writer) error { return plain.BansJSON(w, rows, now) },
		"18 bans, CSV":     func(w io.Writer) error { return plain.BansCSV(w, door, rows, false, now) },
		"19 no bans":       func(w io.Writer) error { return plain.BansText(w, door, nil, now) },
		"20 no bans, JSON": func(w io.Writer) error { return plain.BansJSON(w, nil, now) },
		"21 no bans, CSV":  func(w io.Writer) error { return plain.BansCSV(w, door, nil, false, now) },
	}
	for i, b := range batches(text) {
		name := fmt.Sprintf("%d %s", 22+i, b.Kind)
		lines[name] = func(w io.Writer) error { return plain.BatchText(w, door, b) }
		lines[name+", JSON"] = func(w io.Writer) error { return plain.BatchJSON(w, b) }
	}
	for name, write := range placed(t, text) {
		lines[name] = write
	}
	for name, write := range changes(text) {
		lines[name] = write
	}
	for name, write := range made(text) {
		lines[name] = write
	}
	for i, a := range asked(text) {
		name := fmt.Sprintf("%d why: %s", 28+i, a.name)
		lines[name] = func(w io.Writer) error { return plain.WhyText(w, door, a.s) }
		lines[name+", JSON"] = func(w io.Writer) error { return plain.WhyJSON(w, a.s) }
	}
	return lines
}

// placed is what is printed where a country database is set.
func placed(t *testing.T, text string) map[string]func(io.Writer) error {
	t.Helper()
	var bans []fail2ban.JailBan
	for _, r := range banned(text) {
		bans = append(bans, r.JailBan)
	}
	l := banlist.NewLocated(bans, func(of []netip.Addr) []banlist.Country {
		out := make([]banlist.Country, len(of))
		for i, a := range of {
			b := a.As16()
			out[i], _ = banlist.ParseCountry([]string{"DE", "", "FR"}[b[15]%3])
		}
		return out
	})
	var rows []banlist.Row
	for i := range l.Len() {
		rows = append(rows, l.Row(int32(i)))
	}
	s := story(up())
	s, _ = model.Update(s, model.AddressOpened{Address: "203.0.113.9"})
	s, _ = model.Update(s, model.BansListed{Request: 1, At: t0, List: l})
	s, _ = model.Update(s, model.AddressFetched{Request: 1, At: t0, Place: model.Place{Country: rows[0].Country, ASN: 64500, ASName: text}})
	nowhere, _ := model.Update(s, model.AddressFetched{Request: 1, At: t0, Place: model.Place{Country: banlist.Unknown}})
	door := safetext.Door{}
	return map[string]func(io.Writer) error{
		"50 bans and countries":         func(w io.Writer) error { return plain.BansText(w, door, rows, t0) },
		"51 bans and countries, JSON":   func(w io.Writer) error { return plain.BansJSON(w, rows, t0) },
		"52 bans and countries, CSV":    func(w io.Writer) error { return plain.BansCSV(w, door, rows, true, t0) },
		"53 no bans and countries, CSV": func(w io.Writer) error { return plain.BansCSV(w, door, nil, true, t0) },
		"54 why, and where":             func(w io.Writer) error { return plain.WhyText(w, door, s) },
		"55 why, and where, JSON":       func(w io.Writer) error { return plain.WhyJSON(w, s) },
		"56 why, and nowhere":           func(w io.Writer) error { return plain.WhyText(w, door, nowhere) },
		"57 why, and nowhere, JSON":     func(w io.Writer) error { return plain.WhyJSON(w, nowhere) },
	}
}

// jailBan is a ban that began some time before t0.
func jailBan(jail, address string, ago, length time.Duration, count int) fail2ban.JailBan {
	b := fail2ban.JailBan{Jail: jail, Ban: fail2ban.Ban{Address: address, Start: t0.Add(-ago), Length: length}, Count: count}
	if length != fail2ban.Permanent {
		b.End = b.Start.Add(length)
	}
	return b
}

// banned are bans of every kind, two of them by a name that a caller gives.
func banned(text string) []banlist.Row {
	l := banlist.New([]fail2ban.JailBan{
		jailBan("sshd", "203.0.113.9", 4*time.Minute, 10*time.Minute, 1),
		jailBan("sshd", "203.0.113.0/24", 30*time.Hour, 48*time.Hour, 3),
		jailBan("recidive", "2001:db8::9", 60*24*time.Hour, fail2ban.Permanent, 1284),
		jailBan("postfix", "198.51.100.77", 10*time.Minute, 10*time.Minute+4*time.Second, 0),
		jailBan("postfix", "198.51.100.78", 11*time.Minute, 10*time.Minute, 2),
		jailBan("users", text, time.Minute, time.Hour, 2),
		jailBan(text, "192.0.2.1", time.Minute, time.Hour, 2),
		{Jail: "sshd", Ban: fail2ban.Ban{Address: "192.0.2.2"}}, // of no known time
	})
	var rows []banlist.Row
	for i := range l.Len() {
		rows = append(rows, l.Row(int32(i)))
	}
	return rows
}

// batches are acts with every outcome; one was not begun, one broke off.
func batches(text string) []model.Batch {
	in := func(jail, address string, o model.Outcome, reason string) model.Result {
		return model.Result{BatchTarget: model.BatchTarget{Target: fail2ban.Target{Jail: jail, Address: address}}, Outcome: o, Reason: reason}
	}
	all := []model.Batch{
		{Kind: model.ActBan, Results: []model.Result{
			in("sshd", "203.0.113.9", model.OutcomeDone, ""),
			in("sshd", "203.0.113.10", model.OutcomeDone, "for 10m: a ban of this jail is no shorter"),
			in("sshd", "203.0.113.0/24", model.OutcomeNothing, ""),
			in("sshd", "198.51.100.7", model.OutcomeIgnored, "198.51.100.0/24 is on the ignore list of sshd"),
			in(text, text, model.OutcomeRefused, text),
			in("sshd", "2001:db8::9", model.OutcomeUnknown, "no answer came"),
		}},
		{Kind: model.ActUnban, Results: []model.Result{in("sshd", "203.0.113.9", model.OutcomeDone, ""), in("sshd", text, model.OutcomeNothing, "")}},
		{Kind: model.ActUnbanEverywhere, Results: []model.Result{
			in("", "203.0.113.9", model.OutcomeDone, ""),
			in("", "203.0.113.10", model.OutcomeNothing, ""),
			in("", text, model.OutcomeUnknown, "no answer came"),
		}, Reason: "fail2ban closed the connection (" + text + ")", Hint: text},
		{Kind: model.ActAllow, Results: []model.Result{in("sshd", "198.51.100.7", model.OutcomeDone, ""), in("sshd", "198.51.100.8", model.OutcomeNothing, "")}},
		{Kind: model.ActDisallow, Results: []model.Result{in("sshd", "198.51.100.7", model.OutcomeDone, ""), in("sshd", "198.51.100.8", model.OutcomeNothing, "")}},
		{Kind: model.ActBan},
	}
	for i, b := range all {
		for _, r := range b.Results {
			all[i].Targets = append(all[i].Targets, r.BatchTarget)
		}
	}
	for _, address := range []string{"192.0.2.1", text} { // what it broke off before
		all[2].Targets = append(all[2].Targets, model.BatchTarget{Target: fail2ban.Target{Address: address}})
	}
	return all
}

// asked are states in which somebody asked why an address is banned.
func asked(text string) []struct {
	name string
	s    model.State
} {
	matches := []string{"Jan  2 14:03:18 web-3 sshd[812]: Failed password for root from 203.0.113.9 port 50000 ssh2", text}
	old := model.BanRecord{JailBan: jailBan("sshd", "203.0.113.9", 26*time.Hour, 10*time.Minute, 1), Failures: 1}
	of := func(address string, list model.BansListed, a model.AddressFetched, own ...model.Own) model.State {
		s := story(up())
		s, _ = model.Update(s, model.AddressOpened{Address: address})
		s, _ = model.Update(s, model.OwnRead{At: t0, Own: own})
		list.Request, list.At, a.Request, a.At = 1, t0, 1, t0
		s, _ = model.Update(s, list)
		s, _ = model.Update(s, a)
		return s
	}
	listed := func(bans ...fail2ban.JailBan) model.BansListed { return model.BansListed{List: banlist.New(bans)} }
	here := netip.MustParseAddr("203.0.113.9")
	return []struct {
		name string
		s    model.State
	}{
		{"banned", of("203.0.113.9", listed(jailBan("sshd", "203.0.113.9", 4*time.Minute, 10*time.Minute, 2)), model.AddressFetched{Records: []model.BanRecord{
			{JailBan: jailBan("sshd", "203.0.113.9", 4*time.Minute, 10*time.Minute, 2), Current: true, Failures: 5, Matches: matches}, old}})},
		{"banned in two jails, with its network", of("203.0.113.9",
			listed(jailBan("recidive", "203.0.113.9", 26*time.Hour, fail2ban.Permanent, 12), jailBan(text, "203.0.113.0/24", time.Minute, time.Hour, 1)),
			model.AddressFetched{
				Records: []model.BanRecord{{JailBan: jailBan("recidive", "203.0.113.9", 26*time.Hour, fail2ban.Permanent, 12), Current: true}},
				Ignored: []model.IgnoreRule{{Jail: "postfix", Entry: "203.0.113.0/28"}, {Jail: text, Entry: text}},
			}, model.Own{Addr: here, Who: "lukas", TTY: "pts/3", From: "SSH_CONNECTION"}, model.Own{Addr: here, Who: text, TTY: text, From: text})},
		{"not banned any more", of("203.0.113.9", listed(), model.AddressFetched{Records: []model.BanRecord{old}}, model.Own{Addr: here})},
		{"never banned", of("203.0.113.9", listed(), model.AddressFetched{Ignored: []model.IgnoreRule{{Jail: "sshd", Entry: "203.0.113.9"}}})},
		{"a name", of(text, listed(jailBan("users", text, time.Minute, time.Hour, 0)), model.AddressFetched{Reason: text})},
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
