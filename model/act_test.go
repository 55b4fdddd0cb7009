package model_test

import (
	"testing"
	"time"

	"bantop/model"
)

// unlocked begins anew, unlocked.
func (s *scenario) unlocked() {
	s.person()
	s.state, _ = model.Update(s.state, model.Unlocked{At: s.now})
}

// TestReload: the jails that should be there are asked for, and those that were
// lost are awaited after a reload that said OK; one act at a time; every one in
// the journal.
func TestReload(t *testing.T) {
	play(t, func(s *scenario) {
		s.unlocked()
		s.probe("online", online("postfix", "sshd"))
		s.wait(time.Second)
		s.probe("without postfix", online("sshd"))
		s.configuration("it is still enabled", "postfix", "sshd")
		s.send("reload", model.ActRequested{Kind: model.ActReload, At: s.now})
		s.acting()
		s.send("again", model.ActRequested{Kind: model.ActReload, At: s.now})
		s.send("restart meanwhile", model.ActRequested{Kind: model.ActRestart, At: s.now})
		s.send("L", model.LockRequested{At: s.now})
		s.send("again, while locked", model.ActRequested{Kind: model.ActReload, At: s.now})
		s.acting()
		s.send("o, y", model.Unlocked{At: s.now})
		s.wait(5 * time.Second)
		s.send("an answer to nothing", model.ActFinished{ID: 99, At: s.now, Reason: "no"})
		s.acting()
		s.send("done, without postfix", model.ActFinished{ID: s.acts, At: s.now, Attempts: 3, Missing: []string{"postfix"}})
		s.acting()
		s.wait(time.Second)
		s.probe("still without", online("sshd"))
		s.wait(3 * time.Second)
		s.probe("still without", online("sshd"))
		s.send("reload", model.ActRequested{Kind: model.ActReload, At: s.now})
		s.send("done", model.ActFinished{ID: s.acts, At: s.now, Attempts: 1})
		s.acting()
		s.wait(time.Second)
		s.probe("with postfix", online("postfix", "sshd"))
		s.send("reload", model.ActRequested{Kind: model.ActReload, At: s.now})
		s.send("failed", model.ActFinished{ID: s.acts, At: s.now, Attempts: 1, Reason: "reload fail2ban: it ended with 255", Hint: "look"})
		s.acting()
	})
}

// TestMend: a jail that lost its actions is made anew; where none has, there is
// nothing to do.
func TestMend(t *testing.T) {
	play(t, func(s *scenario) {
		s.unlocked()
		s.probe("online", online("postfix", "sshd"))
		s.send("mend what is well", model.ActRequested{Kind: model.ActMend, At: s.now})
		s.wait(time.Second)
		bare := online("postfix", "sshd")
		bare.Jails[1].Actions = nil
		s.probe("sshd has no action", bare)
		s.configuration("it should have one", "postfix", "sshd")
		s.send("mend", model.ActRequested{Kind: model.ActMend, At: s.now})
		s.send("done", model.ActFinished{ID: s.acts, At: s.now, Attempts: 1})
		s.acting()
		s.wait(time.Second)
		s.probe("online", online("postfix", "sshd"))
	})
}

// TestRestart: it is announced as an intent, so that it is no crash; one that
// failed excuses nothing.
func TestRestart(t *testing.T) {
	play(t, func(s *scenario) {
		s.unlocked()
		s.probe("online", online("sshd"))
		s.activate("nginx-x", 0)
		s.send("restart", model.ActRequested{Kind: model.ActRestart, At: s.now})
		s.wait(time.Second)
		s.probe("offline", offline())
		s.wait(time.Second)
		s.probe("online", online("sshd"))
		s.send("done", model.ActFinished{ID: s.acts, At: s.now, Attempts: 1})
		s.acting()
		s.note("%d intents", len(s.state.Runtime.Intents))

		s.say("one that failed")
		s.wait(5 * time.Second)
		s.send("restart", model.ActRequested{Kind: model.ActRestart, At: s.now})
		s.note("%d intents", len(s.state.Runtime.Intents))
		s.send("failed", model.ActFinished{ID: s.acts, At: s.now, Attempts: 1, Reason: "no"})
		s.note("%d intents", len(s.state.Runtime.Intents))
		s.wait(time.Second)
		s.probe("offline", offline())
	})
}

// TestDismiss: it takes the alert away, for good, and may be asked for twice.
func TestDismiss(t *testing.T) {
	play(t, func(s *scenario) {
		s.unlocked()
		s.probe("online", online("sshd"))
		s.send("nothing to dismiss", model.ActRequested{Kind: model.ActDismiss, At: s.now})
		s.activate("nginx-x", 0)
		s.wait(4 * time.Second)
		s.probe("offline", offline())
		s.send("dismiss", model.ActRequested{Kind: model.ActDismiss, At: s.now})
		s.send("again", model.ActRequested{Kind: model.ActDismiss, At: s.now})
		s.wait(time.Second)
		s.probe("offline", offline())
	})
}

// TestEvidence: it is read when somebody looks at it, again while he does, and
// no more afterwards.
func TestEvidence(t *testing.T) {
	play(t, func(s *scenario) {
		s.probe("online", online("sshd"))
		s.send("opened", model.EvidenceOpened{})
		s.send("opened again", model.EvidenceOpened{})
		s.wait(time.Second)
		s.probe("online", online("sshd"))
		s.send("read", model.LogRead{At: s.now})
		s.wait(time.Second)
		s.probe("online", online("sshd"))
		s.wait(time.Second)
		s.probe("online", online("sshd"))
		s.send("it cannot be", model.LogRead{At: s.now, Reason: "no such file"})
		s.note("%s", s.state.Evidence.Reason)
		s.send("closed", model.EvidenceClosed{})
		s.wait(10 * time.Second)
		s.probe("online", online("sshd"))
	})
}
