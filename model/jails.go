package model

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/quote"
)

// Review is whether a jail that has no action is meant to have none.
type Review struct {
	Jail  string
	Known bool // the configuration was asked
	Meant bool // and gives it none
}

// jailState is what a jail's own facts say (X4, X12). One that has no action is
// taken for well until the configuration was asked whether that is meant so.
func (r Runtime) jailState(j fail2ban.Jail) JailState {
	if !j.HasSource() {
		return JailNotStarted
	}
	if len(j.Actions) > 0 {
		return JailOK
	}
	if i := r.reviewOf(j.Name); i >= 0 && r.Reviews[i].Known && !r.Reviews[i].Meant {
		return JailNoAction
	}
	return JailOK
}

func (r Runtime) reviewOf(jail string) int {
	return slices.IndexFunc(r.Reviews, func(v Review) bool { return v.Jail == jail })
}

// unreviewed tells whether there is a jail without actions that the
// configuration was not asked about.
func (r Runtime) unreviewed() bool {
	return slices.ContainsFunc(r.Reviews, func(v Review) bool { return !v.Known })
}

// review takes note of what the configuration says about jails without actions.
// Where it cannot be read, they are taken for those that lost them.
func (r Runtime) review(c ConfigurationRead) Runtime {
	reviews := slices.Clone(r.Reviews)
	for i, v := range reviews {
		j, ok := c.find(v.Jail)
		reviews[i].Known, reviews[i].Meant = true, c.Reason == "" && ok && j.Actions == 0
	}
	r.Reviews = reviews
	return r
}

// jailStates judges each jail, and tells of those that stopped doing their
// work, or do it again (X4, X12).
func jailStates(r Runtime, res *result) (Runtime, []Event) {
	if !res.status.Kind.Up() {
		return r, nil
	}
	var reviews []Review
	for _, j := range res.status.Jails {
		if len(j.Actions) > 0 {
			continue
		}
		v := Review{Jail: j.Name}
		if i := r.reviewOf(j.Name); i >= 0 {
			v = r.Reviews[i]
		}
		reviews = append(reviews, v)
	}
	r.Reviews = reviews
	was := r.Seen
	if res.fresh {
		was = ServerStatus{}
	}
	var events []Event
	res.status, events = r.judge(res.status, was, res.Finished)
	return r, events
}

// judge gives each jail its state, and the server its kind: degraded where some
// jail is lost or does not do its work.
func (r Runtime) judge(status, was ServerStatus, now time.Time) (ServerStatus, []Event) {
	var events []Event
	status.Jails = slices.Clone(status.Jails)
	for i, j := range status.Jails {
		j.State = r.jailState(j.Jail)
		status.Jails[i] = j
		before := JailOK
		if old, ok := was.Jail(j.Name); ok {
			before = old.State
		}
		switch {
		case j.State != JailOK && j.State != before:
			events = append(events, Event{At: now, Kind: JailBad, Jail: j.Name, Note: string(j.State)})
		case j.State == JailOK && before != JailOK:
			events = append(events, Event{At: now, Kind: JailMended, Jail: j.Name})
		}
	}
	status.Kind, status.Reason, status.Hint = Online, "", ""
	bad := sick(status.Jails)
	if lost := r.LostJails(); len(lost) > 0 || len(bad) > 0 {
		status.Kind = Degraded
		status.Reason, status.Hint = diagnosis(lost, bad), r.advice(lost, bad)
	}
	return status, events
}

// rejudge judges the newest status again, after something else than a result
// changed how its jails stand.
func (r Runtime) rejudge(now time.Time) (Runtime, []Event) {
	if !r.Server.Kind.Up() {
		return r, nil
	}
	was := r.Server
	status, events := r.judge(r.Server, was, now)
	if status.Kind != was.Kind {
		status.Since = now
	}
	r.Server, r.Decisive, r.Seen = status, status, status
	return r, events
}

// Bare are the jails that lost their actions (X12).
func (r Runtime) Bare() []string {
	var out []string
	for _, j := range r.Server.Jails {
		if j.State == JailNoAction {
			out = append(out, j.Name)
		}
	}
	return out
}

