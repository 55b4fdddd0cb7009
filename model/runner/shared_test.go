package runner_test

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"bantop/fail2ban/fail2bantest"
	"bantop/model"
	"bantop/model/runner"
	"bantop/model/store"
)

// instances are bantops that share a folder and look at one server.
type instances struct {
	t      *testing.T
	server *fail2bantest.Server
	dir    string
}

func newInstances(t *testing.T) instances {
	return instances{t, fail2bantest.New(t, fail2bantest.Options{Jails: []string{"a"}}), t.TempDir()}
}

func (i instances) start(change func(*runner.Options)) (*runner.Runner, store.Store) {
	st := openStore(i.t, i.dir, i.server.Path)
	return start(i.t, i.server, func(o *runner.Options) {
		o.Store = st
		if change != nil {
			change(o)
		}
	}), st
}

// TestOneLooks: of several instances one looks at the server; the others follow,
// and take its place when it gives up.
func TestOneLooks(t *testing.T) {
	i := newInstances(t)
	first, st := i.start(nil)
	second, _ := i.start(nil)
	asked := i.server.Commands("status")
	for seq := range uint64(3) {
		p, ok := first.Do(t.Context(), model.Probe{Seq: seq}).(model.ProbeFinished)
		if !ok || p.ProbeID != (model.ProbeID{Term: 1, Seq: seq + 1}) || p.Unshared {
			t.Errorf("the first: %+v", p)
		}
		if msg := second.Do(t.Context(), model.Probe{Seq: seq}); msg != (model.Followed{Seq: seq}) {
			t.Errorf("the second: %+v", msg)
		}
	}
	if looks := i.server.Commands("status") - asked; looks < 3 || looks > 8 { // one lists, one counts, each time
		t.Errorf("the server was asked %d times", looks)
	}
	if err := st.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p, ok := second.Do(t.Context(), model.Probe{Seq: 9}).(model.ProbeFinished); !ok || p.ProbeID != (model.ProbeID{Term: 2, Seq: 1}) {
		t.Errorf("the second, in its place: %+v", p)
	}
}

// TestFollowerKeepsItsPace: an instance that looked once and follows another since asks
// for its turn no more often than the rules want it, and does not go round at once.
func TestFollowerKeepsItsPace(t *testing.T) {
	i := newInstances(t)
	first, st := i.start(nil)
	second, _ := i.start(nil)
	if _, ok := first.Do(t.Context(), model.Probe{Seq: 1}).(model.ProbeFinished); !ok {
		t.Fatal("it does not look")
	}
	if err := st.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, ok := second.Do(t.Context(), model.Probe{Seq: 1}).(model.ProbeFinished); !ok {
		t.Fatal("the other does not look")
	}
	const pace = 200 * time.Millisecond
	time.Sleep(pace) // since its own look it is time, always
	began := time.Now()
	for seq := range uint64(4) {
		if msg := first.Do(t.Context(), model.Probe{Seq: seq, After: pace}); msg != (model.Followed{Seq: seq}) {
			t.Fatalf("got %+v", msg)
		}
	}
	if took := time.Since(began); took < 3*pace {
		t.Errorf("four turns took %v", took)
	}
}

