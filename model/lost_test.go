package model_test

import (
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/model"
)

// TestX3JailsLost: jails that should be there and are not, with a server that
// answers as if nothing were: the state that a faulty jail and a reload leave.
func TestX3JailsLost(t *testing.T) {
	t.Run("after an activation", func(t *testing.T) {
		play(t, func(s *scenario) {
			s.probe("three jails", online("postfix", "recidive", "sshd"))
			s.activate("nginx-x", 0)
			s.wait(4 * time.Second)
			s.probe("two are gone", online("recidive"))
			s.wait(100 * time.Millisecond)
			s.configuration("all are enabled", "nginx-x", "postfix", "recidive", "sshd")
			s.note("%s (%s)", s.state.Runtime.Server.Reason, s.state.Runtime.Server.Hint)
			s.wait(time.Second)
			s.probe("still", online("recidive"))
			s.say("one comes back, then the other: only then it is recovered")
			s.wait(time.Second)
			s.probe("sshd is back", online("recidive", "sshd"))
			s.wait(time.Second)
			s.probe("all are back", online("postfix", "recidive", "sshd"))
		})
	})
	t.Run("without an activation", func(t *testing.T) {
		play(t, func(s *scenario) {
			s.probe("two jails", online("postfix", "sshd"))
			s.activate("old", time.Hour)
			s.wait(time.Second)
			s.probe("none", online())
			s.configuration("both are enabled", "postfix", "sshd")
		})
	})
	t.Run("removed on purpose", func(t *testing.T) {
		play(t, func(s *scenario) {
			s.probe("two jails", online("postfix", "sshd"))
			s.activate("nginx-x", 0)
			s.wait(time.Second)
			s.probe("postfix is gone: it is not called lost yet", online("sshd"))
			s.configuration("it is not enabled any more", "sshd")
			s.note("expected: %q", s.state.Runtime.Expected)
		})
	})
	t.Run("cannot be set up any more", func(t *testing.T) {
		play(t, func(s *scenario) {
			s.probe("two jails", online("postfix", "sshd"))
			s.wait(time.Second)
			s.probe("postfix is gone", online("sshd"))
			s.configuration("it is enabled, and its filter is missing", "postfix!", "sshd")
		})
	})
	t.Run("the configuration cannot be read", func(t *testing.T) {
		play(t, func(s *scenario) {
			s.probe("two jails", online("postfix", "sshd"))
			s.wait(time.Second)
			s.probe("postfix is gone", online("sshd"))
			s.configuration("it cannot be read")
			s.say("it was removed after all")
			s.send("refresh", model.RefreshRequested{})
			s.configuration("it is not enabled", "sshd")
		})
	})
	t.Run("it grows", func(t *testing.T) {
		play(t, func(s *scenario) {
			s.probe("four jails", online("a", "b", "c", "d"))
			s.wait(time.Second)
			s.probe("a is gone", online("b", "c", "d"))
			s.configuration("all are enabled", "a", "b", "c", "d")
			s.note("outages: %d", s.state.Runtime.Outage)
			s.wait(time.Second)
			s.probe("b too: the same pending takes it in", online("c", "d"))
			s.configuration("all are enabled", "a", "b", "c", "d")
			s.note("outages: %d", s.state.Runtime.Outage)
			s.say("missed while the configuration is being asked: it is asked again")
			s.wait(time.Second)
			s.probe("c too", online("d"))
			reading := s.now
			s.wait(100 * time.Millisecond)
			s.probe("d too", online())
			s.wait(100 * time.Millisecond)
			s.send("all are enabled", model.ConfigurationRead{Started: reading, At: s.now, Jails: []model.ConfiguredJail{
				{Name: "a", Actions: 1}, {Name: "b", Actions: 1}, {Name: "c", Actions: 1}, {Name: "d", Actions: 1}}})
			s.configuration("d is not enabled any more", "a", "b", "c")
		})
	})
	t.Run("an open crash stays", func(t *testing.T) {
		play(t, func(s *scenario) {
			s.probe("two jails", online("postfix", "sshd"))
			s.send("pending of another instance", model.PendingCreated{Pending: model.Pending{
				PendingID: model.PendingID{Kind: model.PendingCrash, Jail: "old", ActivatedAt: s.now}, DetectedAt: s.now}})
			s.wait(time.Second)
			s.probe("one is gone", online("sshd"))
			s.configuration("both are enabled", "postfix", "sshd")
		})
	})
	t.Run("dismissed", func(t *testing.T) {
		play(t, func(s *scenario) {
			s.probe("two jails", online("postfix", "sshd"))
			s.wait(time.Second)
			s.probe("one is gone", online("sshd"))
			s.configuration("both are enabled", "postfix", "sshd")
			s.send("dismissed", model.PendingDismissed{ID: s.state.Runtime.Pending.PendingID})
			s.note("expected: %q", s.state.Runtime.Expected)
			s.wait(time.Second)
			s.probe("still: what is listed is what should be", online("sshd"))
			s.wait(time.Second)
			s.probe("it comes back, and is expected again", online("postfix", "sshd"))
			s.note("expected: %q", s.state.Runtime.Expected)
		})
	})
}

