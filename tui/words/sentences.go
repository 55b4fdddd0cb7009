package words

import (
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

// who names the person behind an activation: "lukas (pts/3)", "somebody".
func who(a model.Activation) string {
	switch {
	case a.By == "":
		return "somebody"
	case a.TTY == "":
		return a.By
	default:
		return a.By + " (" + a.TTY + ")"
	}
}

// Pending says what is to be recovered from, and whether it is.
func Pending(r model.Runtime, clock func(time.Time) string) string {
	p := r.Pending
	if p == nil {
		return ""
	}
	s := "fail2ban went down " + Span(p.DetectedAt.Sub(p.ActivatedAt)) + " after " +
		who(activation(r, p.PendingID)) + " enabled " + p.Jail + ", at " + clock(p.DetectedAt)
	if p.Recovered {
		s += "; it is back"
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

// Event says what happened, behind the label and the jail that it is about.
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
		return "fail2ban is back"
	case model.ClockSkew:
		return clockSkew(e)
	case model.JailAppeared:
		return "runs now"
	case model.JailGone:
		return "does not run any more"
	case model.JailBad:
		return meaning(model.JailState(e.Note))
	case model.JailMended:
		return "does its work again"
	case model.BansMade:
		if e.Note != "" {
			return e.Note
		}
		return Plural(e.Count, "ban")
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
