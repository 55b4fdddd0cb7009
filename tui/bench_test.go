package tui

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"bantop/config"
	"bantop/fail2ban"
	"bantop/model"
	"bantop/model/banlist"
)

// benchStage is an overview of so many jails with an hour of bans behind them.
func benchStage(b *testing.B, jails int) *stage {
	b.Helper()
	s := newStage(nil, 100, 28, "dark", false)
	var p model.ProbeFinished
	for i := range jails {
		p.Jails = append(p.Jails, fail2ban.Jail{
			Name: fmt.Sprintf("jail%03d", i), Files: []string{"/var/log/x.log"}, Actions: []string{"noop"},
			Counts: fail2ban.Counts{Banned: i, TotalBanned: i * 7, Failing: i % 5, TotalFailed: i * 31}, LastLine: t0,
		})
	}
	s.probe(p)
	for range 60 {
		s.wait(time.Minute)
		for i := range p.Jails {
			p.Jails[i].TotalBanned += i % 3
		}
		s.probe(p)
	}
	return s
}

// BenchmarkFrame is one View of the overview.
func BenchmarkFrame(b *testing.B) {
	for _, jails := range []int{10, 200} {
		for _, sorted := range []string{"by name", "by last hour"} {
			b.Run(fmt.Sprintf("%d jails %s", jails, sorted), func(b *testing.B) {
				s := benchStage(b, jails)
				if sorted == "by last hour" {
					s.press("ssssss")
				}
				b.ReportAllocs()
				for b.Loop() {
					if len(s.m.View()) < 1000 {
						b.Fatal(s.m.View())
					}
				}
			})
		}
	}
}

// BenchmarkProbe is one Update with the result of a probe.
func BenchmarkProbe(b *testing.B) {
	for _, jails := range []int{10, 200} {
		b.Run(fmt.Sprintf("%d jails", jails), func(b *testing.B) {
			s := benchStage(b, jails)
			p := model.ProbeFinished{Version: "1.0.2", PID: 812, Since: t0}
			for _, j := range s.m.state.Runtime.Server.Jails {
				p.Jails = append(p.Jails, j.Jail)
			}
			b.ReportAllocs()
			for b.Loop() {
				s.wait(time.Second).probe(p)
			}
		})
	}
}

// BenchmarkBans is the list of 100,000 bans, with their countries: a frame, a key, a
// letter of a filter, by a part of an address and by a country, another order, all of
// them marked.
func BenchmarkBans(b *testing.B) {
	for _, n := range []int{100, 100_000} {
		s := listOf(n)
		b.Run(fmt.Sprintf("frame/%d", n), func(b *testing.B) {
			for b.Loop() {
				_ = s.View()
			}
		})
		for name, keys := range map[string]struct{ before, measured string }{
			"key": {"", "j"}, "filter": {"", "/3"}, "filter by country": {"/country:d", "e"}, "filter by another country": {"/!country:d", "e"},
			"order": {"", "s"}, "order by country": {"sss", "s"}, "mark all": {"", "*"},
		} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				begun := typed(s, keys.before)
				at := begun
				for b.Loop() {
					at = typed(begun, keys.measured)
				}
				_ = at.View()
			})
		}
	}
}

// typed is a dashboard after letters were typed.
func typed(m Model, letters string) Model {
	for _, k := range letters {
		next, _ := m.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{k}})
		m = next.(Model)
	}
	return m
}

// listOf is a dashboard that shows so many bans.
func listOf(n int) Model {
	bans := make([]fail2ban.JailBan, n)
	for i := range bans {
		b := fail2ban.Ban{Address: fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255), Start: t0.Add(-time.Duration(i) * time.Second), Length: 200 * time.Hour}
		b.End = b.Start.Add(b.Length)
		bans[i] = fail2ban.JailBan{Jail: "sshd", Ban: b, Count: 1 + i%9}
	}
	m := New(context.Background(), Options{State: model.New(model.Options{Settings: config.Defaults(), Host: "web-3"}),
		Perform: func(context.Context, model.Effect) model.Msg { return nil }, Look: func(config.Settings, bool) Look { return Look{Theme: NewTheme("dark")} }})
	for _, msg := range []tea.Msg{model.Started{At: t0}, tea.WindowSizeMsg{Width: 100, Height: 28},
		model.ProbeFinished{ProbeID: model.ProbeID{Term: 1, Seq: 1}, Request: 1, Finished: t0, Version: "1.0.2", PID: 1, Jails: []fail2ban.Jail{{Name: "sshd"}}},
		tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{'2'}}, model.BansListed{Request: 1, At: t0, Source: model.FromDatabase, List: banlist.NewLocated(bans, spread)}} {
		next, _ := m.Update(msg)
		m = next.(Model)
	}
	return m
}

// spread puts addresses into some two hundred countries.
func spread(of []netip.Addr) []banlist.Country {
	out := make([]banlist.Country, len(of))
	for i, a := range of {
		b := a.As16()
		out[i] = banlist.Country{'A' + b[15]%10, 'A' + b[14]%20}
	}
	return out
}
