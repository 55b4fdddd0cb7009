package guard

import (
	"context"

	"bantop/model"
)

// The texts of the file that is changed are never part of the state that instances
// share. The guard has them in memory and, for the guard that takes its place should
// it be killed, as files (store.Texts).

// keepTexts writes the texts of a change down and returns the change without them.
func (g *Guard) keepTexts(ctx context.Context, f model.FileChange) (model.FileChange, error) {
	if f.Was != nil || f.Mode == 0 {
		f.Mode = g.opts.Files.Mode(ctx, f)
	}
	kept, err := g.opts.Texts.Keep(f, f.Mode)
	if err != nil {
		return f, err
	}
	g.file = kept
	return kept.Bare(), nil
}

// takeTexts takes over the texts of a change whose guard is gone. It returns the
// change to share: other than zero only if an older bantop left the texts in the
// shared state. Texts that cannot be read are done without: the sums say what the
// file holds, and its former self has a second name beside it (confdir.Dir.Keep).
func (g *Guard) takeTexts(ctx context.Context, f model.FileChange) model.FileChange {
	if f.Inline() {
		bare, err := g.keepTexts(ctx, f)
		if err != nil {
			g.file = f
			return model.FileChange{}
		}
		return bare
	}
	g.file, _ = g.opts.Texts.Read(f)
	return model.FileChange{}
}

// texts is the file of the change under way, with its texts.
func (g *Guard) texts(f model.FileChange) model.FileChange {
	if g.file.Name == f.Name && g.file.Dir == f.Dir {
		return g.file
	}
	return f
}
