package model_test

import (
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/model"
)

// TestR1ResultReplacesStatus: every part of the status is the newest result's,
// also where nothing happened.
func TestR1ResultReplacesStatus(t *testing.T) {
	play(t, func(s *scenario) {
		s.probe("online", online("sshd"))
		s.note("%+v", s.state.Runtime.Server)
		s.wait(time.Second)
		p := online("apache", "sshd")
		p.Version = "1.1.0"
		p.Jails[1].Counts = fail2ban.Counts{Banned: 1, TotalBanned: 2, Failing: 3, TotalFailed: 4}
		s.probe("online, all else is new", p)
		s.note("%+v", s.state.Runtime.Server)
		s.wait(time.Second)
		s.probe("no answer", model.ProbeFinished{Fault: model.NoAnswer, Reason: "no answer for 2s", Hint: "wait"})
		s.note("%+v", s.state.Runtime.Server)
	})
}

// TestR2OnlineRecoversCrash: the server that comes back makes an open crash a
// recovered one, whose jail and times stay; any other stays as it is.
func TestR2OnlineRecoversCrash(t *testing.T) {
	play(t, func(s *scenario) {
		s.probe("online", online("sshd"))
		s.activate("nginx-x", 0)
		s.wait(4 * time.Second)
		s.probe("offline", offline())
		s.wait(time.Hour)
		s.probe("online", online("sshd"))
		s.say("a recovered one stays as it is")
		s.wait(time.Hour)
		s.probe("offline", offline())
		s.wait(time.Second)
		s.probe("online", online("sshd"))
	})
}

// TestR3OfflineInsideWindowIsCrash: going offline is always told, and inside
// the window it is put down to the newest activation.
func TestR3OfflineInsideWindowIsCrash(t *testing.T) {
	play(t, func(s *scenario) {
		s.say("without an activation")
		s.probe("online", online("sshd"))
		s.wait(time.Second)
		s.probe("offline", offline())
		s.wait(time.Second)
		s.probe("online", online("sshd"))
		s.say("4 s after one: the newest is blamed")
		s.activate("apache", 3*time.Second)
		s.activate("nginx-x", 0)
		s.wait(4 * time.Second)
		s.probe("offline", offline())
		s.say("a degraded server that goes away counts as well")
		s.wait(time.Second)
		p := online("sshd")
		p.Jails[0].Actions = nil
		s.probe("degraded", p)
		s.wait(time.Second)
		s.probe("offline", offline())
	})
}

// TestR4Edges: 60.000 s is inside the window, 60.001 s is not; an activation
// counts up to 2 s ahead of the clock, and one further ahead tells of clocks
// that differ.
func TestR4Edges(t *testing.T) {
	for name, ago := range map[string]time.Duration{
		"60.000s":        60 * time.Second,
		"60.001s":        60001 * time.Millisecond,
		"2.000s ahead":   -2 * time.Second,
		"2.001s ahead":   -2001 * time.Millisecond,
		"window of 5min": 5 * time.Minute,
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(s *scenario) {
				if name == "window of 5min" {
					s.set("recovery.window", "5m")
				}
				s.probe("online", online("sshd"))
				s.activate("nginx-x", ago)
				s.probe("offline", offline())
			})
		})
	}
}

// TestR4ClockStep: a wall clock that was set by more than 5 s between two
// probes is told of; a machine that slept is none.
func TestR4ClockStep(t *testing.T) {
	play(t, func(s *scenario) {
		boot := time.Hour
		look := func(what string, wall, boots time.Duration) {
			s.wait(wall)
			boot += boots
			p := online("sshd")
			p.Boot = boot
			s.probe(what, p)
		}
		look("first", 0, 0)
		look("a second later", time.Second, time.Second)
		look("slept for an hour", time.Hour, time.Hour)
		look("set by 5 s", 6*time.Second, time.Second)
		look("set by 5.001 s", 6001*time.Millisecond, time.Second)
		look("set back by an hour", -time.Hour, time.Second)
		p := online("sshd")
		s.wait(time.Hour)
		s.probe("the clock of the machine is not known", p)
	})
}