// TestX3Expected: what should be there starts as the first settled jail set,
// gains what is listed with a source, and does not lose what is merely gone.
func TestX3Expected(t *testing.T) {
	play(t, func(s *scenario) {
		look := func(what string, p model.ProbeFinished) {
			s.wait(time.Second)
			s.probe(what, p)
			s.note("expected: %q", s.state.Runtime.Expected)
		}
		look("first", online("a", "b"))
		look("a new one with a source", online("a", "b", "c"))
		p := online("a", "b", "broken", "c")
		p.Jails[2].Files = nil
		look("a faulty one that merely appears", p)
		look("it is gone: nobody misses it", online("a", "b", "c"))
		look("offline", offline())
		look("gathers", online("a"))
	})
}

// TestX5Skipped: a jail that a reload was to bring and did not, though it said
// OK, was skipped.
func TestX5Skipped(t *testing.T) {
	play(t, func(s *scenario) {
		s.probe("one jail", online("sshd"))
		s.wait(time.Second)
		s.send("a reload said OK for two", model.JailsAwaited{Jails: []string{"nginx-x", "postfix"}, At: s.now})
		p := online("sshd")
		p.Started = s.now.Add(-time.Minute)
		s.probe("a result that began before", p)
		s.wait(time.Second)
		s.probe("one came", online("postfix", "sshd"))
		s.wait(time.Second)
		s.probe("still", online("postfix", "sshd"))
		s.note("%+v", s.state.Runtime.Awaited)
		s.say("another reload brings it")
		s.send("a reload said OK", model.JailsAwaited{Jails: []string{"nginx-x"}, At: s.now})
		s.wait(time.Second)
		s.probe("it came", online("nginx-x", "postfix", "sshd"))
		s.note("%+v", s.state.Runtime.Awaited)
	})
}

