package model_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"bantop/config"
	"bantop/fail2ban"
	"bantop/model"
	"bantop/model/banlist"
)

// target is an address in a jail, banned for so long from now on; 0 is not known,
// Permanent for ever.
func target(jail, address string, left time.Duration) model.BatchTarget {
	t := model.BatchTarget{Target: fail2ban.Target{Jail: jail, Address: address}}
	switch {
	case left == fail2ban.Permanent:
		t.Length = left
	case left != 0:
		t.Until = t0.Add(left)
	}
	return t
}

// batchNote writes how far a batch is.
func (s *scenario) batchNote() {
	b := s.state.Batch
	var parts []string
	for _, o := range []model.Outcome{model.OutcomeDone, model.OutcomeNothing, model.OutcomeIgnored, model.OutcomeRefused, model.OutcomeUnknown} {
		if n := b.Count(o); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, o))
		}
	}
	s.note("%s: %d of %d, running %v: %s %s", b.Kind, len(b.Results), len(b.Targets), b.Running, strings.Join(parts, ", "), b.Reason)
}

// answerChunk answers for the chunk that was asked for last: each with an
// outcome, after so long.
func (s *scenario) answerChunk(what string, n int, took time.Duration, outcome model.Outcome) {
	b := s.state.Batch
	msg := model.ActedOn{ID: s.batch, At: s.now, Took: took}
	for _, t := range b.Targets[len(b.Results) : len(b.Results)+n] {
		msg.Results = append(msg.Results, model.Result{BatchTarget: t, Outcome: outcome})
	}
	s.send(what, msg)
	s.batchNote()
}

// TestBatch: many addresses are done in chunks, each as large as the one before
// shows that the server can bear; it can be stopped, and may break off.
func TestBatch(t *testing.T) {
	play(t, func(s *scenario) {
		var many []model.BatchTarget
		for i := range 1000 {
			many = append(many, target("sshd", fmt.Sprintf("10.0.%d.%d", i/250, i%250), time.Hour))
		}
		request := func(kind model.ActKind, targets ...model.BatchTarget) {
			s.send(fmt.Sprintf("%s of %d", kind, len(targets)), model.BatchRequested{Kind: kind, Targets: targets, At: s.now})
			s.batchNote()
		}
		s.say("a pane that is locked does nothing")
		s.probe("online", online("postfix", "sshd"))
		request(model.ActUnban, many...)

		s.say("one, then as many as fit into 50 ms, four times as many at the most")
		s.send("o, y", model.Unlocked{At: s.now})
		request(model.ActUnban, many...)
		s.answerChunk("1 in 1 ms", 1, time.Millisecond, model.OutcomeDone)
		s.answerChunk("4 in 4 ms", 4, 4*time.Millisecond, model.OutcomeDone)
		s.answerChunk("16 in 80 ms", 16, 80*time.Millisecond, model.OutcomeNothing)
		s.answerChunk("10 in 2 ms", 10, 2*time.Millisecond, model.OutcomeDone)

		s.say("another act meanwhile is not begun")
		request(model.ActUnban, target("sshd", "192.0.2.1", 0))

		s.say("stopped: what is under way is finished")
		s.send("esc", model.BatchStopped{})
		s.answerChunk("40 in 8 ms", 40, 8*time.Millisecond, model.OutcomeDone)
		s.answerChunk("a late answer", 1, time.Millisecond, model.OutcomeDone)

		s.say("a slow action: one at a time")
		request(model.ActUnban, many[:3]...)
		s.answerChunk("1 in 2 s", 1, 2*time.Second, model.OutcomeDone)
		s.answerChunk("1 in 2 s", 1, 2*time.Second, model.OutcomeDone)
		s.answerChunk("1 in 2 s", 1, 2*time.Second, model.OutcomeDone)

		s.say("the server goes away in the middle: what was done before is told")
		request(model.ActUnban, many[:9]...)
		s.answerChunk("1 in 1 ms", 1, time.Millisecond, model.OutcomeDone)
		b := s.state.Batch
		s.send("4, of which the connection took 2", model.ActedOn{ID: s.batch, At: s.now, Reason: "fail2ban closed the connection", Hint: "sudo fail2ban-client start",
			Results: []model.Result{{BatchTarget: b.Targets[1], Outcome: model.OutcomeDone}, {BatchTarget: b.Targets[2], Outcome: model.OutcomeUnknown, Reason: "no answer"}}})
		s.batchNote()
	})
}

