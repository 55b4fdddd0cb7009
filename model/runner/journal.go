package runner

import (
	"context"
	"slices"

	"bantop/model"
	"bantop/model/store"
)

// maxMissed is how many acts are kept for a journal that cannot be written: some
// two megabytes. Of more, the newest are not written later; that they are missing
// was said when they were done.
const maxMissed = 10_000

// doJournal writes into the journal, also while bantop ends. What cannot be written
// is told, and written when the journal works again.
func (r *Runner) doJournal(ctx context.Context, entries ...model.Journal) model.Msg {
	s := r.shared
	if s.store == nil { // as in the demo
		return nil
	}
	p := r.opts.Person
	acts := make([]store.Act, len(entries))
	for i, e := range entries {
		acts[i] = store.Act{
			At: e.At, Who: p.Who, TTY: p.TTY, Host: p.Host, Act: e.Act, Jail: e.Jail, Address: e.Address, Result: e.Result,
		}
	}
	err := s.failure()
	if err == nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
		defer cancel()
		err = s.store.Append(ctx, acts...)
	}
	if err == nil {
		return nil
	}
	s.miss(acts)
	msg := s.broke(err)
	msg.Missed = len(acts)
	return msg
}

// miss keeps acts that the journal lacks.
func (s *shared) miss(acts []store.Act) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.missed = append(s.missed, acts[:min(len(acts), maxMissed-len(s.missed))]...)
}

// writeMissed writes what the journal lacks, and returns how many acts that were.
func (r *Runner) writeMissed(ctx context.Context) (int, error) {
	s := r.shared
	s.writing.Lock() // the end and a retry at once would write each act twice
	defer s.writing.Unlock()
	s.mu.Lock()
	acts := slices.Clone(s.missed)
	s.mu.Unlock()
	if len(acts) == 0 {
		return 0, nil
	}
	if err := s.store.Append(ctx, acts...); err != nil {
		return 0, err
	}
	s.mu.Lock()
	s.missed = s.missed[len(acts):]
	s.mu.Unlock()
	return len(acts), nil
}

// Missed tries once more to write what the journal lacks, at the end, and returns
// the acts that are missing in it for good, oldest first, and why.
func (r *Runner) Missed(ctx context.Context) ([]store.Act, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
	defer cancel()
	_, err := r.writeMissed(ctx)
	r.shared.mu.Lock()
	defer r.shared.mu.Unlock()
	return slices.Clone(r.shared.missed), err
}
