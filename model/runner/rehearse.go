package runner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"

	"bantop/fail2ban"
	"bantop/fail2ban/confdir"
	"bantop/fail2ban/handset"
	"bantop/fail2ban/proven"
	"bantop/fail2ban/rehearsal"
	"bantop/model"
)

// rehearsals are those that go on.
type rehearsals struct {
	mu    sync.Mutex
	ended bool // no more begin
	all   map[uint64]*rehearsing
}

// rehearsing is one of them, and the change that it is of.
type rehearsing struct {
	*rehearsal.Run
	conf fs.FS // the configuration, with the change in it
	file model.FileChange
	on   bool
}

// doRehearse does the next step of a rehearsal; the first one begins it.
func (r *Runner) doRehearse(ctx context.Context, e model.Rehearse) model.Msg {
	if e.Kind == model.ChangeRevert && renames(e.Made) {
		return r.doGiveNamesBack(ctx, e)
	}
	one, err := r.rehearsals.get(e.ID, func() (*rehearsing, error) { return r.beginRehearsal(ctx, e) })
	msg := model.RehearsalStepped{ID: e.ID}
	if err != nil {
		msg.Reason, msg.Hint = err.Error(), confdir.Hint(err)
	} else {
		msg.Rehearsal, msg.File, msg.On = one.Next(ctx), one.file, one.on
		if msg.Rehearsal.Reason != "" && msg.Rehearsal.At.File == "" {
			msg.Rehearsal.At = one.blame(msg.Rehearsal.Reason, e.Jail)
		}
	}
	msg.At = r.now()
	return msg
}

// blame is the line that a reason stems from; nowhere, where it is not known.
func (r *rehearsing) blame(reason, jail string) fail2ban.Place {
	if at, ok := stem(r.conf, reason, jail); ok {
		return at
	}
	if !strings.Contains(reason, "enables the jail ") && !strings.Contains(reason, "not enable the jail ") {
		return fail2ban.Place{}
	}
	catalogue, err := confdir.ReadCatalogue(r.conf)
	if err != nil {
		return fail2ban.Place{}
	}
	j, _ := catalogue.Jail(jail)
	return j.Said
}

// doEndRehearsal takes away what a rehearsal uses.
func (r *Runner) doEndRehearsal(e model.EndRehearsal) model.Msg {
	r.rehearsals.end(e.ID)
	return nil
}

// get is the rehearsal of a number, begun where there is none.
func (rs *rehearsals) get(id uint64, begin func() (*rehearsing, error)) (*rehearsing, error) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if one := rs.all[id]; one != nil {
		return one, nil
	}
	if rs.ended {
		return nil, errors.New("bantop ends")
	}
	one, err := begin()
	if err != nil {
		return nil, err
	}
	if rs.all == nil {
		rs.all = make(map[uint64]*rehearsing)
	}
	rs.all[id] = one
	return one, nil
}

// end ends one, as long as that takes.
func (rs *rehearsals) end(id uint64) {
	rs.mu.Lock()
	one := rs.all[id]
	delete(rs.all, id)
	rs.mu.Unlock()
	if one != nil {
		one.Close()
	}
}

// Sweep removes what rehearsals left that were killed. What cannot be removed does no
// harm.
func (r *Runner) Sweep() { _, _ = rehearsal.Sweep("") }

// EndRehearsals ends all that go on: before bantop itself ends. None begins after
// that.
func (r *Runner) EndRehearsals() {
	rs := &r.rehearsals
	rs.mu.Lock()
	all := rs.all
	rs.all, rs.ended = nil, true
	rs.mu.Unlock()
	for _, one := range all {
		one.Close()
	}
}

// beginRehearsal works out what a change would write.
func (r *Runner) beginRehearsal(ctx context.Context, e model.Rehearse) (*rehearsing, error) {
	if r.opts.Conf == "" {
		return nil, confdir.Refuse("", "there is no configuration here: this server is made up")
	}
	conf := confOf{dir: r.opts.Conf}
	file, on, err := conf.change(e)
	if err != nil {
		return nil, err
	}
	changed := confdir.Overlay{FS: os.DirFS(r.opts.Conf), Name: path.Join(jailDir, file.Name), Text: file.Now}
	ports := ""
	if catalogue, err := confdir.ReadCatalogue(changed); err == nil {
		j, _ := catalogue.Jail(e.Jail)
		ports = j.Port
	}
	asking, cancel := context.WithTimeout(ctx, r.answerTime())
	defer cancel()
	live, _ := proven.Live(asking, r.opts.Client) // of one that does not answer, more is proven than has to be
	running := handset.Running(asking, r.opts.Client)
	return &rehearsing{file: file, on: on, conf: changed, Run: rehearsal.New(rehearsal.Options{
		Conf: r.opts.Conf, Jail: e.Jail, File: file.Name, Text: file.Now, On: on, Skip: e.Skip, Many: e.Kind == model.ChangeEdit || e.Kind == model.ChangeRevert,
		Live: liveJails(e.Live), Server: live, Running: running, Ports: ports, Limit: e.Limit,
	})}, nil
}