// TestBatchForbidden: what is no address is not banned, nor is everybody; an own
// address and a wide network only where that was asked about.
func TestBatchForbidden(t *testing.T) {
	for _, c := range []struct {
		kind    model.ActKind
		address string
		meant   bool
		want    string // why not; "" where it is done
		as      string // how it is then written
	}{
		{model.ActBan, "203.0.113.9", false, "", "203.0.113.9"},
		{model.ActBan, "2001:DB8:0::0009", false, "", "2001:db8::9"},
		{model.ActBan, "::ffff:203.0.113.9", false, "", "203.0.113.9"},
		{model.ActBan, "203.0.113.77/24", false, "", "203.0.113.0/24"},
		{model.ActBan, "example.org", false, "example.org", ""},
		{model.ActBan, "10.0.0.0/33", false, "10.0.0.0/33", ""},
		{model.ActBan, "0.0.0.0/0", true, "everybody", ""},
		{model.ActBan, "::/0", true, "everybody", ""},
		{model.ActBan, "10.0.0.0/8", false, "wide", ""},
		{model.ActBan, "10.0.0.0/8", true, "", "10.0.0.0/8"},
		{model.ActBan, "198.51.100.7", false, "mira is logged in", ""},
		{model.ActBan, "198.51.100.0/24", false, "mira is logged in", ""},
		{model.ActBan, "::ffff:198.51.100.7", false, "mira is logged in", ""},
		{model.ActBan, "2001:db8:7::/48", false, "is logged in", ""},
		{model.ActBan, "198.51.100.7", true, "", "198.51.100.7"},
		{model.ActBan, "198.51.100.8", false, "", "198.51.100.8"},
		{model.ActUnban, "198.51.100.7", false, "", "198.51.100.7"},
		{model.ActUnban, "mallory", false, "", "mallory"},
		{model.ActUnban, "0.0.0.0/0", true, "everybody", ""},
		{model.ActUnbanEverywhere, "::/0", true, "everybody", ""},
		{model.ActAllow, "198.51.100.7", false, "", "198.51.100.7"},
		{model.ActAllow, "mallory", false, "mallory", ""},
		{model.ActAllow, "0.0.0.0/0", true, "everybody", ""},
	} {
		t.Run(fmt.Sprintf("%s %s %v", c.kind, c.address, c.meant), func(t *testing.T) {
			s := model.New(model.Options{Settings: config.Defaults()})
			s, _ = model.Update(s, model.OwnRead{At: t0, Own: []model.Own{
				{Addr: netip.MustParseAddr("198.51.100.7"), Who: "mira", TTY: "pts/1"},
				{Addr: netip.MustParseAddr("2001:db8:7::1"), Who: "lukas"},
			}})
			s, _ = model.Update(s, model.Unlocked{At: t0})
			s, effects := model.Update(s, model.BatchRequested{Kind: c.kind, Targets: []model.BatchTarget{target("sshd", c.address, 0)}, At: t0, Meant: c.meant})
			if c.want != "" {
				if len(effects) > 0 || s.Batch.Running || !strings.Contains(s.Batch.Reason, c.want) {
					t.Errorf("%+v → %v", s.Batch, effects)
				}
				return
			}
			if len(effects) != 1 || effects[0].(model.ActOn).Targets[0].Address != c.as {
				t.Errorf("%+v → %v", s.Batch, effects)
			}
		})
	}
}

// TestTakeBack: the opposite of the newest act is done to all that it changed;
// bans that it ended are made again for the time that was left.
func TestTakeBack(t *testing.T) {
	in := func(d time.Duration) time.Time { return t0.Add(d) }
	done := func(targets ...model.BatchTarget) []model.Result {
		var out []model.Result
		for _, t := range targets {
			out = append(out, model.Result{BatchTarget: t, Outcome: model.OutcomeDone})
		}
		return out
	}
	unbanned := []model.BatchTarget{target("sshd", "203.0.113.1", time.Hour), target("sshd", "203.0.113.2", time.Second), target("sshd", "203.0.113.3", fail2ban.Permanent), target("sshd", "203.0.113.4", 0)}
	for _, c := range []struct {
		name  string
		batch model.Batch
		kind  model.ActKind
		want  string
	}{
		{"nothing was done", model.Batch{}, "", ""},
		{"it runs", model.Batch{Kind: model.ActBan, Running: true, Results: done(target("sshd", "203.0.113.1", 0))}, "", ""},
		{"a ban", model.Batch{Kind: model.ActBan, Results: done(target("sshd", "203.0.113.1", 0))}, model.ActUnban, "203.0.113.1 sshd 0s"},
		{"unbans", model.Batch{Kind: model.ActUnban, Results: done(unbanned...)}, model.ActBan, "203.0.113.1 sshd 59m50s, 203.0.113.3 sshd -1ns, 203.0.113.4 sshd 0s"},
		{"unbans, some of which were none", model.Batch{Kind: model.ActUnban, Results: append(done(unbanned[0]), model.Result{BatchTarget: unbanned[3], Outcome: model.OutcomeNothing})}, model.ActBan, "203.0.113.1 sshd 59m50s"},
		{"allowed", model.Batch{Kind: model.ActAllow, Results: done(target("sshd", "203.0.113.1", time.Hour))}, model.ActDisallow, "203.0.113.1 sshd 0s"},
		{"nothing changed", model.Batch{Kind: model.ActUnban, Results: []model.Result{{BatchTarget: unbanned[0], Outcome: model.OutcomeNothing}}}, "", ""},
	} {
		kind, targets := c.batch.Reverse(in(10 * time.Second))
		var parts []string
		for _, t := range targets {
			parts = append(parts, fmt.Sprintf("%s %s %v", t.Address, t.Jail, t.Length))
		}
		if got := strings.Join(parts, ", "); kind != c.kind || got != c.want {
			t.Errorf("%s: %s of %s, want %s of %s", c.name, kind, got, c.kind, c.want)
		}
	}
}

