package plain

import (
	"io"
	"time"

	"bantop/model"
	"bantop/tui/safetext"
	"bantop/tui/words"
)

// Done is one line of the journal, under names that stay.
type Done struct {
	At      time.Time `json:"at"`
	Who     string    `json:"who"`
	TTY     string    `json:"tty"`
	Host    string    `json:"host"`
	Act     string    `json:"act"`
	Jail    string    `json:"jail"`
	Address string    `json:"address"`
	Result  string    `json:"result"` // "done", or why not
}

// ActsJSON writes the journal as JSON, oldest first.
func ActsJSON(w io.Writer, acts []Done) error {
	if acts == nil {
		acts = []Done{}
	}
	for i := range acts {
		acts[i].At = acts[i].At.UTC()
	}
	return writeJSON(w, acts)
}

// ActsText writes the journal for people, oldest first.
func ActsText(w io.Writer, door safetext.Door, acts []Done) error {
	if len(acts) == 0 {
		_, err := io.WriteString(w, "no acts yet\n")
		return err
	}
	rows := [][]string{{"TIME", "WHO", "TTY", "HOST", "ACT", "JAIL", "ADDRESS", "RESULT"}}
	for _, a := range acts {
		rows = append(rows, []string{a.At.Local().Format(time.DateTime), a.Who, a.TTY, a.Host, a.Act, a.Jail, a.Address, a.Result})
	}
	return columns(w, door, rows)
}

// Happened is one event, under names that stay.
type Happened struct {
	At      time.Time `json:"at"`
	What    string    `json:"what"`
	Subject string    `json:"subject"` // the jail or jails that it is about
	Text    string    `json:"text"`
}

func happened(events []model.Event) []Happened {
	out := []Happened{}
	for _, e := range events {
		out = append(out, Happened{At: e.At, What: words.Label(e), Subject: words.Subject(e), Text: words.Event(e)})
	}
	return out
}

// EventsJSON writes what happened as JSON, oldest first.
func EventsJSON(w io.Writer, events []model.Event) error {
	all := happened(events)
	for i := range all {
		all[i].At = all[i].At.UTC()
	}
	return writeJSON(w, all)
}

// EventsText writes what happened for people, oldest first.
func EventsText(w io.Writer, door safetext.Door, events []model.Event) error {
	rows := [][]string{{"TIME", "WHAT", "JAIL", ""}}
	for _, e := range happened(events) {
		rows = append(rows, []string{e.At.Local().Format(time.DateTime), e.What, e.Subject, e.Text})
	}
	return columns(w, door, rows)
}
