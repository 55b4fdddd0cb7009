package model_test

import (
	"fmt"
	"math/rand"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sebdah/goldie/v2"

	"bantop/model"
)

func plan(kind model.ChangeKind) model.Plan {
	p := model.Plan{
		ChangeID: model.ChangeID{Kind: kind, Jail: "nginx-x", At: t0}, By: "lukas", TTY: "pts/3", Confirm: time.Minute,
		File: model.FileChange{Dir: "jail.d", Name: "zz-bantop-nginx-x.local", Now: []byte("[nginx-x]\nenabled = true\n")},
	}
	if kind == model.ChangeDeactivate {
		p.Loses = []string{"nginx-x"}
	} else {
		p.Gains, p.Armed = []string{"nginx-x"}, []string{"nginx-x"}
	}
	return p
}

// begun is a server on which a change has begun.
func begun(t *testing.T, p model.Plan) model.Runtime {
	t.Helper()
	jails := []string{"postfix", "sshd"}
	if p.Kind == model.ChangeDeactivate {
		jails = []string{"nginx-x", "postfix", "sshd"}
	}
	r := model.NewRuntime()
	for i := range 2 { // the second look finds it settled
		r, _ = model.Step(r, at(online(jails...), uint64(i+1), t0.Add(time.Duration(i-10)*time.Second)))
	}
	var before []model.Standing
	for _, j := range jails {
		before = append(before, model.Standing{Jail: j, Started: true, Armed: true, Banned: 3})
	}
	r, _ = model.Step(r, model.ChangeBegun{Plan: p, Before: before, PID: 812, At: t0, FormerSum: "f0"})
	return r
}

// steps are all steps of a change, in the order of a change that goes well and then
// of one that goes back.
var steps = []model.ChangeStep{
	model.StepWrite, model.StepReload, model.StepProve, model.StepConfirm,
	model.StepRestore, model.StepReloadBack, model.StepProveBack, model.StepRestart,
	model.StepConfirmed, model.StepTakenBack, model.StepStuck,
}

// changeMessages are all that can happen to a change.
func changeMessages(c model.Change, at time.Time) map[string]model.Msg {
	did := func(d model.ChangeDid) model.ChangeDid {
		d.ID, d.Step, d.At, d.Reason = c.ChangeID, c.Step, at, "it failed"
		return d
	}
	return map[string]model.Msg{
		"went well": model.ChangeDid{ID: c.ChangeID, Step: c.Step, At: at},
		"failed":    model.ChangeDid{ID: c.ChangeID, Step: c.Step, At: at, Reason: "it failed", Hint: "look", Missing: []string{"sshd"}},
		"refused":   did(model.ChangeDid{Fault: model.FaultRefused, Judged: true, Slips: []string{"jail.local:7: flase"}}),
		"untouched": did(model.ChangeDid{Fault: model.FaultRefused, Judged: true, Slips: []string{"jail.local:7: flase"},
			Untouched: true}),
		"unknown":      did(model.ChangeDid{Fault: model.FaultUnknown}),
		"process gone": did(model.ChangeDid{Fault: model.FaultGone}),
		"busy":         did(model.ChangeDid{Fault: model.FaultBusy}),
		"hung":         did(model.ChangeDid{Fault: model.FaultHung}),
		"own hang":     did(model.ChangeDid{Fault: model.FaultOwnHang}),
		"of another":   model.ChangeDid{ID: model.ChangeID{Kind: c.Kind, Jail: c.Jail, At: c.At.Add(1)}, Step: c.Step, At: at},
		"of the past":  model.ChangeDid{ID: c.ChangeID, Step: model.StepWrite, At: at},
		"confirmed":    model.ChangeConfirmed{ID: c.ChangeID, At: at, By: "mona (pts/4)"},
		"reverted":     model.ChangeReverted{ID: c.ChangeID, At: at, By: "mona (pts/4)"},
		"expired":      model.ChangeExpired{ID: c.ChangeID, At: c.Deadline},
		"too early":    model.ChangeExpired{ID: c.ChangeID, At: c.Deadline.Add(-1)},
		"taken over":   model.ChangeTaken{ID: c.ChangeID, At: at},
		"begun again":  model.ChangeBegun{Plan: plan(model.ChangeActivate), At: at},
	}
}

var changeNames = []string{"went well", "failed", "refused", "untouched", "unknown", "process gone", "busy", "hung", "own hang", "of another",
	"of the past", "confirmed", "reverted", "expired", "too early", "taken over", "begun again"}

