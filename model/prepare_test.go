package model_test

import (
	"net/netip"
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/model"
)

// rehearsal is what a rehearsal found at a step.
func rehearsal(step fail2ban.RehearsalStep, verdict fail2ban.Verdict) fail2ban.Rehearsal {
	return fail2ban.Rehearsal{Jail: "nginx-x", Step: step, Verdict: verdict, Actions: []string{"nftables"}}
}

// stepped is what came of the newest Rehearse.
func (s *scenario) stepped(what string, r fail2ban.Rehearsal) {
	s.send(what, model.RehearsalStepped{ID: s.rehearse, At: s.now, Rehearsal: r,
		File: model.FileChange{Dir: "jail.d", Name: "zz-bantop-nginx-x.local", Now: []byte("[nginx-x]\nenabled = true\n")}})
}

func (s *scenario) prepared() {
	p := s.state.Preparing
	s.note("%s %s: running %v, ready %v, starting %v, begun %v, reason %q, hint %q", p.Kind, p.Jail, p.Running, p.Ready(), p.Starting, p.Begun, p.Reason, p.Hint)
}

// shared makes the state one that instances share.
func (s *scenario) shared() {
	s.state.Sharing = model.Sharing{Shared: true}
}

// TestRehearsal: a rehearsal goes on step by step until it is done, is dropped for
// another, and what comes of one that nobody wants any more is taken away.
func TestRehearsal(t *testing.T) {
	play(t, func(s *scenario) {
		s.unlocked()
		s.probe("online", online("postfix", "sshd"))
		s.send("t", model.RehearsalRequested{Kind: model.ChangeActivate, Jail: "nginx-x", At: s.now})
		s.stepped("copied", rehearsal(fail2ban.RehearseTest, ""))
		s.prepared()
		s.stepped("done", rehearsal(fail2ban.RehearseDone, fail2ban.VerdictReady))
		s.prepared()
		s.say("another, dropped for a third")
		s.send("t", model.RehearsalRequested{Kind: model.ChangeActivate, Jail: "apache", At: s.now})
		dropped := s.rehearse
		s.send("t", model.RehearsalRequested{Kind: model.ChangeDeactivate, Jail: "sshd", At: s.now})
		s.send("late", model.RehearsalStepped{ID: dropped, At: s.now})
		s.prepared()
		s.stepped("refused", rehearsal(fail2ban.RehearseDone, fail2ban.VerdictRegex))
		s.prepared()
		s.send("enter", model.ChangeRequested{At: s.now})
		s.send("esc", model.RehearsalDropped{})
		s.prepared()
	})
}

// TestChangeRequested: a change is handed to a guard where it was rehearsed well,
// nobody else changes anything, the pane is unlocked, what instances share can be
// kept, and an own address that it would ban was typed out.
func TestChangeRequested(t *testing.T) {
	play(t, func(s *scenario) {
		s.person()
		s.shared()
		s.probe("online", online("postfix", "sshd"))
		ready := func(r fail2ban.Rehearsal) {
			s.send("t", model.RehearsalRequested{Kind: model.ChangeActivate, Jail: "nginx-x", At: s.now})
			s.stepped("done", r)
		}
		good := rehearsal(fail2ban.RehearseDone, fail2ban.VerdictReady)
		s.say("locked")
		ready(good)
		s.send("enter", model.ChangeRequested{At: s.now})
		s.prepared()

		s.say("it would ban an own address")
		s.send("o, y", model.Unlocked{At: s.now})
		s.send("logins", model.OwnRead{At: s.now, Own: []model.Own{{Addr: netip.MustParseAddr("198.51.100.7"), Who: "lukas", Mine: true}}})
		own := good
		own.WouldBan = []string{"203.0.113.9", "198.51.100.0/24"}
		ready(own)
		s.send("enter", model.ChangeRequested{At: s.now})
		s.prepared()
		ready(own)
		s.send("typed out", model.ChangeRequested{At: s.now, Meant: true})
		s.prepared()
		s.send("again", model.ChangeRequested{At: s.now, Meant: true})
		s.send("the guard", model.GuardStarted{ID: s.rehearse, At: s.now})
		s.prepared()

		s.say("somebody else is at it")
		p := plan(model.ChangeActivate)
		p.By, p.TTY, p.At = "mona", "pts/4", s.now
		s.send("begun", model.ChangeBegun{Plan: p, At: s.now})
		ready(good)
		s.send("enter", model.ChangeRequested{At: s.now})
		s.prepared()
		s.send("R, reload", model.ActRequested{Kind: model.ActReload, At: s.now})
		s.acting()

		s.say("confirmed before it is proven, then in time")
		s.send("c", model.ConfirmRequested{At: s.now})
		for range 3 {
			c := s.state.Runtime.Change
			s.send("a step", model.ChangeDid{ID: c.ChangeID, Step: c.Step, At: s.now})
		}
		s.send("c", model.ConfirmRequested{At: s.now})
		s.send("c, again", model.ConfirmRequested{At: s.now})
		s.heard(6, model.ChangeConfirmed{ID: s.state.Runtime.Change.ChangeID, At: s.now, By: "mira (pts/1)"})
		s.send("c, too late", model.ConfirmRequested{At: s.now})

		s.say("not shared")
		s.state.Sharing = model.Sharing{Reason: "no room"}
		ready(good)
		s.send("enter", model.ChangeRequested{At: s.now})
		s.prepared()
		s.say("the guard does not begin")
		s.shared()
		ready(good)
		s.send("enter", model.ChangeRequested{At: s.now})
		s.send("refused", model.GuardStarted{ID: s.rehearse, At: s.now, Reason: "mona (pts/4) is busy", Hint: "wait"})
		s.prepared()
	})
}

