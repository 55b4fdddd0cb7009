package model

import (
	"slices"
	"time"
)

// IntentKind is an outage that somebody asked for.
type IntentKind string

// The kinds of intent. A reload is none: the server does not go away for it.
const (
	IntentRestart IntentKind = "restart"
	IntentStop    IntentKind = "stop"
)

// Intent is an outage that somebody asked for through bantop (X6).
type Intent struct {
	Kind IntentKind
	At   time.Time
	By   string
}

// IntentAnnounced says that the server is about to go away, as it should.
type IntentAnnounced struct{ Intent Intent }

// IntentEnded says that it did not come to it.
type IntentEnded struct{ Intent Intent }

// intentLasts is how long an intent excuses an outage.
const intentLasts = 2 * time.Minute

func (r Runtime) intentAnnounced(msg IntentAnnounced) Runtime {
	r.Intents = append(slices.Clone(r.Intents), msg.Intent)
	return r
}

func (r Runtime) intentEnded(msg IntentEnded) Runtime {
	at := slices.IndexFunc(r.Intents, func(i Intent) bool { return i.Kind == msg.Intent.Kind && i.At.Equal(msg.Intent.At) })
	if at >= 0 {
		r.Intents = slices.Delete(slices.Clone(r.Intents), at, at+1)
	}
	return r
}

// excuse uses up one intent for an outage at that moment, where there is one. It
// excuses one only: a server that goes away again does so by itself.
func (r Runtime) excuse(now time.Time) (Runtime, bool) {
	valid := slices.DeleteFunc(slices.Clone(r.Intents), func(i Intent) bool { return now.Sub(i.At) > intentLasts })
	if len(valid) == 0 {
		r.Intents = nil
		return r, false
	}
	r.Intents = valid[1:]
	return r, true
}
