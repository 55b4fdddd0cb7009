package words

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"bantop/fail2ban"
	"bantop/model"
)

// did is what somebody did, by kind: "lukas activated nginx-x".
var did = map[model.ChangeKind]string{
	model.ChangeActivate: "activated", model.ChangeDeactivate: "deactivated", model.ChangeEdit: "changed", model.ChangeSetAside: "set aside a file of",
	model.ChangeRevert: "took back a change of",
}

// doing is what somebody does.
var doing = map[model.ChangeKind]string{
	model.ChangeActivate: "activates", model.ChangeDeactivate: "deactivates", model.ChangeEdit: "changes", model.ChangeSetAside: "sets aside a file of",
	model.ChangeRevert: "takes back a change of",
}

// stepDoes is what each step of a change does.
var stepDoes = map[model.ChangeStep]string{
	model.StepWrite: "write the file", model.StepReload: "reload fail2ban", model.StepProve: "prove that every jail runs",
	model.StepConfirm: "wait for somebody to confirm it", model.StepRestore: "put the file back", model.StepReloadBack: "reload fail2ban again",
	model.StepProveBack: "prove that every jail and its bans are back", model.StepRestart: "restart fail2ban",
}

// Step is what a step of a change does.
func Step(s model.ChangeStep) string { return stepDoes[s] }

// rehearsalDoes is what each step of a rehearsal does.
var rehearsalDoes = map[fail2ban.RehearsalStep]string{
	fail2ban.RehearseCopy: "copy the configuration", fail2ban.RehearseTest: "let fail2ban test the copy",
	fail2ban.RehearseStart: "start a scratch server", fail2ban.RehearseRead: "let it read the jail's log",
}

// RehearsalStep is what a step of a rehearsal does.
func RehearsalStep(s fail2ban.RehearsalStep) string { return rehearsalDoes[s] }

// ChangeShown is how long a change that ended is told of.
const ChangeShown = 5 * time.Minute

// Change is what there is to know about the change that is under way, or that
// ended a while ago; "" where there is nothing.
func Change(r model.Runtime, now time.Time) string {
	c := r.Change
	if c == nil {
		return ""
	}
	who, file := c.Person(), c.File.Dir+"/"+c.File.Name
	done, does := did[c.Kind]+" "+c.Jail, doing[c.Kind]+" "+c.Jail
	switch {
	case c.Jail != "":
	case c.Kind == model.ChangeSetAside:
		done, does = "set aside "+file, "sets aside "+file
	default:
		done, does = did[c.Kind]+" "+file, doing[c.Kind]+" "+file
	}
	switch c.Step {
	case model.StepConfirm:
		if over := now.Sub(c.Deadline); over > 5*time.Second { // until then its guard is about to say so
			return fmt.Sprintf("%s %s: the time to confirm it ended %s ago, and its guard has not said what it did",
				who, done, Span(over))
		}
		return fmt.Sprintf("%s %s: confirm it within %s, or it is rolled back", who, done, Span(c.Deadline.Sub(now)))
	case model.StepConfirmed:
		if now.Sub(c.Since) > ChangeShown {
			return ""
		}
		return fmt.Sprintf("%s %s; %s%s", who, done, confirmed(c, r), Kept(c.Kept, c.Lost))
	case model.StepTakenBack:
		if now.Sub(c.Since) > ChangeShown {
			return ""
		}
		return takenBack(c, who, done) + Kept(c.Kept, c.Lost)
	case model.StepStuck:
		return fmt.Sprintf("%s %s; not rolled back completely: %s (%s)", who, done, LastFault(*c), file)
	}
	if c.Why != "" && c.Waiting != "" {
		return fmt.Sprintf("%s %s; it is rolled back, which waits: %s", who, done, c.Waiting)
	}
	if c.Why != "" {
		return fmt.Sprintf("%s %s; it is rolled back (%s): %s", who, done, Step(c.Step), c.Why)
	}
	return fmt.Sprintf("%s %s: %s", who, does, Step(c.Step))
}

// confirmed says who confirmed a change, or what was proven instead: every jail that the
// change was to bring and all that ran before. Jails that went with a file that was set
// aside, or are lost still, are named.
func confirmed(c *model.Change, r model.Runtime) string {
	if c.EndedBy != "" {
		return "confirmed by " + c.EndedBy
	}
	unguarded := r.Unguarded(*c)
	switch {
	case len(unguarded) == 0:
		return "every jail is proven to run"
	case len(c.Gains) == 0:
		return "unguarded: " + List(unguarded)
	default:
		return List(c.Gains) + " proven to run; unguarded: " + List(unguarded)
	}
}