// TestTend: while a change is under way, every instance looks every 2 s whether its
// guard lives, and at once when it begins to look.
func TestTend(t *testing.T) {
	play(t, func(s *scenario) {
		s.shared()
		s.probe("online", online("postfix", "sshd"))
		s.send("tick", model.Ticked{At: s.now})
		s.send("begun", model.ChangeBegun{Plan: plan(model.ChangeActivate), At: s.now})
		for range 4 {
			s.send("tick", model.Ticked{At: s.now})
			s.wait(time.Second)
		}
		s.send("v", model.RevertRequested{At: s.now})
		s.send("v, again", model.RevertRequested{At: s.now})
		s.heard(3, model.ChangeReverted{ID: s.state.Runtime.Change.ChangeID, At: s.now, By: "mira (pts/1)"})
		s.send("v, too late", model.RevertRequested{At: s.now})
	})
}

// heard is the store's answer to what was asked of a guard.
func (s *scenario) heard(commit uint64, msg model.Msg) {
	runtime, _ := model.Step(s.state.Runtime, msg)
	s.send("the store has it", model.Stored{Commit: commit, Revision: s.state.Sharing.Revision + 1, Runtime: runtime})
}

// TestUnheard: a confirmation that cannot be written did not reach the guard. The
// change still waits on the screen, which says so, and nothing is called done.
func TestUnheard(t *testing.T) {
	play(t, func(s *scenario) {
		s.shared()
		s.probe("online", online("postfix", "sshd"))
		s.send("begun", model.ChangeBegun{Plan: plan(model.ChangeActivate), At: s.now})
		for range 3 {
			c := s.state.Runtime.Change
			s.send("a step", model.ChangeDid{ID: c.ChangeID, Step: c.Step, At: s.now})
		}
		shown := func() {
			s.note("step %q, unheard %q", s.state.Runtime.Change.Step, s.state.Sharing.Unheard)
		}
		s.send("c", model.ConfirmRequested{At: s.now})
		shown()
		s.send("the store failed", model.StoreFailed{Reason: "no room"})
		shown()
		s.send("c, without a store", model.ConfirmRequested{At: s.now})
		shown()
		s.send("it works again", model.Stored{Revision: 9, Runtime: s.state.Runtime})
		s.send("c", model.ConfirmRequested{At: s.now})
		shown()
	})
}