// TestR5OpenPendingStays: another crash, even of another jail, neither replaces
// an open pending nor gives a second event.
func TestR5OpenPendingStays(t *testing.T) {
	play(t, func(s *scenario) {
		s.probe("online", online("sshd"))
		s.send("pending of another instance", model.PendingCreated{Pending: model.Pending{
			PendingID:  model.PendingID{Kind: model.PendingCrash, Jail: "old", ActivatedAt: s.now.Add(-time.Minute)},
			DetectedAt: s.now,
		}})
		s.activate("nginx-x", 0)
		s.wait(time.Second)
		s.probe("offline", offline())
		s.send("the same, detected earlier", model.PendingCreated{Pending: model.Pending{
			PendingID:  model.PendingID{Kind: model.PendingCrash, Jail: "old", ActivatedAt: s.now.Add(-61 * time.Second)},
			DetectedAt: t0.Add(-time.Second),
		}})
		s.send("the same, detected later", model.PendingCreated{Pending: model.Pending{
			PendingID:  model.PendingID{Kind: model.PendingCrash, Jail: "old", ActivatedAt: s.now.Add(-61 * time.Second)},
			DetectedAt: t0.Add(time.Hour),
		}})
	})
}

// TestR6SameAgainChangesNothing: online after online and offline after offline
// leave a pending alone, however late.
func TestR6SameAgainChangesNothing(t *testing.T) {
	play(t, func(s *scenario) {
		s.probe("online", online("sshd"))
		s.activate("nginx-x", 0)
		s.wait(time.Second)
		s.probe("online", online("sshd"))
		s.wait(time.Second)
		s.probe("offline", offline())
		for range 2 {
			s.wait(24 * time.Hour)
			s.probe("offline", offline())
		}
		s.probe("online", online("sshd"))
		for range 2 {
			s.wait(24 * time.Hour)
			s.probe("online", online("sshd"))
		}
	})
}

// TestR7ProbeKeepsActivation: crash, recover, crash again inside the window is
// a fresh pending; clearing either leaves the other, and may be done twice.
func TestR7ProbeKeepsActivation(t *testing.T) {
	play(t, func(s *scenario) {
		s.say("crash, recover, crash again: a fresh pending with the new time")
		s.probe("online", online("sshd"))
		s.activate("nginx-x", 0)
		for range 2 {
			s.wait(5 * time.Second)
			s.probe("offline", offline())
			s.wait(5 * time.Second)
			s.probe("online", online("sshd"))
		}
		s.say("dismissing the pending leaves the activation; twice is once")
		id := s.state.Runtime.Pending.PendingID
		for range 2 {
			s.send("dismissed", model.PendingDismissed{ID: id})
		}
		last, ok := s.state.Runtime.Blame.Last()
		s.note("the last activation: %s, %v", last.Jail, ok)
		s.say("an old view cannot bring it back")
		s.send("created by another", model.PendingCreated{Pending: model.Pending{PendingID: id, DetectedAt: s.now}})
		s.say("it still counts for the next crash; clearing it leaves that pending; twice is once")
		s.wait(5 * time.Second)
		s.probe("offline", offline())
		for range 2 {
			s.send("cleared", model.ActivationCleared{At: s.now})
		}
		_, ok = s.state.Runtime.Blame.Last()
		s.note("a last activation: %v; filed: %d", ok, len(s.state.Runtime.Blame.Activations))
	})
}

// TestR7OlderActivations: no older activation moves up into the blame, and one
// that is recorded late is filed behind the newest.
func TestR7OlderActivations(t *testing.T) {
	play(t, func(s *scenario) {
		s.probe("online", online("sshd"))
		s.activate("first", 20*time.Second)
		s.activate("newest", 5*time.Second)
		s.activate("late", 10*time.Second)
		for _, a := range s.state.Runtime.Blame.Activations {
			s.note("filed: %s at %s", a.Jail, offset(a.At))
		}
		s.send("cleared", model.ActivationCleared{At: s.now})
		s.wait(time.Second)
		s.probe("offline", offline())
		s.say("one ahead of the clock is cleared as well")
		s.probe("online", online("sshd"))
		s.activate("ahead", -time.Second)
		s.send("cleared", model.ActivationCleared{At: s.now})
		s.probe("offline", offline())
	})
}