// Kept tells what was set by hand and was put back after a reload or restart, and what
// was not; "" if there was nothing.
func Kept(kept, lost []string) string {
	const most = 5
	text := ""
	if len(kept) > 0 {
		text = ". Set by hand, and put back: " + Some(kept, most)
	}
	if len(lost) > 0 {
		text += ". Set by hand, and lost: " + Some(lost, most)
	}
	return text
}

// LastFault is why the newest step that failed did.
func LastFault(c model.Change) string {
	for _, d := range slices.Backward(c.Done) {
		if d.Reason != "" {
			return d.Reason
		}
	}
	return c.Why
}

// ChangeQuestion names what a change will do.
func ChangeQuestion(s model.State) string {
	p, r := s.Preparing, s.Preparing.Rehearsal
	confirm := "within " + Span(s.InForce().ActivationConfirm) + " you confirm it, or it is rolled back."
	var text string
	switch p.Kind {
	case model.ChangeActivate:
		text = "Activate " + p.Jail + "? "
		if n := len(r.WouldBan); n > 0 {
			text += "It bans " + addresses(n) + " at once. "
		}
	case model.ChangeDeactivate:
		text = "Deactivate " + p.Jail + "? "
		if row, ok := s.CatalogueRow(p.Jail); ok && row.Live.Banned > 0 {
			text += "Its " + Plural(row.Live.Banned, "ban") + " end. "
		}
	case model.ChangeEdit:
		text = "Apply the change of " + p.Jail + "? "
	case model.ChangeRevert:
		text = revertQuestion(p)
	case model.ChangeSetAside:
		var renames []string
		for _, f := range p.Files() {
			renames = append(renames, f.Dir+"/"+f.Name+" to "+f.Aside)
		}
		text = "Rename " + List(renames) + ", and reload fail2ban?"
		if loose := p.Loose(); len(loose) > 0 {
			text += " Unguarded afterwards: " + List(loose) + "."
		}
		return text
	}
	return text + "fail2ban is reloaded; " + confirm
}

func addresses(n int) string {
	if n == 1 {
		return "1 address"
	}
	return Count(n) + " addresses"
}

// OwnWouldBan warns of own addresses that the rehearsed jail would ban; "" where
// there are none.
func OwnWouldBan(s model.State) string {
	own := s.OwnBanned()
	if len(own) == 0 {
		return ""
	}
	return "It would ban " + own[0].Addr.String() + ", from where " + somebody(own[0].Who) + " is logged in"
}

// verdicts are what a rehearsal found, in words.
var verdicts = map[fail2ban.Verdict]string{
	fail2ban.VerdictReady: "it loads", fail2ban.VerdictNoLog: "what it is to read is not there",
	fail2ban.VerdictNoFilter: "its filter is not there", fail2ban.VerdictNoAction: "its action is not there",
	fail2ban.VerdictRegex: "its filter does not work", fail2ban.VerdictSyntax: "the configuration cannot be read",
	fail2ban.VerdictRefused: "fail2ban refuses it", fail2ban.VerdictTooSlow: "it does not load in time",
	fail2ban.VerdictImpossible: "it cannot be rehearsed here",
}

// RehearsalVerdict is what the rehearsal of a change found.
func RehearsalVerdict(p model.Preparing) string {
	switch r := p.Rehearsal; {
	case r.Verdict == fail2ban.VerdictReady && p.Kind == model.ChangeDeactivate:
		return "only this jail goes"
	case r.Verdict == fail2ban.VerdictReady && p.Kind == model.ChangeRevert && !p.On:
		return "fail2ban loads it"
	default:
		return verdicts[r.Verdict]
	}
}

// Reading says how much of its log a rehearsed jail has read, and what it found.
func Reading(r fail2ban.Rehearsal) string {
	var parts []string
	switch {
	case len(r.Files) == 0 && len(r.Journal) > 0:
		parts = append(parts, "the journal: "+strings.Join(r.Journal, " "))
	case len(r.Files) > 0:
		parts = append(parts, strings.Join(r.Files, ", "))
	}
	if r.Lines > 0 || r.LinesRead > 0 {
		read := Plural(r.LinesRead, "line") + " read"
		if !r.AllRead && r.Lines > 0 {
			read = fmt.Sprintf("%d %% of %s read", min(99, r.LinesRead*100/r.Lines), Plural(r.Lines, "line"))
		}
		parts = append(parts, read)
	}
	if r.Matched > 0 {
		parts = append(parts, Plural(r.Matched, "failure"))
	}
	return strings.Join(parts, "; ")
}

