package allowfile

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"net/netip"
	"path/filepath"
	"slices"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/addr"
	"bantop/fail2ban/confdir"
)

// work is what is being done with the file.
type work struct {
	op      string
	conf    string
	control Control
	wrote   func(was, now []byte, mode fs.FileMode) // as in Options; may be nil

	folder *confdir.Dir
	old    []byte  // the file as it is; nil where there is none
	file   content // what it is to say

	trial  *trial
	base   dump            // what the configuration says without the file
	now    dump            // what it says as it is
	broken error           // why it cannot be read as it is, where it can without the file: now is base
	named  map[string]bool // jails whose lists may change
	taking bool            // addresses are taken out: a list that counts for nothing may stay so
}

func newWork(o Options, op string) *work {
	w := &work{op: op, conf: folderOf(o.Conf), control: o.Control, wrote: o.Wrote, named: make(map[string]bool)}
	if abs, err := filepath.Abs(w.conf); err == nil { // else there is no working folder, and opening it fails
		w.conf = abs
	}
	if w.control == nil {
		w.control = Client("")
	}
	return w
}

// fail says what was being done when it failed.
func (w *work) fail(err error) error {
	return &Error{Op: w.op, Path: Path(w.conf), Cause: err, Hint: hint(err)}
}

// entry is a target that may stand in the file.
type entry struct {
	jail   string
	prefix netip.Prefix
}

// change makes a change: edit makes it in the content, target by target, and names
// the jails whose lists may be others then.
func change(ctx context.Context, o Options, op string, targets []fail2ban.Target, edit func(*work, entry) (fail2ban.Outcome, error)) ([]fail2ban.Result, error) {
	w := newWork(o, op)
	entries, err := check(targets)
	if err != nil {
		return nil, w.fail(err)
	}
	if len(entries) == 0 {
		return nil, nil
	}
	defer w.close()
	if err := w.begin(ctx); err != nil {
		return nil, w.fail(err)
	}
	results := make([]fail2ban.Result, len(entries))
	for i, e := range entries {
		r := fail2ban.Result{Target: targets[i]}
		if r.Outcome, err = edit(w, e); err != nil {
			return nil, w.fail(err)
		}
		switch r.Outcome {
		case fail2ban.Done:
			r.Count = 1
		case fail2ban.Refused:
			r.Err = w.fail(w.elsewhere(e.jail))
		}
		results[i] = r
	}
	if err := w.finish(ctx); err != nil {
		return nil, w.fail(err)
	}
	return results, nil
}

// check looks at all targets before anything is done for the first.
func check(targets []fail2ban.Target) ([]entry, error) {
	entries := make([]entry, len(targets))
	for i, t := range targets {
		p, _, err := addr.Parse(t.Address)
		switch {
		case err != nil:
			return nil, err
		case addr.Everything(p):
			return nil, refuse("disable the jail, if that is what you want", "with %s the jail %q would ban nobody", t.Address, t.Jail)
		}
		if err := checkJail(t.Jail); err != nil {
			return nil, refuse("add it to the jail's ignoreip by hand", "%w", err)
		}
		entries[i] = entry{t.Jail, p}
	}
	return entries, nil
}

// open opens the folder and reads the file.
func (w *work) open() (err error) {
	if w.folder, err = confdir.OpenDir(w.conf, jailDir); err != nil {
		return err
	}
	return w.read()
}

func (w *work) read() (err error) {
	if w.old, err = w.folder.Read(Name); err != nil {
		return err
	}
	if w.file, err = parse(w.old); err != nil {
		return refuse("mend that line, or move the file away; bantop overwrites nothing that it did not write", "%w", err)
	}
	return nil
}

func (w *work) close() {
	if w.folder != nil {
		w.folder.Close()
	}
	if w.trial != nil {
		w.trial.remove()
	}
}

// lockTime is how long another bantop that changes the folder is waited for.
const lockTime = 30 * time.Second

