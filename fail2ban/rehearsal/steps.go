package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"bantop/fail2ban"
	"bantop/fail2ban/confdir"
	"bantop/fail2ban/control"
)

// copy copies the configuration, with the changed file in it.
func (r *Run) copy(context.Context) fail2ban.RehearsalStep {
	if r.opts.File != filepath.Base(r.opts.File) {
		return r.impossible(fmt.Errorf("%q is no name of a file", r.opts.File))
	}
	var err error
	if r.folder, err = newFolder(r.opts.Dir); err != nil {
		return r.impossible(err)
	}
	if r.trial, err = confdir.CopyInto(r.opts.Conf, r.folder.path); err == nil {
		err = r.trial.Put(confdir.JailDir+"/"+r.opts.File, r.opts.Text)
	}
	if err != nil {
		return r.impossible(err)
	}
	return fail2ban.RehearseTest
}

// impossible ends a rehearsal of which nothing can be said.
func (r *Run) impossible(err error) fail2ban.RehearsalStep {
	reason := err.Error()
	if hint := confdir.Hint(err); hint != "" {
		reason += "; " + hint
	}
	return r.end(fail2ban.VerdictImpossible, reason)
}

// test asks fail2ban-client about the copy, and about the folder as it is.
func (r *Run) test(ctx context.Context) fail2ban.RehearsalStep {
	var (
		all                       sync.WaitGroup
		copied, live              control.Dump
		copyErr, liveErr, testErr error
		onCopy                    = control.New(control.Options{Program: r.opts.Program, Conf: r.trial.Dir})
	)
	all.Go(func() { copied, copyErr = onCopy.Dump(ctx) })
	all.Go(func() { testErr = onCopy.Test(ctx) })
	all.Go(func() { live, liveErr = r.control.Dump(ctx) })
	all.Wait()
	if v, reason := r.judge(copied, copyErr, testErr); v != fail2ban.VerdictNone {
		return r.end(v, reason)
	}
	if liveErr == nil && !r.opts.Many { // else the changed file mends what cannot be read without it
		if other := r.alsoChanges(live, copied); other != "" {
			return r.end(fail2ban.VerdictRefused, other)
		}
	}
	r.compare(live, liveErr == nil, copied)
	if liveErr == nil {
		r.was, _ = live.Stream() // else nothing is known to be set by hand
	}
	jail, _ := copied.Jail(r.opts.Jail)
	r.known.Actions = jail.Actions
	if r.opts.Skip {
		return r.end(fail2ban.VerdictReady, "")
	}
	var err error
	if r.stream, err = copied.Stream(); err != nil {
		return r.impossible(err)
	}
	if !r.opts.On {
		return fail2ban.RehearseStart
	}
	if r.setup, err = jail.Setup(); err != nil {
		return r.impossible(err)
	}
	if reason := r.swallowed(); reason != "" {
		return r.end(fail2ban.VerdictRefused, reason)
	}
	return fail2ban.RehearseStart
}

// judge is what fail2ban-client says of the copy; VerdictNone where that is good.
func (r *Run) judge(d control.Dump, dumpErr, testErr error) (fail2ban.Verdict, string) {
	_, there := d.Jail(r.opts.Jail)
	switch {
	case dumpErr != nil:
		return verdictOf(dumpErr)
	case r.opts.On && !there:
		for _, e := range d.Errors {
			if why, ok := strings.CutPrefix(e, "Jail '"+r.opts.Jail+"' skipped, because of wrong configuration: "); ok {
				return classify(why), why
			}
		}
		return fail2ban.VerdictRefused, fmt.Sprintf("with that file fail2ban's configuration does not enable the jail %q", r.opts.Jail)
	case !r.opts.On && there:
		return fail2ban.VerdictRefused, fmt.Sprintf("with that file fail2ban's configuration still enables the jail %q", r.opts.Jail)
	case testErr != nil && len(d.Errors) > 0: // those of other jails
		return fail2ban.VerdictRefused, d.Errors[0]
	case testErr != nil:
		return verdictOf(testErr)
	}
	return fail2ban.VerdictNone, ""
}

