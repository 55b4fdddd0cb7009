package model_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/model"
)

// failLog writes down what a log tells, as "address@seconds", "+2 address@seconds",
// "ban address", "unban address", "flush" and "forget", with seconds before t0.
func failLog(t *testing.T, text string) []fail2ban.FailNote {
	t.Helper()
	var notes []fail2ban.FailNote
	for _, word := range strings.Split(text, ", ") {
		if text == "" {
			break
		}
		n := fail2ban.FailNote{Kind: fail2ban.FailFound, Count: 1}
		kind, rest, _ := strings.Cut(word, " ")
		switch k := fail2ban.FailKind(kind); k {
		case fail2ban.FailBan, fail2ban.FailUnban, fail2ban.FailFlush, fail2ban.FailForget:
			notes = append(notes, fail2ban.FailNote{Kind: k, Address: rest})
			continue
		}
		if strings.HasPrefix(kind, "+") {
			n.Kind = fail2ban.FailWorse
			if _, err := fmt.Sscan(kind, &n.Count); err != nil {
				t.Fatal(err)
			}
			word = rest
		}
		address, ago, _ := strings.Cut(word, "@")
		seconds := 0
		if _, err := fmt.Sscan(ago, &seconds); err != nil {
			t.Fatal(word, err)
		}
		n.Address, n.At = address, t0.Add(-time.Duration(seconds)*time.Second)
		notes = append(notes, n)
	}
	return notes
}

// open opens a jail that the server counts so many failing and banned addresses
// in, and answers for it.
func open(failing, banned int, msg model.JailFetched) model.Detail {
	p := online("sshd")
	p.Jails[0].Counts = fail2ban.Counts{Failing: failing, Banned: banned}
	s, _ := model.Update(model.New(model.Options{}), model.Started{At: t0})
	s, _ = model.Update(s, at(p, 1, t0))
	s, _ = model.Update(s, model.JailOpened{Jail: "sshd"})
	msg.Jail, msg.Request, msg.At = "sshd", 1, t0
	if msg.Settings.FindTime == 0 {
		msg.Settings.FindTime, msg.Settings.MaxRetry = 10*time.Minute, 3
	}
	s, _ = model.Update(s, msg)
	return s.Detail
}