// TestChangeTable is the state machine of a change as a table: every step with
// everything that can happen in it.
func TestChangeTable(t *testing.T) {
	var out strings.Builder
	for _, step := range steps {
		r := begun(t, plan(model.ChangeActivate))
		c := *r.Change
		c.Step, c.Since, c.Touched = step, t0, step != model.StepWrite
		if step == model.StepConfirm {
			c.Deadline = t0.Add(c.Confirm)
		}
		r.Change = &c
		fmt.Fprintf(&out, "%s\n", step)
		for _, name := range changeNames {
			frozen := show(r)
			after, events := model.Step(r, changeMessages(c, t0.Add(3*time.Second))[name])
			if show(r) != frozen {
				t.Errorf("%s, %s: the state before was changed", step, name)
			}
			if reflect.DeepEqual(after, r) {
				continue
			}
			fmt.Fprintf(&out, "    %-12s → %s%s\n", name, showChange(after), showEvents(events))
		}
	}
	goldie.New(t, goldie.WithFixtureDir(testdata)).Assert(t, "ChangeTable", []byte(out.String()))
}

func showChange(r model.Runtime) string {
	c := r.Change
	s := fmt.Sprintf("%-20s", c.Step)
	if c.Why != "" {
		s += fmt.Sprintf(" why %q", c.Why)
	}
	if c.Hint != "" {
		s += fmt.Sprintf(" hint %q", c.Hint)
	}
	if len(c.Missing) > 0 {
		s += fmt.Sprintf(" without %v", c.Missing)
	}
	for _, fact := range []struct {
		is   bool
		name string
	}{
		{c.Way != "", "by " + string(c.Way)}, {len(c.Slips) > 0, fmt.Sprint(c.Slips)}, {c.Untouched, "untouched"},
		{c.Waiting != "", "waiting"}, {c.Hung, "hung"}, {c.Down, "down"}, {c.Left != "", "left: " + string(c.Left)},
	} {
		if fact.is {
			s += " " + fact.name
		}
	}
	if c.Attempts > 0 {
		s += fmt.Sprintf(" reload %d", c.Attempts)
	}
	if !c.Deadline.IsZero() {
		s += " until " + offset(c.Deadline)
	}
	return s + " • "
}

// walk plays a change to its end: results are what each step comes to, "" for well.
func walk(t *testing.T, out *strings.Builder, r model.Runtime, results ...string) model.Runtime {
	t.Helper()
	now := t0
	for _, result := range results {
		now = now.Add(2 * time.Second)
		c := *r.Change
		msg := changeMessages(c, now)["went well"]
		if m, known := changeMessages(c, now)[result]; known {
			msg = m
		} else if result != "" {
			msg = model.ChangeDid{ID: c.ChangeID, Step: c.Step, At: now, Reason: result}
		}
		next, events := model.Step(r, msg)
		fmt.Fprintf(out, "%8s  %-20s %-28s → %s%s expected %v\n", offset(now), c.Step, result, showChange(next), showEvents(events), next.Expected)
		r = next
	}
	return r
}

// TestChangeStories walks whole changes, good and bad.
func TestChangeStories(t *testing.T) {
	var out strings.Builder
	for _, story := range []struct {
		name    string
		kind    model.ChangeKind
		results []string
	}{
		{"a jail is activated and confirmed", model.ChangeActivate, []string{"", "", "", "", "confirmed"}},
		{"nobody confirms it", model.ChangeActivate, []string{"", "", "", "expired", "", "", ""}},
		{"the file cannot be written", model.ChangeActivate, []string{"no room", ""}},
		{"the reload takes the jails down; the first reload back brings none", model.ChangeActivate,
			[]string{"", "regex", "", "", "postfix is gone", "", ""}},
		{"it does not start; bantop is killed on the way back", model.ChangeActivate, []string{"", "", "it is not there", "", "taken over", "", ""}},
		{"fail2ban goes down while nobody has confirmed", model.ChangeActivate, []string{"", "", "", "fail2ban went down", "", "busy", "process gone", "", ""}},
		{"fail2ban goes down, and somebody's slip keeps it down", model.ChangeActivate,
			[]string{"", "", "", "fail2ban went down", "", "process gone", "refused"}},
		{"somebody makes a slip before it is loaded", model.ChangeActivate, []string{"", "untouched", "", ""}},
		{"somebody makes a slip while nobody has confirmed", model.ChangeActivate,
			[]string{"", "", "", "expired", "", "refused", "", ""}},
		{"a slip that the former configuration has, too", model.ChangeActivate,
			[]string{"", "", "", "expired", "", "refused", "refused", "", ""}},
		{"a slip, and the deactivated jail cannot come back", model.ChangeDeactivate,
			[]string{"", "", "", "expired", "", "refused", "refused"}},
		{"nothing can be proven", model.ChangeActivate, []string{"", "", "", "expired", "", "unknown", "", ""}},
		{"a deactivation, and nothing can be proven", model.ChangeDeactivate, []string{"", "", "", "expired", "", "unknown"}},
		{"its command makes the server hang", model.ChangeActivate,
			[]string{"", "", "", "expired", "", "busy", "busy", "own hang", "", ""}},
		{"the server hangs for another reason", model.ChangeActivate, []string{"", "", "", "expired", "", "busy", "hung"}},
		{"a jail is lost for good, and a restart is not proven", model.ChangeActivate,
			[]string{"", "", "", "expired", "", "", "sshd is gone", "", "sshd is gone", "", "sshd is gone", "refused"}},
		{"nothing helps", model.ChangeActivate, []string{"", "regex", "", "", "gone", "", "gone", "", "gone", "", "gone"}},
		{"the file cannot be put back", model.ChangeActivate, []string{"", "", "", "reverted", "no room"}},
		{"a jail is deactivated, and that is taken back", model.ChangeDeactivate, []string{"", "", "", "reverted", "", "", ""}},
		{"a jail is deactivated and confirmed", model.ChangeDeactivate, []string{"", "", "", "confirmed"}},
	} {
		fmt.Fprintf(&out, "\n── %s\n", story.name)
		r := walk(t, &out, begun(t, plan(story.kind)), story.results...)
		if !r.Change.Step.Over() {
			t.Errorf("%s: it ends at %s", story.name, r.Change.Step)
		}
	}
	goldie.New(t, goldie.WithFixtureDir(testdata)).Assert(t, "ChangeStories", []byte(out.String()))
}

