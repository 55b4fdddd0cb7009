package model_test

import (
	"fmt"
	"testing"
	"time"

	"bantop/config"
	"bantop/model"
)

// TestR10Setup: setup is complete once the server answered and the store wrote
// something down; only success is kept, failure is looked at again at each
// probe.
func TestR10Setup(t *testing.T) {
	play(t, func(s *scenario) {
		var theStore model.Runtime
		begin := func() {
			theStore, s.seq = model.NewRuntime(), 0
			s.state, _ = model.Update(model.New(model.Options{Settings: config.Defaults(), Shared: true}), model.Started{At: s.now})
		}
		commit := uint64(0)
		stored := func(what string, msg model.Msg) {
			commit++
			theStore, _ = model.Step(theStore, msg)
			s.send(what, model.Stored{Commit: commit, Revision: commit, Runtime: theStore})
		}
		how := func() { s.note("missing: %v, complete: %v", s.state.SetupMissing(), s.state.Runtime.Setup) }
		checked := func() {
			s.send("checked", model.SetupChecked{At: s.now, Checks: []model.Check{{Name: "socket", Mark: model.CheckOK}}})
		}

		s.say("nobody has looked yet: nothing is missing")
		begin()
		how()

		s.say("the server does not run: somebody looks at the setup")
		s.probe("offline", offline())
		stored("stored", at(offline(), 1, s.now))
		how()
		s.send("the setup is opened", model.SetupOpened{})
		checked()

		s.say("it is checked again at each probe, once at a time")
		s.wait(time.Second)
		s.probe("offline", offline())
		s.wait(time.Second)
		s.probe("offline", offline())
		checked()

		s.say("r checks all of it afresh, also while it is being checked")
		s.send("r", model.RefreshRequested{})
		s.send("r", model.RefreshRequested{})
		checked()
		checked()

		s.say("the server answers: complete as soon as that is written down")
		s.wait(time.Second)
		s.probe("online", online("sshd"))
		how()
		commit += 2
		stored("stored", at(online("sshd"), 4, s.now))
		how()
		stored("stored", model.SetupCompleted{})
		how()

		s.say("complete stays complete, whatever breaks")
		s.wait(time.Second)
		s.probe("offline", offline())
		how()
		s.send("the store failed", model.StoreFailed{Reason: "no room"})
		how()
		s.send("the setup is closed", model.SetupClosed{})
		s.send("r", model.RefreshRequested{})

		s.say("what others have set up is set up")
		begin()
		theStore.Setup = true
		s.send("what the store holds", model.Stored{Revision: 1, Runtime: theStore})
		s.probe("offline", offline())
		how()

		s.say("the server answers and nothing can be kept: that is missing")
		begin()
		s.send("the store failed", model.StoreFailed{Reason: "the state file cannot be written"})
		s.probe("online", online("sshd"))
		how()
	})
}

// TestR10Table: what is missing, over how it stands with server and store.
func TestR10Table(t *testing.T) {
	for _, c := range []struct {
		kind    model.Kind
		reason  string // why nothing is shared
		setup   bool   // it was complete before
		demo    bool
		missing bool
	}{
		{model.Unknown, "", false, false, false},
		{model.Unknown, "no room", false, false, false},
		{model.Online, "", false, false, false},
		{model.Degraded, "", false, false, false},
		{model.Offline, "", false, false, true},
		{model.Blocked, "", false, false, true},
		{model.Unresponsive, "", false, false, true},
		{model.Online, "no room", false, false, true},
		{model.Offline, "", true, false, false},
		{model.Online, "no room", true, false, false},
		{model.Offline, "", false, true, false},
	} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			s := model.New(model.Options{Settings: config.Defaults(), Demo: c.demo, Private: c.reason, Shared: c.reason == ""})
			s.Runtime.Server.Kind, s.Runtime.Setup = c.kind, c.setup
			if got := s.SetupMissing(); got != c.missing {
				t.Errorf("missing: %v", got)
			}
		})
	}
}
