package runner_test

import (
	"errors"
	"testing"
	"time"

	"bantop/model"
	"bantop/model/runner"
	"bantop/model/store"
)

// TestJournalMissed: acts that cannot be written into the journal are told, each of
// them, and written once the journal works again.
func TestJournalMissed(t *testing.T) {
	i := newInstances(t)
	st := &failing{Store: openStore(t, i.dir, i.server.Path)}
	r := start(t, i.server, func(o *runner.Options) {
		o.Store, o.Person = st, runner.Person{Who: "lukas"}
	})
	r.Retry(time.Millisecond)
	at := time.Now().Round(0)
	full := errors.New("write the journal: no room")
	st.set(full)
	for i, effect := range []model.Effect{
		model.Journal{At: at, Act: "lock", Result: "done"},
		model.JournalAll{Entries: []model.Journal{{At: at, Act: "ban", Address: "192.0.2.1"}, {At: at, Act: "ban", Address: "192.0.2.2"}}},
	} {
		n := i + 1
		if msg, ok := r.Do(t.Context(), effect).(model.StoreFailed); !ok || msg.Missed != n || msg.Reason != full.Error() {
			t.Errorf("got %+v", msg)
		}
	}
	if acts, err := r.Missed(t.Context()); len(acts) != 3 || acts[2].Address != "192.0.2.2" || !errors.Is(err, full) {
		t.Errorf("missing: %v, %v", acts, err)
	}
	st.set(nil)
	if stored, is := (<-r.Follow(t.Context())).(model.Stored); !is || stored.Written != 3 {
		t.Errorf("got %+v", stored)
	}
	acts, err := st.Acts(t.Context(), 10)
	if err != nil || len(acts) != 3 || acts[0].Who != "lukas" {
		t.Errorf("the journal: %v, %v", acts, err)
	}
	if acts, err := r.Missed(t.Context()); len(acts) != 0 || err != nil {
		t.Errorf("missing at the end: %v, %v", acts, err)
	}
}

// TestJournalWithoutStore: a store that never worked is no journal either.
func TestJournalWithoutStore(t *testing.T) {
	i := newInstances(t)
	_, st := i.start(nil)
	r := start(t, i.server, func(o *runner.Options) { o.Store, o.Failed = st, store.ErrFull })
	msg, ok := r.Do(t.Context(), model.Journal{Act: "ban"}).(model.StoreFailed)
	if !ok || msg.Missed != 1 || msg.Reason != store.ErrFull.Error() {
		t.Errorf("got %+v", msg)
	}
	if acts, err := r.Missed(t.Context()); len(acts) != 0 || err != nil { // it works again by now
		t.Errorf("missing at the end: %v, %v", acts, err)
	}
}
