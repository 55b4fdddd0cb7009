package model_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"bantop/config"
	"bantop/fail2ban"
	"bantop/model"
)

// TestProperties sends random messages, thousands of them, and holds what must
// always be true; at the end it holds that no State that was returned has
// changed since.
func TestProperties(t *testing.T) {
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 7))
		w := &world{Rand: r, now: t0}
		s := model.New(model.Options{Settings: config.Defaults()})
		var states []model.State
		var frozen []string
		send := func(msg model.Msg) {
			next, effects := model.Update(s, msg)
			again, _ := model.Update(s, msg)
			if show(next) != show(again) {
				t.Fatalf("seed %d: %T gives two results", seed, msg)
			}
			w.take(effects)
			if broken := actInvariants(s, next, msg, effects, w); broken != "" {
				t.Fatalf("seed %d: after %+v: %s", seed, msg, broken)
			}
			if tick, ok := msg.(model.Ticked); next.Now.Before(s.Now) && !(ok && s.Now.Sub(tick.At) > 5*time.Second) {
				t.Fatalf("seed %d: after %+v: time went back", seed, msg)
			}
			if broken := invariants(s, next, w); broken != "" {
				t.Fatalf("seed %d: after %+v: %s", seed, msg, broken)
			}
			s = next
			states = append(states, s)
			frozen = append(frozen, show(s))
		}
		send(model.Started{At: w.now})
		for range 120 {
			if w.IntN(4) == 0 {
				send(w.deed(s))
			} else {
				send(w.message(s))
			}
		}
		for i := range states {
			if show(states[i]) != frozen[i] {
				t.Fatalf("seed %d: state %d changed after it was returned", seed, i)
			}
		}
	}
}

// world makes up messages: results of the probe that is in flight, results
// that nobody waits for, and everything else.
type world struct {
	*rand.Rand
	now      time.Time
	inFlight []model.Probe
	readings []time.Time // when the configuration began to be asked
	acts     []uint64    // that are under way
	asked    time.Time   // when somebody last unlocked
}

func (w *world) take(effects []model.Effect) {
	for _, e := range effects {
		if p, ok := e.(model.Probe); ok {
			w.inFlight = append(w.inFlight, p)
		}
		if e == (model.ReadConfiguration{}) {
			w.readings = append(w.readings, w.now)
		}
		if p, ok := e.(model.Perform); ok {
			w.acts = append(w.acts, p.ID)
		}
	}
}

func (w *world) message(s model.State) model.Msg {
	w.now = w.now.Add(time.Duration(w.IntN(4000)) * time.Millisecond)
	if w.IntN(20) == 0 {
		w.now = w.now.Add(time.Duration(w.IntN(7200)-3600) * time.Second) // somebody sets the clock
	}
	jails := []string{"a", "b", "c", "d"}
	switch w.IntN(16) {
	case 12:
		if len(w.readings) == 0 {
			return nil
		}
		c := model.ConfigurationRead{Started: w.readings[0], At: w.now}
		w.readings = w.readings[1:]
		for _, name := range jails {
			switch w.IntN(6) {
			case 0:
			case 1:
				c.Faulty = append(c.Faulty, name)
			default:
				c.Jails = append(c.Jails, model.ConfiguredJail{Name: name, Actions: w.IntN(2)})
			}
		}
		if w.IntN(5) == 0 {
			c.Reason = "unreadable"
		}
		return c
	case 13:
		return model.JailsAwaited{Jails: jails[:w.IntN(3)], At: w.now}
	case 14:
		return model.IntentAnnounced{Intent: model.Intent{Kind: model.IntentRestart, At: w.now}}
	case 15:
		if w.IntN(4) == 0 {
			return model.Rebooted{At: w.now}
		}
		return model.IntentEnded{}
	case 0:
		return model.Ticked{At: w.now}
	case 1:
		return model.RefreshRequested{}
	case 2:
		return model.ActivationRecorded{Activation: model.Activation{
			Jail: jails[w.IntN(4)], At: w.now.Add(time.Duration(w.IntN(90)-80) * time.Second)}}
	case 3:
		return model.ActivationCleared{At: w.now}
	case 4:
		if p := s.Runtime.Pending; p != nil {
			return model.PendingDismissed{ID: p.PendingID}
		}
		return model.PendingDismissed{}
	case 5:
		return model.PendingCreated{Pending: model.Pending{
			PendingID:  model.PendingID{Kind: []model.PendingKind{model.PendingCrash, model.PendingLost}[w.IntN(2)], Jail: jails[w.IntN(4)], Outage: uint64(w.IntN(3))},
			DetectedAt: w.now.Add(-time.Duration(w.IntN(10)) * time.Second), Lost: []string{"a"},
		}}
	case 6:
		return model.JailOpened{Jail: jails[w.IntN(4)]}
	case 7:
		return model.JailFetched{Jail: jails[w.IntN(4)], Request: uint64(w.IntN(10)), At: w.now}
	case 8: // a result that nobody waits for
		p := w.result()
		p.ProbeID, p.Request = model.ProbeID{Term: 2 * uint64(w.IntN(2)), Seq: uint64(w.IntN(100))}, 9999
		return p
	default:
		if len(w.inFlight) == 0 {
			return model.RefreshRequested{}
		}
		p := w.result()
		p.ProbeID, p.Request = model.ProbeID{Term: 1, Seq: w.inFlight[0].Seq}, w.inFlight[0].Seq
		w.inFlight = w.inFlight[1:]
		return p
	}
}

