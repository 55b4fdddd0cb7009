// Package plain shows the State without a terminal: as JSON for programs, as
// text for people, or through a template.
package plain

import (
	"math"
	"slices"
	"time"

	"bantop/fail2ban"
	"bantop/model"
	"bantop/tui/words"
)

// Status is what `bantop status` tells, under names that stay. Further fields
// may be added. Times are in UTC.
type Status struct {
	Host           string      `json:"host"`
	Status         string      `json:"status"` // online, starting, degraded, unresponsive, blocked, offline, unknown
	Since          *time.Time  `json:"since"`  // since when it is so, as far as bantop saw; null before it looked
	Version        string      `json:"version"`
	LatencyMS      float64     `json:"latency_ms"`
	Reason         string      `json:"reason"`     // why it is not online; "" where it is
	StoppedAt      *time.Time  `json:"stopped_at"` // when it was stopped in order, which is no crash; null if it is up, or not known
	Hint           string      `json:"hint"`       // the next command
	Jails          []Jail      `json:"jails"`
	Lost           []string    `json:"lost"`
	Totals         Counts      `json:"totals"`
	LastActivation *Activation `json:"last_activation"`
	Pending        *Pending    `json:"pending"`
	Change         *Change     `json:"change"` // of the jails, that is under way
	Shared         bool        `json:"shared"` // other instances see the same state
}

// Jail is one jail of a Status. The counts of one that is not listed (lost or
// skipped) are null.
type Jail struct {
	Name        string   `json:"name"`
	State       string   `json:"state"` // ok, lost, not started, no action, skipped
	Banned      *int     `json:"banned"`
	TotalBanned *int     `json:"total_banned"`
	Failing     *int     `json:"failing"`
	TotalFailed *int     `json:"total_failed"`
	Files       []string `json:"files"`
	Journal     []string `json:"journal"`
	Actions     []string `json:"actions"`
}

// Counts are the sums of all jails.
type Counts struct {
	Banned      int `json:"banned"`
	TotalBanned int `json:"total_banned"`
	Failing     int `json:"failing"`
	TotalFailed int `json:"total_failed"`
}

// Activation is a jail that was switched on.
type Activation struct {
	Jail   string    `json:"jail"`
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	TTY    string    `json:"tty"`
	Source string    `json:"source"`
}

// Pending is a recovery that somebody should see to.
type Pending struct {
	Kind        string     `json:"kind"`
	Jail        *string    `json:"jail"`
	Lost        []string   `json:"lost"`
	ActivatedAt *time.Time `json:"activated_at"`
	DetectedAt  time.Time  `json:"detected_at"`
	Recovered   bool       `json:"recovered"`
}

// Of is the Status of a State.
func Of(s model.State) Status {
	r := s.Runtime
	server := r.Server
	out := Status{
		Host:      s.Host,
		Status:    words.Status(r),
		Since:     moment(server.Since),
		Version:   server.Version,
		LatencyMS: math.Round(server.Latency.Seconds()*1e6) / 1e3,
		Reason:    server.Reason,
		StoppedAt: moment(server.Stopped),
		Hint:      server.Hint,
		Jails:     []Jail{},
		Lost:      []string{},
		Totals:    counts(server.Totals),
		Shared:    s.Sharing.Shared,
	}
	if server.Kind.Up() {
		for _, j := range r.Rows() {
			out.Jails = append(out.Jails, jail(j))
		}
	}
	for _, l := range r.LostJails() {
		out.Lost = append(out.Lost, l.Jail)
	}
	if a, ok := r.Blame.Last(); ok {
		out.LastActivation = &Activation{Jail: a.Jail, At: a.At.UTC(), By: a.By, TTY: a.TTY, Source: a.Source}
	}
	if c, under := r.UnderWay(); under {
		out.Change = change(c)
	}
	if p := r.Pending; p != nil {
		out.Pending = &Pending{
			Kind: string(p.Kind), Lost: list(p.Lost), ActivatedAt: moment(p.ActivatedAt),
			DetectedAt: p.DetectedAt.UTC(), Recovered: p.Recovered,
		}
		if p.Jail != "" {
			out.Pending.Jail = &p.Jail
		}
	}
	return out
}

func jail(j model.Jail) Jail {
	out := Jail{Name: j.Name, State: string(j.State), Files: list(j.Files), Journal: list(j.Journal), Actions: list(j.Actions)}
	if j.State.Listed() {
		c := j.Counts
		out.Banned, out.TotalBanned, out.Failing, out.TotalFailed = &c.Banned, &c.TotalBanned, &c.Failing, &c.TotalFailed
	}
	return out
}

func counts(c fail2ban.Counts) Counts {
	return Counts{Banned: c.Banned, TotalBanned: c.TotalBanned, Failing: c.Failing, TotalFailed: c.TotalFailed}
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// list is a copy that is never null.
func list(s []string) []string { return append([]string{}, slices.Clone(s)...) }

// The exit codes of `bantop status`.
const (
	ExitOnline   = 0
	ExitDegraded = 1 // some jails do not do their work, or a recovery is pending
	ExitOffline  = 2
	ExitUnknown  = 3 // it cannot be known: no permission, no answer
)

// ExitCode is what `bantop status` ends with: offline goes over a pending
// recovery, and a pending that is recovered counts as none.
func ExitCode(s model.State) int {
	r := s.Runtime
	switch {
	case r.Server.Kind == model.Offline:
		return ExitOffline
	case !r.Server.Kind.Decisive():
		return ExitUnknown
	case r.Server.Kind == model.Degraded, r.Pending != nil && !r.Pending.Recovered:
		return ExitDegraded
	default:
		return ExitOnline
	}
}
