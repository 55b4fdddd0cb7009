package plain

import (
	"io"
	"strings"
	"time"

	"bantop/fail2ban"
	"bantop/model"
	"bantop/tui/safetext"
	"bantop/tui/words"
)

// Rehearsal is what a rehearsal found, under names that stay.
type Rehearsal struct {
	Jail      string          `json:"jail"`
	Act       string          `json:"act"`
	Verdict   string          `json:"verdict"` // "ready", or what is wrong
	Reason    string          `json:"reason"`
	File      string          `json:"file"` // that the reason stems from; "" where that is not known
	Line      int             `json:"line"`
	Reads     []string        `json:"reads"` // log files, or journal matches
	Lines     int             `json:"lines"`
	LinesRead int             `json:"lines_read"`
	Failures  int             `json:"failures"`
	WouldBan  []string        `json:"would_ban"`
	Own       []string        `json:"own"` // addresses of logged-in people that it would ban
	Failing   []Failing       `json:"failing"`
	Ports     string          `json:"ports"`
	Actions   []string        `json:"actions"`
	Without   []string        `json:"without"` // settings that were left out of the trial
	Appear    []string        `json:"also_appear"`
	Vanish    []string        `json:"also_vanish"`
	Change    []string        `json:"also_change"`
	ByHand    []string        `json:"set_by_hand"` // a reload drops it, and bantop's puts it back
	Server    []ServerSetting `json:"also_server"` // settings of the server that a reload would change
	Seconds   float64         `json:"seconds"`
}

// ServerSetting is a setting of the server that a reload would change.
type ServerSetting struct {
	Option string `json:"option"`
	Has    string `json:"has"`
	Gets   string `json:"gets"`
}

// Failing is an address that has failed without being banned.
type Failing struct {
	Address  string `json:"address"`
	Failures int    `json:"failures"`
}

// Change is a change of the jails and how it ended, under names that stay.
type Change struct {
	Act      string     `json:"act"`
	Jail     string     `json:"jail"`
	By       string     `json:"by"`
	TTY      string     `json:"tty"`
	At       time.Time  `json:"at"`
	Step     string     `json:"step"`
	Why      string     `json:"why"` // it was taken back; "" where it was not
	Hint     string     `json:"hint"`
	Deadline *time.Time `json:"confirm_before"`
	Steps    []Step     `json:"steps"`
}

// Step is one step of a change.
type Step struct {
	Step    string  `json:"step"`
	Seconds float64 `json:"seconds"`
	Reason  string  `json:"reason"` // why it failed; "" where it did not
}

// ChangeJSON writes what was rehearsed, and the change that came of it where one
// did, as JSON.
func ChangeJSON(w io.Writer, s model.State) error {
	out := struct {
		Rehearsal *Rehearsal `json:"rehearsal"`
		Refused   string     `json:"refused"` // why nothing was changed; "" where something was
		Hint      string     `json:"hint"`
		Change    *Change    `json:"change"`
	}{Refused: s.Preparing.Reason, Hint: s.Preparing.Hint}
	if s.Preparing.Kind != "" {
		out.Rehearsal = rehearsal(s)
	}
	if c, begun := s.OwnChange(); begun {
		out.Change = change(c)
	}
	return writeJSON(w, out)
}

func rehearsal(s model.State) *Rehearsal {
	r := s.Preparing.Rehearsal
	out := &Rehearsal{
		Jail: s.Preparing.Jail, Act: string(s.Preparing.Kind), Verdict: string(r.Verdict), Reason: r.Reason, File: r.At.File, Line: r.At.Line,
		Reads: append(list(r.Files), r.Journal...), Lines: r.Lines, LinesRead: r.LinesRead, Failures: r.Matched,
		WouldBan: list(r.WouldBan), Own: []string{}, Failing: []Failing{}, Server: []ServerSetting{}, ByHand: list(r.ByHand), Ports: r.Ports, Actions: list(r.Actions),
		Without: list(r.Without), Appear: list(r.Appear), Vanish: list(r.Vanish), Change: list(r.Change), Seconds: r.Took.Seconds(),
	}
	for _, o := range s.OwnBanned() {
		out.Own = append(out.Own, o.Addr.String())
	}
	for _, c := range r.Server {
		out.Server = append(out.Server, ServerSetting(c))
	}
	for _, f := range r.Failing {
		out.Failing = append(out.Failing, Failing{f.Address, f.Failures})
	}
	return out
}

