package words

import (
	"strings"
	"time"

	"bantop/fail2ban"
	"bantop/model"
	"bantop/model/banlist"
)

// Address is the address of a ban. fail2ban 1.0.2 keeps what is not one, as the /24 of
// `banip 198.51.100.0 /24`, as an empty text; later ones as it was written.
func Address(text string) string {
	if text == "" {
		return "(no address: /N)"
	}
	return text
}

// Verdict says in a sentence how it stands with the address that is open: whether
// it is banned, where, until when, and after what.
func Verdict(s model.State) string {
	a := s.Address
	rows := s.Current()
	switch {
	case s.Bans.At.IsZero() && s.Bans.Reason == "":
		return "listing the bans"
	case len(rows) == 0 && s.Bans.At.IsZero():
		return s.Bans.Reason
	case len(rows) == 0:
		if inside := within(s); inside != "" {
			return a.Address + " is not banned itself; " + inside
		}
		return a.Address + " is not banned" + lastBan(a, s.Now)
	}
	var where []string
	for _, r := range rows {
		text := r.Jail
		if r.Address != a.Address {
			text += " (as part of " + r.Address + ")"
		}
		where = append(where, text)
	}
	text := a.Address + " is banned in " + List(where)
	if len(rows) == 1 {
		text += duration(rows[0], s.Now) + led(a, rows[0])
	}
	return text
}

// within counts the bans in the network that is open, by jail; "" if nobody is banned in it.
func within(s model.State) string {
	n := s.BansWithin()
	if len(n) == 0 {
		return ""
	}
	total, parts := 0, []string{}
	for _, j := range n {
		total += j.Banned
		parts = append(parts, Count(j.Banned)+" in "+j.Jail)
	}
	return Plural(total, "ban") + " in it: " + List(parts)
}

// duration is since when and for how long a ban is.
func duration(r banlist.Row, now time.Time) string {
	text := ""
	if !r.Start.IsZero() {
		text = " since " + When(r.Start.Local(), now.Local())
	}
	switch {
	case r.Length == fail2ban.Permanent:
		return text + ", for ever"
	case !r.Timed():
		return text + ", until when is not known"
	}
	return text + ", for another " + TimeLeft(r.Left(now))
}

// FromDatabase tells how many bans have the times of fail2ban's database; "" if none.
func FromDatabase(rows []banlist.Row) string {
	n, unknown := 0, 0
	for _, r := range rows {
		if r.Database {
			n++
			if !r.Timed() {
				unknown++
			}
		}
	}
	if n == 0 {
		return ""
	}
	text := "the times of " + Plural(n, "ban") + " come from fail2ban's database, since asking for them holds fail2ban up"
	if unknown > 0 {
		text += "; the end of " + Count(unknown) + " of them is not known"
	}
	return text
}

// led is what led to a ban.
func led(a model.Address, r banlist.Row) string {
	for _, b := range a.Records {
		if b.Jail == r.Jail && b.Current && b.Failures > 0 {
			return ": " + Plural(b.Failures, "failure")
		}
	}
	return ""
}

// lastBan is when it was banned before.
func lastBan(a model.Address, now time.Time) string {
	if len(a.Records) == 0 {
		return ""
	}
	b := a.Records[0]
	return "; it was in " + b.Jail + ", " + Age(now.Sub(b.Start)) + " ago"
}

// Ignored says which jails ignore the address that is open, and so never ban it, and
// by which rule; "" where none does.
func Ignored(a model.Address) string {
	var rules []string
	for _, r := range a.Ignored {
		rules = append(rules, r.Jail+" ("+r.Entry+")")
	}
	if len(rules) == 0 {
		return ""
	}
	return "ignored by " + List(rules)
}

// OwnLogins says who is logged in from the address that is open; "" where nobody
// is.
func OwnLogins(own []model.Own) string {
	var who []string
	for _, o := range own {
		text := somebody(o.Who)
		if o.TTY != "" {
			text += " (" + o.TTY + ")"
		}
		who = append(who, text)
	}
	switch len(who) {
	case 0:
		return ""
	case 1:
		return who[0] + " is logged in from it"
	default:
		return List(who) + " are logged in from it"
	}
}

// Record says what a ban of the past or present was: "sshd, 5 failures, for 10m".
func Record(b model.BanRecord) string {
	parts := []string{BanTime(b.Length)}
	if b.Length != fail2ban.Permanent {
		parts[0] = "for " + parts[0]
	}
	if b.Failures > 0 {
		parts = append([]string{Plural(b.Failures, "failure")}, parts...)
	}
	if b.Count > 1 {
		parts = append(parts, "the "+ordinal(b.Count)+" time")
	}
	return strings.Join(parts, ", ")
}

func ordinal(n int) string {
	suffix := "th"
	if n%100 < 11 || n%100 > 13 {
		suffix = map[int]string{1: "st", 2: "nd", 3: "rd"}[n%10] + map[bool]string{true: "th"}[n%10 == 0 || n%10 > 3]
	}
	return Count(n) + suffix
}