// read is what settings files may say at some time.
func (w *world) read() model.Msg {
	msg := model.SettingsRead{At: w.now}
	var values []config.Value
	for i, v := range []config.Value{{Key: "refresh", Text: "3s"}, {Key: "recovery.window", Text: "2m"},
		{Key: "session.ttl", Text: "0s"}, {Key: "socket", Text: "/y"}} {
		v.Origin = config.Origin{Source: "bantop.toml", Line: i + 1}
		if w.IntN(2) == 0 {
			values = append(values, v)
		}
	}
	if w.IntN(3) == 0 {
		msg.Faults = []config.Fault{{Source: "bantop.toml", Reason: "bantop.toml:1: unknown key", Kept: true}}
	}
	var err error
	if msg.Settings, err = config.Defaults().With(values...); err != nil {
		panic(err)
	}
	return msg
}

// deed is something that somebody in front of it does, or what comes of it.
func (w *world) deed(s model.State) model.Msg {
	w.now = w.now.Add(time.Duration(w.IntN(2000)) * time.Millisecond)
	switch w.IntN(10) {
	case 0, 1:
		w.asked = w.now
		return model.Unlocked{At: w.now}
	case 2:
		return model.LockRequested{At: w.now}
	case 3:
		return model.SessionsLocked{}
	case 4, 5:
		return model.ActRequested{At: w.now, Kind: []model.ActKind{model.ActReload, model.ActRestart, model.ActDismiss}[w.IntN(3)]}
	case 6:
		f := model.ActFinished{ID: uint64(w.IntN(5)), At: w.now, Reason: []string{"", "no"}[w.IntN(2)]}
		if len(w.acts) > 0 {
			f.ID, w.acts = w.acts[0], w.acts[1:]
		}
		return f
	case 7:
		return []model.Msg{model.EvidenceOpened{}, model.EvidenceClosed{}, model.LogRead{At: w.now},
			model.SettingsKeeping{}, model.SettingsKept{Reason: "no"}, w.read()}[w.IntN(6)]
	default:
		text := map[string][]string{"session.ttl": {"0s", "1m", "10m", "x"}, "session.cache": {"true", "false"}, "refresh": {"1s", "5s", "never"},
			"recovery.window": {"1m", "2m"}, "socket": {"/x"}, "nonsense": {"1"}}
		keys := slices.Sorted(maps.Keys(text))
		key := keys[w.IntN(len(keys))]
		return model.SettingsChanged{Values: []config.Value{{Key: key, Text: text[key][w.IntN(len(text[key]))], Origin: config.ThisRun}}}
	}
}

// actInvariants hold between what somebody may do and what is done.
func actInvariants(s, n model.State, msg model.Msg, effects []model.Effect, w *world) string {
	performs := slices.ContainsFunc(effects, func(e model.Effect) bool { _, ok := e.(model.Perform); return ok })
	_, unlocked := s.ActiveSession()
	effective, err := n.Settings.Bootstrap.WithLive(n.Settings.Read).With(n.Settings.Overrides...)
	switch {
	case performs && !unlocked && w.now.Sub(w.asked) > time.Minute:
		return "something is done that nobody allowed"
	case len(w.acts) > 1 || n.Acting.Running != (len(w.acts) == 1):
		return fmt.Sprintf("%d acts at once", len(w.acts))
	case n.Runtime.Locks < s.Runtime.Locks:
		return "locks were uncounted"
	case n.Settings.Bootstrap.Settings != config.Default():
		return "the settings of the start have changed"
	case err != nil || effective.Settings != n.Settings.Effective.Settings:
		return "the settings are not the overrides over the files over those of the start"
	case n.Settings.Effective.Socket != n.Settings.Bootstrap.Socket ||
		n.Settings.Effective.StateDir != n.Settings.Bootstrap.StateDir:
		return "a setting that is read at the start has changed"
	}
	if session, ok := n.ActiveSession(); ok && !session.Until.After(n.Now) {
		return "a session lasts beyond its time"
	}
	if _, locked := msg.(model.LockRequested); locked {
		if _, ok := n.ActiveSession(); ok {
			return "it is unlocked after it was locked"
		}
	}
	return ""
}

