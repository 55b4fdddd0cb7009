package model_test

import (
	"testing"
	"time"

	"bantop/config"
	"bantop/model"
)

// TestSharing: what happens here shows at once and counts when the store has it;
// what others do is taken over; a store that fails leaves an instance alone,
// and nothing is lost.
func TestSharing(t *testing.T) {
	play(t, func(s *scenario) {
		s.state, _ = model.Update(model.New(model.Options{Settings: config.Defaults(), Shared: true}), model.Started{At: s.now})
		seen := func() {
			s.note("revision %d, %d events, server %s", s.state.Sharing.Revision, len(s.state.Events), s.state.Runtime.Server.Kind)
		}
		// theStore is what the store holds.
		theStore, revision := model.NewRuntime(), uint64(0)
		theStore.Setup, s.state.Runtime.Setup = true, true
		apply := func(msg model.Msg) []model.Event {
			var events []model.Event
			theStore, events = model.Step(theStore, msg)
			revision++
			return events
		}
		answer := func(what string, commit uint64, events []model.Event) {
			s.send(what, model.Stored{Commit: commit, Revision: revision, Runtime: theStore, Events: events})
			seen()
		}
		s.say("an own result: the event is told when the store has it")
		p := at(online("sshd"), 1, s.now)
		s.send("online", p)
		seen()
		answer("stored", 1, apply(p))

		s.say("another instance records an activation and dismisses nothing")
		s.wait(time.Second)
		answer("what another did", 0, apply(model.ActivationRecorded{Activation: model.Activation{Jail: "nginx-x", At: s.now}}))

		s.say("what others did meanwhile does not undo what was just done here")
		s.wait(time.Second)
		p = at(offline(), 2, s.now)
		s.send("offline", p)
		answer("what another did before it", 0, apply(model.EventsTold{Events: []model.Event{{At: s.now, Kind: model.BansMade, Jail: "sshd", Count: 1}}}))
		answer("stored", 2, apply(p))

		s.say("an old view is not taken over")
		old := revision - 1
		s.send("an older revision", model.Stored{Revision: old, Runtime: model.NewRuntime()})
		seen()

		s.say("the store fails: what waited for it is told, and it goes on alone")
		s.wait(time.Second)
		s.send("online", at(online("sshd"), 3, s.now))
		s.send("the store failed", model.StoreFailed{Reason: "no room"})
		seen()
		s.wait(time.Second)
		s.send("offline", at(offline(), 4, s.now))
		seen()
		s.note("not shared: %s", s.state.Sharing.Reason)

		s.send("dismissed", model.PendingDismissed{ID: s.state.Runtime.Pending.PendingID})
		s.activate("nginx-y", 0)
		s.wait(time.Second)
		s.send("L", model.SessionsLocked{})

		s.say("it works again: what happened meanwhile is brought along")
		s.wait(time.Second)
		apply(at(online("postfix", "sshd"), 9, s.now))
		answer("what the store holds", 0, nil)
		s.note("not shared: %q; %d activations, %d dismissed, %d locks", s.state.Sharing.Reason,
			len(s.state.Runtime.Blame.Activations), len(s.state.Runtime.Dismissed), s.state.Runtime.Locks)

		s.say("it fails again, and works again: nothing is brought twice")
		s.send("the store failed", model.StoreFailed{Reason: "no room"})
		apply(model.ActivationRecorded{Activation: s.state.Runtime.Blame.Activations[1]})
		apply(model.PendingDismissed{ID: s.state.Runtime.Dismissed[0]})
		apply(model.SessionsLocked{})
		answer("what the store holds", 0, nil)
	})
}

// TestMissedActs: acts that are not in the journal are counted and told, and are
// counted no more once they are in it.
func TestMissedActs(t *testing.T) {
	play(t, func(s *scenario) {
		s.state, _ = model.Update(model.New(model.Options{Settings: config.Defaults(), Shared: true}), model.Started{At: s.now})
		for _, n := range []int{0, 1, 120} {
			s.send("the journal cannot be written", model.StoreFailed{Reason: "no room to write the state", Missed: n})
			s.note("missing: %d", s.state.Sharing.Missed)
		}
		s.send("it can", model.Stored{Revision: 1, Runtime: s.state.Runtime, Written: 121})
		s.note("missing: %d, shared: %t", s.state.Sharing.Missed, s.state.Sharing.Shared)
	})
}

// TestRejoinWithACrash: a crash that was seen while the store did not work is
// brought to the others, as the pending that they would have made.
func TestRejoinWithACrash(t *testing.T) {
	play(t, func(s *scenario) {
		s.state, _ = model.Update(model.New(model.Options{Settings: config.Defaults(), Shared: true}), model.Started{At: s.now})
		theStore := model.NewRuntime()
		theStore, _ = model.Step(theStore, at(online("sshd"), 1, s.now))
		theStore, _ = model.Step(theStore, model.ActivationRecorded{Activation: model.Activation{Jail: "nginx-x", At: s.now, By: "lukas", TTY: "pts/3"}})
		s.send("what the store holds", model.Stored{Revision: 1, Runtime: theStore})
		s.send("the store failed", model.StoreFailed{Reason: "no room"})
		s.wait(5 * time.Second)
		p := at(offline(), 2, s.now)
		s.send("offline", p)
		s.wait(2 * time.Minute)
		s.send("what the store holds", model.Stored{Revision: 1, Runtime: theStore})
		theStore, _ = model.Step(theStore, model.PendingCreated{Pending: *s.state.Runtime.Pending})
		s.note("the store: %s", showPending(theStore.Pending))

		s.say("others have seen it too, later: it is one, detected when it first was")
		s.send("the store failed", model.StoreFailed{Reason: "no room"})
		theirs := theStore.Pending.PendingID
		theStore.Pending = &model.Pending{PendingID: theirs, DetectedAt: theStore.Pending.DetectedAt.Add(time.Second)}
		s.send("what the store holds", model.Stored{Revision: 2, Runtime: theStore})
	})
}

// TestFollow: while another instance looks, this one asks for its turn, and its
// sparklines follow what the other sees.
func TestFollow(t *testing.T) {
	play(t, func(s *scenario) {
		s.state, _ = model.Update(model.New(model.Options{Settings: config.Defaults(), Shared: true}), model.Started{At: s.now})
		theStore := model.NewRuntime()
		for i, total := range []int{10, 13, 14} {
			p := online("sshd")
			p.Jails[0].TotalBanned = total
			theStore, _ = model.Step(theStore, at(p, uint64(i+1), s.now))
			s.send("what another saw", model.Stored{Revision: uint64(i + 1), Runtime: theStore})
			s.send("not our turn", model.Followed{Seq: uint64(i + 1)})
			s.note("bans: %d", s.state.PerMinute(3))
			s.wait(30 * time.Second)
		}
		s.send("a late one", model.Followed{Seq: 1})
		s.send("one look, answered by what another saw", model.Stored{Request: 4, Revision: 9, Runtime: theStore})
	})
}
