package tui

import (
	"errors"
	"net/netip"
	"time"

	"bantop/fail2ban"
	"bantop/model"
)

// catalogue is what a configuration knows beside the jails of busy.
func catalogue(s *stage) *stage {
	conf := fail2ban.Catalogue{Jails: []fail2ban.ConfJail{
		{Name: "apache-auth", Said: fail2ban.Place{File: "jail.conf", Line: 312}, Port: "http,https", Backend: "auto", LogPath: []string{"/var/log/apache2/*error.log"}},
		{Name: "dovecot", Enabled: true, Said: fail2ban.Place{File: "jail.local", Line: 4}, Port: "pop3,imap", Backend: "auto", LogPath: []string{"/var/log/mail.log"}},
		{Name: "nginx-http-auth", Enabled: true, Said: fail2ban.Place{File: "jail.d/web.local", Line: 2}, Port: "http,https", LogPath: []string{"/var/log/nginx/error.log"}},
		{Name: "nginx-x", Port: "http,https", Backend: "auto", LogPath: []string{"/var/log/nginx/access.log", "/var/log/nginx/other_vhosts.log"}},
		{Name: "odd", Fault: "logpath: nothing says what %(odd_log)s is"},
		{Name: "postfix", Enabled: true, Said: fail2ban.Place{File: "jail.local", Line: 8}, Port: "smtp,465,submission", LogPath: []string{"/var/log/mail.log"}},
		{Name: "recidive", Enabled: true, Said: fail2ban.Place{File: "jail.local", Line: 12}, LogPath: []string{"/var/log/fail2ban.log"}},
		{Name: "sshd", Enabled: true, Said: fail2ban.Place{File: "jail.d/defaults-debian.conf", Line: 2}, Port: "ssh", Backend: "systemd"},
		{Name: "vsftpd", Enabled: true, Said: fail2ban.Place{File: "jail.d/ftp.local", Line: 2}, Port: "ftp", LogPath: []string{"/var/log/vsftpd.log"}},
	}}
	return s.send(model.CatalogueRead{At: s.now, Conf: conf})
}

func toJails(s *stage) *stage { return catalogue(attacked(s).press("3")) }

// toNginx opens the rehearsal of nginx-x.
func toNginx(s *stage) *stage { return toJails(s).press("down", "down", "down", "t") }

// found is a rehearsal that went well.
func found() fail2ban.Rehearsal {
	return fail2ban.Rehearsal{
		Jail: "nginx-x", Step: fail2ban.RehearseDone, Verdict: fail2ban.VerdictReady, Files: []string{"/var/log/nginx/access.log"},
		Lines: 18204, LinesRead: 18204, AllRead: true, Matched: 61, MaxRetry: 5,
		WouldBan: []string{"192.0.2.14", "198.51.100.3", "203.0.113.9"},
		Failing:  []fail2ban.Failing{{Address: "192.0.2.200", Failures: 4}, {Address: "203.0.113.80", Failures: 1}},
		Ports:    "http,https", Actions: []string{"nftables-multiport", "sendmail-whois"}, Took: 640 * time.Millisecond,
		Steps: []fail2ban.StepTime{{Step: fail2ban.RehearseCopy, Took: 12 * time.Millisecond}, {Step: fail2ban.RehearseTest, Took: 171 * time.Millisecond},
			{Step: fail2ban.RehearseStart, Took: 152 * time.Millisecond}, {Step: fail2ban.RehearseRead, Took: 305 * time.Millisecond}},
	}
}

// rehearsed is the answer to the rehearsal under way.
func (s *stage) rehearsed(change func(*fail2ban.Rehearsal)) *stage {
	r := found()
	if change != nil {
		change(&r)
	}
	return s.send(model.RehearsalStepped{ID: 1, At: s.now, Rehearsal: r, File: model.FileChange{Dir: "jail.d", Name: "zz-bantop-nginx-x.local"}})
}

// edit is the file of nginx-x as it was and as somebody made it, who has just left
// his editor.
func (s *stage) edit(change func(*fail2ban.Rehearsal)) *stage {
	was := []byte("# by mona\n[nginx-x]\nenabled = true\nport = http\nmaxretry = 5\n")
	now := []byte("# by mona\n[nginx-x]\nenabled = true\nport = http,https\nfindtime = 1h\nmaxretry = 5\n")
	toJails(s).press("down", "down", "down", "e")
	s.send(editing{jail: "nginx-x", was: was, read: func() ([]byte, error) { return now, nil }}.end(nil))
	r := found()
	change(&r)
	return s.send(model.RehearsalStepped{ID: 1, At: s.now, Rehearsal: r, On: true, File: model.FileChange{Dir: "jail.d", Name: "web.local", Was: was, Now: now}})
}