// TestWhoFails is who is said to fail in a jail that bans after 3 failures within
// 600 s, by what the log tells and how many the server counts. The cases marked
// with a star were done to servers 1.0.2 and 1.1.0, with this outcome.
func TestWhoFails(t *testing.T) {
	for _, c := range []struct {
		name, log string
		counted   int
		bans      string // that the server lists; "?" where it was not asked
		want      string
	}{
		{"nobody", "", 0, "", ""},
		{"one", "a@5", 1, "", "a 1"},
		{"the nearest to a ban comes first", "c@9, a@8, b@7, b@6, d@8", 4, "", "b 2, a 1, d 1, c 1"},
		{"* enough is a ban", "a@9, a@8, a@7, ban a", 0, "a", ""},
		{"* enough is a ban before the log says so", "a@9, a@8, a@7", 0, "", ""},
		{"* lines that were read at once with those that made the ban", "a@9, a@9, a@9, a@9, a@9, ban a", 1, "a", "1 banned"},
		{"* it goes on until the ban ends", "a@9, a@9, a@9, a@9, a@9, ban a, unban a", 1, "", "a 2"},
		{"* a ban by hand does not make failures undone", "a@9, a@8, ban a", 1, "a", "1 banned"},
		{"* nor does an unban", "a@9, a@8, ban a, unban a", 1, "", "a 2"},
		{"* so the next one is a ban", "a@9, a@8, ban a, unban a, a@2, ban a", 0, "a", ""},
		{"banned, where the bans were not asked for", "a@9, a@8, ban a, b@7", 2, "?", "b 1, 1 banned"},
		{"let go, where they were not", "a@9, a@8, ban a, unban a", 1, "?", "a 2"},
		{"all let go at once", "a@9, ban a, b@9, ban b, flush", 2, "?", "a 1, b 1"},
		{"banned before the log begins", "a@9", 1, "a", "1 banned"},
		{"* a failure counts for more after a ban", "a@9, +1 a@9", 1, "", "a 2"},
		{"* and more of them are a ban", "a@9, +1 a@9, a@7, +1 a@7, ban a", 0, "a", ""},
		{"not for somebody who is banned by it", "a@9, a@9, a@9, +2 a@9", 0, "", ""},
		{"too long ago", "a@600, b@599", 1, "", "b 1"},
		{"the server has not cleared up yet", "a@610, b@599", 2, "", "b 1"},
		{"too long before the next one", "a@1200, a@1199, a@5", 1, "", "a 1"},
		{"over a longer time, the average", "a@900, a@400, a@5", 1, "", "a 2"},
		{"over a longer time, fast enough", "a@900, a@600, a@100", 0, "", ""},
		{"in another order", "a@5, a@9", 1, "", "a 2"},
		{"* the server began anew", "a@9, a@8, ban b, forget, a@7, a@6", 1, "?", "a 2"},
		{"the log tells fewer", "a@9", 5, "", "a 1, 4 untold"},
		{"the log tells more, as just after the count", "a@9, b@9", 1, "", "a 1, b 1"},
		{"the log names nobody", "ban a", 2, "a", "2 untold, silent"},
	} {
		msg := model.JailFetched{HasBans: c.bans != "?", Log: model.FailingLog{Notes: failLog(t, c.log)}}
		if c.bans != "?" && c.bans != "" {
			msg.Bans = []fail2ban.Ban{{Address: c.bans}}
		}
		if got := showFailing(open(c.counted, len(msg.Bans), msg).Failing); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func showFailing(l model.FailingList) string {
	var s []string
	for _, f := range l.Addresses {
		s = append(s, fmt.Sprintf("%s %d", f.Address, f.Failures))
	}
	if l.Banned > 0 {
		s = append(s, fmt.Sprintf("%d banned", l.Banned))
	}
	if l.Untold > 0 {
		s = append(s, fmt.Sprintf("%d untold", l.Untold))
	}
	if l.Silent && l.Untold > 0 {
		s = append(s, "silent")
	}
	return strings.Join(s, ", ")
}

// TestWhoFailsProperties: whatever a log tells, nobody stands twice, with as many
// failures as make a ban, outside the time or among the banned; the message stays
// as it was.
func TestWhoFailsProperties(t *testing.T) {
	kinds := []fail2ban.FailKind{fail2ban.FailFound, fail2ban.FailFound, fail2ban.FailFound, fail2ban.FailWorse,
		fail2ban.FailBan, fail2ban.FailUnban, fail2ban.FailFlush, fail2ban.FailForget, "nonsense"}
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 3))
		msg := model.JailFetched{HasBans: r.IntN(2) == 0, Settings: fail2ban.JailSettings{
			FindTime: time.Duration(r.IntN(900)-50)*time.Second + time.Millisecond, MaxRetry: r.IntN(7) - 1}}
		for range r.IntN(60) {
			msg.Log.Notes = append(msg.Log.Notes, fail2ban.FailNote{Kind: kinds[r.IntN(len(kinds))], Address: string(rune('a' + r.IntN(6))),
				At: t0.Add(time.Duration(60-r.IntN(1500)) * time.Second), Count: float64(r.IntN(4))})
		}
		if msg.HasBans {
			msg.Bans = []fail2ban.Ban{{Address: "a", Start: t0.Add(-time.Hour)}, {Address: "b", Start: t0}}
		}
		before := show(msg)
		d := open(r.IntN(9), 2, msg)
		if show(msg) != before {
			t.Fatalf("seed %d: the message was changed", seed)
		}
		seen := make(map[string]bool)
		for _, f := range d.Failing.Addresses {
			banned := msg.HasBans && (f.Address == "a" || f.Address == "b")
			if seen[f.Address] || banned || f.Failures >= max(1, msg.Settings.MaxRetry) && msg.Settings.FindTime > 0 || !f.Last.After(t0.Add(-msg.Settings.FindTime)) {
				t.Fatalf("seed %d: %+v of %+v", seed, f, msg)
			}
			seen[f.Address] = true
		}
		if d.Failing.Untold < 0 || d.Failing.Banned < 0 {
			t.Fatalf("seed %d: %+v", seed, d.Failing)
		}
	}
}

// TestDetailOrder: the newest bans come first, and of the files those that need
// somebody; how many bans are not listed is counted as of the asking.
func TestDetailOrder(t *testing.T) {
	msg := model.JailFetched{HasBans: true,
		Bans:  []fail2ban.Ban{{Address: "old", Start: t0.Add(-time.Hour)}, {Address: "new", Start: t0}, {Address: "unreadable"}},
		Files: []model.LogFile{{Path: "a"}, {Path: "b", Reason: "stale file handle"}, {Path: "c", Closed: true}, {Path: "d", Missing: true}},
	}
	d := open(0, 40, msg)
	var got []string
	for _, b := range d.Bans {
		got = append(got, b.Address)
	}
	for _, f := range d.Files {
		got = append(got, f.Path)
	}
	if want := []string{"new", "old", "unreadable", "d", "b", "a", "c"}; !slices.Equal(got, want) || d.Unlisted() != 37 {
		t.Errorf("got %q and %d more", got, d.Unlisted())
	}
	if d := open(0, 1001, model.JailFetched{}); d.HasBans || d.Unlisted() != 1001 {
		t.Errorf("%d unlisted", d.Unlisted())
	}
	if msg.Bans[0].Address != "old" || msg.Files[0].Path != "a" {
		t.Error("the message was changed")
	}
}