// begin gets hold of the file, and finds out what the configuration says with it
// and without.
func (w *work) begin(ctx context.Context) (err error) {
	if w.folder, err = confdir.OpenDir(w.conf, jailDir); err != nil {
		return err
	}
	locking, cancel := context.WithTimeout(ctx, lockTime)
	defer cancel()
	if err := w.folder.Lock(locking); err != nil {
		return err
	}
	if err := w.read(); err != nil {
		return err
	}
	return w.look(ctx)
}

func (w *work) look(ctx context.Context) (err error) {
	if w.trial, err = newTrial(w.conf, w.control); err != nil {
		return err
	}
	w.now, err = w.dump(ctx)
	if w.old == nil || ctx.Err() != nil {
		w.base = w.now
		return already(err)
	}
	base, without := w.trial.dump(ctx, nil)
	switch {
	case err == nil && without != nil:
		return refuse("look which jail's ignoreip has "+known, "without it fail2ban would not take the configuration: %w", without)
	case without != nil:
		return already(err)
	case err != nil:
		w.now, w.broken = base, err
	}
	w.base = base
	return nil
}

// dump dumps the folder itself.
func (w *work) dump(ctx context.Context) (dump, error) {
	out, err := w.control.Dump(ctx, w.conf)
	return parseDump(out), err
}

// finish tries the content that edit made, and writes it.
func (w *work) finish(ctx context.Context) error {
	if w.broken != nil { // the file does not go with the rest any more: it is mended as a whole
		for _, l := range w.file.lists {
			w.named[l.jail] = true
		}
	}
	if len(w.named) == 0 {
		return nil
	}
	for jail := range w.named {
		if w.base.enables(jail) {
			w.file.setKnown(jail, w.base.lists(jail))
		}
	}
	text := w.old
	if w.file.changed {
		text = w.file.text()
	}
	after, err := w.try(ctx, text)
	if err != nil || !w.file.changed {
		return err
	}
	return w.write(ctx, text, after)
}

// try tests the content on the copy, and returns what the configuration says with
// it.
func (w *work) try(ctx context.Context, text []byte) (dump, error) {
	if len(text) > maxFile {
		return dump{}, refuse("allow networks instead of addresses", "it would be longer than %d bytes", maxFile)
	}
	err := w.trial.test(ctx, text)
	var after dump
	if err == nil {
		after, err = w.trial.dump(ctx, text)
	}
	if err != nil {
		return dump{}, w.whyFailed(ctx, err)
	}
	for _, jail := range slices.Sorted(maps.Keys(w.named)) {
		want := ""
		if w.base.enables(jail) {
			want = w.base.with(jail, w.file.of(jail))
		}
		got := after.ignore[printed(jail)]
		if got != want && !(w.taking && got == w.now.ignore[printed(jail)]) {
			return dump{}, w.whyOther(jail, got, want)
		}
	}
	if line := difference(w.now, after, w.named); line != "" {
		return dump{}, w.whyMore(ctx, line)
	}
	return after, nil
}

// write writes the file, and proves that the folder says what the copy said.
func (w *work) write(ctx context.Context, text []byte, tried dump) error {
	mode, _ := w.folder.Mode(Name) // before: the last address takes the file with it
	err := w.folder.Replace(Name, w.old, text)
	if err == nil {
		err = w.prove(ctx, tried)
	}
	if err == nil {
		if is, there := w.folder.Mode(Name); there {
			mode = is
		}
		if w.wrote != nil {
			w.wrote(w.old, text, mode)
		}
		return nil
	}
	if back := w.folder.PutBack(Name, w.old, text); back != nil {
		return refuse("look at the file: it holds what was not proven to be harmless", "%w; the former file could not be put back: %w", err, back)
	}
	return err
}

func (w *work) prove(ctx context.Context, tried dump) error {
	after, err := w.dump(ctx)
	if err != nil {
		return err
	}
	if line := difference(tried, after, nil); line != "" {
		return refuse("try again", "the configuration was changed meanwhile, and the file was taken back: %s", short(line))
	}
	return nil
}

// short is a command as it may stand in an error.
func short(line string) string {
	const most = 160
	return fmt.Sprintf("%q", line[:min(len(line), most)])
}
