package store_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/model"
	"bantop/model/store"
)

var t0 = time.Date(2026, 1, 2, 14, 3, 20, 0, time.UTC)

func open(t testing.TB, dir, socket string) store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{Dir: dir, Socket: socket})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func online(seq uint64, at time.Time) model.ProbeFinished {
	return model.ProbeFinished{ProbeID: model.ProbeID{Term: 1, Seq: seq}, Started: at, Finished: at, Window: time.Minute, Version: "1.0.2", PID: 812,
		Since: t0.Add(-time.Hour), Jails: []fail2ban.Jail{
			{Name: "postfix", Files: []string{"/var/log/mail.log"}, Actions: []string{"nftables"}, Counts: fail2ban.Counts{Banned: 3, TotalBanned: 9}},
			{Name: "sshd", Journal: []string{"_SYSTEMD_UNIT=sshd.service"}, Actions: []string{"nftables"}, LastLine: at},
		}}
}

func offline(seq uint64, at time.Time) model.ProbeFinished {
	return model.ProbeFinished{ProbeID: model.ProbeID{Term: 1, Seq: seq}, Started: at, Finished: at, Window: time.Minute, Fault: model.NotRunning, Reason: "gone"}
}

func apply(t testing.TB, s store.Store, msg model.Msg) store.Snapshot {
	t.Helper()
	snap, err := s.Apply(t.Context(), msg)
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

// text writes a state so that two can be compared: times by what they say.
func text(r model.Runtime) string {
	p := r.Pending
	r.Pending = nil
	return fmt.Sprintf("%+v %+v", r, p)
}

// TestApplyIsStep holds that a message gives in the store what model.Step gives
// in memory, also after it was written and read, by this instance and others.
func TestApplyIsStep(t *testing.T) {
	dir := t.TempDir()
	s, other := open(t, dir, "/run/f2b.sock"), open(t, dir, "/run/f2b.sock")
	want := model.NewRuntime()
	for i, msg := range []model.Msg{
		online(1, t0),
		model.ActivationRecorded{Activation: model.Activation{Jail: "nginx-x", At: t0.Add(time.Second), By: "lukas", TTY: "pts/3"}},
		offline(2, t0.Add(5*time.Second)),
		online(3, t0.Add(10*time.Second)),
		func() model.Msg { p := online(4, t0.Add(11*time.Second)); p.Jails = p.Jails[:1]; return p }(),
		model.ConfigurationRead{Started: t0.Add(12 * time.Second), At: t0.Add(12 * time.Second), Jails: []model.ConfiguredJail{{Name: "postfix", Actions: 1}, {Name: "sshd", Actions: 1}}},
		model.ProbeFinished{ProbeID: model.ProbeID{Term: 1, Seq: 5}, Finished: t0.Add(13 * time.Second), Fault: model.NoAnswer, Reason: "no answer"},
	} {
		var events []model.Event
		want, events = model.Step(want, msg)
		snap := apply(t, []store.Store{s, other}[i%2], msg)
		if snap.Revision != uint64(i+1) || text(snap.Runtime) != text(want) {
			t.Fatalf("message %d, revision %d:\n%s\nwant\n%s", i, snap.Revision, text(snap.Runtime), text(want))
		}
		for j := range events {
			if got := snap.Events[len(snap.Events)-len(events)+j]; got.Kind != events[j].Kind || !got.At.Equal(events[j].At) {
				t.Errorf("message %d: event %+v, want %+v", i, got, events[j])
			}
		}
	}
	snap, err := open(t, dir, "/run/f2b.sock").Load(t.Context())
	if err != nil || text(snap.Runtime) != text(want) {
		t.Errorf("%v:\n%s\nwant\n%s", err, text(snap.Runtime), text(want))
	}
}

// TestChanged holds that what others do is seen, once, with its events, and
// that one's own doing is no news.
func TestChanged(t *testing.T) {
	dir := t.TempDir()
	s, other := open(t, dir, "/run/f2b.sock"), open(t, dir, "/run/f2b.sock")
	changed := func(what string, want bool, events int) {
		t.Helper()
		snap, got, err := s.Changed(t.Context())
		if err != nil || got != want || len(snap.Events) != events {
			t.Errorf("%s: %v, %d events, %v", what, got, len(snap.Events), err)
		}
	}
	if _, err := s.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	changed("nothing", false, 0)
	apply(t, s, online(1, t0))
	changed("own", false, 0)
	apply(t, other, offline(2, t0.Add(time.Second)))
	changed("another's", true, 1)
	changed("nothing more", false, 0)
}

// TestServersAreApart holds that looking at another server touches nothing of
// this one.
func TestServersAreApart(t *testing.T) {
	dir := t.TempDir()
	a, b := open(t, dir, "/run/a.sock"), open(t, dir, "/run/b.sock")
	apply(t, a, online(1, t0))
	snap, err := b.Load(t.Context())
	if err != nil || snap.Revision != 0 || snap.Runtime.Server.Kind != model.Unknown || len(snap.Events) != 0 {
		t.Errorf("%+v, %v", snap, err)
	}
	if lease, err := a.Lease(t.Context()); err != nil || !lease.Held {
		t.Errorf("%+v, %v", lease, err)
	}
	if lease, err := b.Lease(t.Context()); err != nil || !lease.Held {
		t.Errorf("%+v, %v", lease, err)
	}
}

// TestLease: one at a time, its term grows by one whenever it is taken, and it
// can be given back.
func TestLease(t *testing.T) {
	dir := t.TempDir()
	a, b := open(t, dir, "/run/f2b.sock"), open(t, dir, "/run/f2b.sock")
	want := func(s store.Store, held bool, term uint64) {
		t.Helper()
		if got, err := s.Lease(t.Context()); err != nil || got != (store.Lease{Held: held, Term: term}) {
			t.Errorf("got %+v, %v, want %v %d", got, err, held, term)
		}
	}
	want(a, true, 1)
	want(b, false, 1)
	want(a, true, 1)
	if err := b.Release(t.Context()); err != nil { // it has none
		t.Fatal(err)
	}
	want(b, false, 1)
	if err := a.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(b, true, 2)
	want(a, false, 2)
	looked := func(s store.Store, want bool) {
		t.Helper()
		if got, err := s.Looked(t.Context()); err != nil || got != want {
			t.Errorf("another looks: %v, %v, want %v", got, err, want)
		}
	}
	looked(a, true)
	looked(b, false)
	if err := b.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	looked(a, false)
}

// TestLock: one acts, the others are told who and what.
func TestLock(t *testing.T) {
	dir := t.TempDir()
	a, b := open(t, dir, "/run/f2b.sock"), open(t, dir, "/run/f2b.sock")
	act := store.Acting{Act: "reload", Who: "lukas", TTY: "pts/3", Since: t0}
	if _, ok, err := a.Lock(t.Context(), act); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if held, ok, err := b.Lock(t.Context(), store.Acting{Act: "restart"}); ok || err != nil || held.Who != "lukas" || held.Act != "reload" || !held.Since.Equal(t0) {
		t.Errorf("%+v %v %v", held, ok, err)
	}
	if err := b.Unlock(t.Context()); err != nil { // it has none
		t.Fatal(err)
	}
	if _, ok, err := b.Lock(t.Context(), act); ok || err != nil {
		t.Error(ok, err)
	}
	if err := a.Unlock(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := b.Lock(t.Context(), act); !ok || err != nil {
		t.Error(ok, err)
	}
}

// TestJournal: acts come back as they were, in their order.
func TestJournal(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, "/run/f2b.sock")
	for i := range 5 {
		a := store.Act{At: t0.Add(time.Duration(i)), Who: "lukas", TTY: "pts/3", Host: "web-3", Act: "reload", Jail: "j", Address: "192.0.2.1", Result: fmt.Sprint(i)}
		if err := s.Append(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	acts, err := open(t, dir, "/run/f2b.sock").Acts(t.Context(), 3)
	if err != nil || len(acts) != 3 || acts[0].Result != "2" || acts[2].Result != "4" || acts[2].Who != "lukas" || !acts[2].At.Equal(t0.Add(4)) {
		t.Errorf("%+v, %v", acts, err)
	}
	if acts, err = open(t, dir, "/run/other.sock").Acts(t.Context(), 3); err != nil || len(acts) != 0 {
		t.Errorf("%+v, %v", acts, err)
	}
}

// TestEventsAreBounded holds that old events are forgotten, and that a new
// instance is told of the newest.
func TestEventsAreBounded(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, "/run/f2b.sock")
	for i := range 60 {
		var events []model.Event
		for j := range 50 {
			events = append(events, model.Event{Kind: model.BansMade, Count: i*50 + j})
		}
		apply(t, s, model.EventsTold{Events: events})
	}
	snap, err := open(t, dir, "/run/f2b.sock").Load(t.Context())
	if err != nil || len(snap.Events) != 100 || snap.Events[0].Count != 2900 || snap.Events[99].Count != 2999 {
		t.Errorf("%d events, %v", len(snap.Events), err)
	}
}

// TestWritersAtOnce holds that no message is lost when many instances write at
// the same time.
func TestWritersAtOnce(t *testing.T) {
	dir := t.TempDir()
	const writers, each = 8, 40
	var wg sync.WaitGroup
	for w := range writers {
		s := open(t, dir, "/run/f2b.sock")
		wg.Go(func() {
			for i := range each {
				if _, err := s.Apply(t.Context(), model.EventsTold{Events: []model.Event{{Kind: model.BansMade, Count: w*each + i}}}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	snap, err := open(t, dir, "/run/f2b.sock").Load(t.Context())
	if err != nil || snap.Revision != writers*each {
		t.Errorf("revision %d, %v", snap.Revision, err)
	}
}

// TestSocketsRealPath holds that one server is one, by whatever path.
func TestSocketsRealPath(t *testing.T) {
	dir, run := t.TempDir(), t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	symlink(t, run, link)
	apply(t, open(t, dir, filepath.Join(run, "f2b.sock")), online(1, t0))
	snap, err := open(t, dir, filepath.Join(link, "f2b.sock")).Load(t.Context())
	if err != nil || snap.Revision != 1 {
		t.Errorf("revision %d, %v", snap.Revision, err)
	}
}

func BenchmarkApplyProbe(b *testing.B) {
	for _, jails := range []int{10, 200} {
		b.Run(fmt.Sprintf("%d jails", jails), func(b *testing.B) {
			s := open(b, b.TempDir(), "/run/f2b.sock")
			p := online(1, t0)
			for i := range jails {
				j := p.Jails[0]
				j.Name = fmt.Sprintf("jail%03d", i)
				p.Jails = append(p.Jails[:i:i], j)
			}
			for b.Loop() {
				p.Seq++
				p.Finished = p.Finished.Add(time.Second)
				p.Jails[0].TotalFailed++
				apply(b, s, p)
			}
		})
	}
}

func BenchmarkChangedNothing(b *testing.B) {
	s := open(b, b.TempDir(), "/run/f2b.sock")
	if _, err := s.Load(b.Context()); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, changed, err := s.Changed(b.Context()); changed || err != nil {
			b.Fatal(changed, err)
		}
	}
}

// BenchmarkOpen is what a command pays for the state: it is opened, read and given
// up. Its folder is the fourth one down, as /var/lib/bantop is.
func BenchmarkOpen(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "lib", "bantop")
	apply(b, open(b, dir, "/run/f2b.sock"), online(1, t0))
	for b.Loop() {
		s, err := store.Open(b.Context(), store.Options{Dir: dir, Socket: "/run/f2b.sock"})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.Load(b.Context()); err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
