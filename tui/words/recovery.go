package words

import (
	"slices"
	"strings"
	"time"

	"bantop/fail2ban"
	"bantop/model"
)

// Choice is one thing that can be done about a server.
type Choice struct {
	Act   model.ActKind
	Aside []model.Suspect // files to set aside, in place of Act
	Name  string
	Does  string
}

// Choices are what can be done now, what helps most usually first.
func Choices(s model.State) []Choice {
	r := s.Runtime
	var out []Choice
	if aside, edit := s.Suspects.Aside(); len(aside) > 0 && len(edit) == 0 && s.Suspects.Whole {
		out = append(out, Choice{Aside: aside, Name: "set aside",
			Does: "rename " + files(aside) + ", so that fail2ban does not read it, and reload: " + aside[0].Reason})
	}
	if bare := r.Bare(); len(bare) > 0 {
		out = append(out, Choice{Act: model.ActMend, Name: "mend", Does: "make anew what lost its actions through a reload: " + Some(bare, 3)})
	}
	if r.Server.Kind.Up() {
		out = append(out, Choice{Act: model.ActReload, Name: "reload", Does: "fail2ban reads its configuration again, and makes jails that are missing"})
		out = append(out, Choice{Act: model.ActRestart, Name: "restart", Does: "a new server process; bans come back from its database"})
	} else {
		out = append(out, Choice{Act: model.ActRestart, Name: "start", Does: "start fail2ban again, also where it left its socket"})
	}
	if r.Pending != nil {
		out = append(out, Choice{Act: model.ActDismiss, Name: "dismiss", Does: "hide this in every pane"})
	}
	return out
}

// Best is which of the choices helps most: to dismiss what is over, else the
// first.
func Best(s model.State, all []Choice) int {
	if p := s.Runtime.Pending; p != nil && p.Recovered && s.Runtime.Server.Kind.Up() {
		return len(all) - 1
	}
	return 0
}

// ActQuestion names what an act will do.
func ActQuestion(act model.ActKind, s model.State) string {
	r := s.Runtime
	switch act {
	case model.ActMend:
		return "Make " + Some(r.Bare(), 6) + " anew? Until then nobody is really banned there; counts start at 0, bans come back."
	case model.ActReload:
		return "Reload fail2ban? It reads its configuration again; " + Plural(len(r.Expected), "jail") + " should run afterwards."
	case model.ActRestart:
		if !r.Server.Kind.Up() {
			return "Start fail2ban? " + Plural(len(r.Expected), "jail") + " should run afterwards."
		}
		return "Restart fail2ban? Nobody is banned for a moment; its bans come back from its database."
	case model.ActDismiss:
		if p := r.Pending; p != nil && p.Kind == model.PendingLost && len(r.Lost) > 0 {
			return "Hide this in every pane? What runs now is then what should: " + Plural(len(r.Seen.Jails), "jail") + "."
		}
		return "Hide this in every pane?"
	default:
		return ""
	}
}

// Comparison is one line of what should run beside what does.
type Comparison struct {
	What  string // "should run", "runs", "missing"; "" where Jails is a sentence
	Jails string
	Mark  model.Mark // "" where it is neither good nor bad
}

// Compare says what should run and what does. Nothing is known where nobody has
// seen a jail.
func Compare(s model.State) []Comparison {
	r := s.Runtime
	if len(r.Expected) == 0 {
		return nil
	}
	var there, missing []string
	for _, name := range r.Expected {
		if _, ok := r.Server.Jail(name); ok {
			there = append(there, name)
		} else {
			missing = append(missing, name)
		}
	}
	out := []Comparison{{What: "should run", Jails: named(r.Expected)}}
	switch {
	case !r.Server.Kind.Up():
		return append(out, Comparison{"runs", "none", model.CheckFault})
	case len(missing) > 0:
		return append(out, Comparison{What: "runs", Jails: named(there)}, Comparison{"missing", named(missing), model.CheckFault})
	case len(r.Bare()) > 0:
		return append(out, Comparison{"runs", "every one, but " + Some(r.Bare(), 4) + " on paper only", model.CheckFault})
	case r.Pending == nil && s.Acting.Kind == "":
		return append(out, Comparison{"", "every one runs: there is nothing to recover from", model.CheckOK})
	default:
		return append(out, Comparison{"runs", "every one", model.CheckOK})
	}
}

// named counts jails and names them.
func named(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return Plural(len(names), "jail") + ": " + strings.Join(names, ", ")
}

// Telling are the notes of a log that tell of errors, reloads and jails.
func Telling(notes []fail2ban.LogNote) []fail2ban.LogNote {
	var out []fail2ban.LogNote
	for _, n := range notes {
		if n.Kind != fail2ban.LogOther {
			out = append(out, n)
		}
	}
	return out
}

// Suspect says what is known of a file that may be to blame.
func Suspect(v model.Suspect, now time.Time) string {
	file := v.Place().String()
	switch {
	case v.Proven && v.Keep != "":
		return "to blame    " + file + ": " + v.Reason + "; correct that line (" + v.Keep + ")"
	case v.Proven:
		return "to blame    " + file + ": " + v.Reason
	case v.Reason != "":
		return "perhaps     " + file + ": " + v.Reason
	default:
		return "changed     " + file + ", " + Span(now.Sub(v.Changed)) + " ago"
	}
}

// SuspectsUnknown says why it could not be tried which file is to blame; "" if it was.
func SuspectsUnknown(s model.State) string {
	if s.Suspects.Reason == "" {
		return ""
	}
	return "to blame    not known: " + s.Suspects.Reason
}

// files are the files of suspects, each once.
func files(list []model.Suspect) string {
	var names []string
	for _, v := range list {
		if name := v.Place().File; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return List(names)
}
