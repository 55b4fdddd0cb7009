package tui

import (
	"fmt"
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/model"
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