func change(c model.Change) *Change {
	out := &Change{Act: string(c.Kind), Jail: c.Jail, By: c.By, TTY: c.TTY, At: c.At.UTC(), Step: string(c.Step), Why: c.Why, Hint: c.Hint, Steps: []Step{}}
	if c.Step == model.StepConfirm {
		deadline := c.Deadline.UTC()
		out.Deadline = &deadline
	}
	for _, d := range c.Done {
		out.Steps = append(out.Steps, Step{string(d.Step), d.Took.Seconds(), d.Reason})
	}
	return out
}

// RehearsalText writes for people what a rehearsal found.
func RehearsalText(w io.Writer, door safetext.Door, s model.State) error {
	a, r := s.Preparing, s.Preparing.Rehearsal
	var b strings.Builder
	fact := func(name, text string) {
		if text != "" {
			b.WriteString(string(door.Text(name)) + strings.Repeat(" ", max(1, 13-len(name))) + string(door.Text(text)) + "\n")
		}
	}
	verdict := words.RehearsalVerdict(a)
	if r.OK() {
		verdict += ", after " + words.Latency(r.Took)
	}
	fact("result", verdict)
	fact("reason", r.Reason)
	fact("in", r.At.String())
	fact("reads", words.Reading(r))
	fact("you", words.OwnWouldBan(s))
	const most = 20
	if a.Bans() {
		would := words.Some(r.WouldBan, most)
		if would == "" {
			would = "nobody"
		}
		fact("bans now", would)
	}
	fact("failing", words.FailingNow(r, most))
	fact("ports", r.Ports)
	fact("actions", words.Some(r.Actions, most))
	fact("left out", words.Without(r))
	fact("also appear", words.Some(r.Appear, most))
	fact("also vanish", words.Some(r.Vanish, most))
	fact("also change", words.Some(r.Change, most))
	fact("server", words.ServerWide(r))
	fact("set by hand", words.ByHand(r))
	fact("refused", a.Reason)
	fact("next", a.Hint)
	_, err := io.WriteString(w, b.String())
	return err
}

// CatalogueJail is a jail of the configuration, under names that stay.
type CatalogueJail struct {
	Name    string   `json:"name"`
	State   string   `json:"state"`
	Running bool     `json:"running"`
	Enabled bool     `json:"enabled"`
	Banned  *int     `json:"banned"`  // null where it does not run
	Said    string   `json:"said_in"` // file and line that last says whether it is enabled
	Files   []string `json:"files"`
	Filter  string   `json:"filter"`
	Backend string   `json:"backend"`
	Port    string   `json:"port"`
	LogPath []string `json:"logpath"`
	Fault   string   `json:"fault"`
}

// ConfFault is something in the configuration that cannot be read.
type ConfFault struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Reason string `json:"reason"`
}

// JailsJSON writes the catalogue of the configuration as JSON.
func JailsJSON(w io.Writer, s model.State, rows []model.CatalogueRow) error {
	out := struct {
		Jails  []CatalogueJail `json:"jails"`
		Faults []ConfFault     `json:"faults"`
	}{[]CatalogueJail{}, []ConfFault{}}
	for _, r := range rows {
		j := CatalogueJail{Name: r.Name, State: string(r.State), Running: r.Running, Enabled: r.Enabled, Said: r.Said.String(), Files: list(r.Files),
			Filter: r.Filter, Backend: r.Backend, Port: r.Port, LogPath: list(r.LogPath), Fault: r.Fault}
		if r.Running {
			j.Banned = &r.Live.Banned
		}
		out.Jails = append(out.Jails, j)
	}
	for _, f := range s.Catalogue.Conf.Faults {
		out.Faults = append(out.Faults, ConfFault{f.File, f.Line, f.Reason})
	}
	return writeJSON(w, out)
}

// JailsText writes the catalogue of the configuration for people.
func JailsText(w io.Writer, door safetext.Door, rows []model.CatalogueRow) error {
	lines := [][]string{{"JAIL", "STATE", "BANNED", "PORT", "READS", "ENABLED BY"}}
	for _, r := range rows {
		banned := ""
		if r.Running {
			banned = words.Count(r.Live.Banned)
		}
		lines = append(lines, []string{r.Name, string(r.State), banned, r.Port, words.Reads(r), r.Said.String()})
	}
	return columns(w, door, lines)
}

// Faults writes what is wrong with the configuration, a line each.
func Faults(w io.Writer, door safetext.Door, faults []fail2ban.ConfFault) error {
	var b strings.Builder
	for _, f := range faults {
		b.WriteString(string(door.Text(f.Place.String()+": "+f.Reason)) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
