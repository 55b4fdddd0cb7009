package model

import (
	"time"

	"bantop/config"
)

// Session is the permission to act that somebody gave himself: bantop starts
// read-only.
type Session struct {
	Who, TTY string
	Since    time.Time
	Until    time.Time // absolute: it is not prolonged by acting

	locks uint64 // Runtime.Locks when it was unlocked
}

// sessionCache keeps an unlocked session, or does not (R9).
type sessionCache interface {
	put(Session) sessionCache
	get(now time.Time) (Session, bool)
}

// memoryCache keeps one session until its time is over.
type memoryCache struct {
	ttl     time.Duration
	session Session
}

func (c memoryCache) put(s Session) sessionCache {
	s.Until = s.Since.Add(c.ttl)
	c.session = s
	return c
}

func (c memoryCache) get(now time.Time) (Session, bool) {
	return c.session, now.Before(c.session.Until) && !now.Before(c.session.Since)
}

// noCache holds nothing: every act asks.
type noCache struct{}

func (c noCache) put(Session) sessionCache           { return c }
func (noCache) get(time.Time) (s Session, kept bool) { return Session{}, false }

// Unlocking is where this instance stands with acting.
type Unlocking struct {
	cache sessionCache
	grant time.Time // an act was allowed then, and not done yet; for a cache that holds nothing
	locks uint64    // Runtime.Locks at that moment
}

// grantLasts is how long the answer to a question allows the act that it was
// asked for.
const grantLasts = time.Minute

func newUnlocking(s config.Settings) Unlocking {
	if s.SessionCache && s.SessionTTL > 0 {
		return Unlocking{cache: memoryCache{ttl: s.SessionTTL}}
	}
	return Unlocking{cache: noCache{}}
}

// follow replaces the cache where a setting of it changed, and only then: an
// unlocked session survives any other change (R9).
func (u Unlocking) follow(was, is config.Settings) Unlocking {
	if was.SessionCache == is.SessionCache && was.SessionTTL == is.SessionTTL {
		return u
	}
	return newUnlocking(is)
}

// Unlocked says that somebody answered the question whether he means it.
type Unlocked struct{ At time.Time }

// LockRequested says that somebody wants every instance locked.
type LockRequested struct{ At time.Time }

// SessionsLocked voids the sessions that are unlocked, in every instance. They
// are told apart by the count of locks, not by time: a clock that is set back
// after a lock keeps nobody locked out.
type SessionsLocked struct{}

func (r Runtime) sessionsLocked() Runtime {
	r.Locks++
	return r
}

func (s State) unlocked(msg Unlocked) (State, []Effect) {
	s = s.at(msg.At)
	locks := s.Runtime.Locks
	s.Session.cache = s.Session.cache.put(Session{Who: s.Who, TTY: s.TTY, Since: msg.At, locks: locks})
	s.Session.grant, s.Session.locks = msg.At, locks
	return s, []Effect{Journal{At: msg.At, Act: "unlock", Result: "done"}}
}

func (s State) lockRequested(msg LockRequested) (State, []Effect) {
	s = s.at(msg.At)
	s, effects := s.step(SessionsLocked{})
	return s, append(effects, Journal{At: msg.At, Act: "lock", Result: "done"})
}

// ActiveSession is the session that is unlocked at the State's time, if one is.
func (s State) ActiveSession() (Session, bool) {
	session, ok := s.Session.cache.get(s.Now)
	return session, ok && session.locks == s.Runtime.Locks
}

// allowed tells whether an act may be done, and uses up a single allowance.
func (s State) allowed(now time.Time) (State, bool) {
	if _, ok := s.ActiveSession(); ok {
		return s, true
	}
	age := now.Sub(s.Session.grant)
	granted := !s.Session.grant.IsZero() && age >= 0 && age <= grantLasts && s.Session.locks == s.Runtime.Locks
	s.Session.grant = time.Time{}
	return s, granted
}