// refused is a rehearsal that found a fault.
func refused(r *fail2ban.Rehearsal) {
	*r = fail2ban.Rehearsal{Jail: "nginx-x", Step: fail2ban.RehearseDone, Verdict: fail2ban.VerdictRegex, Steps: r.Steps[:3], Took: r.Took,
		Reason: "Unable to compile regular expression 'fail from <HOST>(': missing ), unterminated subpattern at position 134",
		At:     fail2ban.Place{File: "filter.d/nginx-x.conf", Line: 3}}
}

// changed is a change of mona's, after so many of its steps went well, and with what
// went wrong then.
func changed(s *stage, well int, fault string, back int) *stage {
	s.m.state.Sharing.Shared = false // what the store would say is said at once
	plan := model.Plan{ChangeID: model.ChangeID{Kind: model.ChangeActivate, Jail: "nginx-x", At: s.now}, By: "mona", TTY: "pts/4",
		File: model.FileChange{Dir: "jail.d", Name: "zz-bantop-nginx-x.local"}, Gains: []string{"nginx-x"}, Confirm: time.Minute}
	s.send(model.ChangeBegun{Plan: plan, At: s.now})
	step := func(reason string) {
		c := s.m.state.Runtime.Change
		took := 310 * time.Millisecond
		s.now = s.now.Add(took)
		s.send(model.ChangeDid{ID: c.ChangeID, Step: c.Step, At: s.now, Took: took, Reason: reason})
	}
	for range well {
		step("")
	}
	if fault != "" {
		step(fault)
	}
	for range back {
		step("")
	}
	return s.wait(time.Second)
}

const gone = "postfix, recidive and sshd are not there"