func (w *world) result() model.ProbeFinished {
	p := model.ProbeFinished{
		Started: w.now.Add(-time.Millisecond), Finished: w.now, Boot: w.now.Sub(t0) + 24*time.Hour,
		Version: "1.0.2", PID: w.IntN(3), Gone: w.IntN(4) == 0,
	}
	p.Fault = []model.Fault{model.Answered, model.Answered, model.Answered, model.NotRunning, model.StaleSocket,
		model.Denied, model.Busy, model.NoAnswer, model.Unreadable}[w.IntN(9)]
	if p.Fault != model.Answered {
		return p
	}
	for _, name := range []string{"a", "b", "c", "d"} {
		if w.IntN(5) > 0 {
			j := jail(name, fail2ban.Counts{Banned: w.IntN(3), TotalBanned: w.IntN(20), TotalFailed: w.IntN(20)})
			if w.IntN(8) == 0 {
				j.Actions = nil
			}
			if w.IntN(8) == 0 {
				j.Files = nil
			}
			p.Jails = append(p.Jails, j)
		}
	}
	return p
}

// invariants names what is broken in the step from s to n, "" where nothing is.
func invariants(s, n model.State, w *world) string {
	a, b, inFlight := s.Runtime, n.Runtime, w.inFlight
	switch {
	case len(n.Events) > 200, len(b.Blame.Activations) > 16, len(b.Dismissed) > 64:
		return "a list grew beyond its bound"
	case b.Outage < a.Outage:
		return "outages were uncounted"
	case a.Applied.After(b.Applied):
		return "an older result was applied"
	case b.Blame.ClearedAt.Before(a.Blame.ClearedAt):
		return "activations were suspected again"
	case !slices.IsSortedFunc(b.Blame.Activations, func(x, y model.Activation) int { return x.At.Compare(y.At) }):
		return "activations out of order"
	case !b.Decisive.Kind.Decisive() && b.Decisive.Kind != model.Unknown:
		return "a status that decides nothing is called decisive"
	case b.Seen.Kind != "" && !b.Seen.Kind.Up():
		return "the numbers of a server that did not answer"
	case b.Starting() && !b.Server.Kind.Up():
		return "starting while it does not answer"
	case b.Server.Kind == model.Online && slices.ContainsFunc(b.Server.Jails, func(j model.Jail) bool { return j.State != model.JailOK }):
		return "online with a jail that does not do its work"
	case b.Server.Kind == model.Degraded && b.Server.Reason == "":
		return "degraded for no reason"
	case len(inFlight) > 1:
		return fmt.Sprintf("%d probes in flight", len(inFlight))
	case n.Probing.InFlight != (len(inFlight) == 1):
		return "the probe in flight is not known"
	}
	if n.Reading != (len(w.readings) == 1) || len(w.readings) > 1 {
		return fmt.Sprintf("the configuration is asked %d times at once", len(w.readings))
	}
	if broken := lostInvariants(b); broken != "" {
		return broken
	}
	return pendingInvariants(a, b)
}

// lostInvariants hold between the jails that should be there, those that are,
// and those that are lost.
func lostInvariants(r model.Runtime) string {
	if !slices.IsSorted(r.Expected) || !slices.IsSortedFunc(r.Lost, func(x, y model.Lost) int { return strings.Compare(x.Jail, y.Jail) }) {
		return "jails out of order"
	}
	for _, l := range r.Lost {
		if !slices.Contains(r.Expected, l.Jail) {
			return "a jail is missed that nobody expects"
		}
		if _, listed := r.Decisive.Jail(l.Jail); listed && r.Settling.Since.IsZero() {
			return "a jail is missed that is there"
		}
	}
	if up := r.Server.Kind.Up(); up && len(r.LostJails()) > 0 && r.Server.Kind != model.Degraded {
		return "online without jails that are lost"
	}
	if p := r.Pending; p != nil && p.Kind == model.PendingLost && len(p.Lost) == 0 {
		return "a pending that misses no jail"
	}
	return ""
}

func pendingInvariants(a, b model.Runtime) string {
	p, q := a.Pending, b.Pending
	if q != nil && slices.Contains(b.Dismissed, q.PendingID) {
		return "a dismissed pending is back"
	}
	if p == nil || q == nil {
		return ""
	}
	switch same := p.PendingID == q.PendingID; {
	case same && p.Recovered && !q.Recovered:
		return "a recovered pending is open again"
	case same && q.DetectedAt.After(p.DetectedAt):
		return "a detection moved to a later time"
	case !same && !p.Recovered:
		return "an open pending was replaced"
	}
	return ""
}
