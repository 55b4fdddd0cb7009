package guard

import (
	"context"
	"time"

	"bantop/model"
	"bantop/model/store"
)

// made is a change that was confirmed, for the list of what bantop changed.
func made(ctx context.Context, c model.Change, files Files, host string, texts func(model.FileChange) model.FileChange) model.Made {
	m := c.Made()
	m.Host = host
	for i, f := range m.Files {
		if m.Files[i] = texts(f); f.Aside != "" {
			m.Files[i].NowSum = files.Sum(ctx, f)
		}
	}
	return m
}

// record writes down what was changed, once that is confirmed. It returns what went
// wrong, for the journal: the change holds nevertheless.
func (g *Guard) record(ctx context.Context, c model.Change) string {
	if c.Step != model.StepConfirmed {
		return ""
	}
	return record(g.opts.Texts, made(ctx, c, g.opts.Files, g.opts.Host, g.texts))
}

func record(texts store.Texts, m model.Made) string {
	if _, err := texts.Record(m); err != nil {
		return "; history --changes lacks it: " + reason(err)
	}
	return ""
}

// recordLeft writes down the newest change, whose guard was killed after it was
// confirmed, if its texts are still there.
func recordLeft(ctx context.Context, c *model.Change, texts store.Texts, files Files, host string) {
	if c == nil || c.Step != model.StepConfirmed || !texts.Any() {
		return
	}
	file, err := texts.Read(c.File)
	if err != nil { // they are of another change
		return
	}
	_ = record(texts, made(ctx, *c, files, host, func(f model.FileChange) model.FileChange {
		if f.Dir == file.Dir && f.Name == file.Name {
			return file
		}
		return f
	}))
}

// Tidy removes texts that a guard left which was killed right after its change had
// ended. It does nothing while a change is under way, or somebody acts.
func Tidy(ctx context.Context, s store.Store, texts store.Texts, files Files, host string) error {
	if !texts.Any() {
		return nil
	}
	_, free, err := s.Lock(ctx, store.Acting{Act: "tidy up", Since: time.Now().Round(0)})
	if err != nil || !free {
		return err
	}
	defer func() { _ = s.Unlock(context.WithoutCancel(ctx)) }() // else it is free when this process ends
	snap, err := s.Load(ctx)
	if err != nil {
		return err
	}
	if _, under := snap.Runtime.UnderWay(); under {
		return nil
	}
	recordLeft(ctx, snap.Runtime.Change, texts, files, host)
	return texts.Drop()
}