// TestX6Intents: an outage that somebody asked for is no crash. An intent
// excuses one, for two minutes; never lost jails.
func TestX6Intents(t *testing.T) {
	intend := func(s *scenario, kind model.IntentKind) model.Intent {
		i := model.Intent{Kind: kind, At: s.now, By: "lukas"}
		s.send("intent: "+string(kind), model.IntentAnnounced{Intent: i})
		return i
	}
	t.Run("a stop", func(t *testing.T) {
		play(t, func(s *scenario) {
			s.probe("online", online("sshd"))
			s.activate("nginx-x", 0)
			intend(s, model.IntentStop)
			s.wait(time.Second)
			s.probe("still online", online("sshd"))
			s.wait(time.Second)
			s.probe("offline: no crash", offline())
			s.wait(time.Second)
			s.probe("online", online("sshd"))
			s.wait(time.Second)
			s.probe("offline again: a crash", offline())
		})
	})
	t.Run("a restart between two looks", func(t *testing.T) {
		play(t, func(s *scenario) {
			p := online("postfix", "sshd")
			s.probe("online", p)
			s.activate("nginx-x", 0)
			intend(s, model.IntentRestart)
			s.wait(time.Second)
			p.PID++
			s.probe("another process: no crash", p)
			s.wait(time.Second)
			p.PID++
			s.probe("another process: a crash", p)
		})
	})
	t.Run("too late, and taken back", func(t *testing.T) {
		play(t, func(s *scenario) {
			s.probe("online", online("sshd"))
			intend(s, model.IntentStop)
			s.wait(2*time.Minute + time.Millisecond)
			s.activate("nginx-x", 0)
			s.probe("offline: a crash", offline())
			s.send("dismissed", model.PendingDismissed{ID: s.state.Runtime.Pending.PendingID})
			s.probe("online", online("sshd"))
			i := intend(s, model.IntentRestart)
			s.send("it failed", model.IntentEnded{Intent: i})
			s.probe("offline: a crash", offline())
		})
	})
	t.Run("never lost jails", func(t *testing.T) {
		play(t, func(s *scenario) {
			p := online("postfix", "sshd")
			s.probe("online", p)
			intend(s, model.IntentRestart)
			s.wait(time.Second)
			p = online("sshd")
			p.PID++
			s.probe("another process, without postfix", p)
			s.wait(2 * time.Second)
			s.probe("settled", p)
			s.configuration("both are enabled", "postfix", "sshd")
		})
	})
}

// TestX8ChecksAfterActivation: a fresh activation is looked at at once, and
// after 0.5, 1, 2 and 4 s, whatever the pace is otherwise, and every 2 s to the
// end of the window.
func TestX8ChecksAfterActivation(t *testing.T) {
	play(t, func(s *scenario) {
		s.set("refresh", "10s")
		s.probe("online", online("sshd"))
		s.activate("nginx-x", 0)
		began := s.now
		for _, at := range []time.Duration{0, 500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second,
			6 * time.Second, 7 * time.Second, 58 * time.Second, 60 * time.Second} {
			s.now = began.Add(at)
			s.probe("online", online("sshd"))
		}
	})
}

// TestX9Observed: a jail that appears without a record of ours was enabled by
// somebody else, at the time that fail2ban's log says.
func TestX9Observed(t *testing.T) {
	t.Run("by hand", func(t *testing.T) {
		play(t, func(s *scenario) {
			s.probe("one jail", online("sshd"))
			s.wait(time.Second)
			p := online("nginx-x", "sshd")
			p.Log = []fail2ban.LogNote{
				{At: s.now.Add(-900 * time.Millisecond), Kind: fail2ban.LogReload},
				{At: s.now.Add(-800 * time.Millisecond), Kind: fail2ban.LogCreated, Jail: "nginx-x"},
				{At: s.now.Add(-700 * time.Millisecond), Kind: fail2ban.LogStarted, Jail: "nginx-x"},
			}
			s.probe("another, which the log tells of", p)
			s.wait(time.Second)
			s.probe("and one that it does not", online("apache", "nginx-x", "sshd"))
			for _, a := range s.state.Runtime.Blame.Activations {
				s.note("%s %s at %s", a.Source, a.Jail, offset(a.At))
			}
			s.wait(time.Second)
			s.probe("offline", offline())
		})
	})
	t.Run("not", func(t *testing.T) {
		play(t, func(s *scenario) {
			list := func() {
				for _, a := range s.state.Runtime.Blame.Activations {
					s.note("%s %s", a.Source, a.Jail)
				}
			}
			s.probe("in the first result", online("sshd"))
			list()
			s.activate("nginx-x", 0)
			s.wait(time.Second)
			s.probe("with a record of ours", online("nginx-x", "sshd"))
			list()
			s.wait(time.Second)
			s.probe("offline", offline())
			s.wait(time.Second)
			s.probe("while settling", online("sshd"))
			s.wait(time.Second)
			s.probe("while settling", online("other", "sshd"))
			s.wait(2 * time.Second)
			s.probe("settled without nginx-x", online("other", "sshd"))
			s.configuration("it is enabled", "nginx-x", "other", "sshd")
			s.wait(time.Second)
			s.probe("an expected one that returns", online("nginx-x", "other", "sshd"))
			list()
		})
	})
	t.Run("a faulty one takes the others down", func(t *testing.T) {
		play(t, func(s *scenario) {
			s.probe("three jails", online("j001", "j002", "j003"))
			s.wait(10 * time.Second)
			p := online("broken")
			p.Jails[0].Files, p.Jails[0].Actions = nil, nil
			p.Log = []fail2ban.LogNote{
				{At: s.now.Add(-7200 * time.Millisecond), Kind: fail2ban.LogReload},
				{At: s.now.Add(-7199 * time.Millisecond), Kind: fail2ban.LogCreated, Jail: "broken"},
				{At: s.now.Add(-7198 * time.Millisecond), Kind: fail2ban.LogError, Text: "Unable to compile regular expression 'x(':\nmissing )"},
			}
			s.probe("only the faulty one is left", p)
			s.configuration("all are enabled", "broken", "j001", "j002", "j003")
			s.note("%+v", s.state.Runtime.Pending.Reload)
			s.note("%s", s.state.Runtime.Server.Reason)
		})
	})
}

