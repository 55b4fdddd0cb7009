package model

import (
	"cmp"
	"slices"
	"time"
)

// Activation is one jail that was switched on.
type Activation struct {
	Jail   string
	At     time.Time
	By     string // who: a user
	TTY    string
	Source string // "bantop", or SourceObserved

	// Window is how long a crash is put down to it, as it was when it began; 0: what
	// holds when the server goes down.
	Window time.Duration `json:",omitempty"`

	Off bool `json:",omitempty"` // the jail was switched off since: no crash is put down to it (X14)
}

// ActivationRecorded says that a jail was switched on.
type ActivationRecorded struct{ Activation Activation }

// ActivationCleared says that the activations up to now are beyond suspicion.
type ActivationCleared struct{ At time.Time }

// Blame is what crashes are put down to.
type Blame struct {
	Activations []Activation // ordered by their time, at most maxActivations
	ClearedAt   time.Time    // those up to here are history, not suspects (R7)
}

const maxActivations = 16

// futureSlack is how far ahead of a probe's clock an activation may be and
// still count: two processes read two clocks (R4).
const futureSlack = 2 * time.Second

// record files an activation by its time: one that is older than the newest
// does not become it (R7). One that is there already is not filed again: two
// instances may tell of it.
func (b Blame) record(a Activation) Blame {
	if b.has(a) {
		return b
	}
	at, _ := slices.BinarySearchFunc(b.Activations, a, func(x, y Activation) int {
		if c := x.At.Compare(y.At); c != 0 {
			return c
		}
		return -1 // behind those of the same time
	})
	all := slices.Insert(slices.Clone(b.Activations), at, a)
	b.Activations = all[max(0, len(all)-maxActivations):]
	return b
}

func (b Blame) has(a Activation) bool {
	return slices.ContainsFunc(b.Activations, func(x Activation) bool { return x.Jail == a.Jail && x.At.Equal(a.At) })
}

// clear makes history of all activations up to now. The list stays.
func (b Blame) clear(now time.Time) Blame {
	if last, ok := b.last(); ok && last.At.After(now) {
		now = last.At
	}
	if now.After(b.ClearedAt) {
		b.ClearedAt = now
	}
	return b
}

// last is the newest activation that is not history, of a jail that is not off by now.
func (b Blame) last() (Activation, bool) {
	for _, a := range slices.Backward(b.Activations) {
		if !a.Off {
			return a, a.At.After(b.ClearedAt)
		}
	}
	return Activation{}, false
}

// Last is the newest activation that a crash could be put down to.
func (b Blame) Last() (Activation, bool) { return b.last() }

// suspect is the activation that a crash at that moment is put down to, and
// how long before it was (R4). An activation too far in the future is not
// blamed; it tells of clocks that differ.
func (b Blame) suspect(now time.Time, window time.Duration) (a Activation, age time.Duration, blamed, skewed bool) {
	a, ok := b.last()
	if !ok {
		return Activation{}, 0, false, false
	}
	age = now.Sub(a.At)
	if age < -futureSlack {
		return a, age, false, true
	}
	return a, age, age <= a.window(window), false
}

// window is how long a crash is put down to an activation.
func (a Activation) window(now time.Duration) time.Duration { return cmp.Or(a.Window, now) }

// others are the other jails that were activated inside the window before a
// moment (X11), newest first.
func (b Blame) others(blamed Activation, now time.Time, window time.Duration) []string {
	var out []string
	for i := len(b.Activations) - 1; i >= 0; i-- {
		a := b.Activations[i]
		inside := !a.Off && a.At.After(b.ClearedAt) && now.Sub(a.At) <= a.window(window)
		if inside && a.Jail != blamed.Jail && !slices.Contains(out, a.Jail) {
			out = append(out, a.Jail)
		}
	}
	return out
}

// nextCheck is how long after now the next look at a fresh activation is due
// (X8): 0.5, 1, 2 and 4 s after it, then every 2 s to the end of the window.
func (b Blame) nextCheck(now time.Time, window time.Duration) (wait time.Duration, due bool) {
	a, ok := b.last()
	age := now.Sub(a.At)
	if !ok || age < 0 || age >= a.window(window) {
		return 0, false
	}
	for _, at := range []time.Duration{time.Second / 2, time.Second, 2 * time.Second, 4 * time.Second} {
		if age < at {
			return at - age, true
		}
	}
	const pace = 2 * time.Second
	return pace - age%pace, true
}
