package runner_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/fail2bantest"
	"bantop/model"
	"bantop/model/runner"
)

// targets are addresses in jails, each written as "jail address", with the length
// of a ban after them where it is not the jail's own.
func targets(texts ...string) []model.BatchTarget {
	var out []model.BatchTarget
	for _, text := range texts {
		fields := append(strings.Split(text, " "), "0s")
		length, err := time.ParseDuration(fields[2])
		if fields[2] == "ever" {
			length, err = fail2ban.Permanent, nil
		}
		if err != nil {
			panic(err)
		}
		out = append(out, model.BatchTarget{Target: fail2ban.Target{Jail: fields[0], Address: fields[1]}, Length: length})
	}
	return out
}

func actOn(t *testing.T, r *runner.Runner, kind model.ActKind, ignored bool, targets []model.BatchTarget) model.ActedOn {
	t.Helper()
	msg, ok := r.Do(t.Context(), model.ActOn{ID: 7, Kind: kind, Targets: targets, Ignored: ignored}).(model.ActedOn)
	if !ok || msg.ID != 7 || msg.At.IsZero() || len(msg.Results) > len(targets) {
		t.Fatalf("got %+v", msg)
	}
	for i, res := range msg.Results {
		if res.BatchTarget != targets[i] {
			t.Errorf("result %d is of %+v, want %+v", i, res.BatchTarget, targets[i])
		}
		if (res.Outcome == model.OutcomeUnknown || res.Outcome == model.OutcomeRefused || res.Outcome == model.OutcomeIgnored) && res.Reason == "" {
			t.Errorf("result %d does not say why: %+v", i, res)
		}
	}
	return msg
}

// outcomes are results in a line.
func outcomes(results []model.Result) string {
	var all []string
	for _, r := range results {
		all = append(all, string(r.Outcome))
	}
	return strings.Join(all, ", ")
}

// held are the bans of a jail, by address.
func held(t *testing.T, s *fail2bantest.Server, jail string) map[string]fail2ban.Ban {
	t.Helper()
	bans, err := client(t, s).Bans(t.Context(), jail, time.Local)
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]fail2ban.Ban)
	for _, b := range bans {
		out[b.Address] = b
	}
	return out
}

// TestActOn: each target has its outcome, in order, whatever became of the others.
func TestActOn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind    model.ActKind
		targets []model.BatchTarget
		want    string
	}{
		{model.ActBan, targets("a 192.0.2.9", "a 192.0.2.1", "b 192.0.2.1", "a 192.0.2.9", "a 198.51.100.0/24", "a 2001:db8::1"),
			"done, nothing to do, done, nothing to do, done, done"},
		{model.ActBan, targets("a 192.0.2.9", "gone 192.0.2.9", "a --all", "a ", "b 192.0.2.9"), "done, refused, refused, refused, done"},
		{model.ActUnban, targets("a 192.0.2.1", "b 192.0.2.1", "gone 192.0.2.1", "a 192.0.2.1", "b --all", "b 192.0.2.3"),
			"done, nothing to do, refused, nothing to do, refused, done"},
		{model.ActUnbanEverywhere, targets(" 192.0.2.1", " 192.0.2.9", " --all", " 192.0.2.0/29", " 192.0.2.3"), "done, nothing to do, refused, done, nothing to do"},
		{model.ActAllow, targets("a 192.0.2.1", "a 203.0.113.9", "a 203.0.113.0/24", "gone 192.0.2.1", "b 192.0.2.1"), "done, done, nothing to do, refused, done"},
		{model.ActDisallow, targets("a 192.0.2.1", "a 203.0.113.0/24", "a 203.0.113.0/24", "gone 192.0.2.1"), "nothing to do, done, nothing to do, refused"},
	} {
		t.Run(string(c.kind), func(t *testing.T) {
			t.Parallel()
			s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"a", "b"}})
			s.Edit("a", func(j *fail2bantest.Jail) { j.IgnoreIP = []string{"203.0.113.0/24"} })
			s.Ban("a", "192.0.2.1")
			s.Ban("a", "192.0.2.3")
			s.Ban("b", "192.0.2.3")
			got := actOn(t, start(t, s, nil), c.kind, false, c.targets)
			if outcomes(got.Results) != c.want || got.Reason != "" {
				t.Errorf("got %s, want %s; %q", outcomes(got.Results), c.want, got.Reason)
			}
			for _, res := range got.Results {
				if strings.Contains(res.Reason, s.Path) || strings.Contains(res.Reason, res.Address) && res.Address != "" {
					t.Errorf("%s %s says again what it is about: %s", res.Jail, res.Address, res.Reason)
				}
			}
		})
	}
}