// TestR7AtMost16 holds that the list of activations is bounded, and keeps the
// newest.
func TestR7AtMost16(t *testing.T) {
	r := model.New(model.Options{}).Runtime
	for i := range 40 {
		r, _ = model.Step(r, model.ActivationRecorded{Activation: model.Activation{Jail: "j", At: t0.Add(time.Duration(i) * time.Second)}})
	}
	list := r.Blame.Activations
	if len(list) != 16 || !list[0].At.Equal(t0.Add(24*time.Second)) || !list[15].At.Equal(t0.Add(39*time.Second)) {
		t.Errorf("%d activations, %v to %v", len(list), list[0].At, list[len(list)-1].At)
	}
}

// TestR11StaleResults: a result that is not newer than the last one is
// dropped; a newer term counts over any number; ticks ask for no second probe.
func TestR11StaleResults(t *testing.T) {
	play(t, func(s *scenario) {
		s.send("ticked", model.Ticked{At: s.now})
		s.send("refresh", model.RefreshRequested{})
		s.probe("online", online("sshd"))
		s.send("the same number again", at(offline(), 1, s.now))
		s.send("an older number", at(offline(), 0, s.now))
		s.send("a newer term", func() model.ProbeFinished {
			p := at(offline(), 1, s.now.Add(time.Second))
			p.Term, p.Request = 2, 9999
			return p
		}())
		old := at(online("sshd"), 99, s.now.Add(2*time.Second))
		old.Request = 9999
		s.send("a high number of the old term", old)
		s.wait(3 * time.Second)
		s.send("refresh", model.RefreshRequested{})
	})
}

// TestX1NoTransition: a server that does not answer, or does not let us in, is
// neither online nor offline; the next result is compared with what was before.
func TestX1NoTransition(t *testing.T) {
	noAnswer := model.ProbeFinished{Fault: model.NoAnswer, Reason: "no answer for 2s", Hint: "wait"}
	denied := model.ProbeFinished{Fault: model.Denied, Reason: "no permission", Hint: "run sudo bantop"}
	play(t, func(s *scenario) {
		s.probe("online", online("sshd"))
		s.activate("nginx-x", 0)
		for _, p := range []model.ProbeFinished{noAnswer, denied, noAnswer} {
			s.wait(time.Second)
			s.probe(string(p.Fault), p)
			s.note("decisive: %s of %s; seen: %d jails", s.state.Runtime.Decisive.Kind,
				offset(s.state.Runtime.Decisive.At), len(s.state.Runtime.Seen.Jails))
		}
		s.wait(time.Second)
		s.probe("online", online("sshd"))
		s.wait(time.Second)
		s.probe("no answer", noAnswer)
		s.wait(time.Second)
		s.probe("offline: a crash, as from online", offline())
		s.wait(time.Second)
		s.probe("no answer", noAnswer)
		s.wait(time.Second)
		s.probe("online: recovered, as from offline", online("sshd"))
		s.say("what was never seen online does not crash")
		s.start()
		s.activate("nginx-x", 0)
		s.probe("offline", offline())
	})
}

// TestX2Faults: what each way of not answering means, with the process of the
// server alive and gone.
func TestX2Faults(t *testing.T) {
	play(t, func(s *scenario) {
		for _, gone := range []bool{false, true} {
			for _, fault := range []model.Fault{
				model.NotRunning, model.StaleSocket, model.Denied, model.Busy, model.NoAnswer, model.Unreadable,
			} {
				what := string(fault)
				if gone {
					what += ", process gone"
				}
				s.probe(what, model.ProbeFinished{Fault: fault, Gone: gone, Reason: what})
				s.probe("online", online("sshd"))
			}
		}
	})
}

// TestX4NotStarted: a jail that has nothing to read makes the server degraded.
func TestX4NotStarted(t *testing.T) {
	play(t, func(s *scenario) {
		p := online("broken", "journal", "sshd")
		p.Jails[0].Files = nil
		p.Jails[1].Files, p.Jails[1].Journal = nil, []string{"_SYSTEMD_UNIT=sshd.service"}
		s.probe("broken has no source", p)
		s.note("%s (%s)", s.state.Runtime.Server.Reason, s.state.Runtime.Server.Hint)
		s.wait(time.Second)
		s.probe("the same", p)
		s.wait(time.Second)
		p = online("broken", "journal", "sshd")
		s.probe("it has one", p)
		s.wait(time.Second)
		for i := range p.Jails {
			p.Jails[i].Files = nil
		}
		s.probe("none has any", p)
		s.note("%s", s.state.Runtime.Server.Reason)
	})
}

