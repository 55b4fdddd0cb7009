package model

import (
	"slices"
	"strings"
	"time"

	"bantop/fail2ban"
)

// Lost is a jail that should be there and is not (X3).
type Lost struct {
	Jail  string
	Since time.Time // when it was first missed
	Sure  bool      // the configuration still enables it, or cannot be read
}

// ConfigurationRead is what fail2ban's configuration says now: the result of
// ReadConfiguration.
type ConfigurationRead struct {
	Started, At time.Time
	Jails       []ConfiguredJail // that it enables, sorted
	Faulty      []string         // that it enables and that cannot be set up
	Reason      string           // why it could not be read; "" where it was
}

// ConfiguredJail is a jail as the configuration has it.
type ConfiguredJail struct {
	Name    string
	Actions int // how many it is given
}

// enables tells whether the configuration wants a jail to run.
func (c ConfigurationRead) enables(jail string) bool {
	_, ok := c.find(jail)
	return ok || slices.Contains(c.Faulty, jail)
}

func (c ConfigurationRead) find(jail string) (ConfiguredJail, bool) {
	i, ok := slices.BinarySearchFunc(c.Jails, jail, func(j ConfiguredJail, name string) int { return strings.Compare(j.Name, name) })
	if !ok {
		return ConfiguredJail{}, false
	}
	return c.Jails[i], true
}

// missing is the first half of X3: which jails should be there and are not. A
// jail that is missed for the first time is not called lost before the
// configuration has been asked: it may have been removed on purpose.
func missing(r Runtime, res *result) (Runtime, []Event) {
	if !r.judged(res) {
		return r, nil
	}
	names := res.status.Names()
	var lost []Lost
	var events []Event
	for _, l := range r.Lost {
		if _, back := slices.BinarySearch(names, l.Jail); !back {
			lost = append(lost, l)
		} else if l.Sure {
			events = append(events, Event{At: res.Finished, Kind: JailBack, Jail: l.Jail})
		}
	}
	for _, name := range r.absent(names) {
		if !slices.ContainsFunc(lost, func(l Lost) bool { return l.Jail == name }) {
			lost = append(lost, Lost{Jail: name, Since: res.Finished})
		}
	}
	slices.SortFunc(lost, func(a, b Lost) int { return strings.Compare(a.Jail, b.Jail) })
	r.Lost = lost
	r = r.expect(res.status.Jails)
	r, more := r.found(res.Finished)
	return r, append(events, more...)
}

// found makes a pending of lost jails recovered when none is lost any more.
func (r Runtime) found(now time.Time) (Runtime, []Event) {
	if len(r.Lost) > 0 || !r.open() || r.Pending.Kind != PendingLost {
		return r, nil
	}
	r = r.recovered()
	return r, []Event{{At: now, Kind: Recovered, Jail: r.Pending.Jail, Note: strings.Join(r.Pending.Lost, ", ")}}
}

// unsure are the missing jails that the configuration has not been asked about.
func (r Runtime) unsure() []Lost {
	var out []Lost
	for _, l := range r.Lost {
		if !l.Sure {
			out = append(out, l)
		}
	}
	return out
}

// LostJails are the jails that are lost for certain.
func (r Runtime) LostJails() []Lost {
	var out []Lost
	for _, l := range r.Lost {
		if l.Sure {
			out = append(out, l)
		}
	}
	return out
}

// Rows are the jails to show: those that the server lists (or last listed), and
// those that should be there and are not. The latter have no counts.
func (r Runtime) Rows() []Jail {
	rows := slices.Clone(r.Seen.Jails)
	add := func(name string, state JailState) {
		if at, ok := slices.BinarySearchFunc(rows, name, func(j Jail, name string) int { return strings.Compare(j.Name, name) }); !ok {
			rows = slices.Insert(rows, at, Jail{Jail: fail2ban.Jail{Name: name}, State: state})
		}
	}
	for _, l := range r.LostJails() {
		add(l.Jail, JailLost)
	}
	for _, a := range r.Awaited {
		if a.Skipped {
			add(a.Jail, JailSkippedOver)
		}
	}
	return rows
}

// Listed tells whether the server lists a jail in that state.
func (s JailState) Listed() bool { return s != JailLost && s != JailSkippedOver }

