package allowfile

import (
	"context"
	"errors"
	"fmt"

	"bantop/fail2ban/confdir"
	"bantop/fail2ban/control"
	"bantop/fail2ban/tempdir"
)

// trial is a copy of the configuration folder, in a private one (0700), for
// fail2ban-client to be tried on.
//
// What confdir.Copy leaves out may have mattered: its dump tells.
type trial struct {
	*confdir.Trial
	temp    string // the private folder
	control Control
}

// newTrial copies the folder. Remove it.
func newTrial(conf string, c Control) (*trial, error) {
	temp, err := tempdir.Make("", tempdir.Allow)
	if err != nil {
		return nil, fmt.Errorf("copy fail2ban's configuration: %w", err)
	}
	copied, err := confdir.CopyInto(conf, temp)
	t := &trial{Trial: copied, temp: temp, control: c}
	if err != nil {
		t.remove()
		return nil, err
	}
	return t, nil
}

// remove removes the copy. Nothing that happens to it is of any use to tell.
func (t *trial) remove() { tempdir.Remove(t.temp) }

// put makes text the file of the copy; nil is none.
func (t *trial) put(text []byte) error { return t.Put(jailDir+"/"+Name, text) }

// test tests the copy, with text as its file.
func (t *trial) test(ctx context.Context, text []byte) error {
	if err := t.put(text); err != nil {
		return err
	}
	return t.inPlace(t.control.Test(ctx, t.Dir))
}

// dump dumps the copy, with text as its file, as if it were the folder itself.
func (t *trial) dump(ctx context.Context, text []byte) (dump, error) {
	if err := t.put(text); err != nil {
		return dump{}, err
	}
	out, err := t.control.Dump(ctx, t.Dir)
	return parseDump(t.InPlace(out)), t.inPlace(err)
}

// inPlace makes an error about the copy one about the folder itself.
func (t *trial) inPlace(err error) error {
	if e, ok := errors.AsType[*control.Error](err); ok {
		moved := *e
		moved.Output = t.InPlace(e.Output)
		return &moved
	}
	return err
}
