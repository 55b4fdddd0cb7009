package words_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"bantop/model"
	"bantop/tui/words"
)

// TestDiff: what went and what came, in their order, and nothing of what stayed.
func TestDiff(t *testing.T) {
	numbers := func(n int) string { return strings.Repeat("x\n", n) }
	for _, c := range []struct {
		name, was, now string
		want           []string
	}{
		{"nothing", "", "", nil},
		{"the same", "a\nb\n", "a\nb\n", nil},
		{"new", "", "a\nb\n", []string{"+ a", "+ b"}},
		{"gone", "a\nb\n", "", []string{"- a", "- b"}},
		{"an empty line", "a\n", "a\n\n", []string{"+ "}},
		{"first", "a\nb\nc\n", "x\nb\nc\n", []string{"- a", "+ x"}},
		{"between", "a\nb\nc\n", "a\nx\nc\n", []string{"- b", "+ x"}},
		{"last", "a\nb\nc\n", "a\nb\nx\n", []string{"- c", "+ x"}},
		{"put in", "a\nc\n", "a\nb\nc\n", []string{"+ b"}},
		{"taken out", "a\nb\nc\n", "a\nc\n", []string{"- b"}},
		{"two places", "a\nb\nc\nd\ne\n", "a\nx\nc\ny\ne\n", []string{"- b", "+ x", "- d", "+ y"}},
		{"moved", "a\nb\nc\n", "b\nc\na\n", []string{"- a", "+ a"}},
		{"twice the same line", "a\na\n", "a\na\na\n", []string{"+ a"}},
		{"all another", "a\nb\n", "x\ny\n", []string{"- a", "- b", "+ x", "+ y"}},
		{"the end of the line at the end", "a\nb", "a\nb\n", nil},
		{"ends of lines", "a\r\nb\n", "a\nb\n", []string{"- a\r", "+ a"}},
		{"too long to compare", numbers(2002) + "a\n", "b\n" + numbers(1), []string{"- 2,003 lines", "+ 2 lines"}},
		{"long, and little changed", numbers(5000) + "a\n" + numbers(5000), numbers(5000) + "b\n" + numbers(5000), []string{"- a", "+ b"}},
	} {
		if got := words.Diff(c.was, c.now); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestChange: what all are told of a change, in each of its steps, and for how long
// after its end.
func TestChange(t *testing.T) {
	now := time.Date(2026, 1, 2, 14, 3, 20, 0, time.UTC)
	change := func(kind model.ChangeKind, step model.ChangeStep, edit func(*model.Change)) *model.Change {
		c := &model.Change{Plan: model.Plan{ChangeID: model.ChangeID{Kind: kind, Jail: "nginx-x"}, By: "lukas", TTY: "pts/3", File: model.FileChange{Dir: "jail.d", Name: "x.local"}},
			Step: step, Since: now, Deadline: now.Add(40 * time.Second)}
		if edit != nil {
			edit(c)
		}
		return c
	}
	back := func(c *model.Change) { c.Why = "sshd is not there" }
	for _, c := range []struct {
		change *model.Change
		later  time.Duration
		want   string
	}{
		{nil, 0, ""},
		{change(model.ChangeActivate, model.StepWrite, nil), 0, "lukas (pts/3) activates nginx-x: write the file"},
		{change(model.ChangeDeactivate, model.StepReload, nil), 0, "lukas (pts/3) deactivates nginx-x: reload fail2ban"},
		{change(model.ChangeEdit, model.StepProve, nil), 0, "lukas (pts/3) changes nginx-x: prove that every jail runs"},
		{change(model.ChangeSetAside, model.StepReload, nil), 0, "lukas (pts/3) sets aside a file of nginx-x: reload fail2ban"},
		{change(model.ChangeSetAside, model.StepReload, func(c *model.Change) { c.Jail = "" }), 0, "lukas (pts/3) sets aside jail.d/x.local: reload fail2ban"},
		{change(model.ChangeSetAside, model.StepConfirmed, func(c *model.Change) { c.Jail = "" }), 0, "lukas (pts/3) set aside jail.d/x.local; every jail is proven to run"},
		{change(model.ChangeActivate, model.StepConfirm, nil), 10 * time.Second, "lukas (pts/3) activated nginx-x: confirm it within 30s, or it is rolled back"},
		{change(model.ChangeActivate, model.StepConfirm, func(c *model.Change) { c.TTY = "" }), 42 * time.Second, "lukas activated nginx-x: confirm it within 0s, or it is rolled back"},
		{change(model.ChangeActivate, model.StepConfirm, nil), time.Minute,
			"lukas (pts/3) activated nginx-x: the time to confirm it ended 20s ago, and its guard has not said what it did"},
		{change(model.ChangeEdit, model.StepConfirmed, func(c *model.Change) { c.EndedBy = "mona" }), words.ChangeShown, "lukas (pts/3) changed nginx-x; confirmed by mona"},
		{change(model.ChangeEdit, model.StepConfirmed, nil), words.ChangeShown + 1, ""},
		{change(model.ChangeActivate, model.StepRestore, back), 0, "lukas (pts/3) activated nginx-x; it is rolled back (put the file back): sshd is not there"},
		{change(model.ChangeActivate, model.StepReloadBack, back), 0, "lukas (pts/3) activated nginx-x; it is rolled back (reload fail2ban again): sshd is not there"},
		{change(model.ChangeActivate, model.StepProveBack, back), 0, "lukas (pts/3) activated nginx-x; it is rolled back (prove that every jail and its bans are back): sshd is not there"},
		{change(model.ChangeActivate, model.StepRestart, back), 0, "lukas (pts/3) activated nginx-x; it is rolled back (restart fail2ban): sshd is not there"},
		{change(model.ChangeActivate, model.StepTakenBack, back), 0, "lukas (pts/3) wanted to activate nginx-x; nothing was changed: sshd is not there"},
		{change(model.ChangeDeactivate, model.StepTakenBack, func(c *model.Change) {
			back(c)
			c.Touched = true
		}), 0, "lukas (pts/3) deactivated nginx-x; rolled back, all jails restored: sshd is not there"},
		{change(model.ChangeDeactivate, model.StepTakenBack, back), words.ChangeShown + 1, ""},
		{change(model.ChangeActivate, model.StepStuck, back), 24 * time.Hour, "lukas (pts/3) activated nginx-x; not rolled back completely: sshd is not there (jail.d/x.local)"},
		{change(model.ChangeActivate, model.StepStuck, func(c *model.Change) {
			back(c)
			c.Done = []model.StepDone{{Step: model.StepProve, Reason: "sshd is not there"}, {Step: model.StepRestore, Reason: "no room"}, {Step: model.StepRestart}}
		}), 0, "lukas (pts/3) activated nginx-x; not rolled back completely: no room (jail.d/x.local)"},
	} {
		if got := words.Change(model.Runtime{Change: c.change}, now.Add(c.later)); got != c.want {
			t.Errorf("got  %q\nwant %q", got, c.want)
		}
	}
}
