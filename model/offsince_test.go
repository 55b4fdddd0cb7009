package model_test

import (
	"testing"
	"time"

	"bantop/model"
)

// enables is what a configuration says that enables jails.
func enables(s *scenario, jails ...string) model.ConfigurationRead {
	msg := model.ConfigurationRead{Started: s.now, At: s.now}
	for _, j := range jails {
		msg.Jails = append(msg.Jails, model.ConfiguredJail{Name: j, Actions: 1})
	}
	return msg
}

// TestX14OffSinceIsNotToBlame: a crash is not put down to a jail that the configuration
// does not enable any more, but to the activation before it; to none, if there is none
// inside the window. A configuration that cannot be read changes nothing.
func TestX14OffSinceIsNotToBlame(t *testing.T) {
	play(t, func(s *scenario) {
		crash := func() {
			s.probe("online", online("sshd"))
			s.activate("apache", 10*time.Second)
			s.activate("nginx-x", 0)
			s.wait(time.Second)
			s.probe("offline", offline())
			s.wait(time.Second)
		}
		crash()
		s.send("it cannot be read", model.ConfigurationRead{Started: s.now, At: s.now, Reason: "no"})
		s.wait(time.Hour)
		crash()
		s.send("both are enabled", enables(s, "apache", "nginx-x", "sshd"))
		s.wait(time.Hour)
		s.send("dismissed", model.PendingDismissed{ID: s.state.Runtime.Pending.PendingID})
		crash()
		s.send("the newest is off", enables(s, "apache", "sshd"))
		s.wait(time.Hour)
		s.send("dismissed", model.PendingDismissed{ID: s.state.Runtime.Pending.PendingID})
		crash()
		s.send("both are off", enables(s, "sshd"))
		s.say("activated again, it may be to blame again")
		s.probe("online", online("sshd"))
		s.activate("nginx-x", 0)
		s.wait(time.Second)
		s.probe("offline", offline())
	})
}

// TestX15StoppedIsNoCrash: a server that was stopped in order did not crash, be it gone
// or another process by now; nor is a stop that is older than the last look that it
// answered its end.
func TestX15StoppedIsNoCrash(t *testing.T) {
	play(t, func(s *scenario) {
		stopped := func(p model.ProbeFinished, ago time.Duration) model.ProbeFinished {
			p.Stopped = s.now.Add(-ago)
			return p
		}
		s.probe("online", online("sshd"))
		s.activate("nginx-x", 0)
		s.wait(2 * time.Second)
		s.probe("stopped", stopped(offline(), time.Second))
		s.note("stopped %v ago", s.now.Sub(s.state.Runtime.Server.Stopped))
		s.wait(time.Second)
		s.probe("online", online("sshd"))
		s.activate("nginx-x", 0)
		s.wait(time.Second)
		p := online("sshd")
		p.PID = 999
		s.probe("another process, after a stop", stopped(p, time.Second/2))
		s.wait(15 * time.Second)
		s.probe("online", p)
		s.activate("nginx-x", 0)
		s.wait(time.Second)
		s.probe("gone, and the stop in the log is an older one", stopped(offline(), 14*time.Second))
		s.note("stopped is known: %v", !s.state.Runtime.Server.Stopped.IsZero())
	})
}