// TestOneLookAsksNobodyTwice: a command that looks once takes what another has
// just seen; where that is old it looks itself, and changes nothing for others.
func TestOneLookAsksNobodyTwice(t *testing.T) {
	i := newInstances(t)
	pane, st := i.start(nil)
	once, _ := i.start(func(o *runner.Options) { o.Once = true })
	p := pane.Do(t.Context(), model.Probe{Seq: 1}).(model.ProbeFinished)
	if msg, ok := pane.Do(t.Context(), model.Commit{ID: 1, Msg: p}).(model.Stored); !ok || msg.Commit != 1 || msg.Revision != 1 {
		t.Fatalf("got %+v", msg)
	}
	asked := i.server.Commands("status")
	if msg, ok := once.Do(t.Context(), model.Probe{Seq: 4}).(model.Stored); !ok || msg.Request != 4 || msg.Runtime.Server.Kind != model.Online {
		t.Errorf("got %+v", msg)
	}
	if n := i.server.Commands("status") - asked; n != 0 {
		t.Errorf("the server was asked %d times", n)
	}
	p.ProbeID.Seq++
	p.Finished = p.Finished.Add(-time.Minute)
	if _, err := st.Apply(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if msg, ok := once.Do(t.Context(), model.Probe{Seq: 5, Applied: p.ProbeID}).(model.ProbeFinished); !ok || !msg.Unshared || msg.Fault != model.Answered || !msg.After(p.ProbeID) {
		t.Errorf("got %+v", msg)
	}
}

// TestWhoMayNotYields: who may not open the socket leaves the looking to others,
// and does not tell them that they may not.
func TestWhoMayNotYields(t *testing.T) {
	i := newInstances(t)
	denied, _ := i.start(func(o *runner.Options) { o.Client = refused{o.Client} })
	allowed, _ := i.start(nil)
	if p, ok := denied.Do(t.Context(), model.Probe{Seq: 1}).(model.ProbeFinished); !ok || p.Fault != model.Denied || !p.Unshared {
		t.Errorf("got %+v", p)
	}
	if msg := denied.Do(t.Context(), model.Probe{Seq: 2}); msg != (model.Followed{Seq: 2}) {
		t.Errorf("it does not yield: %+v", msg)
	}
	if p, ok := allowed.Do(t.Context(), model.Probe{Seq: 1}).(model.ProbeFinished); !ok || p.Fault != model.Answered || p.Unshared {
		t.Errorf("got %+v", p)
	}
}

// TestCommitsKeepTheirOrder: however they are carried out, commits happen in the
// order of their numbers.
func TestCommitsKeepTheirOrder(t *testing.T) {
	i := newInstances(t)
	r, _ := i.start(nil)
	const n = 50
	var wg sync.WaitGroup
	for id := uint64(n); id > 0; id-- {
		at := time.Unix(int64(id), 0)
		wg.Go(func() {
			r.Do(t.Context(), model.Commit{ID: id, Msg: model.EventsTold{Events: []model.Event{{At: at}}}})
		})
	}
	wg.Wait()
	_, other := i.start(nil)
	snap, err := other.Load(t.Context())
	if err != nil || snap.Revision != n || len(snap.Events) != n {
		t.Fatalf("revision %d, %d events, %v", snap.Revision, len(snap.Events), err)
	}
	for at, e := range snap.Events {
		if e.At.Unix() != int64(at+1) {
			t.Fatalf("event %d is of commit %d", at+1, e.At.Unix())
		}
	}
}

// TestStoreFailsAndWorksAgain: a store that fails is told of once; until it works
// again this instance looks for itself; then what it holds is taken over.
func TestStoreFailsAndWorksAgain(t *testing.T) {
	i := newInstances(t)
	f := &failing{}
	r, _ := i.start(func(o *runner.Options) { f.Store, o.Store = o.Store, f })
	r.Retry(50 * time.Millisecond)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	told := r.Follow(ctx)
	_, other := i.start(nil)
	if _, err := other.Apply(ctx, model.ActivationRecorded{Activation: model.Activation{Jail: "x"}}); err != nil {
		t.Fatal(err)
	}
	if msg, ok := (<-told).(model.Stored); !ok || msg.Revision != 1 {
		t.Errorf("got %+v", msg)
	}
	f.set(os.ErrClosed)
	if msg, ok := (<-told).(model.StoreFailed); !ok || !strings.Contains(msg.Reason, "closed") {
		t.Errorf("got %+v", msg)
	}
	if p, ok := r.Do(ctx, model.Probe{Seq: 1, Applied: model.ProbeID{Term: 3, Seq: 8}}).(model.ProbeFinished); !ok || p.ProbeID != (model.ProbeID{Term: 3, Seq: 9}) {
		t.Errorf("alone: %+v", p)
	}
	if msg, ok := r.Do(ctx, model.Commit{ID: 1, Msg: model.EventsTold{}}).(model.StoreFailed); !ok {
		t.Errorf("got %+v", msg)
	}
	f.set(nil)
	if msg, ok := (<-told).(model.Stored); !ok || msg.Revision != 1 {
		t.Errorf("got %+v", msg)
	}
}
