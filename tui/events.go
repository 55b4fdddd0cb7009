package tui

import (
	"time"

	"bantop/model"
	"bantop/tui/words"
)

const minute = time.Minute

// events draws the newest events, newest first.
func (p pen) events(s model.State, most int) []string {
	var out []string
	for i := len(s.Events) - 1; i >= 0 && len(out) < most; i-- {
		out = append(out, p.event(s.Events[i]))
	}
	return out
}

func (p pen) event(e model.Event) string {
	l := p.line()
	if p.room().small() {
		l.put(p.Faint, clock(e.At)[:len("15:04")]).skip(1).put(p.eventStyle(e.Kind), p.text(words.Label(e), 12)).skip(1)
	} else {
		l.put(p.Faint, clock(e.At)).skip(2).put(p.eventStyle(e.Kind), p.text(words.Label(e), 12)).to(23)
	}
	if subject := words.Subject(e); subject != "" {
		l.put(p.Label, p.text(subject, 40)).skip(p.room().gap())
	}
	return l.say(Style{}, words.Event(e)).String()
}

func (p pen) eventStyle(k model.EventKind) Style {
	switch k {
	case model.WentOffline, model.ActivationCrash, model.JailBad, model.JailGone, model.JailsLost, model.JailSkipped,
		model.JournalMissed, model.ChangeUnheard, model.SettingsSpoilt:
		return p.Bad
	case model.CameOnline, model.Recovered, model.JailMended, model.JailBack, model.SettingsMended:
		return p.OK
	case model.Restarted, model.ClockSkew, model.JailRemoved, model.StateRenewed:
		return p.Warn
	default:
		return Style{}
	}
}
