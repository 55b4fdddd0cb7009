package words

import (
	"strings"
	"time"

	"bantop/model"
)

// Status is the one word for how it stands with the server.
func Status(r model.Runtime) string {
	if r.Starting() {
		return "starting"
	}
	return string(r.Server.Kind)
}

// Reason is why the server is not online; "" if it is. A stop in order is told with its
// time: it is no crash.
func Reason(r model.Runtime, clock func(time.Time) string) string {
	if at := r.Server.Stopped; !at.IsZero() {
		return "stopped at " + clock(at) + ", no crash: " + r.Server.Reason
	}
	return r.Server.Reason
}

// Jails is how many jails run, and of how many where some are lost.
func Jails(r model.Runtime) string {
	n := len(r.Seen.Jails)
	if lost := len(r.LostJails()); lost > 0 {
		return Count(n) + " of " + Plural(n+lost, "jail")
	}
	return Plural(n, "jail")
}

// enabled says who enabled a jail: "lukas (pts/3) enabled nginx-x".
func enabled(a model.Activation, jail string) string {
	switch {
	case a.Source == model.SourceObserved:
		return jail + " was enabled, not through bantop"
	case a.By == "":
		return jail + " was enabled"
	case a.TTY == "":
		return a.By + " enabled " + jail
	default:
		return a.By + " (" + a.TTY + ") enabled " + jail
	}
}

// Pending says what is to be recovered from, and whether it is.
func Pending(r model.Runtime, clock func(time.Time) string) string {
	p := r.Pending
	if p == nil {
		return ""
	}
	after := ""
	if p.Jail != "" {
		after = " " + Span(p.DetectedAt.Sub(p.ActivatedAt)) + " after " + enabled(activation(r, p.PendingID), p.Jail)
	}
	if len(p.Also) > 0 {
		after += " (and " + List(p.Also) + " before)"
	}
	if p.Kind == model.PendingLost {
		return lost(p, after, clock)
	}
	s := "fail2ban went down" + after + ", at " + clock(p.DetectedAt)
	switch {
	case p.Recovered:
		s += "; it is back"
	case p.AtStart:
		s += " or before"
	}
	return s
}

// lost says which jails are gone, since when, and what was reloaded.
func lost(p *model.Pending, after string, clock func(time.Time) string) string {
	verb := " are"
	if len(p.Lost) == 1 {
		verb = " is"
	}
	if p.Recovered {
		s := List(p.Lost) + verb + " back, gone at " + clock(p.DetectedAt)
		if after != "" {
			s += "," + after
		}
		return s
	}
	s := List(p.Lost) + verb + " gone since " + clock(p.DetectedAt)
	if after != "" {
		s += "," + after
	}
	if reload := p.Reload; !reload.At.IsZero() && !reload.At.After(p.DetectedAt) {
		what := "all jails were reloaded"
		if reload.Jail != "" {
			what = reload.Jail + " was reloaded"
		}
		s += "; " + what + " at " + clock(reload.At)
		if reload.Error != "" {
			s += ": " + short(reload.Error)
		}
	}
	return s
}

// activation finds the record behind a pending.
func activation(r model.Runtime, id model.PendingID) model.Activation {
	for _, a := range r.Blame.Activations {
		if a.Jail == id.Jail && a.At.Equal(id.ActivatedAt) {
			return a
		}
	}
	return model.Activation{}
}

// Label is the word for what happened.
func Label(e model.Event) string {
	if e.Kind == model.JailBad {
		return e.Note
	}
	return string(e.Kind)
}

// Subject is the jail, or the jails, that an event is about.
func Subject(e model.Event) string {
	if e.Kind == model.JailsLost || e.Kind == model.Recovered && e.Note != "" {
		return e.Note
	}
	return e.Jail
}

// Event says what happened, behind the label and the subject.
func Event(e model.Event) string {
	switch e.Kind {
	case model.CameOnline:
		return "fail2ban " + e.Note + " answers"
	case model.WentOffline:
		return e.Note
	case model.Restarted:
		return "fail2ban " + e.Note + " was restarted"
	case model.ActivationCrash:
		return "fail2ban went down " + Span(e.Took) + " after this jail was enabled"
	case model.Recovered:
		if e.Note != "" {
			return "back"
		}
		return "fail2ban is back"
	case model.JailsLost:
		if e.Jail != "" {
			return "gone after " + e.Jail + " was enabled"
		}
		return "gone"
	case model.JailBack:
		return "runs again"
	case model.JailRemoved:
		return "is not enabled any more"
	case model.JailSkipped:
		return "did not appear, although the reload said OK"
	case model.ClockSkew:
		return clockSkew(e)
	case model.JailAppeared:
		return "is there now"
	case model.JailGone:
		return "does not run any more"
	case model.JailBad:
		return meaning(model.JailState(e.Note))
	case model.ChangeProven:
		return "every jail runs; somebody has to confirm it"
	case model.JailMended:
		return "does its work again"
	case model.BansMade:
		if e.Note != "" {
			return e.Note
		}
		return Plural(e.Count, "ban")
	case model.JournalMissed:
		return Plural(e.Count, "act") + " not in the journal: " + e.Note
	default:
		return e.Note
	}
}

// clockSkew is about an activation that is ahead of the clock, or about a clock
// that was set.
func clockSkew(e model.Event) string {
	switch {
	case e.Jail != "":
		return "was enabled " + Span(e.Took) + " ahead of this clock: no crash is put down to it"
	case e.Took < 0:
		return "the clock was set back by " + Span(-e.Took)
	default:
		return "the clock was set forward by " + Span(e.Took)
	}
}

// meaning says what it means that a jail is in a state.
func meaning(s model.JailState) string {
	switch s {
	case model.JailNotStarted:
		return "it has neither log file nor journal to read"
	case model.JailNoAction:
		return "it bans on paper only"
	default:
		return ""
	}
}

// short is a line of fail2ban's log as far as it fits into a sentence.
func short(line string) string {
	const most = 140
	if r := []rune(line); len(r) > most {
		return string(r[:most]) + "..."
	}
	return line
}

// Acting says what is being done, or what came of it.
func Acting(a model.Acting, now time.Time) string {
	kind := string(a.Kind)
	switch {
	case a.Running:
		return kind + ": under way for " + Span(now.Sub(a.At))
	case a.Reason != "":
		return kind + " failed: " + strings.TrimPrefix(a.Reason, kind+" fail2ban: ")
	case len(a.Missing) > 0 && a.Kind == model.ActMend:
		return kind + ": done, and " + List(a.Missing) + " still has no action: fail2ban's log says why"
	case a.Kind == model.ActMend:
		return kind + ": done, every jail has its actions again"
	case len(a.Missing) > 0:
		return kind + ": done, and " + List(a.Missing) + " did not come back, after " + Plural(a.Attempts, "attempt")
	case a.Attempts > 1 && a.Wanted > 0:
		return kind + ": done after " + Plural(a.Attempts, "attempt") + ", every jail is there"
	case a.Kind == model.ActDismiss:
		return "hidden in every pane"
	case a.Wanted == 0:
		return kind + ": done"
	default:
		return kind + ": done, every jail is there"
	}
}
