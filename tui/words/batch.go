package words

import (
	"slices"
	"strings"
	"time"

	"bantop/fail2ban"
	"bantop/model"
)

// verbs are what is done to addresses, as a command and as it was done.
var verbs = map[model.ActKind]struct{ do, done, nothing string }{
	model.ActBan:             {"Ban", "banned", "was banned already"},
	model.ActUnban:           {"Unban", "unbanned", "was not banned"},
	model.ActUnbanEverywhere: {"Unban", "unbanned", "was not banned"},
	model.ActAllow:           {"Never ban", "on the ignore list", "was on the ignore list already"},
	model.ActAllowForGood:    {"Never ban", "on the ignore list for good", "was on the ignore list for good already"},
	model.ActDisallow:        {"Take off the ignore list", "taken off the ignore list", "was not on the ignore list"},
}

// BatchQuestion names exactly what a batch will do, and to how many.
func BatchQuestion(kind model.ActKind, targets []model.BatchTarget) string {
	s := verbs[kind].do + " " + subjects(targets) + where(kind, targets)
	switch kind {
	case model.ActBan:
		s += ", " + howLong(targets)
	}
	return s + "?"
}

// maxNamed is how many addresses a question names.
const maxNamed = 3

// subjects names addresses, or the first of them and how many more there are.
func subjects(targets []model.BatchTarget) string {
	var names []string
	for _, t := range targets {
		if !slices.Contains(names, t.Address) {
			names = append(names, t.Address)
		}
		if len(names) > 10*maxNamed && len(targets) > 1000 { // they are not counted one by one
			break
		}
	}
	if len(names) <= maxNamed {
		return List(names)
	}
	return Count(distinct(targets)) + " addresses (" + strings.Join(names[:maxNamed], ", ") + ", …)"
}

// distinct counts the addresses.
func distinct(targets []model.BatchTarget) int {
	seen := make(map[string]bool, len(targets))
	for _, t := range targets {
		seen[t.Address] = true
	}
	return len(seen)
}

// where names the jails.
func where(kind model.ActKind, targets []model.BatchTarget) string {
	if kind == model.ActUnbanEverywhere {
		return " in every jail"
	}
	var jails []string
	for _, t := range targets {
		if !slices.Contains(jails, t.Jail) {
			jails = append(jails, t.Jail)
		}
	}
	slices.Sort(jails)
	if len(jails) > maxNamed {
		return " in " + Plural(len(jails), "jail")
	}
	return " in " + List(jails)
}

// howLong is how long bans are made for.
func howLong(targets []model.BatchTarget) string {
	first := targets[0].Length
	for _, t := range targets {
		if t.Length != first {
			return "each for as long as it had left, at least"
		}
	}
	if first == 0 {
		return "for as long as the jail bans"
	}
	if first == fail2ban.Permanent {
		return "for ever"
	}
	return "for " + Span(first)
}

// Danger says what a batch does that nobody wants by mistake; "" where it does
// nothing of the kind.
func Danger(d model.Dangers) string {
	var s []string
	for _, o := range d.Own {
		who := somebody(o.Who)
		if o.TTY != "" {
			who += " (" + o.TTY + ")"
		}
		s = append(s, who+" is logged in from "+o.Addr.String())
	}
	if len(d.Wide) > 0 {
		s = append(s, List(d.Wide)+" holds very many addresses")
	}
	return strings.Join(s, "; ")
}

// Batch says how far a batch is, or what came of it.
func Batch(b model.Batch, now time.Time) string {
	what := string(b.Kind) + ": "
	if b.Running {
		s := what + Count(len(b.Results)) + " of " + Count(len(b.Targets))
		if left, known := timeLeft(b, now); known {
			s += ", " + Span(left) + " left"
		}
		if b.Stopping {
			s += ", stopping"
		}
		return s
	}
	if len(b.Results) == 0 {
		return what + b.Reason
	}
	if len(b.Targets) == 1 {
		r := b.Results[0]
		return what + r.Address + in(r.Jail) + " " + Outcome(b.Kind, r)
	}
	parts := []string{Count(b.Count(model.OutcomeDone)) + " " + verbs[b.Kind].done}
	for _, o := range []struct {
		outcome model.Outcome
		word    string
	}{{model.OutcomeNothing, verbs[b.Kind].nothing}, {model.OutcomeIgnored, "on an ignore list"}, {model.OutcomeRefused, "refused"}, {model.OutcomeUnknown, "without an answer"}} {
		if n := b.Count(o.outcome); n > 0 {
			parts = append(parts, Count(n)+" "+strings.Replace(o.word, "was ", "", 1))
		}
	}
	if n := len(b.Targets) - len(b.Results); n > 0 {
		parts = append(parts, Count(n)+" not tried")
	}
	s := what + strings.Join(parts, ", ")
	if b.Reason != "" {
		s += ": " + b.Reason
	}
	return s
}

func in(jail string) string {
	if jail == "" {
		return ""
	}
	return " in " + jail
}

// Outcome says what came of one target.
func Outcome(kind model.ActKind, r model.Result) string {
	switch r.Outcome {
	case model.OutcomeDone:
		if r.Reason != "" {
			return "is " + verbs[kind].done + " " + r.Reason
		}
		return "is " + verbs[kind].done
	case model.OutcomeNothing:
		if r.Reason != "" {
			return verbs[kind].nothing + "; " + r.Reason
		}
		return verbs[kind].nothing
	case model.OutcomeUnknown:
		return "may be " + verbs[kind].done + ": " + r.Reason
	default:
		return "is not " + verbs[kind].done + ": " + r.Reason
	}
}

// timeLeft is how long the rest takes, if it goes on as it did.
func timeLeft(b model.Batch, now time.Time) (time.Duration, bool) {
	took, done := now.Sub(b.Began), len(b.Results)
	if done == 0 || took < time.Second {
		return 0, false
	}
	return took / time.Duration(done) * time.Duration(len(b.Targets)-done), true
}

// UntilReload tells how long what was done lasts; "" if that needs no word.
func UntilReload(b model.Batch) string {
	own := slices.ContainsFunc(b.Results, func(r model.Result) bool {
		prolonged := r.Outcome == model.OutcomeNothing && r.Reason != ""
		return (r.Outcome == model.OutcomeDone || prolonged) && r.Length != 0
	})
	switch {
	case b.Kind == model.ActAllow && b.Count(model.OutcomeDone) > 0:
		return "until fail2ban is reloaded or restarted by others: bantop puts it back after its own; --keep writes it down for good"
	case b.Kind == model.ActBan && own:
		return "this time holds until fail2ban is restarted by others, which makes it the jail's: bantop puts it back after its own"
	}
	return ""
}