// liveJails are jails that run, for a rehearsal.
func liveJails(jails []fail2ban.Jail) []rehearsal.LiveJail {
	out := make([]rehearsal.LiveJail, len(jails))
	for i, j := range jails {
		out[i] = rehearsal.LiveJail{Name: j.Name, Actions: j.Actions}
	}
	return out
}

// confOf is a configuration folder in which a change is worked out.
type confOf struct{ dir string }

// change is what a change writes, and whether the jail is to run by it.
func (c confOf) change(e model.Rehearse) (model.FileChange, bool, error) {
	switch {
	case e.Kind == model.ChangeSetAside:
		return model.FileChange{}, false, errors.New("a file that is set aside is not rehearsed")
	case e.Kind == model.ChangeEdit && e.Text == nil:
		return model.FileChange{}, false, errors.New("there is no text to rehearse")
	case e.Kind == model.ChangeRevert && len(e.Made.Files) != 1:
		return model.FileChange{}, false, errors.New("bantop takes back the change of one file only")
	case e.Kind == model.ChangeRevert:
		return c.reverted(e.Made, e.Jail)
	}
	catalogue, err := confdir.ReadCatalogue(os.DirFS(c.dir))
	if err != nil {
		return model.FileChange{}, false, err
	}
	jail, known := catalogue.Jail(e.Jail)
	if !known && e.Kind != model.ChangeEdit {
		return model.FileChange{}, false, confdir.Refuse("bantop jails lists those that it knows", "fail2ban's configuration knows no jail %q", e.Jail)
	}
	name, err := confdir.OverrideName(e.Jail)
	if e.Kind == model.ChangeEdit {
		name, err = editedFile(jail, name, err)
	}
	if err != nil {
		return model.FileChange{}, false, err
	}
	was, err := c.read(name)
	if err != nil {
		return model.FileChange{}, false, err
	}
	f := model.FileChange{Dir: jailDir, Name: name, Was: was}
	if e.Kind == model.ChangeEdit {
		if (was == nil) != (e.Was == nil) || !bytes.Equal(was, e.Was) {
			return f, false, confdir.Refuse("e opens what you wrote: copy what you need, and edit the jail anew", "somebody changed %s/%s while it was edited", jailDir, name)
		}
		if f.Now = *e.Text; len(strings.TrimSpace(string(f.Now))) == 0 {
			f.Now = nil
		}
		on, err := c.enabled(name, f.Now, e.Jail)
		return f, on, err
	}
	on := e.Kind == model.ChangeActivate
	f.Now = confdir.SetEnabled(was, e.Jail, on)
	if was != nil && confdir.Minimal(was, e.Jail) { // without the file it may be as it is wanted already
		without, err := c.enabled(name, nil, e.Jail)
		if err != nil {
			return f, on, err
		}
		if without == on {
			f.Now = nil
		}
	}
	return f, on, nil
}

const jailDir = confdir.JailDir

// read reads a file of jail.d; nil where there is none.
func (c confOf) read(name string) ([]byte, error) {
	dir, err := confdir.OpenDir(c.dir, jailDir)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return dir.Read(name)
}

// enabled tells whether a jail is enabled where a file of jail.d has another content.
func (c confOf) enabled(name string, text []byte, jail string) (bool, error) {
	catalogue, err := confdir.ReadCatalogue(confdir.Overlay{FS: os.DirFS(c.dir), Name: path.Join(jailDir, name), Text: text})
	if err != nil {
		return false, fmt.Errorf("read fail2ban's configuration with the change in it: %w", err)
	}
	j, _ := catalogue.Jail(jail)
	return j.Enabled, nil
}

// editedFile is the file in which a jail is edited: the last .local of jail.d that
// says anything about it, else bantop's own.
func editedFile(jail fail2ban.ConfJail, own string, err error) (string, error) {
	for _, file := range slices.Backward(jail.Files) {
		if name, is := strings.CutPrefix(file, jailDir+"/"); is && strings.HasSuffix(name, ".local") {
			return name, nil
		}
	}
	return own, err
}

// doPrepareEdit reads the file in which a jail is edited.
func (r *Runner) doPrepareEdit(e model.PrepareEdit) model.Msg {
	msg := model.EditPrepared{Jail: e.Jail, At: r.now()}
	err := func() error {
		if r.opts.Conf == "" {
			return confdir.Refuse("", "there is no configuration here: this server is made up")
		}
		c := confOf{dir: r.opts.Conf}
		catalogue, err := confdir.ReadCatalogue(os.DirFS(c.dir))
		if err != nil {
			return err
		}
		jail, _ := catalogue.Jail(e.Jail)
		own, err := confdir.OverrideName(e.Jail)
		if msg.Name, err = editedFile(jail, own, err); err != nil {
			return err
		}
		if msg.Was, err = c.read(msg.Name); err != nil {
			return err
		}
		if msg.Text = msg.Was; msg.Text == nil {
			msg.Text = confdir.SetEnabled(nil, e.Jail, jail.Enabled)
		}
		return nil
	}()
	if err != nil {
		msg.Reason, msg.Hint = err.Error(), confdir.Hint(err)
	}
	return msg
}
