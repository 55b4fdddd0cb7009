package plain

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"bantop/fail2ban"
	"bantop/model"
	"bantop/model/banlist"
	"bantop/tui/safetext"
	"bantop/tui/words"
)

// Ban is one ban, under names that stay. Times are in UTC.
type Ban struct {
	Address     string     `json:"address"`
	Jail        string     `json:"jail"`
	Since       *time.Time `json:"since"`
	Until       *time.Time `json:"until"`        // null for a permanent one, and where it is not known
	SecondsLeft *int64     `json:"seconds_left"` // null for a permanent one
	Permanent   bool       `json:"permanent"`
	Count       int        `json:"count"`         // how often it was banned; 0 where that is not known
	Database    bool       `json:"from_database"` // its times are those of fail2ban's database

	Country *Code `json:"country,omitempty"` // only where a country database is set
}

// Code is the code of a country, null where it is not known.
type Code string

// MarshalJSON writes it.
func (c Code) MarshalJSON() ([]byte, error) {
	if c == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(c))
}

// code is the code of a country, nil where nobody looked it up.
func code(c banlist.Country) *Code {
	if !c.Looked() {
		return nil
	}
	text := Code(c.String())
	return &text
}

func ban(r banlist.Row, now time.Time) Ban {
	b := Ban{Address: r.Address, Jail: r.Jail, Since: moment(r.Start), Until: moment(r.End), Count: r.Count, Database: r.Database, Country: code(r.Country)}
	if b.Permanent = r.Length == fail2ban.Permanent; !b.Permanent && r.Timed() {
		left := int64(r.Left(now) / time.Second)
		b.SecondsLeft = &left
	}
	return b
}

// BansJSON writes bans as JSON.
func BansJSON(w io.Writer, rows []banlist.Row, now time.Time) error {
	out := []Ban{}
	for _, r := range rows {
		out = append(out, ban(r, now))
	}
	return writeJSON(w, out)
}

// BansCSV writes bans as CSV (RFC 4180) with a heading. Control characters are
// shown as marks, as they are on the screen. Where the bans are located, their
// countries come last. A text that a spreadsheet would run has a ' before it.
func BansCSV(w io.Writer, door safetext.Door, rows []banlist.Row, located bool, now time.Time) error {
	out := csv.NewWriter(w)
	lines := [][]string{{"address", "jail", "since", "until", "seconds_left", "permanent", "count", "from_database"}}
	if located {
		lines[0] = append(lines[0], "country")
	}
	text := func(t *time.Time) string {
		if t == nil {
			return ""
		}
		return t.Format(time.RFC3339)
	}
	for _, r := range rows {
		b := ban(r, now)
		left := ""
		if b.SecondsLeft != nil {
			left = strconv.FormatInt(*b.SecondsLeft, 10)
		}
		line := []string{cell(door, b.Address), cell(door, b.Jail), text(b.Since), text(b.Until), left,
			strconv.FormatBool(b.Permanent), strconv.Itoa(b.Count), strconv.FormatBool(b.Database)}
		if located {
			line = append(line, cell(door, r.Country.String()))
		}
		lines = append(lines, line)
	}
	return out.WriteAll(lines)
}

// BansText writes bans for people.
func BansText(w io.Writer, door safetext.Door, rows []banlist.Row, now time.Time) error {
	lines := [][]string{{"ADDRESS", "COUNTRY", "JAIL", "SINCE", "LEFT", "COUNT"}}
	for _, r := range rows {
		count := ""
		if r.Count > 0 {
			count = words.Count(r.Count)
		}
		left := "not known"
		if r.Timed() {
			left = words.TimeLeft(r.Left(now))
		}
		lines = append(lines, []string{words.Address(r.Address), r.Country.String(), r.Jail, words.When(r.Start.Local(), now.Local()), left, count})
	}
	return columns(w, door, lines)
}

// Acted is what came of an act on one address, under names that stay.
type Acted struct {
	Address string `json:"address"`
	Jail    string `json:"jail"` // "" for every jail
	Outcome string `json:"outcome"`
	Reason  string `json:"reason"`
}

// BatchJSON writes what came of an act as JSON.
func BatchJSON(w io.Writer, b model.Batch) error {
	out := []Acted{}
	for _, r := range b.Results {
		out = append(out, Acted{r.Address, r.Jail, string(r.Outcome), r.Reason})
	}
	for _, t := range b.Targets[len(b.Results):] {
		out = append(out, Acted{t.Address, t.Jail, "not tried", b.Reason})
	}
	return writeJSON(w, out)
}

// BatchText writes what came of an act for people: a line for each address, and
// why it broke off.
func BatchText(w io.Writer, door safetext.Door, b model.Batch) error {
	var out strings.Builder
	for _, r := range b.Results {
		line := r.Address
		if r.Jail != "" {
			line += " in " + r.Jail
		}
		out.WriteString(string(door.Text(line+" "+words.Outcome(b.Kind, r))) + "\n")
	}
	var end []string
	if n := len(b.Targets) - len(b.Results); n > 0 {
		end = append(end, words.Count(n)+" not tried")
	}
	if b.Reason != "" {
		end = append(end, b.Reason)
	}
	if len(end) > 0 {
		out.WriteString(string(door.Text(strings.Join(end, ": "))) + "\n")
	}
	_, err := io.WriteString(w, out.String())
	return err
}
