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

// Recovery is what `bantop recover --json` tells, under names that stay.
type Recovery struct {
	Status   string    `json:"status"`
	Reason   string    `json:"reason"`
	Pending  *Pending  `json:"pending"`
	Expected []string  `json:"expected"` // jails that should run
	Missing  []string  `json:"missing"`  // those of them that do not
	Suspects []Suspect `json:"suspects"` // files that may be to blame, the surest first
	Log      []LogLine `json:"log"`      // what fail2ban's log says, oldest first
	LogError string    `json:"log_error"`
	Act      *Act      `json:"act"` // what was done; null where nothing was
}

// Suspect is a file that may be to blame.
type Suspect struct {
	File    string     `json:"file"` // from the top of fail2ban's configuration
	Line    int        `json:"line"` // 0 where that is not known
	Jail    string     `json:"jail"`
	Proven  bool       `json:"proven"`
	Reason  string     `json:"reason"`
	Changed *time.Time `json:"changed"`
	Keep    string     `json:"keep"` // why the file is not to be set aside but corrected; "" if it may be
}

// LogLine is one line of fail2ban's log.
type LogLine struct {
	At   time.Time `json:"at"`
	Kind string    `json:"kind"`
	Jail string    `json:"jail"`
	Text string    `json:"text"`
}

// Act is what was done, and what came of it.
type Act struct {
	Act      string   `json:"act"`
	Done     bool     `json:"done"`
	Reason   string   `json:"reason"` // why it failed; "" where it did not
	Hint     string   `json:"hint"`
	Missing  []string `json:"missing"` // jails that did not come back
	Attempts int      `json:"attempts"`
	Kept     []string `json:"kept"` // what was set by hand and was put back
	Lost     []string `json:"lost"` // what could not be
}

// RecoveryJSON writes what happened and what was done as JSON.
func RecoveryJSON(w io.Writer, s model.State) error {
	status := Of(s)
	out := Recovery{Status: status.Status, Reason: status.Reason, Pending: status.Pending,
		Expected: list(s.Runtime.Expected), Missing: []string{}, Suspects: []Suspect{}, Log: []LogLine{}, LogError: s.Evidence.Reason}
	for _, name := range s.Runtime.Expected {
		if _, ok := s.Runtime.Server.Jail(name); !ok {
			out.Missing = append(out.Missing, name)
		}
	}
	for _, v := range s.Suspects.List {
		suspect := Suspect{File: v.Place().File, Line: v.Line, Jail: v.Jail, Proven: v.Proven, Reason: v.Reason, Keep: v.Keep}
		if !v.Changed.IsZero() {
			changed := v.Changed.UTC()
			suspect.Changed = &changed
		}
		out.Suspects = append(out.Suspects, suspect)
	}
	for _, n := range words.Telling(s.Evidence.Notes) {
		out.Log = append(out.Log, LogLine{At: n.At.UTC(), Kind: string(n.Kind), Jail: n.Jail, Text: n.Text})
	}
	if a := s.Acting; a.Kind != "" {
		out.Act = &Act{Act: string(a.Kind), Done: a.Reason == "", Reason: a.Reason, Hint: a.Hint, Missing: list(a.Missing), Attempts: a.Attempts,
			Kept: list(a.Kept), Lost: list(a.Lost)}
	}
	return writeJSON(w, out)
}

// shownLog is how many lines of fail2ban's log are shown to people.
const shownLog = 20

// Evidence writes for people what happened, what should run beside what does,
// and what fail2ban's log says.
func Evidence(w io.Writer, door safetext.Door, s model.State) error {
	var b strings.Builder
	clock := func(t time.Time) string { return t.Local().Format(time.TimeOnly) }
	line := func(text string) { fmt.Fprintln(&b, door.Text(text)) }
	line(strings.TrimRight(words.Status(s.Runtime)+"   "+words.Reason(s.Runtime, clock), " "))
	if pending := words.Pending(s.Runtime, clock); pending != "" {
		line(pending)
	}
	for _, c := range words.Compare(s) {
		line(strings.TrimLeft(fmt.Sprintf("%-12s%s", c.What, c.Jails), " "))
	}
	for _, v := range s.Suspects.List {
		line(words.Suspect(v, s.Now))
	}
	if unknown := words.SuspectsUnknown(s); unknown != "" {
		line(unknown)
	}
	notes := words.Telling(s.Evidence.Notes)
	switch {
	case s.Evidence.Reason != "":
		line(s.Evidence.Reason)
	case len(notes) > 0:
		b.WriteString("\nfail2ban's log:\n")
	}
	for _, n := range notes[max(0, len(notes)-shownLog):] {
		line("  " + clock(n.At) + "  " + fail2ban.OneLine(n.Text))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Outcome writes for people what came of an act.
func Outcome(w io.Writer, door safetext.Door, s model.State) error {
	text := string(door.Text(words.Acting(s.Acting, s.Now))) + "\n"
	if kept := words.Kept(s.Acting.Kept, s.Acting.Lost); kept != "" {
		text += string(door.Text(strings.TrimPrefix(kept, ". "))) + "\n"
	}
	if hint := s.Acting.Hint; hint != "" {
		text += "next: " + string(door.Text(hint)) + "\n"
	}
	_, err := io.WriteString(w, text)
	return err
}
