package model_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"bantop/config"
	"bantop/fail2ban"
	"bantop/model"
)

// judges returns an instance with settings of its own that shares its state.
func judges(t *testing.T, window, confirm, limit string) model.State {
	t.Helper()
	e, err := config.Defaults().With(config.Value{Key: "recovery.window", Text: window},
		config.Value{Key: "activation.confirm", Text: confirm},
		config.Value{Key: "activation.limit", Text: limit})
	if err != nil {
		t.Fatal(err)
	}
	s, _ := model.Update(model.New(model.Options{Settings: e, Shared: true}), model.Started{At: t0})
	return s
}

func three(s config.Settings) [3]time.Duration {
	return [...]time.Duration{s.RecoveryWindow, s.ActivationConfirm, s.ActivationLimit}
}

// stored is what the others see of an instance's look.
func stored(t *testing.T, s model.State, revision uint64) model.Stored {
	t.Helper()
	b, err := json.Marshal(s.Runtime)
	if err != nil {
		t.Fatal(err)
	}
	msg := model.Stored{Revision: revision}
	if err := json.Unmarshal(b, &msg.Runtime); err != nil {
		t.Fatal(err)
	}
	return msg
}

// TestOneJudges: what the instance that looks at the server says judges for all, in
// every order of looks and of changes of settings; one that says otherwise shows
// both. A look of an instance for itself alone changes nothing.
func TestOneJudges(t *testing.T) {
	windows, confirms, limits := []string{"30s", "1m", "2m"}, []string{"10s", "1m", "5m"}, []string{"5s", "20s"}
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 3))
		pick := func(of []string) string { return of[r.IntN(len(of))] }
		panes := []model.State{judges(t, pick(windows), pick(confirms), pick(limits)), judges(t, pick(windows),
			pick(confirms), pick(limits))}
		var revision uint64
		var holds [3]time.Duration
		for n := range uint64(30) {
			i := r.IntN(2)
			switch r.IntN(4) {
			case 0: // somebody sets something, there
				panes[i], _ = model.Update(panes[i], model.SettingsChanged{Values: []config.Value{setting("recovery.window",
					pick(windows)),
					setting("activation.confirm", pick(confirms))}})
			case 1: // a look for itself alone
				p := online("a")
				p.ProbeID, p.Unshared = panes[i].Runtime.Applied, true
				p.Seq, p.Finished = p.Seq+1, t0.Add(time.Duration(n)*time.Second)
				panes[i], _ = model.Update(panes[i], p)
			default: // it holds the lease, and looks
				p := online("a")
				p.ProbeID, p.Finished = model.ProbeID{Term: 2, Seq: n + 1}, t0.Add(time.Duration(n)*time.Second)
				var effects []model.Effect
				panes[i], effects = model.Update(panes[i], p)
				holds = three(panes[i].Settings.Effective.Settings)
				revision++
				answer := stored(t, panes[i], revision)
				panes[1-i], _ = model.Update(panes[1-i], answer)
				for len(effects) > 0 { // the store answers each commit
					c, is := effects[0].(model.Commit)
					effects = effects[1:]
					if is {
						answer.Commit = c.ID
						var more []model.Effect
						panes[i], more = model.Update(panes[i], answer)
						effects = append(effects, more...)
					}
				}
			}
			if revision == 0 {
				continue
			}
			for at, p := range panes {
				own := three(p.Settings.Effective.Settings)
				if got := three(p.InForce()); got != holds {
					t.Fatalf("seed %d, step %d: pane %d goes by %v, in force is %v", seed, n, at, got, holds)
				}
				if shows := len(p.ElsewhereInForce()) > 0; shows != (own != holds) {
					t.Fatalf("seed %d, step %d: pane %d has %v, in force is %v; shows both: %v", seed, n, at, own, holds, shows)
				}
			}
		}
	}
}

