package model_test

import (
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/model"
)

// TestOrder: the orders that matter within one result.
func TestOrder(t *testing.T) {
	t.Run("a restart brings fewer jails back", func(t *testing.T) {
		play(t, func(s *scenario) {
			s.probe("online", online("a", "b"))
			s.activate("nginx-x", 0)
			s.wait(4 * time.Second)
			p := online("a")
			p.PID++
			s.probe("another process: a crash that is recovered", p)
			s.wait(2 * time.Second)
			s.probe("settled: b is missing", p)
			s.configuration("both are enabled: a fresh pending of lost jails", "a", "b")
			s.wait(time.Second)
			p = online("a", "b")
			p.PID++
			s.probe("b is back", p)
		})
	})
	t.Run("a crash that comes back without its jails", func(t *testing.T) {
		play(t, func(s *scenario) {
			s.probe("online", online("a", "b"))
			s.activate("nginx-x", 0)
			s.wait(4 * time.Second)
			s.probe("offline", offline())
			s.wait(time.Second)
			s.probe("online without jails", online())
			s.wait(2 * time.Second)
			s.probe("settled", online())
			s.configuration("both are enabled", "a", "b")
		})
	})
	t.Run("the configuration was edited and the service restarted by hand", func(t *testing.T) {
		play(t, func(s *scenario) {
			s.probe("online", online("a", "b"))
			s.wait(time.Hour)
			p := online()
			p.PID++
			s.probe("another process", p)
			s.wait(300 * time.Millisecond)
			p.Jails = online("a", "c").Jails
			s.probe("without b, with c", p)
			s.wait(2 * time.Second)
			s.probe("settled", p)
			s.configuration("b is not enabled, c is", "a", "c")
			s.note("expected: %q; activations: %d", s.state.Runtime.Expected, len(s.state.Runtime.Blame.Activations))
		})
	})
	t.Run("reload --restart of one jail", func(t *testing.T) {
		play(t, func(s *scenario) {
			p := online("a", "b")
			for i := range p.Jails {
				p.Jails[i].Counts = fail2ban.Counts{Banned: 2, TotalBanned: 10, TotalFailed: 50}
			}
			s.probe("online", p)
			s.wait(time.Second)
			q := p
			q.Jails = []fail2ban.Jail{p.Jails[1]}
			s.probe("a is away for a moment", q)
			s.wait(50 * time.Millisecond)
			q.Jails = []fail2ban.Jail{jail("a", fail2ban.Counts{}), p.Jails[1]}
			s.probe("it is back, its totals at 0", q)
			s.configuration("both are enabled", "a", "b")
			s.wait(time.Second)
			q.Jails[0].Counts = fail2ban.Counts{Banned: 2, TotalBanned: 2}
			s.probe("its bans are back", q)
		})
	})
	t.Run("a crash twice inside the window, the first dismissed", func(t *testing.T) {
		play(t, func(s *scenario) {
			s.probe("online", online("a"))
			s.activate("nginx-x", 0)
			s.wait(5 * time.Second)
			s.probe("offline", offline())
			first := s.state.Runtime.Pending.PendingID
			s.send("dismissed", model.PendingDismissed{ID: first})
			s.wait(time.Second)
			s.probe("online", online("a"))
			s.wait(5 * time.Second)
			s.probe("offline: a fresh pending", offline())
			s.send("dismissed again, by an old view", model.PendingDismissed{ID: first})
		})
	})
	t.Run("a restart is seen before the jails are judged", func(t *testing.T) {
		play(t, func(s *scenario) {
			s.probe("online", online("a", "b"))
			s.activate("nginx-x", 0)
			s.wait(4 * time.Second)
			p := online("a")
			p.PID++
			p.Jails[0].Files = nil
			s.probe("restarted, b missing, a without a source", p)
			s.wait(2 * time.Second)
			s.probe("still", p)
		})
	})
}