// TestSetAsideGoesBack: a file that is set aside in vain gets its name back without
// another reload where the jails are as before; what was lost before is still
// expected, so that it is still told of.
func TestSetAsideGoesBack(t *testing.T) {
	for _, c := range []struct {
		name    string
		results []string
		steps   string
	}{
		{"the name is taken", []string{"file exists", ""}, "write, restore"},
		{"it does not help", []string{"", "regex", "", ""}, "write, reload, restore, prove the way back"},
		{"it took another jail along", []string{"", "", "sshd is not there", "", "postfix is not there", "", ""},
			"write, reload, prove, restore, prove the way back, reload again, prove the way back"},
	} {
		p := plan(model.ChangeSetAside)
		p.Gains, p.Commit = []string{"sshd"}, true
		r := begun(t, p)
		expected := r.Expected
		r = walk(t, &strings.Builder{}, r, c.results...)
		var did []string
		for _, d := range r.Change.Done {
			did = append(did, string(d.Step))
		}
		if r.Change.Step != model.StepTakenBack || strings.Join(did, ", ") != c.steps {
			t.Errorf("%s: %s by %q", c.name, r.Change.Step, did)
		}
		if !slices.Equal(r.Expected, expected) {
			t.Errorf("%s: %v are expected, want %v", c.name, r.Expected, expected)
		}
	}
}

// TestChangeAlwaysEnds: whatever happens, in whatever order, a change ends after a
// bounded number of steps; what it forgot is expected again unless it was
// confirmed; and once it is on its way back it is never confirmed.
func TestChangeAlwaysEnds(t *testing.T) {
	for seed := range int64(1000) {
		rnd := rand.New(rand.NewSource(seed))
		kind := []model.ChangeKind{model.ChangeActivate, model.ChangeDeactivate, model.ChangeSetAside}[rnd.Intn(3)]
		r := begun(t, plan(kind))
		expected := r.Expected
		now, back := t0, false
		for n := 0; !r.Change.Step.Over(); n++ {
			if n > 200 {
				t.Fatalf("seed %d: it does not end: %s", seed, r.Change.Step)
			}
			now = now.Add(time.Duration(rnd.Intn(5000)) * time.Millisecond)
			name := changeNames[rnd.Intn(len(changeNames))]
			r, _ = model.Step(r, changeMessages(*r.Change, now)[name])
			back = back || r.Change.Why != ""
			if back && r.Change.Step == model.StepConfirmed {
				t.Fatalf("seed %d: confirmed on the way back", seed)
			}
		}
		wants := slices.Clone(expected)
		if r.Change.Step == model.StepConfirmed && kind == model.ChangeDeactivate {
			wants = slices.DeleteFunc(wants, func(j string) bool { return j == "nginx-x" })
		}
		if !slices.Equal(r.Expected, wants) {
			t.Fatalf("seed %d, %s: %v are expected, want %v", seed, r.Change.Step, r.Expected, wants)
		}
	}
}

// TestChangeNext walks what is due in each step.
func TestChangeNext(t *testing.T) {
	for _, step := range steps {
		c := model.Change{Plan: plan(model.ChangeActivate), Step: step, Deadline: t0.Add(time.Minute)}
		for _, now := range []time.Time{t0, t0.Add(59500 * time.Millisecond), t0.Add(time.Minute)} {
			effect, msg, wait := c.Next(now)
			_, carries := effect.(model.Carry)
			_, expires := msg.(model.ChangeExpired)
			wantExpires := step == model.StepConfirm && !now.Before(c.Deadline)
			wantWait := time.Duration(0)
			if step == model.StepConfirm && !wantExpires {
				wantWait = min(time.Second, c.Deadline.Sub(now))
			}
			if carries != (!step.Over() && !wantExpires) || expires != wantExpires || wait != wantWait {
				t.Errorf("%s at %s: %T, %T, %v", step, offset(now), effect, msg, wait)
			}
		}
	}
}