// TestOldRow: what an older bantop wrote says nothing of two of the settings: there
// an instance goes by its own. Where nothing is shared it goes by its own in all.
func TestOldRow(t *testing.T) {
	var old model.Runtime
	if err := json.Unmarshal([]byte(`{"Window":120000000000,"Server":{"Kind":"online"}}`), &old); err != nil {
		t.Fatal(err)
	}
	s := judges(t, "30s", "5m", "5s")
	s, _ = model.Update(s, model.Stored{Revision: 1, Runtime: old})
	if got, want := three(s.InForce()), [...]time.Duration{2 * time.Minute, 5 * time.Minute,
		5 * time.Second}; got != want {
		t.Errorf("%v, want %v", got, want)
	}
	if got := s.ElsewhereInForce(); len(got) != 1 || got["recovery.window"] != "2m" {
		t.Errorf("%v", got)
	}
	s, _ = model.Update(s, model.StoreFailed{Reason: "full"})
	if got, want := three(s.InForce()), three(s.Settings.Effective.Settings); got != want ||
		len(s.ElsewhereInForce()) > 0 {
		t.Errorf("alone: %v, want %v", got, want)
	}
}

// TestChangeKeepsItsValues: a crash is put down to a change for as long as the
// window was when it began, whatever it is now.
func TestChangeKeepsItsValues(t *testing.T) {
	for _, c := range []struct {
		began, now string
		after      time.Duration
		blamed     bool
	}{
		{"1m", "5m", 90 * time.Second, false},
		{"1m", "5m", 60 * time.Second, true},
		{"5m", "1m", 90 * time.Second, true},
		{"5m", "1m", 301 * time.Second, false},
	} {
		began, err := time.ParseDuration(c.began)
		if err != nil {
			t.Fatal(err)
		}
		s := model.New(model.Options{Settings: config.Defaults()})
		s, _ = model.Update(s, model.SettingsChanged{Values: []config.Value{setting("recovery.window", c.now)}})
		s, _ = model.Update(s, at(online("a"), 1, t0))
		s, _ = model.Update(s, model.ChangeBegun{Plan: model.Plan{ChangeID: model.ChangeID{Kind: model.ChangeActivate,
			Jail: "web", At: t0}, Window: began}, At: t0})
		s, _ = model.Update(s, at(offline(), 2, t0.Add(c.after)))
		p := s.Runtime.Pending
		if blamed := p != nil && p.Jail == "web"; blamed != c.blamed {
			t.Errorf("begun with %s, now %s, after %v: %+v", c.began, c.now, c.after, p)
		}
	}
}

// TestRehearsalKeepsItsLimit: a rehearsal, and a survey, go on with the limit that
// they began with, and a plan has what is in force for all.
func TestRehearsalKeepsItsLimit(t *testing.T) {
	s := judges(t, "5m", "5m", "20s")
	r := s.Runtime
	r.Window, r.Confirm, r.Limit = 2*time.Minute, 10*time.Second, 7*time.Second
	s, _ = model.Update(s, model.Stored{Revision: 1, Runtime: r})
	limits := func(effects []model.Effect) (out []time.Duration) {
		for _, e := range effects {
			if e, is := e.(model.Rehearse); is {
				out = append(out, e.Limit)
			}
		}
		return out
	}
	s, begun := model.Update(s, model.RehearsalRequested{Kind: model.ChangeActivate, Jail: "web", At: t0})
	s, survey := model.Update(s, model.SurveyRequested{Jails: []string{"a", "b", "c", "d", "e", "f"}, At: t0})
	r.Limit = time.Minute
	s, _ = model.Update(s, model.Stored{Revision: 2, Runtime: r})
	id := begun[0].(model.Rehearse).ID
	s, goesOn := model.Update(s, model.RehearsalStepped{ID: id, At: t0, Rehearsal: rehearsal(fail2ban.RehearseTest, "")})
	s, next := model.Update(s, model.RehearsalStepped{ID: survey[0].(model.Rehearse).ID, At: t0,
		Rehearsal: rehearsal(fail2ban.RehearseDone, fail2ban.VerdictReady)})
	all := slices.Concat(limits(begun), limits(survey), limits(goesOn), limits(next))
	if len(all) < 4 || slices.ContainsFunc(all, func(d time.Duration) bool { return d != 7*time.Second }) {
		t.Errorf("limits: %v", all)
	}
	s, _ = model.Update(s, model.RehearsalStepped{ID: id, At: t0, Rehearsal: rehearsal(fail2ban.RehearseDone,
		fail2ban.VerdictReady)})
	s, _ = model.Update(s, model.Unlocked{At: t0})
	_, effects := model.Update(s, model.ChangeRequested{At: t0})
	if len(effects) != 1 {
		t.Fatalf("%+v", effects)
	}
	if p := effects[0].(model.StartGuard).Plan; p.Confirm != 10*time.Second || p.Window != 2*time.Minute {
		t.Errorf("planned %+v", p)
	}
}