// TestActOnIgnored: what is on the ignore list of its jail is not banned, nor is a
// network that holds any of it, unless that is meant; the others are.
func TestActOnIgnored(t *testing.T) {
	t.Parallel()
	all := targets("a 192.0.2.1", "a 203.0.113.9", "b 203.0.113.9", "a 203.0.0.0/16", "a 2001:db8::1", "a 192.0.2.2", "a 198.51.100.7", "a ::ffff:203.0.113.9")
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"a", "b"}})
	s.Edit("a", func(j *fail2bantest.Jail) {
		j.IgnoreIP = []string{"example.org", "203.0.113.0/24", "198.51.100.7", "2001:db8::/32"}
	})
	r := start(t, s, nil)
	got := actOn(t, r, model.ActBan, false, all)
	if want := "done, ignored, done, ignored, ignored, done, ignored, ignored"; outcomes(got.Results) != want {
		t.Fatalf("got %s, want %s", outcomes(got.Results), want)
	}
	if why := got.Results[3].Reason; why != "203.0.113.0/24 is on the ignore list of a" {
		t.Errorf("told %q", why)
	}
	if n := len(held(t, s, "a")); n != 2 {
		t.Errorf("%d are banned, want 2", n)
	}
	got = actOn(t, r, model.ActBan, true, all)
	if want := "nothing to do, done, nothing to do, done, done, nothing to do, done, nothing to do"; outcomes(got.Results) != want {
		t.Errorf("it is meant: got %s, want %s", outcomes(got.Results), want)
	}
}

// TestActOnLengths: bans of different lengths are made in one act; one that is
// asked to be shorter than those of its jail says that it is not.
func TestActOnLengths(t *testing.T) {
	t.Parallel()
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"a", "ever"}})
	s.Edit("ever", func(j *fail2bantest.Jail) { j.BanTime = fail2ban.Permanent })
	all := targets("a 192.0.2.1", "a 192.0.2.2 1h", "a 192.0.2.3 1h", "a 192.0.2.4 ever", "a 192.0.2.5", "a 192.0.2.6 5m", "a 192.0.2.7 10m",
		"ever 192.0.2.8 1h", "ever 192.0.2.9 ever", "a 192.0.2.10 36h")
	got := actOn(t, start(t, s, nil), model.ActBan, false, all)
	own := 10 * time.Minute
	want := []struct {
		length time.Duration
		reason string
	}{
		{own, ""}, {time.Hour, ""}, {time.Hour, ""}, {fail2ban.Permanent, ""}, {own, ""}, {own, "for 10m: a ban of this jail is no shorter"}, {own, ""},
		{fail2ban.Permanent, "for ever: a ban of this jail is no shorter"}, {fail2ban.Permanent, ""}, {36 * time.Hour, ""},
	}
	for i, res := range got.Results {
		b := held(t, s, res.Jail)[res.Address]
		if res.Outcome != model.OutcomeDone || res.Reason != want[i].reason || b.Length.Round(time.Minute) != want[i].length.Round(time.Minute) {
			t.Errorf("%s: %s, %q, banned for %v, want %v, %q", res.Address, res.Outcome, res.Reason, b.Length, want[i].length, want[i].reason)
		}
	}
	if len(got.Results) != len(all) || got.Reason != "" {
		t.Errorf("%d results, %q", len(got.Results), got.Reason)
	}
}

