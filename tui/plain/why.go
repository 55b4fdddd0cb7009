package plain

import (
	"fmt"
	"io"
	"strings"
	"time"

	"bantop/fail2ban"
	"bantop/model"
	"bantop/tui/safetext"
	"bantop/tui/words"
)

// Why is what `bantop why --json` tells, under names that stay.
type Why struct {
	Address string       `json:"address"`
	Verdict string       `json:"verdict"`
	Banned  bool         `json:"banned"`
	Bans    []Ban        `json:"bans"`    // in force, those of networks that hold it among them
	History []Record     `json:"history"` // newest first; "" of reason where it is known
	Reason  string       `json:"reason"`  // why the history is not known
	Ignored []IgnoreRule `json:"ignored"`
	Own     []Login      `json:"own"` // who is logged in from it

	Country *Code  `json:"country,omitempty"` // only where a country database is set
	ASN     uint32 `json:"asn,omitempty"`     // the number of its autonomous system, only where the database tells it
	ASName  string `json:"as_name,omitempty"` // likewise
}

// Record is a ban of the past or present, and what led to it.
type Record struct {
	Jail      string     `json:"jail"`
	Since     *time.Time `json:"since"`
	Until     *time.Time `json:"until"`
	Permanent bool       `json:"permanent"`
	Current   bool       `json:"current"`
	Count     int        `json:"count"`
	Failures  int        `json:"failures"`
	Matches   []string   `json:"matches"` // log lines
}

// IgnoreRule is an entry of a jail's ignore list.
type IgnoreRule struct {
	Jail  string `json:"jail"`
	Entry string `json:"entry"`
}

// Login is somebody who is logged in on this machine.
type Login struct {
	Who  string `json:"who"`
	TTY  string `json:"tty"`
	From string `json:"from"` // where that is known from
}

// WhyJSON writes what is known of the address that is open as JSON.
func WhyJSON(w io.Writer, s model.State) error {
	a := s.Address
	out := Why{Address: a.Address, Verdict: words.Verdict(s), Bans: []Ban{}, History: []Record{}, Reason: a.Reason, Ignored: []IgnoreRule{}, Own: []Login{},
		Country: code(a.Place.Country), ASN: a.Place.ASN, ASName: a.Place.ASName}
	for _, r := range s.Current() {
		out.Bans = append(out.Bans, ban(r, s.Now))
	}
	out.Banned = len(out.Bans) > 0
	for _, b := range a.Records {
		out.History = append(out.History, Record{Jail: b.Jail, Since: moment(b.Start), Until: moment(b.End), Permanent: b.Length == fail2ban.Permanent,
			Current: b.Current, Count: b.Count, Failures: b.Failures, Matches: list(b.Matches)})
	}
	for _, r := range a.Ignored {
		out.Ignored = append(out.Ignored, IgnoreRule(r))
	}
	for _, o := range s.OwnOf() {
		out.Own = append(out.Own, Login{o.Who, o.TTY, o.From})
	}
	return writeJSON(w, out)
}

// WhyText writes what is known of the address that is open for people.
func WhyText(w io.Writer, door safetext.Door, s model.State) error {
	a := s.Address
	var b strings.Builder
	line := func(indent, text string) {
		if text != "" {
			fmt.Fprintln(&b, indent+string(door.Text(text)))
		}
	}
	line("", words.Verdict(s))
	line("", words.Place(a.Place))
	line("", words.OwnLogins(s.OwnOf()))
	line("", words.Ignored(a))
	line("", a.Reason)
	heading := "earlier bans:"
	for _, r := range s.Current() {
		heading = "what led to it, and before:"
		text := r.Jail + "   since " + words.When(r.Start.Local(), s.Now.Local()) + "   " + words.StillLasts(r, s.Now)
		if r.Address != a.Address {
			text += "   as part of " + r.Address
		}
		line("  ", text)
	}
	for i, rec := range a.Records {
		if i == 0 {
			b.WriteString("\n" + heading + "\n")
		}
		line("  ", rec.Jail+"   "+words.When(rec.Start.Local(), s.Now.Local())+"   "+words.Record(rec))
		for _, m := range rec.Matches {
			line("    ", fail2ban.OneLine(m))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