// TestX12NoAction: a jail without actions bans on paper only, and makes the
// server degraded, unless the configuration gives it none. That is asked once,
// and on refresh.
func TestX12NoAction(t *testing.T) {
	bare := func(names ...string) model.ProbeFinished {
		p := online("postfix", "sshd")
		for i := range p.Jails {
			for _, name := range names {
				if p.Jails[i].Name == name {
					p.Jails[i].Actions = nil
				}
			}
		}
		return p
	}
	play(t, func(s *scenario) {
		s.probe("both have an action", bare())
		s.wait(time.Second)
		s.say("sshd has lost its action")
		s.probe("sshd has none: the configuration is asked", bare("sshd"))
		s.wait(100 * time.Millisecond)
		s.configuration("it gives both one", "postfix", "sshd")
		s.note("%s (%s)", s.state.Runtime.Server.Reason, s.state.Runtime.Server.Hint)
		s.wait(time.Second)
		s.probe("still: it is not asked again", bare("sshd"))
		s.wait(time.Second)
		s.probe("all well", bare())
		s.say("postfix is meant to have none")
		s.wait(time.Second)
		s.probe("postfix has none", bare("postfix"))
		s.configuration("it gives postfix none", "postfix:", "sshd")
		s.wait(time.Second)
		s.probe("still", bare("postfix"))
		s.send("refresh", model.RefreshRequested{})
		s.configuration("by now it gives it one", "postfix", "sshd")
		s.say("the configuration cannot be read")
		s.wait(time.Second)
		s.probe("neither has one", bare("postfix", "sshd"))
		s.configuration("it cannot be read")
		s.note("%s", s.state.Runtime.Server.Reason)
	})
}

// TestX7Restart: another process behind the socket is a restart; inside the
// window of an activation that is a crash and its recovery in one.
func TestX7Restart(t *testing.T) {
	play(t, func(s *scenario) {
		busy := func(pid int, c fail2ban.Counts) model.ProbeFinished {
			p := online("postfix", "sshd")
			p.PID = pid
			p.Jails[0].Counts, p.Jails[1].Counts = c, c
			return p
		}
		ten := fail2ban.Counts{TotalBanned: 10, TotalFailed: 50}
		s.say("by its process")
		s.probe("online", busy(812, ten))
		s.wait(time.Second)
		s.probe("another process", busy(813, ten))
		s.wait(time.Second)
		s.probe("the same, totals fell", busy(813, fail2ban.Counts{}))
		s.say("inside the window")
		s.activate("nginx-x", 0)
		s.wait(time.Second)
		s.probe("another process", busy(814, ten))
		s.note("outages: %d", s.state.Runtime.Outage)
		s.say("and again: a fresh pending, since that one is recovered")
		s.wait(time.Second)
		s.probe("another process", busy(815, ten))
	})
}

// TestX7RestartByTotals: where the process is not known, totals that fell in
// every jail tell of a restart; in one jail alone they do not.
func TestX7RestartByTotals(t *testing.T) {
	play(t, func(s *scenario) {
		look := func(what string, a, b, c int) {
			p := online("a", "b", "c")
			p.PID = 0
			p.Jails[0].TotalFailed, p.Jails[1].TotalFailed, p.Jails[2].TotalFailed = a, b, c
			s.wait(time.Second)
			s.probe(what, p)
		}
		look("first", 10, 5, 0)
		look("one jail reloaded", 0, 5, 0)
		look("it counts again", 10, 5, 0)
		look("all fell that could", 0, 0, 0)
		look("nothing could fall", 0, 0, 0)
		look("one grew", 3, 0, 0)
		look("one fell, one was at 0", 1, 0, 0)
	})
}