// TestTakeBackEverywhere: where an address was unbanned in every jail, it is banned
// again in those that had banned it.
func TestTakeBackEverywhere(t *testing.T) {
	play(t, func(s *scenario) {
		s.unlocked()
		everywhere := []model.BatchTarget{target("", "203.0.113.1", 0), target("", "203.0.113.2", 0)}
		s.send("U of 2", model.BatchRequested{Kind: model.ActUnbanEverywhere, Targets: everywhere, At: s.now, Reversal: []model.BatchTarget{
			target("sshd", "203.0.113.1", time.Hour), target("postfix", "203.0.113.1", 2*time.Hour), target("sshd", "203.0.113.2", time.Hour)}})
		s.answerChunk("the first is done", 1, time.Millisecond, model.OutcomeDone)
		s.answerChunk("the second was not banned", 1, time.Millisecond, model.OutcomeNothing)
		s.wait(10 * time.Second)
		s.send("z", model.TakeBackRequested{At: s.now})
		s.batchNote()
		s.answerChunk("one", 1, time.Millisecond, model.OutcomeDone)
		s.answerChunk("the other", 1, time.Millisecond, model.OutcomeDone)
		s.say("and what was taken back can be, too")
		s.send("z", model.TakeBackRequested{At: s.now})
		s.batchNote()
	})
}

// TestBans: the list is asked for while somebody looks: when the counters show
// other bans, not too often, and again when it is old.
func TestBans(t *testing.T) {
	play(t, func(s *scenario) {
		p := online("postfix", "sshd")
		look := func(what string, banned int) {
			p.Jails = slices.Clone(p.Jails)
			p.Jails[1].Banned = banned
			s.probe(what, p)
		}
		listed := func(took time.Duration, reason string) {
			s.list++
			msg := model.BansListed{Request: s.list, At: s.now, Took: took, Source: model.FromDatabase, Reason: reason}
			if reason == "" {
				msg.List = banlist.New([]fail2ban.JailBan{{Jail: "sshd", Ban: fail2ban.Ban{Address: "203.0.113.9", Start: s.now}}})
			}
			s.send("listed", msg)
			s.note("%d bans, %s", s.state.Bans.List.Len(), s.state.Bans.Reason)
		}
		s.say("nobody looks")
		look("3 bans", 3)
		s.say("somebody looks")
		s.send("the bans are opened", model.BansOpened{})
		s.send("once more", model.BansOpened{})
		listed(10*time.Millisecond, "")
		s.say("the counters stand still, then change")
		s.wait(time.Second)
		look("3 bans", 3)
		s.wait(500 * time.Millisecond)
		look("4 bans: too soon", 4)
		s.wait(time.Second)
		look("4 bans", 4)
		listed(500*time.Millisecond, "")
		s.say("a list that takes long is not asked for as often")
		s.wait(5 * time.Second)
		look("5 bans: too soon", 5)
		s.wait(6 * time.Second)
		look("5 bans", 5)
		s.say("a failure keeps the last list")
		listed(time.Millisecond, "no answer for 30s")
		s.wait(time.Minute)
		look("5 bans, and the list is old", 5)
		listed(time.Millisecond, "")
		s.say("the server does not answer")
		s.wait(2 * time.Minute)
		s.probe("offline", offline())
		s.say("nobody looks any more")
		s.send("closed", model.BansClosed{})
		s.send("closed, the other too", model.BansClosed{})
		s.wait(time.Minute)
		look("9 bans", 9)
	})
}
