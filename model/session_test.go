package model_test

import (
	"testing"
	"time"

	"bantop/config"
	"bantop/model"
)

// person begins anew as somebody in front of a terminal.
func (s *scenario) person() {
	s.state, _ = model.Update(model.New(model.Options{Settings: config.Defaults(), Who: "mira", TTY: "pts/1"}), model.Started{At: s.now})
}

// session writes whether the pane is unlocked.
func (s *scenario) session() {
	session, ok := s.state.ActiveSession()
	if !ok {
		s.note("locked")
		return
	}
	s.note("unlocked by %s (%s), %v left", session.Who, session.TTY, session.Until.Sub(s.state.Now))
}

// acting writes what came of the newest act.
func (s *scenario) acting() {
	a := s.state.Acting
	s.note("%s: running %v, reason %q, hint %q, missing %q", a.Kind, a.Running, a.Reason, a.Hint, a.Missing)
}

// TestSession: it starts locked, lasts for its time from when it was unlocked,
// however much is done, and ends for all at once.
func TestSession(t *testing.T) {
	play(t, func(s *scenario) {
		s.person()
		s.probe("online", online("sshd"))
		s.session()
		s.send("an act while locked", model.ActRequested{Kind: model.ActReload, At: s.now})
		s.acting()

		s.say("unlocked for ten minutes, absolute")
		s.send("o, y", model.Unlocked{At: s.now})
		s.session()
		s.wait(9*time.Minute + 59*time.Second)
		s.send("time", model.Ticked{At: s.now})
		s.session()
		s.send("an act just before the end", model.ActRequested{Kind: model.ActReload, At: s.now})
		s.send("done", model.ActFinished{ID: 1, At: s.now, Attempts: 1})
		s.session()
		s.wait(time.Second)
		s.send("time", model.Ticked{At: s.now})
		s.session()
		s.send("an act just after it", model.ActRequested{Kind: model.ActReload, At: s.now})
		s.acting()

		s.say("L locks")
		s.wait(time.Second)
		s.send("o, y", model.Unlocked{At: s.now})
		s.session()
		s.wait(time.Second)
		s.send("L", model.LockRequested{At: s.now})
		s.session()
		s.send("an act", model.ActRequested{Kind: model.ActReload, At: s.now})
		s.acting()

		s.say("another instance locks: this one is too")
		s.wait(time.Second)
		s.send("o, y", model.Unlocked{At: s.now})
		s.send("another's lock", model.SessionsLocked{})
		s.session()

		s.say("the clock is set back: what was unlocked in the future does not last for ever")
		s.wait(time.Hour)
		s.send("o, y", model.Unlocked{At: s.now})
		s.session()
		s.wait(-30 * time.Minute)
		s.send("time", model.Ticked{At: s.now})
		s.session()
		s.send("L", model.LockRequested{At: s.now})
		s.wait(-30 * time.Minute)
		s.send("set back again, after a lock", model.Ticked{At: s.now})
		s.send("o, y", model.Unlocked{At: s.now})
		s.session()
	})
}

// TestR9SessionCache: the cache is replaced only when a setting of it changed; an
// unlocked session survives any other change; a cache that holds nothing lets
// every act ask.
func TestR9SessionCache(t *testing.T) {
	play(t, func(s *scenario) {
		s.person()
		set := func(key, text string) {
			s.send(key+" = "+text, model.SettingsChanged{Values: []config.Value{setting(key, text)}})
			s.session()
		}
		s.send("o, y", model.Unlocked{At: s.now})
		s.session()
		set("refresh", "5s")
		set("theme", "dark")
		set("recovery.window", "90s")
		set("session.ttl", "10m") // as it was
		set("session.cache", "true")
		set("session.ttl", "nonsense")
		set("session.ttl", "5m")
		s.send("o, y", model.Unlocked{At: s.now})
		s.session()
		for _, off := range []string{"session.ttl = 0s", "session.cache = false"} {
			s.say(off + ": every act asks")
			if off == "session.ttl = 0s" {
				set("session.ttl", "0s")
			} else {
				set("session.ttl", "5m")
				set("session.cache", "false")
			}
			s.probe("online", online("sshd"))
			s.send("o, y", model.Unlocked{At: s.now})
			s.session()
			s.send("the act that was asked about", model.ActRequested{Kind: model.ActReload, At: s.now})
			s.acting()
			s.send("done", model.ActFinished{ID: s.acts, At: s.now, Attempts: 1})
			s.send("another, unasked", model.ActRequested{Kind: model.ActReload, At: s.now})
			s.acting()
			s.send("o, y", model.Unlocked{At: s.now})
			s.wait(61 * time.Second)
			s.send("an act, a minute later", model.ActRequested{Kind: model.ActReload, At: s.now})
			s.acting()
			s.send("o, y", model.Unlocked{At: s.now})
			s.send("another instance locks", model.SessionsLocked{})
			s.send("an act", model.ActRequested{Kind: model.ActReload, At: s.now})
			s.acting()
			s.wait(time.Second)
		}
	})
}