// TestX13Settling: a server that has just started is not judged by its jails
// until those that should be there are, or the set stood still for 2 s.
func TestX13Settling(t *testing.T) {
	t.Run("all are back", func(t *testing.T) {
		play(t, func(s *scenario) {
			s.probe("online", online("postfix", "sshd"))
			s.wait(time.Second)
			s.probe("offline", offline())
			s.wait(time.Second)
			s.probe("no jails yet", online())
			s.wait(250 * time.Millisecond)
			s.probe("one", online("sshd"))
			s.wait(250 * time.Millisecond)
			s.probe("both", online("postfix", "sshd"))
		})
	})
	t.Run("one is missing", func(t *testing.T) {
		play(t, func(s *scenario) {
			s.probe("online", online("postfix", "sshd"))
			s.wait(time.Second)
			s.probe("offline", offline())
			for _, wait := range []time.Duration{time.Second, 500 * time.Millisecond, 1499 * time.Millisecond, time.Millisecond} {
				s.wait(wait)
				s.probe("without postfix", online("sshd"))
			}
			s.note("expected: %q", s.state.Runtime.Expected)
		})
	})
	t.Run("never stands still", func(t *testing.T) {
		play(t, func(s *scenario) {
			s.probe("online", online("postfix", "sshd"))
			s.wait(time.Second)
			s.probe("offline", offline())
			s.wait(time.Second)
			for i := range 16 {
				if i%2 == 0 {
					s.probe("without jails", online())
				} else {
					s.probe("one", online("sshd"))
				}
				s.wait(1900 * time.Millisecond)
			}
			s.wait(30*time.Second - 16*1900*time.Millisecond)
			s.probe("30 s after it started", online())
		})
	})
	t.Run("another process", func(t *testing.T) {
		play(t, func(s *scenario) {
			s.probe("online", online("postfix", "sshd"))
			s.wait(time.Second)
			p := online()
			p.PID++
			s.probe("another process, no jails", p)
			s.wait(time.Second)
			p = online("postfix", "sshd")
			p.PID++
			s.probe("all are back", p)
		})
	})
}

// TestX13FirstLook: when bantop starts, a server that has run for long is
// judged at once, one that has just started is waited for.
func TestX13FirstLook(t *testing.T) {
	play(t, func(s *scenario) {
		s.probe("runs for an hour, no jails", online())
		s.start()
		p := online("sshd")
		p.Since = s.now.Add(-29 * time.Second)
		s.probe("runs for 29 s", p)
		s.start()
		p.Since = s.now.Add(-30 * time.Second)
		s.probe("runs for 30 s", p)
		s.start()
		p.Since = time.Time{}
		s.probe("since when is not known, a jail", p)
		s.start()
		p.Jails = nil
		s.probe("since when is not known, no jail", p)
		s.wait(2 * time.Second)
		s.probe("2 s later", p)
	})
}

// TestR3CleanStop: a server that was stopped did not crash, whoever enabled what before
// it; nor did one that was stopped and started between two looks.
func TestR3CleanStop(t *testing.T) {
	play(t, func(s *scenario) {
		s.probe("online", online("sshd"))
		s.activate("nginx-x", 0)
		s.wait(4 * time.Second)
		stopped := offline()
		stopped.Stopped = s.now
		s.probe("stopped", stopped)
		s.wait(time.Second)
		s.probe("online", online("sshd"))
		s.say("stopped and started between two looks")
		s.activate("nginx-x", 0)
		s.wait(time.Second)
		again := online("sshd")
		again.PID, again.Stopped = 4711, s.now
		s.probe("another process", again)
		s.say("another process, and nobody stopped the one before")
		s.wait(time.Second)
		again.PID, again.Stopped = 4712, time.Time{}
		s.probe("another process", again)
	})
}

// TestR3SwitchedOff: a jail that was switched off since is not to blame.
func TestR3SwitchedOff(t *testing.T) {
	play(t, func(s *scenario) {
		s.probe("online", online("nginx-x", "sshd"))
		s.activate("nginx-x", 0)
		s.wait(4 * time.Second)
		s.probe("without it", online("sshd"))
		s.send("the configuration", model.ConfigurationRead{Started: s.now, At: s.now, Jails: []model.ConfiguredJail{{Name: "sshd", Actions: 1}}})
		s.wait(time.Second)
		s.probe("offline", offline())
	})
}