// ServerWide tells what a reload would change for the server as a whole.
func ServerWide(r fail2ban.Rehearsal) string {
	out := make([]string, len(r.Server))
	for i, c := range r.Server {
		out[i] = c.Option + " " + c.Has + " → " + c.Gets
	}
	return strings.Join(out, ", ")
}

// ByHand tells what was set by hand, which a reload drops.
func ByHand(r fail2ban.Rehearsal) string {
	if len(r.ByHand) == 0 {
		return ""
	}
	const most = 5
	return Some(r.ByHand, most) + "; put back after the reload"
}

// FailingNow names who has failed without being banned, with how often.
func FailingNow(r fail2ban.Rehearsal, most int) string {
	var out []string
	for _, f := range r.Failing[:min(most, len(r.Failing))] {
		out = append(out, fmt.Sprintf("%s (%d of %d)", f.Address, f.Failures, r.MaxRetry))
	}
	if more := len(r.Failing) - most; more > 0 {
		out = append(out, Count(more)+" more")
	}
	return strings.Join(out, ", ")
}

// Some names the first of many, and how many more there are.
func Some(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + " and " + Count(len(names)-most) + " more"
}

// CatalogueSum counts the jails of the configuration by what they do.
func CatalogueSum(rows []model.CatalogueRow) string {
	n := make(map[string]int)
	for _, r := range rows {
		switch {
		case r.State == model.JailOK:
			n["run"]++
		case r.State == model.JailInactive:
			n["inactive"]++
		case r.State == model.JailUnknown:
			n["unknown"]++
		default:
			n["bad"]++
		}
	}
	text := Plural(len(rows), "jail") + ": " + Count(n["run"]) + " running, " + Count(n["inactive"]) + " inactive"
	if n["unknown"] > 0 {
		text += ", " + Count(n["unknown"]) + " of which that is not known"
	}
	if n["bad"] > 0 {
		text += ", " + Count(n["bad"]) + " that should run and do not"
	}
	return text
}

// SurveySum says how far a survey is, or what it found.
func SurveySum(v model.Survey, now time.Time) string {
	ready := 0
	for _, r := range v.Found {
		if r.OK() {
			ready++
		}
	}
	if v.Running() {
		text := fmt.Sprintf("rehearsed %d of %d", len(v.Found), v.Of)
		if n := len(v.Found); n > 0 {
			text += ", " + Span(now.Sub(v.Began)*time.Duration(v.Of-n)/time.Duration(n)) + " left"
		}
		return text + "; " + Count(ready) + " ready"
	}
	return fmt.Sprintf("rehearsed %d of %d: %s", len(v.Found), v.Of, byVerdict(v.Found))
}

// Reads is what a jail of the configuration reads: its log, else the journal; or
// why that cannot be worked out.
func Reads(r model.CatalogueRow) string {
	switch {
	case r.Fault != "":
		return r.Fault
	case strings.HasPrefix(r.Backend, "systemd"):
		return "journal"
	default:
		return strings.Join(r.LogPath, " ")
	}
}

// byVerdict counts rehearsals by what they found, what was found most first behind
// those that are ready.
func byVerdict(found []fail2ban.Rehearsal) string {
	n := map[fail2ban.Verdict]int{fail2ban.VerdictReady: 0}
	for _, r := range found {
		n[r.Verdict]++
	}
	verdicts := slices.Collect(maps.Keys(n))
	slices.SortFunc(verdicts, func(a, b fail2ban.Verdict) int {
		if a == fail2ban.VerdictReady || b == fail2ban.VerdictReady {
			return map[bool]int{true: -1, false: 1}[a == fail2ban.VerdictReady]
		}
		return cmp.Or(cmp.Compare(n[b], n[a]), cmp.Compare(a, b))
	})
	var out []string
	for _, v := range verdicts {
		out = append(out, Count(n[v])+" "+string(v))
	}
	return strings.Join(out, ", ")
}

// Without says which settings of the jail a rehearsal left out, and so what it may be
// wrong about; "" where it left out none.
func Without(r fail2ban.Rehearsal) string {
	if len(r.Without) == 0 {
		return ""
	}
	return List(r.Without) + ", which would reach beyond the rehearsal: whom the jail bans may differ by that"
}
