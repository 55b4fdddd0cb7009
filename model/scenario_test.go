package model_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sebdah/goldie/v2"

	"bantop/config"
	"bantop/model"
)

// A scenario is a story of messages; its golden shows, for each, the state
// that followed and what the program would do next.
type scenario struct {
	t        *testing.T
	state    model.State
	seq      uint64
	acts     uint64 // the newest act
	batch    uint64 // the newest act on addresses
	list     uint64 // the newest list of bans that was answered for
	rehearse uint64 // the newest rehearsal
	now      time.Time
	out      strings.Builder
}

// play tells a story and compares it with the golden of the test's name.
func play(t *testing.T, story func(*scenario)) {
	t.Helper()
	s := &scenario{t: t, now: t0}
	s.start()
	story(s)
	name := strings.ReplaceAll(strings.TrimPrefix(t.Name(), "Test"), "/", "-")
	goldie.New(t, goldie.WithFixtureDir(testdata)).Assert(t, name, []byte(s.out.String()))
}

// start begins anew, with bantop's first probe under way.
func (s *scenario) start() {
	s.seq = 0
	s.state, _ = model.Update(model.New(model.Options{Settings: config.Defaults()}), model.Started{At: s.now})
}

// set is a setting, silently.
func (s *scenario) set(key, text string) {
	s.state, _ = model.Update(s.state, model.SettingsChanged{Values: []config.Value{{Key: key, Text: text, Origin: config.ThisRun}}})
}

// say writes a line of the story that explains what comes.
func (s *scenario) say(words string) { fmt.Fprintf(&s.out, "\n── %s\n", words) }

// wait lets time pass.
func (s *scenario) wait(d time.Duration) { s.now = s.now.Add(d) }

// probe is the result of the next probe, now.
func (s *scenario) probe(what string, p model.ProbeFinished) {
	s.seq++
	p = at(p, s.seq, s.now)
	p.Window = 0 // Update sets it
	s.send(what, p)
}

// send is any message.
func (s *scenario) send(what string, msg model.Msg) {
	s.t.Helper()
	before := show(s.state)
	events := len(s.state.Events)
	next, effects := model.Update(s.state, msg)
	if after := show(s.state); after != before {
		s.t.Errorf("%s: the state before was changed:\n%s\n%s", what, before, after)
	}
	fmt.Fprintf(&s.out, "%8s  %-34s │ %-12s", offset(s.now), what, next.Runtime.Server.Kind)
	if r := next.Runtime; r.Starting() {
		s.out.WriteString(" starting")
	}
	if lost := showLost(next.Runtime.Lost); lost != "" {
		fmt.Fprintf(&s.out, " {without %s}", lost)
	}
	if p := next.Runtime.Pending; p != nil {
		fmt.Fprintf(&s.out, " [%s, detected %s]", showPending(p), offset(p.DetectedAt))
	}
	if e := showEvents(next.Events[events:]); e != "" {
		fmt.Fprintf(&s.out, " • %s", e)
	}
	for _, e := range effects {
		fmt.Fprintf(&s.out, " → %s", showEffect(e))
		if p, ok := e.(model.Perform); ok {
			s.acts = p.ID
		}
		if r, ok := e.(model.Rehearse); ok {
			s.rehearse = r.ID
		}
		if a, ok := e.(model.ActOn); ok {
			s.batch = a.ID
		}
	}
	s.out.WriteByte('\n')
	s.state = next
}

func showEffect(e model.Effect) string {
	name := strings.TrimPrefix(fmt.Sprintf("%T", e), "model.")
	switch e := e.(type) {
	case model.Probe:
		return fmt.Sprintf("Probe{%d after %v}", e.Seq, e.After)
	case model.Commit:
		return fmt.Sprintf("Commit{%d %s}", e.ID, strings.TrimPrefix(fmt.Sprintf("%T", e.Msg), "model."))
	case model.FetchBans:
		return fmt.Sprintf("FetchBans{%s ×%d}", e.Jail, e.Count)
	case model.Journal:
		return strings.TrimRight(fmt.Sprintf("Journal{%s: %s %s", e.Act, e.Result, e.Jail), " ") + "}"
	case model.Perform:
		return fmt.Sprintf("Perform{%d %s, want %v}", e.ID, e.Kind, e.Want)
	case model.ActOn:
		return fmt.Sprintf("ActOn{%d %s ×%d from %s for %v}", e.ID, e.Kind, len(e.Targets), e.Targets[0].Address, e.Targets[0].Length)
	case model.Rehearse:
		return fmt.Sprintf("Rehearse{%d %s %s, %d run}", e.ID, e.Kind, e.Jail, len(e.Live))
	case model.StartGuard:
		return fmt.Sprintf("StartGuard{%d %s %s by %s, gains %v armed %v loses %v, within %v}", e.ID, e.Plan.Kind, e.Plan.Jail, e.Plan.Person(), e.Plan.Gains, e.Plan.Armed, e.Plan.Loses, e.Plan.Confirm)
	case model.TendChange:
		return "TendChange{" + e.ID.Jail + "}"
	case model.JournalAll:
		return fmt.Sprintf("JournalAll{×%d %s}", len(e.Entries), e.Entries[0].Result)
	case model.ListBans:
		return fmt.Sprintf("ListBans{%d %v}", e.Request, e.Jails)
	case model.KeepSettings:
		return fmt.Sprintf("KeepSettings{%d values}", len(e.Values))
	default:
		return fmt.Sprintf("%s%+v", name, e)
	}
}

// note writes a fact of the state into the story.
func (s *scenario) note(format string, args ...any) {
	fmt.Fprintf(&s.out, "%8s  %s\n", "", fmt.Sprintf(format, args...))
}

// showLost names the jails that are missing, with a ? where that may be meant
// so.
func showLost(lost []model.Lost) string {
	var names []string
	for _, l := range lost {
		if !l.Sure {
			l.Jail += "?"
		}
		names = append(names, l.Jail)
	}
	return strings.Join(names, ", ")
}

// configuration is what the configuration says now: the jails that it enables,
// with a ':' behind those that have no action, and a '!' behind those that cannot
// be set up. None is a configuration that cannot be read. What was activated is still
// enabled, set up or not.
func (s *scenario) configuration(what string, jails ...string) {
	msg := model.ConfigurationRead{Started: s.now, At: s.now}
	for _, j := range jails {
		switch name, bare := strings.CutSuffix(j, ":"); {
		case strings.HasSuffix(j, "!"):
			msg.Faulty = append(msg.Faulty, strings.TrimSuffix(j, "!"))
		case bare:
			msg.Jails = append(msg.Jails, model.ConfiguredJail{Name: name})
		default:
			msg.Jails = append(msg.Jails, model.ConfiguredJail{Name: name, Actions: 1})
		}
	}
	for _, a := range s.state.Runtime.Blame.Activations {
		if !slices.Contains(jails, a.Jail) {
			msg.Faulty = append(msg.Faulty, a.Jail)
		}
	}
	if len(jails) == 0 {
		msg.Reason = "it cannot be read"
	}
	s.send(what, msg)
}

// activate records the activation of a jail, that long ago.
func (s *scenario) activate(name string, ago time.Duration) {
	s.send("activated "+name, model.ActivationRecorded{Activation: model.Activation{
		Jail: name, At: s.now.Add(-ago), By: "lukas", TTY: "pts/3", Source: "bantop",
	}})
}

func offset(t time.Time) string { return fmt.Sprintf("%.3fs", t.Sub(t0).Seconds()) }
