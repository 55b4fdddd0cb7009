package model_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/model"
	"bantop/model/banlist"
)

// TestDetailFollowsTheOpenJail: the open jail is asked for at once, again when
// its counts change or after 10 s, and never twice at a time; answers for a
// jail that was closed are dropped.
func TestDetailFollowsTheOpenJail(t *testing.T) {
	play(t, func(s *scenario) {
		answer := func(what, jail string, request uint64, reason string) {
			s.send(what, model.JailFetched{Jail: jail, Request: request, At: s.now, Reason: reason,
				Settings: fail2ban.JailSettings{Name: jail, MaxRetry: int(request)}, HasBans: true})
			s.note("shown: %q, asked %s, maxretry %d, %q", s.state.Detail.Jail, offset(s.state.Detail.At),
				s.state.Detail.Settings.MaxRetry, s.state.Detail.Reason)
		}
		s.send("open before anything is known", model.JailOpened{Jail: "sshd"})
		s.probe("online", online("postfix", "sshd"))
		s.wait(time.Second)
		s.probe("no second request", online("postfix", "sshd"))
		answer("the answer", "sshd", 1, "")
		s.wait(9 * time.Second)
		s.probe("9 s later", online("postfix", "sshd"))
		s.wait(time.Second)
		s.probe("10 s later", online("postfix", "sshd"))
		answer("it failed: the old one stays", "sshd", 2, "no answer")
		s.wait(time.Second)
		s.probe("again at once", online("postfix", "sshd"))
		s.say("another jail: the answer for the first is dropped")
		s.send("open postfix", model.JailOpened{Jail: "postfix"})
		answer("the late answer", "sshd", 3, "")
		answer("the answer", "postfix", 4, "")
		s.wait(time.Second)
		p := online("postfix", "sshd")
		p.Jails[0].Counts = fail2ban.Counts{Banned: 1001, TotalBanned: 1001}
		s.probe("its counts changed, too many bans", p)
		s.send("closed", model.JailClosed{})
		answer("the late answer", "postfix", 5, "")
	})
}

// TestBansAreNamed: who was banned is asked for first where that is little
// to write, and stands in the event that tells of it.
func TestBansAreNamed(t *testing.T) {
	play(t, func(s *scenario) {
		look := func(what string, banned, total int) {
			s.wait(time.Second)
			p := online("sshd")
			p.Jails[0].Counts = fail2ban.Counts{Banned: banned, TotalBanned: total}
			s.probe(what, p)
		}
		answer := func(what string, at time.Time, count int, addresses ...string) {
			msg := model.BansFetched{Jail: "sshd", At: at, Count: count}
			for i, a := range addresses {
				msg.Bans = append(msg.Bans, fail2ban.Ban{Address: a, Start: t0.Add(-time.Duration(i) * time.Minute)})
			}
			s.send(what, msg)
			s.note("%s", showEvents(s.state.Events))
		}
		look("first", 5, 10)
		look("one more", 6, 11)
		answer("whom", s.now, 1, "192.0.2.1", "192.0.2.2")
		look("five more", 11, 16)
		answer("whom", s.now, 5, "192.0.2.3", "192.0.2.4", "192.0.2.5", "192.0.2.6", "192.0.2.7", "192.0.2.8")
		look("two more", 13, 18)
		answer("it could not be asked", s.now, 2)
		look("too many to ask for", 401, 420)
	})
}

// TestBansAreNamedOnce: bans that follow each other within a second are named once each,
// with the time that the server has, also if one is there before its counter tells of it.
func TestBansAreNamedOnce(t *testing.T) {
	play(t, func(s *scenario) {
		var bans []fail2ban.Ban
		ban := func(address string) {
			bans = append(bans, fail2ban.Ban{Address: address, Start: s.now.Truncate(time.Second)})
		}
		look := func(total int) {
			p := online("sshd")
			p.Jails[0].Counts = fail2ban.Counts{Banned: total, TotalBanned: total}
			s.probe("look", p)
		}
		answer := func(count int) {
			s.send("whom", model.BansFetched{Jail: "sshd", At: s.now, Count: count, Bans: slices.Clone(bans)})
		}
		look(0)
		for i := range 6 {
			s.wait(400 * time.Millisecond)
			ban(fmt.Sprintf("192.0.2.%d", i))
			look(i + 1)
			answer(1)
		}
		s.say("one that its counter does not tell of yet")
		s.wait(400 * time.Millisecond)
		ban("192.0.2.10")
		look(7)
		ban("192.0.2.11")
		answer(1)
		look(8)
		answer(1)
		s.say("one that is banned again")
		s.wait(3 * time.Second)
		bans = bans[1:]
		ban("192.0.2.0")
		look(9)
		answer(1)
	})
}