// TestSurvey: two jails at once, each to its end, and none after somebody stopped it.
func TestSurvey(t *testing.T) {
	play(t, func(s *scenario) {
		s.probe("online", online("sshd"))
		s.send("T", model.SurveyRequested{Jails: []string{"a", "b", "c"}, At: s.now})
		s.send("T", model.SurveyRequested{Jails: []string{"d"}, At: s.now})
		done := func(id uint64, jail string, v fail2ban.Verdict) {
			s.wait(time.Second)
			s.send(jail, model.RehearsalStepped{ID: id, At: s.now, Rehearsal: fail2ban.Rehearsal{Jail: jail, Step: fail2ban.RehearseDone, Verdict: v}})
		}
		s.send("a goes on", model.RehearsalStepped{ID: 1, At: s.now, Rehearsal: fail2ban.Rehearsal{Jail: "a", Step: fail2ban.RehearseRead}})
		done(2, "b", fail2ban.VerdictNoLog)
		s.send("a cannot be tried", model.RehearsalStepped{ID: 1, At: s.now, Reason: "no room"})
		done(3, "c", fail2ban.VerdictReady)
		s.note("running %v, found %v, ended %s", s.state.Survey.Running(), s.state.Survey.Found, offset(s.state.Survey.Ended))
		s.say("stopped")
		s.send("T", model.SurveyRequested{Jails: []string{"a", "b", "c"}, At: s.now})
		s.send("esc", model.SurveyStopped{At: s.now})
		done(4, "a", fail2ban.VerdictReady)
		s.note("running %v, found %v", s.state.Survey.Running(), s.state.Survey.Found)
	})
}

// TestCatalogue: the jails of the configuration, those that run, and those that are
// lost are one list; it is read again while somebody looks at it.
func TestCatalogue(t *testing.T) {
	play(t, func(s *scenario) {
		s.probe("online", online("postfix", "sshd"))
		s.wait(time.Second)
		s.probe("without postfix", online("by-hand", "sshd"))
		s.configuration("it is still enabled", "by-hand", "postfix", "sshd")
		s.send("3", model.CatalogueOpened{})
		s.send("tick", model.Ticked{At: s.now})
		s.send("read", model.CatalogueRead{At: s.now, Conf: fail2ban.Catalogue{Jails: []fail2ban.ConfJail{
			{Name: "apache"}, {Name: "nginx", Enabled: true}, {Name: "postfix", Enabled: true}, {Name: "sshd", Enabled: true},
		}}})
		for _, r := range s.state.CatalogueRows() {
			s.note("%-8s %-8s running %v, configured %v", r.Name, r.State, r.Running, r.Known)
		}
		s.wait(9 * time.Second)
		s.send("tick", model.Ticked{At: s.now})
		s.wait(time.Second)
		s.send("tick", model.Ticked{At: s.now})
		s.send("read", model.CatalogueRead{At: s.now, Reason: "no permission"})
		s.send("esc", model.CatalogueClosed{})
		s.wait(time.Minute)
		s.send("tick", model.Ticked{At: s.now})
	})
}

// TestRevertRequested: an earlier change is taken back by a change of its own, which
// brings or takes what its rehearsal found. Nobody is banned by it if the jail does not
// run afterwards.
func TestRevertRequested(t *testing.T) {
	play(t, func(s *scenario) {
		s.person()
		s.shared()
		s.probe("online", online("nginx-x", "sshd"))
		s.send("o, y", model.Unlocked{At: s.now})
		f := model.FileChange{Dir: "jail.d", Name: "zz-bantop-nginx-x.local", Now: []byte("[nginx-x]\nenabled = true\n")}
		m := model.Made{Number: 3, Act: string(model.ChangeActivate), Jail: "nginx-x", At: s.now, Files: []model.FileChange{f}}
		back := func(what string, on bool, r fail2ban.Rehearsal) {
			s.say(what)
			s.send("revert 3", model.RehearsalRequested{Kind: model.ChangeRevert, Jail: m.Jail, At: s.now, Made: m})
			s.send("done", model.RehearsalStepped{ID: s.rehearse, At: s.now, File: f.Back(), On: on, Rehearsal: r})
			p := s.state.Preparing
			s.note("takes back %d, bans %v, %s/%s: %q", p.Reverted().Number, p.Bans(), p.File.Dir, p.File.Name, p.File.Now)
			s.send("enter", model.ChangeRequested{At: s.now})
			s.prepared()
			s.send("the guard", model.GuardStarted{ID: s.rehearse, At: s.now, Reason: "no"})
		}
		good := rehearsal(fail2ban.RehearseDone, fail2ban.VerdictReady)
		back("the jail goes", false, good)
		back("it comes", true, good)
		other := good
		other.Appear, other.Vanish = []string{"apache"}, []string{"sshd"}
		back("others come and go", false, other)
		back("refused", false, rehearsal(fail2ban.RehearseDone, fail2ban.VerdictSyntax))
	})
}
