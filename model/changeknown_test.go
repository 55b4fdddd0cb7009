package model_test

import (
	"encoding/json"
	"math/rand"
	"slices"
	"testing"
	"time"

	"bantop/model"
)

// younger are the fields of a change that the first bantop which shared one did not have.
var younger = []string{"Certain", "Kept", "Lost", "FormerSum", "Untouched", "Way", "Slips", "Waiting", "Down", "Hung", "Left", "Unproven", "Reverts"}

// older is a state after an older bantop has written it.
func older(t *testing.T, r model.Runtime) model.Runtime {
	t.Helper()
	text, err := json.Marshal(r.Change)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	for _, name := range younger {
		delete(fields, name)
	}
	delete(fields["File"].(map[string]any), "Mode")
	if text, err = json.Marshal(fields); err != nil {
		t.Fatal(err)
	}
	var c model.Change
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	r.Change = &c
	return r
}

// TestGuardKnowsWhatAnOlderOneDrops: whatever happens to a change, its guard knows as
// much of it as if no older bantop had written the state between any two messages, and
// so does the state after each message of the guard.
func TestGuardKnowsWhatAnOlderOneDrops(t *testing.T) {
	same := func(when string, got, want model.Change) {
		t.Helper()
		is, err := json.Marshal(got)
		wants, err2 := json.Marshal(want)
		if err != nil || err2 != nil || string(is) != string(wants) {
			t.Fatalf("%s:\ngot  %s\nwant %s", when, is, wants)
		}
	}
	byOthers := []string{"confirmed", "reverted"}
	for seed := range int64(300) {
		random := rand.New(rand.NewSource(seed))
		p := plan(model.ChangeActivate)
		p.File.Mode, p.Unproven, p.Reverts = 0o600, seed%2 == 0, int(seed)
		want := begun(t, p)
		for n := range 20 {
			c, under := want.UnderWay()
			if !under {
				break
			}
			at := t0.Add(time.Duration(n) * time.Second)
			name := changeNames[random.Intn(len(changeNames))]
			if name == "taken over" || name == "begun again" { // another guard, which knows what the state says
				continue
			}
			msg := changeMessages(c, at)[name]
			if did, is := msg.(model.ChangeDid); is {
				did.Kept, did.Lost = []string{name}, []string{"sshd: maxretry 9"}
				msg = did
			}
			next, _ := model.Step(want, msg)
			if slices.Contains(byOthers, name) {
				got, _ := model.Step(older(t, want), msg)
				same(name, older(t, got).Change.Knowing(c), *next.Change)
			} else {
				got, _ := model.Step(older(t, want), model.ChangeKnown{Own: c, Msg: msg})
				same(name, *got.Change, *next.Change)
			}
			want = next
		}
	}
}
