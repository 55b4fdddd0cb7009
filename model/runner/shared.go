package runner

import (
	"context"
	"sync"
	"time"

	"bantop/fail2ban/ending"
	"bantop/model"
	"bantop/model/store"
)

// shared is where a Runner stands with the store.
type shared struct {
	store store.Store
	seq   uint64    // of the newest look of this lease
	term  uint64    // of the lease that seq counts in
	after time.Time // the lease is left to others until then

	writing sync.Mutex // held while what the journal lacks is written

	mu     sync.Mutex
	turn   *sync.Cond
	next   uint64      // the commit whose turn it is
	failed error       // why the store is not used for now; nil where it is
	missed []store.Act // what the journal still lacks, oldest first
}

func newShared(s store.Store, failed error) *shared {
	sh := &shared{store: s, next: 1, failed: failed}
	sh.turn = sync.NewCond(&sh.mu)
	return sh
}

// storeTime is how long the store may take for one thing.
const storeTime = 5 * time.Second

// usable tells whether there is a store to use.
func (s *shared) usable() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.store != nil && s.failed == nil
}

// fail takes note of why the store cannot be used, or of that it can again.
func (s *shared) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = err
}

// failure is why the store cannot be used; nil where it can.
func (s *shared) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// turn is what a probe is to do.
type turn struct {
	id       model.ProbeID // of the result
	unshared bool
	instead  model.Msg // of looking
}

// turn decides whose turn it is to look: whoever holds the lease looks, and the
// others follow. Where nothing is shared it is always this instance's.
func (r *Runner) turn(ctx context.Context, e model.Probe) turn {
	alone := turn{id: model.ProbeID{Term: e.Applied.Term, Seq: e.Applied.Seq + 1}}
	s := r.shared
	if !s.usable() {
		return alone
	}
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	if time.Now().Before(s.after) && !r.opts.Once {
		return turn{instead: model.Followed{Seq: e.Seq}}
	}
	lease, err := s.store.Lease(ctx)
	switch {
	case err != nil:
		alone.unshared = true // what the matter is, the commit of something says
		return alone
	case lease.Held:
		if lease.Term != s.term {
			s.term, s.seq = lease.Term, 0
		}
		s.seq++
		return turn{id: model.ProbeID{Term: s.term, Seq: s.seq}}
	case !r.opts.Once:
		return turn{instead: model.Followed{Seq: e.Seq}}
	}
	return r.turnOnce(ctx, e, alone)
}

// fresh is how old what another instance saw may be for one look.
const fresh = 2 * time.Second

// turnOnce is the turn of one look while another instance looks all the time:
// what that one saw, where it is fresh, else a look for itself alone.
func (r *Runner) turnOnce(ctx context.Context, e model.Probe, alone turn) turn {
	alone.unshared = true
	snap, err := r.shared.store.Load(ctx)
	if err != nil || r.now().Sub(snap.Runtime.Server.At) > fresh {
		return alone
	}
	msg := storedMsg(0, snap)
	msg.Request = e.Seq
	return turn{instead: msg}
}

// yield leaves the lease to others for a while.
func (r *Runner) yield(ctx context.Context) {
	if !r.shared.usable() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	if err := r.shared.store.Release(ctx); err == nil {
		r.shared.after = time.Now().Add(3 * time.Second)
	}
}

// doCommit carries out a message in the store, in the order of the commits.
func (r *Runner) doCommit(ctx context.Context, e model.Commit) model.Msg {
	r.shared.await(e.ID)
	defer r.shared.done(e.ID)
	if !r.shared.usable() {
		return storeFailed(r.shared.failure())
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime) // what was done is kept also while bantop ends
	defer cancel()
	snap, err := r.shared.store.Apply(ctx, e.Msg)
	if err != nil {
		return r.shared.broke(err)
	}
	return storedMsg(e.ID, snap)
}

// broke is what there is to tell of a store that failed.
func (s *shared) broke(err error) model.StoreFailed {
	s.fail(err)
	return storeFailed(err)
}

func storeFailed(err error) model.StoreFailed {
	if err == nil {
		return model.StoreFailed{Reason: "there is no store"}
	}
	return model.StoreFailed{Reason: store.Why(err), Next: store.Next(err)}
}

func storedMsg(commit uint64, snap store.Snapshot) model.Stored {
	return model.Stored{Commit: commit, Revision: snap.Revision, Runtime: snap.Runtime, Events: snap.Events}
}

// await waits for the turn of a commit: effects are carried out side by side,
// and commits must not overtake each other.
func (s *shared) await(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.next < id {
		s.turn.Wait()
	}
}

func (s *shared) done(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = max(s.next, id+1)
	s.turn.Broadcast()
}

const (
	watchEvery = 500 * time.Millisecond // others' changes are seen within that time
	retryEvery = 10 * time.Second       // a store that failed is tried again
)

// Follow hands on what other instances change, whether the store works, and what
// the settings files say when they change, until ctx ends. It returns nil where
// nothing is shared and no file is read.
func (r *Runner) Follow(ctx context.Context) <-chan model.Msg {
	if r.shared.store == nil && r.opts.Reread == nil {
		return nil
	}
	told := make(chan model.Msg)
	if r.opts.Reread != nil {
		ending.Go(func() { r.followSettings(ctx, told) })
	}
	if r.shared.store == nil {
		return told
	}
	ending.Go(func() {
		for wait := watchEvery; ; {
			select {
			case <-time.After(wait):
			case <-ctx.Done():
				return
			}
			msg, failed := r.changed(ctx)
			if wait = watchEvery; failed {
				wait = r.retry
			}
			if msg == nil {
				continue
			}
			select {
			case told <- msg:
			case <-ctx.Done():
				return
			}
		}
	})
	return told
}

// changed is what the store has to tell, and whether it has failed.
func (r *Runner) changed(ctx context.Context) (msg model.Msg, failed bool) {
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	s := r.shared
	if !s.usable() {
		snap, err := s.store.Load(ctx)
		if err != nil {
			return nil, true
		}
		written, err := r.writeMissed(ctx)
		if err != nil {
			return nil, true
		}
		s.fail(nil)
		msg := storedMsg(0, snap)
		msg.Written = written
		return msg, false
	}
	snap, changed, err := s.store.Changed(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, false
	case err != nil:
		return s.broke(err), true
	case !changed:
		return nil, false
	default:
		return storedMsg(0, snap), false
	}
}
