package runner

import (
	"context"
	"time"

	"bantop/model"
)

// settingsEvery is how often the settings files are looked at: a stat(2) a file.
const settingsEvery = time.Second

// SettingsRead is what the settings files say now; nil where they have not changed
// since they were last read. One caller at a time.
func (r *Runner) SettingsRead() model.Msg {
	if r.opts.Reread == nil {
		return nil
	}
	msg, changed := r.opts.Reread()
	if !changed {
		return nil
	}
	msg.At = r.now()
	return msg
}

// followSettings hands on what settings files say when they change, until ctx ends.
func (r *Runner) followSettings(ctx context.Context, told chan<- model.Msg) {
	for {
		select {
		case <-time.After(settingsEvery):
		case <-ctx.Done():
			return
		}
		msg := r.SettingsRead()
		if msg == nil {
			continue
		}
		select {
		case told <- msg:
		case <-ctx.Done():
			return
		}
	}
}
