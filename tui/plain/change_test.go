package plain_test

import (
	"io"
	"time"

	"bantop/fail2ban"
	"bantop/model"
	"bantop/tui/plain"
	"bantop/tui/safetext"
)

// changes is what is printed of the jails of a configuration, of rehearsals and of
// changes, of texts that a caller gives.
func changes(text string) map[string]func(io.Writer) error {
	door := safetext.Door{}
	s := story(up())
	s, _ = model.Update(s, model.CatalogueRead{At: s.Now, Conf: fail2ban.Catalogue{
		Jails: []fail2ban.ConfJail{
			{Name: text, Said: fail2ban.Place{File: "jail.d/" + text, Line: 3}, Port: text, LogPath: []string{text}, Fault: text},
			{Name: "sshd", Enabled: true, Backend: "systemd", Port: "ssh", Files: []string{"jail.conf"}},
		},
		Faults: []fail2ban.ConfFault{{Place: fail2ban.Place{File: text, Line: 7}, Reason: text}},
	}})
	rehearsed := func(kind model.ChangeKind, r fail2ban.Rehearsal) model.State {
		s, effects := model.Update(s, model.RehearsalRequested{Kind: kind, Jail: text, At: s.Now})
		id := effects[0].(model.Rehearse).ID
		r.Step = fail2ban.RehearseDone
		s, _ = model.Update(s, model.RehearsalStepped{ID: id, At: s.Now, Rehearsal: r})
		return s
	}
	ready := rehearsed(model.ChangeActivate, fail2ban.Rehearsal{Verdict: fail2ban.VerdictReady, Files: []string{text}, Lines: 10, LinesRead: 4, Matched: 3, MaxRetry: 5,
		WouldBan: []string{text}, Failing: []fail2ban.Failing{{Address: text, Failures: 2}}, Ports: text, Actions: []string{text}, Appear: []string{text},
		Vanish: []string{text}, Change: []string{text}, Took: 640 * time.Millisecond})
	refused := rehearsed(model.ChangeDeactivate, fail2ban.Rehearsal{Verdict: fail2ban.VerdictRegex, Reason: text, At: fail2ban.Place{File: text, Line: 3}})
	lines := map[string]func(io.Writer) error{
		"50 jails":           func(w io.Writer) error { return plain.JailsText(w, door, s.CatalogueRows()) },
		"51 jails, JSON":     func(w io.Writer) error { return plain.JailsJSON(w, s, s.CatalogueRows()) },
		"52 faults":          func(w io.Writer) error { return plain.Faults(w, door, s.Catalogue.Conf.Faults) },
		"53 rehearsal":       func(w io.Writer) error { return plain.RehearsalText(w, door, ready) },
		"54 rehearsal, JSON": func(w io.Writer) error { return plain.ChangeJSON(w, ready) },
		"55 refused":         func(w io.Writer) error { return plain.RehearsalText(w, door, refused) },
		"56 refused, JSON":   func(w io.Writer) error { return plain.ChangeJSON(w, refused) },
		"57 under way":       func(w io.Writer) error { return plain.Text(w, door, underWay(s, text)) },
		"58 under way, JSON": func(w io.Writer) error { return plain.Of(underWay(s, text)).JSON(w) },
	}
	return lines
}

// underWay is a change that waits to be confirmed.
func underWay(s model.State, text string) model.State {
	s, _ = model.Update(s, model.ChangeBegun{At: s.Now, Plan: model.Plan{ChangeID: model.ChangeID{Kind: model.ChangeActivate, Jail: text, At: s.Now},
		By: text, TTY: text, Confirm: time.Minute, File: model.FileChange{Dir: "jail.d", Name: text}}})
	for range 3 {
		c := s.Runtime.Change
		s, _ = model.Update(s, model.ChangeDid{ID: c.ChangeID, Step: c.Step, At: s.Now})
	}
	return s
}
