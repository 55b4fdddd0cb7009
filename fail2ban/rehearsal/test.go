package rehearsal

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"

	"bantop/fail2ban"
	"bantop/fail2ban/confdir"
	"bantop/fail2ban/control"
)

// Already begins a reason that holds without the change as well.
const Already = "without this change, too: "

// tested is what fail2ban-client says about a configuration.
type tested struct {
	dump control.Dump
	test error // of -t
	read error // of -d
}

func (t tested) err() error {
	if t.test != nil {
		return t.test
	}
	return t.read
}

// test lets fail2ban-client test the copy, and the configuration as it is: what is
// wrong with that is no fault of the change.
func (r *Rehearsal) test(ctx context.Context) {
	now, then := r.both(ctx)
	if didNotRun(then.err()) && ctx.Err() == nil {
		r.refuse(fail2ban.VerdictImpossible, then.err().Error())
		return
	}
	if ctx.Err() != nil {
		r.tooSlow("fail2ban-client's test of the configuration")
		return
	}
	r.describe(then.dump)
	if err := then.err(); err != nil {
		reason := said(err)
		if was := now.err(); was != nil && said(was) == strings.ReplaceAll(reason, r.conf(), strings.TrimRight(r.opts.Conf, "/")) {
			r.refuse(verdict(reason), Already+reason)
			return
		}
		r.refuse(verdict(reason), reason)
		return
	}
	if !r.takesEffect(then.dump) {
		return
	}
	r.elsewhere(then.dump)
	if reason := r.swallowed(then.dump); reason != "" && r.opts.On && !r.opts.Skip {
		r.refuse(fail2ban.VerdictRefused, reason)
		return
	}
	if r.opts.Skip || !r.opts.On {
		r.done()
		return
	}
	r.next(fail2ban.RehearseStart)
}

// both tests the configuration as it is and the copy at once.
func (r *Rehearsal) both(ctx context.Context) (now, then tested) {
	results := make(chan func(), 4)
	for _, c := range []struct {
		conf string
		of   *tested
	}{{r.opts.Conf, &now}, {r.conf(), &then}} {
		client := r.client(c.conf)
		go func() {
			err := client.Test(ctx)
			results <- func() { c.of.test = err }
		}()
		go func() {
			dump, err := client.Dump(ctx)
			results <- func() { c.of.dump, c.of.read = dump, err }
		}()
	}
	for range 4 {
		(<-results)()
	}
	return now, then
}

// didNotRun tells whether fail2ban-client could not even be run.
func didNotRun(err error) bool {
	e, ran := errors.AsType[*control.Error](err)
	return errors.Is(err, control.ErrNoClient) || ran && e.Code < 0
}

// said is what fail2ban-client said about an error.
func said(err error) string {
	if e, ok := errors.AsType[*control.Error](err); ok && e.Output != "" {
		return e.Output
	}
	return err.Error()
}

// describe takes note of what the configuration says about the jail.
func (r *Rehearsal) describe(d control.Dump) {
	if j, ok := find(d, r.opts.Jail); ok {
		r.found.Actions = j.Actions
	}
	catalogue, err := confdir.ReadCatalogue(os.DirFS(r.conf()))
	if err != nil {
		return
	}
	if j, ok := catalogue.Jail(r.opts.Jail); ok {
		r.found.Ports = j.Port
	}
	for _, j := range catalogue.Jails {
		if j.Enabled && j.Name != r.opts.Jail {
			r.others = append(r.others, j.Name)
		}
	}
}

// takesEffect tells whether the copy enables the jail, or does not, as is wanted: a
// file that is read later may say the opposite.
func (r *Rehearsal) takesEffect(d control.Dump) bool {
	_, is := find(d, r.opts.Jail)
	if is == r.opts.On {
		return true
	}
	where := "something else in the configuration"
	if catalogue, err := confdir.ReadCatalogue(os.DirFS(r.conf())); err == nil {
		if j, ok := catalogue.Jail(r.opts.Jail); ok && j.Said.File != "" {
			where = j.Said.String()
		}
	}
	if r.opts.On {
		r.refuse(fail2ban.VerdictRefused, "it stays disabled: "+where+" says so")
	} else {
		r.refuse(fail2ban.VerdictRefused, "it stays enabled: "+where+" says so")
	}
	return false
}

func find(d control.Dump, jail string) (control.Jail, bool) {
	at := slices.IndexFunc(d.Jails, func(j control.Jail) bool { return j.Name == jail })
	if at < 0 {
		return control.Jail{}, false
	}
	return d.Jails[at], true
}

// elsewhere finds what else a reload would do, since it reads all of the
// configuration. Actions are compared by their names: what else changed of them
// cannot be seen from outside.
func (r *Rehearsal) elsewhere(d control.Dump) {
	for _, j := range d.Jails {
		at := slices.IndexFunc(r.opts.Live, func(l fail2ban.Jail) bool { return l.Name == j.Name })
		switch {
		case at < 0 && j.Name != r.opts.Jail:
			r.found.Appear = append(r.found.Appear, j.Name)
		case at >= 0 && !slices.Equal(sorted(r.opts.Live[at].Actions), sorted(j.Actions)):
			r.found.Change = append(r.found.Change, j.Name)
		}
	}
	for _, l := range r.opts.Live {
		if _, stays := find(d, l.Name); !stays && l.Name != r.opts.Jail {
			r.found.Vanish = append(r.found.Vanish, l.Name)
		}
	}
	slices.Sort(r.found.Vanish)
}

func sorted(names []string) []string {
	out := slices.Clone(names)
	slices.Sort(out)
	return out
}

// verdict is what a reason of fail2ban's means.
func verdict(reason string) fail2ban.Verdict {
	for _, v := range []struct {
		verdict fail2ban.Verdict
		texts   []string
	}{
		{fail2ban.VerdictNoLog, []string{"Have not found any log file"}},
		{fail2ban.VerdictNoFilter, []string{"Unable to read the filter", "config files for 'filter"}},
		{fail2ban.VerdictNoAction, []string{"Unable to read action", "config files for 'action", "in action definition"}},
		{fail2ban.VerdictRegex, []string{"Unable to compile regular expression", "No failure-id group", "nvalid regex"}},
		{fail2ban.VerdictSyntax, []string{"no section headers", "contains parsing errors", "While reading from", "already exists", "Bad value substitution", "Failed to interpolate", "Source contains"}},
	} {
		for _, text := range v.texts {
			if strings.Contains(reason, text) {
				return v.verdict
			}
		}
	}
	return fail2ban.VerdictRefused
}