// TestX10FoundAtStart: a crash is attributed also when nobody looked at that
// moment, and after a reboot.
func TestX10FoundAtStart(t *testing.T) {
	// take is another instance that takes over the shared state: its results
	// have a newer term.
	take := func(s *scenario, what string, p model.ProbeFinished) {
		p = at(p, 1, s.now)
		p.Term, p.Request = s.state.Runtime.Applied.Term+1, 9999
		s.send(what, p)
	}
	t.Run("nobody looked", func(t *testing.T) {
		play(t, func(s *scenario) {
			s.probe("online", online("sshd"))
			s.activate("nginx-x", 0)
			s.say("all instances end; the server crashes 5 s after the activation")
			s.wait(25 * time.Second)
			take(s, "another instance finds it offline", offline())
		})
	})
	t.Run("after a reboot", func(t *testing.T) {
		play(t, func(s *scenario) {
			s.probe("online", online("sshd"))
			s.activate("nginx-x", 0)
			s.wait(40 * time.Second)
			s.send("the machine has restarted", model.Rebooted{At: s.now})
			take(s, "it did not come up", offline())
			s.wait(time.Second)
			take(s, "it does now", online("sshd"))
		})
	})
	t.Run("a pending survives", func(t *testing.T) {
		play(t, func(s *scenario) {
			s.probe("online", online("sshd"))
			s.activate("nginx-x", 0)
			s.wait(5 * time.Second)
			s.probe("offline", offline())
			s.wait(time.Hour)
			s.send("the machine has restarted", model.Rebooted{At: s.now})
			take(s, "still offline", offline())
			s.wait(time.Second)
			take(s, "online", online("sshd"))
		})
	})
	t.Run("too long ago", func(t *testing.T) {
		play(t, func(s *scenario) {
			s.probe("online", online("sshd"))
			s.activate("nginx-x", 0)
			s.wait(61 * time.Second)
			s.send("the machine has restarted", model.Rebooted{At: s.now})
			take(s, "it did not come up", offline())
		})
	})
}

// TestX11Also: other activations inside the window are named beside the one
// that is blamed.
func TestX11Also(t *testing.T) {
	play(t, func(s *scenario) {
		s.probe("online", online("postfix", "sshd"))
		s.activate("old", 2*time.Minute)
		s.activate("apache", 50*time.Second)
		s.activate("nginx-x", 40*time.Second)
		s.activate("apache", 30*time.Second)
		s.activate("nginx-x", 0)
		s.wait(time.Second)
		s.probe("offline", offline())
	})
}