// TestActOnLengthNotKnown: a ban of which it is not known whether it was made as
// long as it should be says so.
func TestActOnLengthNotKnown(t *testing.T) {
	t.Parallel()
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"a"}})
	s.Inject(fail2bantest.Fault{Command: "set", Times: 2}, fail2bantest.Fault{Command: "set", Times: 1, Close: true}) // the bans, then the ban time
	got := actOn(t, start(t, s, nil), model.ActBan, false, targets("a 192.0.2.1 1h", "a 192.0.2.2 1h"))
	if outcomes(got.Results) != "done, done" || !strings.HasPrefix(got.Reason, "fail2ban closed the connection") {
		t.Fatalf("got %s; %q", outcomes(got.Results), got.Reason)
	}
	for _, res := range got.Results {
		if res.Reason != "for 10m, as far as is known" {
			t.Errorf("told %q", res.Reason)
		}
	}
}

// TestActOnConnectionLost: what was answered before is told, what was sent may
// have been done, and what was not sent was not tried.
func TestActOnConnectionLost(t *testing.T) {
	t.Parallel()
	passes := func(n int) fail2bantest.Fault { return fail2bantest.Fault{Command: "set", Times: n} }
	closes := fail2bantest.Fault{Command: "set", Times: 1, Close: true, Raw: []byte{}}
	for _, c := range []struct {
		name    string
		faults  []fail2bantest.Fault
		targets []model.BatchTarget
		want    string
	}{
		{"at the first", []fail2bantest.Fault{closes}, targets("a 192.0.2.1", "a 192.0.2.2"), "not known, not known"},
		{"in the middle", []fail2bantest.Fault{passes(2), closes}, targets("a 192.0.2.1", "a 192.0.2.2", "a 192.0.2.3", "a 192.0.2.4"), "done, done, not known, not known"},
		{"with an ignored one among those done", []fail2bantest.Fault{passes(1), closes}, targets("a 192.0.2.1", "a 203.0.113.9", "a 192.0.2.2", "a 192.0.2.3"), "done, ignored, not known, not known"},
		{"with an ignored one behind", []fail2bantest.Fault{passes(1), closes}, targets("a 192.0.2.1", "a 192.0.2.2", "a 203.0.113.9", "a 192.0.2.3"), "done, not known"},
		{"before the next length", []fail2bantest.Fault{passes(1), closes}, targets("a 192.0.2.1", "a 192.0.2.2", "a 192.0.2.3 5m", "a 192.0.2.4"), "done, not known"},
		{"before it was sent", []fail2bantest.Fault{{Command: "ping", Close: true}}, targets("a 192.0.2.1", "a 192.0.2.2"), ""},
		{"before the next was sent", []fail2bantest.Fault{{Command: "ping", Times: 1}, {Command: "ping", Close: true}}, targets("a 192.0.2.1", "a 192.0.2.2 5m"), "done"},
		{"before the ignore list was known", []fail2bantest.Fault{{Command: "get", Close: true}}, targets("a 192.0.2.1"), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"a"}})
			s.Edit("a", func(j *fail2bantest.Jail) { j.IgnoreIP = []string{"203.0.113.0/24"} })
			s.Inject(c.faults...)
			got := actOn(t, start(t, s, nil), model.ActBan, false, c.targets)
			if outcomes(got.Results) != c.want || !strings.HasPrefix(got.Reason, "fail2ban closed the connection") || !strings.Contains(got.Hint, "start") {
				t.Errorf("got %s, want %s; %q, %q", outcomes(got.Results), c.want, got.Reason, got.Hint)
			}
		})
	}
}

