package runner

import (
	"cmp"
	"context"
	"errors"

	"path"
	"slices"
	"strconv"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/confdir"
	"bantop/fail2ban/proven"
	"bantop/fail2ban/rehearsal"
	"bantop/fail2ban/tempdir"
	"bantop/model"
	"bantop/model/store"
)

// reverted is what takes back the change of one text, if the file holds what bantop
// left there, and whether the jail would run by it.
func (c confOf) reverted(m model.Made, jail string) (model.FileChange, bool, error) {
	f := m.Files[0]
	if f.Dir != jailDir {
		return f, false, confdir.Refuse("edit it by hand", "bantop changes no text of %s/%s", f.Dir, f.Name)
	}
	is, err := c.read(f.Name)
	if err != nil {
		return f, false, err
	}
	if store.Sum(is) != f.NowSum {
		return f, false, notAsLeft(f.Dir+"/"+f.Name, m.Number)
	}
	f = f.Back()
	on, err := c.enabled(f.Name, f.Now, jail)
	return f, on, err
}

func notAsLeft(file string, number int) error {
	return confdir.Refuse("compare it with what sudo bantop history --changes lists as number "+strconv.Itoa(number)+", and edit it by hand",
		"%s is not as that change left it: it was changed since", file)
}

// renames reports whether a change gave files another name: no text was changed then.
func renames(m model.Made) bool { return len(m.Files) > 0 && m.Files[0].Aside != "" }

// doGiveNamesBack finds out whether files that were set aside can get their names back:
// nobody changed them, and fail2ban comes up with them again. That is no jail's
// rehearsal but a proof of all.
func (r *Runner) doGiveNamesBack(ctx context.Context, e model.Rehearse) model.Msg {
	began := time.Now()
	msg := model.RehearsalStepped{ID: e.ID}
	found := fail2ban.Rehearsal{Jail: e.Jail, Step: fail2ban.RehearseDone, Verdict: fail2ban.VerdictReady}
	files, stream, err := r.namesBack(ctx, e.Made)
	refused, is := errors.AsType[*fail2ban.RefusedError](err)
	switch {
	case is:
		slip := refused.Slips[0]
		found.Verdict, found.Reason, found.At = fail2ban.VerdictRefused, slip.Reason, slip.Place
	case err != nil:
		msg.Reason, msg.Hint = err.Error(), cmp.Or(confdir.Hint(err), fail2ban.Hint(err))
	default:
		msg.File, msg.More, msg.On = files[0], files[1:], slices.Contains(stream, e.Jail)
		runs := func(jail string) bool {
			return slices.ContainsFunc(e.Live, func(j fail2ban.Jail) bool { return j.Name == jail })
		}
		for _, jail := range stream {
			if !runs(jail) {
				found.Appear = append(found.Appear, jail)
			}
		}
		for _, j := range e.Live {
			if !slices.Contains(stream, j.Name) {
				found.Vanish = append(found.Vanish, j.Name)
			}
		}
	}
	found.Took = time.Since(began)
	msg.Rehearsal, msg.At = found, r.now()
	return msg
}

// namesBack are the changes that give files their names back, and the jails that
// fail2ban would run then, sorted.
func (r *Runner) namesBack(ctx context.Context, m model.Made) ([]model.FileChange, []string, error) {
	if r.opts.Conf == "" {
		return nil, nil, confdir.Refuse("", "there is no configuration here: this server is made up")
	}
	private, err := tempdir.Make("", tempdir.Rehearsal)
	if err != nil {
		return nil, nil, err
	}
	defer tempdir.Remove(private)
	trial, err := confdir.CopyInto(r.opts.Conf, private)
	if err != nil {
		return nil, nil, err
	}
	var files []model.FileChange
	for _, f := range m.Files {
		text, err := r.asideText(f, m.Number)
		if err != nil {
			return nil, nil, err
		}
		if err := trial.Put(path.Join(f.Dir, f.Name), text); err != nil {
			return nil, nil, err
		}
		files = append(files, f.Back())
	}
	asking, cancel := context.WithTimeout(ctx, r.answerTime())
	defer cancel()
	live, _ := proven.Live(asking, r.opts.Client) // of one that does not answer, more is proven than has to be
	known, err := rehearsal.Prove(ctx, rehearsal.Proof{Conf: trial.Dir, Live: live, Limit: proof})
	if refused, is := errors.AsType[*fail2ban.RefusedError](err); is {
		for i := range refused.Slips {
			refused.Slips[i].Reason = trial.InPlace(refused.Slips[i].Reason)
		}
	}
	if err != nil {
		return nil, nil, err
	}
	jails := slices.Clone(known.Stream.Jails())
	slices.Sort(jails)
	return files, jails, nil
}

// asideText is what a file holds that was set aside, if it is as it was and its name
// is free.
func (r *Runner) asideText(f model.FileChange, number int) ([]byte, error) {
	dir, err := confdir.OpenDir(r.opts.Conf, f.Dir)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	text, err := dir.Read(f.Aside)
	if err != nil {
		return nil, err
	}
	if text == nil || f.NowSum == "" || store.Sum(text) != f.NowSum {
		return nil, notAsLeft(f.Dir+"/"+f.Aside, number)
	}
	if is, err := dir.Read(f.Name); err != nil || is != nil {
		return nil, cmp.Or(err, confdir.Refuse("compare both, and rename one by hand", "there is a %s/%s again", f.Dir, f.Name))
	}
	return text, nil
}