// alsoChanges says what the copy sets up otherwise than the folder does, beside the
// jail; "" where that is nothing.
func (r *Run) alsoChanges(live, copied control.Dump) string {
	for _, j := range live.Jails {
		other, ok := copied.Jail(j.Name)
		switch {
		case j.Name == r.opts.Jail:
		case !ok:
			return fmt.Sprintf("with that file jail %q would be gone, too", j.Name)
		case len(other.Lines) != len(j.Lines):
			return fmt.Sprintf("with that file jail %q would change, too", j.Name)
		default:
			for i, line := range j.Lines {
				if r.trial.InPlace(other.Lines[i]) != line {
					return fmt.Sprintf("with that file jail %q would change, too: %.120q", j.Name, r.inPlace(other.Lines[i]))
				}
			}
		}
	}
	for _, j := range copied.Jails {
		if _, ok := live.Jail(j.Name); !ok && j.Name != r.opts.Jail {
			return fmt.Sprintf("with that file jail %q would come, too", j.Name)
		}
	}
	return ""
}

// compare finds what else a reload would do to what runs. A jail whose actions are
// others has none at all after a plain reload (1.0.2 and 1.1.0); one action with
// other options is no such change.
func (r *Run) compare(live control.Dump, readable bool, copied control.Dump) {
	runs := make(map[string][]string)
	for _, j := range r.opts.Live {
		runs[j.Name] = j.Actions
	}
	if r.opts.Live == nil {
		if !readable {
			return
		}
		for _, j := range live.Jails {
			runs[j.Name] = j.Actions
		}
	}
	for _, j := range copied.Jails {
		actions, ok := runs[j.Name]
		switch {
		case !ok && j.Name != r.opts.Jail:
			r.known.Appear = append(r.known.Appear, j.Name)
		case ok && !sameNames(actions, j.Actions):
			r.known.Change = append(r.known.Change, j.Name)
		}
	}
	for name := range runs {
		if _, ok := copied.Jail(name); !ok && name != r.opts.Jail {
			r.known.Vanish = append(r.known.Vanish, name)
		}
	}
	slices.Sort(r.known.Appear)
	slices.Sort(r.known.Vanish)
	slices.Sort(r.known.Change)
}

// sameNames compares names without their order.
func sameNames(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// inPlace makes a text about the copy one about the folder itself, in one line.
func (r *Run) inPlace(text string) string {
	if r.trial != nil {
		text = r.trial.InPlace(text)
	}
	return strings.Join(strings.Fields(text), " ")
}

// verdictOf is what an error of fail2ban-client means.
func verdictOf(err error) (fail2ban.Verdict, string) {
	e, ok := errors.AsType[*control.Error](err)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fail2ban.VerdictTooSlow, err.Error()
	case !ok || e.Code < 0:
		return fail2ban.VerdictImpossible, err.Error()
	case e.Output == "":
		return fail2ban.VerdictRefused, err.Error()
	}
	return classify(e.Output), e.Output
}

// classify tells what a sentence of fail2ban's is about (1.0.2 and 1.1.0).
func classify(reason string) fail2ban.Verdict {
	for _, c := range []struct {
		says    string
		verdict fail2ban.Verdict
	}{
		{"Have not found any log file", fail2ban.VerdictNoLog},
		{"No such file or directory", fail2ban.VerdictNoLog},
		{"Unable to read the filter", fail2ban.VerdictNoFilter},
		{"Unable to read action", fail2ban.VerdictNoAction},
		{"Unable to compile regular expression", fail2ban.VerdictRegex},
		{"No failure-id group in", fail2ban.VerdictRegex},
		{"No 'host' group in", fail2ban.VerdictRegex},
		{"File contains no section headers", fail2ban.VerdictSyntax},
		{"contains parsing errors", fail2ban.VerdictSyntax},
		{"already exists", fail2ban.VerdictSyntax},
		{"Bad value substitution", fail2ban.VerdictSyntax},
		{"must be followed by", fail2ban.VerdictSyntax}, // a lone %
	} {
		if strings.Contains(reason, c.says) {
			return c.verdict
		}
	}
	return fail2ban.VerdictRefused
}
