package allowfile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"bantop/fail2ban/confdir"
	"bantop/fail2ban/control"
)

// trial is a copy of the configuration folder, in a private one (0700), for
// fail2ban-client to be tried on.
//
// What confdir.Copy leaves out may have mattered: its dump tells.
type trial struct {
	temp, dir string // the private folder, the copy in it
	conf      string // what it is a copy of
	control   Control
}

// newTrial copies the folder. Remove it.
func newTrial(conf string, c Control) (*trial, error) {
	temp, err := os.MkdirTemp("", "bantop-allow-")
	if err == nil {
		temp, err = filepath.Abs(temp)
	}
	if err != nil {
		return nil, fmt.Errorf("copy fail2ban's configuration: %w", err)
	}
	t := &trial{temp: temp, dir: filepath.Join(temp, "fail2ban"), conf: conf, control: c}
	if err := confdir.Copy(conf, t.dir); err != nil {
		t.remove()
		return nil, fmt.Errorf("copy fail2ban's configuration to %s: %w", temp, err)
	}
	return t, nil
}

// remove removes the copy. Nothing that happens to it is of any use to tell.
func (t *trial) remove() { _ = os.RemoveAll(t.temp) }

// put makes text the file of the copy; nil is none.
func (t *trial) put(text []byte) error {
	path := filepath.Join(t.dir, jailDir, Name)
	err := os.Remove(path)
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	if err == nil && text != nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		return fmt.Errorf("copy fail2ban's configuration: %w", err)
	}
	return nil
}

// test tests the copy, with text as its file.
func (t *trial) test(ctx context.Context, text []byte) error {
	if err := t.put(text); err != nil {
		return err
	}
	return t.inPlace(t.control.Test(ctx, t.dir))
}

// dump dumps the copy, with text as its file, as if it were the folder itself.
func (t *trial) dump(ctx context.Context, text []byte) (dump, error) {
	if err := t.put(text); err != nil {
		return dump{}, err
	}
	out, err := t.control.Dump(ctx, t.dir)
	return parseDump(strings.ReplaceAll(out, t.dir, t.conf)), t.inPlace(err)
}

// inPlace makes an error about the copy one about the folder itself.
func (t *trial) inPlace(err error) error {
	if e, ok := errors.AsType[*control.Error](err); ok {
		moved := *e
		moved.Output = strings.ReplaceAll(e.Output, t.dir, t.conf)
		return &moved
	}
	return err
}
