package model_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sebdah/goldie/v2"

	"bantop/fail2ban"
	"bantop/model"
)

const testdata = "../testdata/model"

// t0 is when everything in these tests begins.
var t0 = time.Date(2026, 1, 2, 14, 3, 20, 0, time.UTC)

// jail is a jail as a server of these tests lists it.
func jail(name string, c fail2ban.Counts) fail2ban.Jail {
	return fail2ban.Jail{Name: name, Counts: c, Files: []string{"/var/log/" + name + ".log"}, Actions: []string{"noop"}}
}

func online(jails ...string) model.ProbeFinished {
	p := model.ProbeFinished{Version: "1.0.2", PID: 812, Since: t0.Add(-time.Hour)}
	for _, name := range jails {
		p.Jails = append(p.Jails, jail(name, fail2ban.Counts{}))
	}
	return p
}

// degraded is a server with a jail that reads nothing.
func degraded() model.ProbeFinished {
	p := online("postfix", "sshd")
	p.Jails[1].Files = nil
	return p
}

func offline() model.ProbeFinished {
	return model.ProbeFinished{Fault: model.NotRunning, Reason: "not running"}
}

// at dates a result and numbers it.
func at(p model.ProbeFinished, seq uint64, when time.Time) model.ProbeFinished {
	p.ProbeID, p.Request = model.ProbeID{Term: 1, Seq: seq}, seq
	p.Started, p.Finished, p.Latency = when.Add(-time.Millisecond), when, time.Millisecond
	if p.Window == 0 {
		p.Window, p.Control = time.Minute, "fail2ban-client"
	}
	return p
}

// tableCase is one line of the table: what stands before a result, and the
// result.
type tableCase struct {
	before, result, pending string
	activation              string // when the newest activation was, before the result
}

func (c tableCase) runtime(now time.Time) model.Runtime {
	var r model.Runtime
	switch c.before {
	case "unknown":
		r = model.New(model.Options{}).Runtime
	case "offline":
		r, _ = model.Step(r, at(offline(), 1, now.Add(-2*time.Hour)))
	case "online":
		r, _ = model.Step(r, at(online("postfix", "sshd"), 1, now.Add(-2*time.Hour)))
	case "degraded":
		r, _ = model.Step(r, at(degraded(), 1, now.Add(-2*time.Hour)))
	}
	if age, ok := activationAge(c.activation); ok {
		r, _ = model.Step(r, model.ActivationRecorded{Activation: model.Activation{
			Jail: "nginx-x", At: now.Add(-age), By: "lukas", TTY: "pts/3", Source: "bantop",
		}})
	}
	if c.pending != "none" {
		r, _ = model.Step(r, model.PendingCreated{Pending: model.Pending{
			PendingID:  model.PendingID{Kind: model.PendingCrash, Jail: "old", ActivatedAt: now.Add(-3 * time.Hour)},
			DetectedAt: now.Add(-3*time.Hour + 5*time.Second),
			Recovered:  c.pending == "recovered",
		}})
	}
	return r
}

func activationAge(s string) (time.Duration, bool) {
	if s == "none" {
		return 0, false
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		panic(err)
	}
	return d, true
}

func tableCases() []tableCase {
	var out []tableCase
	for _, before := range []string{"unknown", "offline", "online", "degraded"} {
		for _, result := range []string{"online", "degraded", "offline"} {
			for _, pending := range []string{"none", "open", "recovered"} {
				for _, activation := range []string{"none", "0s", "60s", "60.001s", "3600s", "-5s"} {
					out = append(out, tableCase{before, result, pending, activation})
				}
			}
		}
	}
	return out
}

// TestTable is R2 to R6 as a table: before × result × pending × activation; degraded
// counts as online. The
// golden is meant to be read; an open or recovered pending before the result
// blames the jail "old", the activation is of "nginx-x".
func TestTable(t *testing.T) {
	var out strings.Builder
	fmt.Fprintf(&out, "%-8s %-8s %-10s %-10s │ %-8s %-22s %s\n%s\n", "before", "result", "pending", "activated",
		"server", "pending after", "events", strings.Repeat("─", 120))
	last := ""
	for _, c := range tableCases() {
		if group := c.before + c.result; group != last {
			if last != "" {
				out.WriteByte('\n')
			}
			last = group
		}
		before := c.runtime(t0)
		frozen := show(before)
		result := offline()
		switch c.result {
		case "online":
			result = online("postfix", "sshd")
		case "degraded":
			result = degraded()
		}
		after, events := model.Step(before, at(result, 2, t0))
		if show(before) != frozen {
			t.Errorf("%+v: the state before was changed", c)
		}
		line := fmt.Sprintf("%-8s %-8s %-10s %-10s │ %-8s %-22s %s", c.before, c.result, c.pending, c.activation,
			after.Server.Kind, showPending(after.Pending), showEvents(events))
		out.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	goldie.New(t, goldie.WithFixtureDir(testdata)).Assert(t, "table", []byte(out.String()))
}

func showPending(p *model.Pending) string {
	if p == nil {
		return "none"
	}
	state := "open"
	if p.Recovered {
		state = "recovered"
	}
	s := fmt.Sprintf("%s: %s %s", p.Kind, p.Jail, state)
	if p.Jail == "" {
		s = fmt.Sprintf("%s: nobody %s", p.Kind, state)
	}
	if len(p.Lost) > 0 {
		s += fmt.Sprintf(" without %s", strings.Join(p.Lost, ", "))
	}
	if len(p.Also) > 0 {
		s += fmt.Sprintf(" also %s", strings.Join(p.Also, ", "))
	}
	if p.AtStart {
		s += " found at start"
	}
	return s
}

func showEvents(events []model.Event) string {
	var parts []string
	for _, e := range events {
		s := string(e.Kind)
		for _, more := range []string{e.Jail, e.Note} {
			if more != "" {
				s += " " + more
			}
		}
		if e.Count != 0 {
			s += fmt.Sprintf(" ×%d", e.Count)
		}
		if e.Took != 0 || e.Kind == model.ActivationCrash {
			s += " after " + e.Took.String()
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, "; ")
}

// show writes all of a value, so that any change to it shows.
func show(v any) string { return fmt.Sprintf("%+v", deref(v)) }

// deref replaces the one pointer of a Runtime by what it points to.
func deref(v any) any {
	switch v := v.(type) {
	case model.Runtime:
		p := v.Pending
		v.Pending = nil
		if p == nil {
			return v
		}
		return struct {
			model.Runtime
			model.Pending
		}{v, *p}
	case model.State:
		r := v.Runtime
		v.Runtime = model.Runtime{}
		return []any{v, deref(r)}
	default:
		return v
	}
}