// changeScenes are the pictures of the jails of the configuration, and of a change
// of them.
var changeScenes = []scene{
	{"jails: not read yet", func(s *stage) { attacked(s).press("3") }},
	{"jails", func(s *stage) { toJails(s) }},
	{"jails: those that run first, filtered", func(s *stage) { toJails(s).press("s", "/", "n", "enter", "down") }},
	{"jails: broken", func(s *stage) {
		toJails(s).send(model.CatalogueRead{At: s.now, Conf: fail2ban.Catalogue{
			Jails:  []fail2ban.ConfJail{{Name: "sshd", Enabled: true}},
			Faults: []fail2ban.ConfFault{{Place: fail2ban.Place{File: "jail.d/web.local", Line: 3}, Reason: "no section header; fail2ban reads nothing because of it"}},
		}})
	}},
	{"jails: rehearsing all", func(s *stage) {
		toJails(s).press("T").wait(2 * time.Second)
		s.send(model.RehearsalStepped{ID: 1, At: s.now, Rehearsal: fail2ban.Rehearsal{Jail: "apache-auth", Step: fail2ban.RehearseDone, Verdict: fail2ban.VerdictNoLog}})
		s.send(model.RehearsalStepped{ID: 2, At: s.now, Rehearsal: fail2ban.Rehearsal{Jail: "nginx-x", Step: fail2ban.RehearseDone, Verdict: fail2ban.VerdictReady}})
	}},
	{"change: rehearsal begun", func(s *stage) { toNginx(s) }},
	{"change: reading", func(s *stage) {
		toNginx(s).rehearsed(func(r *fail2ban.Rehearsal) {
			r.Step, r.Verdict, r.Steps, r.LinesRead, r.AllRead = fail2ban.RehearseRead, "", r.Steps[:3], 6200, false
		})
	}},
	{"change: rehearsed well", func(s *stage) { toNginx(s).rehearsed(nil) }},
	{"change: refused", func(s *stage) { toNginx(s).rehearsed(refused) }},
	{"change: it would ban me", func(s *stage) {
		toNginx(s).rehearsed(func(r *fail2ban.Rehearsal) { r.WouldBan = append(r.WouldBan, "198.51.100.7") })
		s.send(model.OwnRead{At: s.now, Own: []model.Own{{Addr: netip.MustParseAddr("198.51.100.7"), Who: "mira", Mine: true}}})
		s.press("enter", "y", "1", "9")
	}},
	{"change: other jails would change", func(s *stage) {
		toNginx(s).rehearsed(func(r *fail2ban.Rehearsal) {
			r.Appear, r.Vanish, r.Change = []string{"vsftpd"}, []string{"dovecot"}, []string{"postfix"}
		})
	}},
	{"change: an edit, rehearsed well", func(s *stage) { s.edit(func(*fail2ban.Rehearsal) {}) }},
	{"change: the question of an edit", func(s *stage) { s.edit(func(*fail2ban.Rehearsal) {}).press("enter", "y") }},
	{"change: an edit, refused", func(s *stage) { s.edit(refused) }},
	{"change: the editor failed", func(s *stage) {
		toJails(s).press("down", "down", "down", "e")
		s.send(editing{jail: "nginx-x", read: func() ([]byte, error) { return nil, nil }}.end(errors.New("exit status 1")))
	}},
	{"change: a jail that cannot be edited", func(s *stage) {
		toJails(s).press("down", "down", "down", "e").send(model.EditPrepared{Jail: "nginx-x", At: s.now,
			Reason: "/etc/fail2ban/jail.d/web.local is a link, and bantop writes through none", Hint: "take the link away, or change what it leads to by hand"})
	}},
	{"change: the question", func(s *stage) { toNginx(s).rehearsed(nil).press("enter", "y") }},
	{"change: handed to the guard", func(s *stage) {
		s.m.state.Sharing.Shared = true
		toNginx(s).rehearsed(nil).press("enter", "y", "y")
	}},
	{"change: not shared", func(s *stage) { toNginx(s).rehearsed(nil).press("enter", "y", "y") }},
	{"change: another's, on the overview", func(s *stage) { changed(attacked(s), 3, "", 0) }},
	{"change: reloading", func(s *stage) { changed(attacked(s), 1, "", 0).press("C") }},
	{"change: to be confirmed", func(s *stage) { changed(attacked(s), 3, "", 0).press("C").wait(17 * time.Second) }},
	{"change: confirmed", func(s *stage) {
		changed(attacked(s), 3, "", 0).press("C")
		s.send(model.ChangeConfirmed{ID: s.m.state.Runtime.Change.ChangeID, At: s.now, By: "mira"})
	}},
	{"change: a confirmation that was not heard", func(s *stage) {
		changed(attacked(s), 3, "", 0).press("C")
		s.m.state.Runtime.Setup = true // it was complete once
		s.send(model.StoreFailed{Reason: "no room to write the state (/var/lib/bantop)"}).press("c")
	}},
	{"change: going back", func(s *stage) { changed(attacked(s), 2, gone, 1).press("C") }},
	{"change: taken back", func(s *stage) { changed(attacked(s), 2, gone, 3).press("C") }},
	{"change: taken back, on the overview", func(s *stage) { changed(attacked(s), 2, gone, 3) }},
	{"change: stuck", func(s *stage) {
		changed(attacked(s), 2, gone, 0)
		for range 9 {
			c := s.m.state.Runtime.Change
			reason := ""
			if c.Step == model.StepProveBack {
				reason = gone
			}
			s.send(model.ChangeDid{ID: c.ChangeID, Step: c.Step, At: s.now, Took: time.Second, Reason: reason})
		}
		s.press("C")
	}},
	{"change: nothing was changed", func(s *stage) { attacked(s).press("C") }},
	{"recover: a file is to blame", func(s *stage) {
		lost(s).press("R").send(evidence(s)).send(model.SuspectsFound{At: s.now, Whole: true, List: []model.Suspect{
			{Dir: "jail.d", Name: "nginx-x.local", Jail: "nginx-x", Proven: true, Changed: s.now, Reason: "Unable to compile regular expression 'fail from <HOST>('"}}})
	}},
	{"recover: the question of a file to blame", func(s *stage) {
		lost(s).press("R").send(evidence(s)).send(model.SuspectsFound{At: s.now, Whole: true, List: []model.Suspect{
			{Dir: "jail.d", Name: "nginx-x.local", Jail: "nginx-x", Proven: true, Changed: s.now, Reason: "no"}}})
		s.press("enter", "y")
	}},
	{"change: a file to set aside", func(s *stage) {
		lost(s).send(model.SetAsideChosen{At: s.now, Suspects: []model.Suspect{{Dir: "jail.d", Name: "nginx-x.local", Jail: "nginx-x", Proven: true}}}).press("C")
	}},
	{"recover: a jail without action", func(s *stage) {
		p := busy()
		p.Jails[4].Actions = nil
		s.probe(p).configured(p).press("R").send(evidence(s))
	}},
}