// TestRates: bans are what totals grow by; what comes back after a start is
// not counted.
func TestRates(t *testing.T) {
	play(t, func(s *scenario) {
		pid := 812
		look := func(what string, totals ...int) {
			p := online([]string{"a", "b"}[:len(totals)]...)
			p.PID = pid
			for i, n := range totals {
				p.Jails[i].TotalBanned = n
			}
			s.probe(what, p)
			a, _ := s.state.RateOf("a")
			s.note("a: %d, all: %d", a.PerMinute(s.state.Now, 5), s.state.PerMinute(5))
		}
		look("first: what was is not new", 10, 100)
		s.wait(time.Second)
		look("3 in a, 1 in b", 13, 101)
		s.wait(time.Minute)
		look("a minute later, 2 in a", 15, 101)
		s.wait(2 * time.Minute)
		look("two minutes later, none", 15, 101)
		s.wait(time.Second)
		look("b is gone", 15)
		s.wait(time.Second)
		look("b is back, its bans not yet", 15, 0)
		s.wait(time.Second)
		look("they come back", 15, 101)
		s.wait(2 * time.Second)
		look("a new one", 15, 102)
		s.say("another process")
		s.wait(time.Second)
		pid++
		look("restarted", 0, 0)
		s.wait(time.Second)
		look("the bans come back", 15, 102)
		s.wait(2 * time.Second)
		look("a new one", 16, 102)
		s.say("an hour later nothing is left")
		s.wait(time.Hour)
		look("none", 16, 102)
		s.note("bans of the hour: %d", sum(s.state.PerMinute(model.RateMinutes)))
	})
}

func sum(n []int) int {
	total := 0
	for _, x := range n {
		total += x
	}
	return total
}

// TestAskExactly: of the address that is open the server is asked when its bans end, once
// a jail, if the list has that from the database. A ban that began later is another.
func TestAskExactly(t *testing.T) {
	row := func(jail string, start time.Time, database bool) fail2ban.JailBan {
		return fail2ban.JailBan{Jail: jail, Database: database,
			Ban: fail2ban.Ban{Address: "203.0.113.9", Start: start, End: start.Add(time.Hour), Length: time.Hour}}
	}
	s := model.New(model.Options{})
	s, _ = model.Update(s, at(online("many", "sshd"), 1, t0))
	asked := func(when string, effects []model.Effect, want string) {
		t.Helper()
		got := "nothing"
		for _, e := range effects {
			if f, is := e.(model.FetchAddress); is {
				got = fmt.Sprint(f.Inexact)
			}
		}
		if got != want {
			t.Errorf("%s: asked %s, want %s", when, got, want)
		}
	}
	lists := func(n uint64, rows ...fail2ban.JailBan) []model.Effect {
		var effects []model.Effect
		s, effects = model.Update(s, model.BansListed{Request: n, At: t0.Add(time.Duration(n) * time.Second), List: banlist.New(rows)})
		return effects
	}
	s, effects := model.Update(s, model.AddressOpened{Address: "203.0.113.9"})
	asked("no list yet", effects, "[]")
	asked("the first answer has not come", lists(1, row("many", t0, true), row("sshd", t0, false)), "nothing")
	s, effects = model.Update(s, model.AddressFetched{Request: 1, At: t0})
	asked("the list comes from the database", effects, "[{many 0}]")
	exact := fail2ban.JailBan{Jail: "many", Ban: fail2ban.Ban{Address: "203.0.113.9", Start: t0.Add(-time.Second), Length: fail2ban.Permanent}}
	s, effects = model.Update(s, model.AddressFetched{Request: 2, At: t0.Add(2 * time.Second), Exact: []fail2ban.JailBan{exact}, Asked: []string{"many"}})
	asked("it was asked", effects, "nothing")
	for _, r := range s.Current() {
		if r.Database || r.Jail == "many" && r.Length != fail2ban.Permanent {
			t.Errorf("%+v", r)
		}
	}
	asked("once", lists(1, row("many", t0, true)), "nothing")
	s, _ = model.Update(s, model.BansClosed{})
	s, _ = model.Update(s, model.BansOpened{})
	lists(2, row("many", t0.Add(time.Hour), true))
	if got := s.Current(); len(got) != 1 || !got[0].Database {
		t.Errorf("a later ban has the times of the one before: %+v", got)
	}
}

// TestCatalogueStates: a jail that ran is not told to run once fail2ban does not, or is not
// known to.
func TestCatalogueStates(t *testing.T) {
	for _, c := range []struct {
		name string
		last model.ProbeFinished
		want model.JailState
	}{
		{"online", online("sshd"), model.JailOK},
		{"offline", offline(), model.JailStopped},
		{"no answer", model.ProbeFinished{Fault: model.NoAnswer}, model.JailUnknown},
		{"no permission", model.ProbeFinished{Fault: model.Denied}, model.JailUnknown},
	} {
		s := model.New(model.Options{})
		s, _ = model.Update(s, at(online("sshd"), 1, t0))
		s, _ = model.Update(s, at(c.last, 2, t0.Add(time.Second)))
		if row, known := s.CatalogueRow("sshd"); !known || row.State != c.want || row.Running != (c.want == model.JailOK) {
			t.Errorf("%s: %q, running %t", c.name, row.State, row.Running)
		}
	}
}