// TestActOnNobodyWaits: when bantop is to end in the middle of an act, what was
// sent is told of.
func TestActOnNobodyWaits(t *testing.T) {
	t.Parallel()
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"a"}})
	s.Inject(fail2bantest.Fault{Command: "set", Times: 1}, fail2bantest.Fault{Command: "set", Times: 1, Hang: true})
	defer s.ClearFaults()
	r := start(t, s, nil)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan model.ActedOn)
	go func() {
		done <- r.Do(ctx, model.ActOn{ID: 7, Kind: model.ActBan, Targets: targets("a 192.0.2.1", "a 192.0.2.2", "a 192.0.2.3", "a 192.0.2.4 5m")}).(model.ActedOn)
	}()
	fail2bantest.Eventually(t, "the second ban", func() bool { return s.Commands("set") == 2 })
	cancel()
	got := <-done
	if outcomes(got.Results) != "done, not known, not known" || got.Reason == "" {
		t.Errorf("got %s; %q", outcomes(got.Results), got.Reason)
	}
}

// TestActOnTook: how long an act took is what it kept the server busy, not what
// was asked before it: the next chunk is as large as that shows.
func TestActOnTook(t *testing.T) {
	t.Parallel()
	const asking, action = 300 * time.Millisecond, 30 * time.Millisecond
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"a"}})
	s.Edit("a", func(j *fail2bantest.Jail) { j.ActionTime = action })
	s.Inject(fail2bantest.Fault{Command: "get", Times: 1, Delay: asking})
	began := time.Now()
	got := actOn(t, start(t, s, nil), model.ActBan, false, targets("a 192.0.2.1", "a 192.0.2.2", "a 192.0.2.3"))
	// Whatever else goes on, the two are parts of the whole.
	if all := time.Since(began); got.Took < 3*action || got.Took > all-asking {
		t.Errorf("took %v of %v", got.Took, all)
	}
}

// TestActOnReal: what is told is what a real server then does.
func TestActOnReal(t *testing.T) {
	t.Parallel()
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			t.Parallel()
			r, c := realRunner(t, fail2bantest.NewReal(t, install, fail2bantest.RealOptions{Jails: []string{"a", "b"}}))
			for _, step := range []struct {
				kind    model.ActKind
				targets []model.BatchTarget
				want    string
				left    map[string][]string // who is banned then
			}{
				{model.ActAllow, targets("a 203.0.113.0/24"), "done", nil},
				{model.ActBan, targets("a 192.0.2.1", "a 203.0.113.9", "b 203.0.113.9", "a 192.0.2.2 1h", "gone 192.0.2.1", "b 192.0.2.1 ever", "a 192.0.2.1"),
					"done, ignored, done, done, refused, done, nothing to do", map[string][]string{"a": {"192.0.2.1", "192.0.2.2"}, "b": {"192.0.2.1", "203.0.113.9"}}},
				{model.ActUnban, targets("a 192.0.2.1", "a 192.0.2.1", "gone 192.0.2.1"), "done, nothing to do, refused",
					map[string][]string{"a": {"192.0.2.2"}, "b": {"192.0.2.1", "203.0.113.9"}}},
				{model.ActUnbanEverywhere, targets(" 192.0.2.0/24", " 192.0.2.1"), "done, nothing to do", map[string][]string{"b": {"203.0.113.9"}}},
				{model.ActDisallow, targets("a 203.0.113.0/24", "a 203.0.113.0/24"), "done, nothing to do", nil},
				{model.ActBan, targets("a 203.0.113.9"), "done", map[string][]string{"a": {"203.0.113.9"}, "b": {"203.0.113.9"}}},
			} {
				got := actOn(t, r, step.kind, false, step.targets)
				if outcomes(got.Results) != step.want || got.Reason != "" {
					t.Errorf("%s: got %s, want %s; %q", step.kind, outcomes(got.Results), step.want, got.Reason)
				}
				if step.left == nil {
					continue
				}
				for _, jail := range []string{"a", "b"} {
					bans, err := c.Bans(t.Context(), jail, time.UTC)
					if err != nil {
						t.Fatal(err)
					}
					var left []string
					for _, b := range bans {
						left = append(left, b.Address)
					}
					if slices.Sort(left); fmt.Sprint(left) != fmt.Sprint(step.left[jail]) {
						t.Errorf("%s: %s bans %q, want %q", step.kind, jail, left, step.left[jail])
					}
				}
			}
		})
	}
}
