package ending

import (
	"sync/atomic"
	"testing"
	"time"
)

// TestGate: nothing is held while the process is stopped, whoever holds something may
// hold more although somebody wants to stop, and to let go twice is to let go once.
func TestGate(t *testing.T) {
	g := newGate()
	var held, stops atomic.Int64
	first := g.hold()
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		g.close(func() { stops.Add(1) })
	}()
	time.Sleep(20 * time.Millisecond) // it waits now, on all but a very busy machine
	g.hold()()
	if stops.Load() != 0 {
		t.Fatal("it was closed while it was held")
	}
	first()
	first()
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		t.Fatal("it does not close")
	}
	done := make(chan struct{})
	for range 4 {
		go func() {
			for range 500 {
				release := g.hold()
				held.Add(1)
				again := g.hold()
				held.Add(-1)
				again()
				release()
			}
			done <- struct{}{}
		}()
	}
	for left := 4; left > 0; {
		g.close(func() {
			if n := held.Load(); n != 0 {
				t.Errorf("closed while %d hold it", n)
			}
		})
		select {
		case <-done:
			left--
		default:
		}
	}
	if g.held != 0 {
		t.Errorf("%d hold it at the end", g.held)
	}
}