// sick are the jails that do not do their work.
func sick(jails []Jail) []Jail {
	var bad []Jail
	for _, j := range jails {
		if j.State != JailOK {
			bad = append(bad, j)
		}
	}
	return bad
}

// diagnosis says in words what is wrong with the jails.
func diagnosis(lost []Lost, bad []Jail) string {
	var parts []string
	if len(lost) > 0 {
		names := make([]string, len(lost))
		for i, l := range lost {
			names[i] = l.Jail
		}
		parts = append(parts, naming(names)+": "+string(JailLost))
	}
	for _, state := range []JailState{JailNotStarted, JailNoAction} {
		var names []string
		for _, j := range bad {
			if j.State == state {
				names = append(names, j.Name)
			}
		}
		if len(names) > 0 {
			parts = append(parts, naming(names)+": "+string(state))
		}
	}
	return strings.Join(parts, "; ")
}

// Unwell says in words which of the listed jails do not do their work, "" where
// all do.
func (r Runtime) Unwell() string { return diagnosis(nil, sick(r.Server.Jails)) }

// naming names jails, or says how many there are.
func naming(names []string) string {
	const most = 3
	if len(names) > most {
		return strconv.Itoa(len(names)) + " jails"
	}
	return strings.Join(names, ", ")
}

// advice is what helps: to bring back what is lost, the command that mends the
// first jail without actions, else where to look.
func (r Runtime) advice(lost []Lost, bad []Jail) string {
	if len(lost) > 0 {
		what := "what was enabled last"
		if r.open() && r.Pending.Jail != "" {
			what = quote.Word(r.Pending.Jail)
		}
		return "mend " + what + ", or take it back, then: sudo " + r.Control + " reload"
	}
	for _, j := range bad {
		if j.State == JailNoAction { // measured on 0.11.2 to 1.1.2-dev: a plain reload loses them
			name := quote.Word(j.Name)
			return name + " bans on paper only; this mends it: sudo " + r.Control + " reload --restart " + name
		}
	}
	return bad[0].Name + " has neither log file nor journal to read; fail2ban's log says why"
}

// settle is X13: whether the jails of a server that has just started are all
// there.
func settle(r Runtime, res *result) (Runtime, []Event) {
	if !res.status.Kind.Up() {
		r.Settling = Settling{}
		return r, nil
	}
	names := res.status.Names()
	switch {
	case res.fresh:
		r.Settling = Settling{Since: res.Finished, Still: res.Finished}
	case r.Settling.Since.IsZero():
	case !slices.Equal(names, res.before.Names()):
		r.Settling.Still = res.Finished
	}
	if s := r.Settling; !s.Since.IsZero() && r.settled(res, names) {
		r.Settling = Settling{}
	}
	return r, nil
}

// judged tells whether a result may be judged by its jails: the server answers
// and is settled.
func (r Runtime) judged(res *result) bool {
	return res.status.Kind.Up() && r.Settling.Since.IsZero()
}

// settled tells whether a server that has started may be judged by its jails.
func (r Runtime) settled(res *result, names []string) bool {
	s := r.Settling
	switch {
	case r.Judged && len(r.absent(names)) == 0:
		return true
	case res.Finished.Sub(s.Still) >= settleStill, res.Finished.Sub(s.Since) >= settleMost:
		return true
	case res.before.Kind == Unknown && !res.Since.IsZero():
		// bantop has just started, the server has not.
		return res.Finished.Sub(res.Since) >= settleMost
	case res.before.Kind == Unknown:
		return len(names) > 0
	default:
		return false
	}
}

// expect adds to the jails that should be there those that are. At first that
// is every jail; later one that has nothing to read has never started.
func (r Runtime) expect(jails []Jail) Runtime {
	expected := slices.Clone(r.Expected)
	for _, j := range jails {
		if !r.Judged || j.HasSource() {
			if at, ok := slices.BinarySearch(expected, j.Name); !ok {
				expected = slices.Insert(expected, at, j.Name)
			}
		}
	}
	r.Expected, r.Judged = expected, true
	return r
}

// Uptime is how long the server has run, 0 where that is not known.
func (s ServerStatus) Uptime(now time.Time) time.Duration {
	if s.Boot.IsZero() {
		return 0
	}
	return max(0, now.Sub(s.Boot))
}