// configurationRead is the second half of X3, and X12: what is missing and no
// longer enabled was removed on purpose; the rest is lost. A jail that the
// configuration gives no action is none that lost them.
func (r Runtime) configurationRead(c ConfigurationRead) (Runtime, []Event) {
	r = r.review(c).unblame(c)
	var events []Event
	var lost []Lost
	var grown []string
	for _, l := range r.Lost {
		switch {
		case l.Since.After(c.Started): // missed after the reading began
			lost = append(lost, l)
		case c.Reason == "" && !c.enables(l.Jail):
			events = append(events, Event{At: c.At, Kind: JailRemoved, Jail: l.Jail})
			r = r.forget(l.Jail)
		default:
			if !l.Sure {
				grown = append(grown, l.Jail)
			}
			l.Sure = true
			lost = append(lost, l)
		}
	}
	r.Lost = lost
	r, more := r.grow(grown, c)
	events = append(events, more...)
	r, more = r.found(c.At)
	events = append(events, more...)
	r, more = r.rejudge(c.At)
	return r, append(events, more...)
}

// forget takes a jail out of those that should be there, and out of the pending
// that misses it; a pending that is left with no jail goes.
func (r Runtime) forget(jail string) Runtime {
	r.Expected = without(r.Expected, jail)
	if r.Pending == nil || r.Pending.Kind != PendingLost || !slices.Contains(r.Pending.Lost, jail) {
		return r
	}
	p := *r.Pending
	if p.Lost = without(p.Lost, jail); len(p.Lost) == 0 {
		r.Pending = nil
	} else {
		r.Pending = &p
	}
	return r
}

// grow tells of jails that were lost, and makes the pending: blamed on the
// newest activation inside the window, else on nobody. An open pending of lost
// jails takes them in; an open crash stays as it is (R5).
func (r Runtime) grow(jails []string, c ConfigurationRead) (Runtime, []Event) {
	if len(jails) == 0 {
		return r, nil
	}
	r.Outage++
	var since time.Time
	for _, l := range r.Lost {
		if slices.Contains(jails, l.Jail) && (since.IsZero() || l.Since.Before(since)) {
			since = l.Since
		}
	}
	event := Event{At: since, Kind: JailsLost, Note: strings.Join(jails, ", ")}
	if r.open() {
		if r.Pending.Kind == PendingLost {
			p := *r.Pending
			p.Lost = union(p.Lost, jails)
			r.Pending = &p
		}
		return r, []Event{event}
	}
	p := Pending{PendingID: PendingID{Kind: PendingLost, Outage: r.Outage}, DetectedAt: since, Lost: jails, Reload: r.Reload}
	if a, _, blamed, _ := r.Blame.suspect(since, r.Window); blamed {
		p.Jail, p.ActivatedAt = a.Jail, a.At
		p.Also = r.Blame.others(a, since, r.Window)
		event.Jail = a.Jail
	}
	r, _ = r.pend(p)
	return r, []Event{event}
}

// dismissLost takes what is there for what should be.
func (r Runtime) dismissLost() Runtime {
	r.Expected = r.Seen.Names()
	r.Lost = nil
	return r
}

// reload takes note of the newest reload that the log tells of, and of the
// newest error after it: what X3 says beside the jails that are gone.
func reload(r Runtime, res *result) (Runtime, []Event) {
	for _, n := range res.Log {
		switch {
		case n.Kind == fail2ban.LogReload && n.At.After(r.Reload.At):
			r.Reload = Reload{At: n.At, Jail: n.Jail}
		case n.Kind == fail2ban.LogError && !n.At.Before(r.Reload.At) && !r.Reload.At.IsZero() && r.Reload.Error == "":
			r.Reload.Error = fail2ban.OneLine(n.Text)
		}
	}
	return r, nil
}

// Reload is a reload that fail2ban's log tells of.
type Reload struct {
	At    time.Time
	Jail  string // "" where all were reloaded
	Error string // the first error after it
}

func without(list []string, s string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(x string) bool { return x == s })
}

// minus is a list without those of another.
func minus(list, those []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(x string) bool { return slices.Contains(those, x) })
}

// union is both lists, sorted and each once.
func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
