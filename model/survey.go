package model

import (
	"slices"
	"time"

	"bantop/fail2ban"
)

// Survey is a rehearsal of many jails, to see which could be activated.
type Survey struct {
	Began, Ended time.Time
	Of           int                  // how many jails
	Found        []fail2ban.Rehearsal // those that ended, in that order
	limit        time.Duration        // of each, as the survey was begun
	waiting      []string
	running      []surveying
}

type surveying struct {
	id   uint64
	jail string
	last fail2ban.Rehearsal
}

// surveyAtOnce is how many jails are rehearsed at once: the machine has other
// things to do.
const surveyAtOnce = 2

// SurveyRequested says that somebody wants to know which of these jails could be
// activated.
type SurveyRequested struct {
	Jails []string
	At    time.Time
}

// SurveyStopped says that nobody wants to know any more. What was found stays.
type SurveyStopped struct{ At time.Time }

// Running tells whether the survey goes on.
func (v Survey) Running() bool { return len(v.running)+len(v.waiting) > 0 }

// Jail is what was found about a jail.
func (v Survey) Jail(name string) (fail2ban.Rehearsal, bool) {
	at := slices.IndexFunc(v.Found, func(r fail2ban.Rehearsal) bool { return r.Jail == name })
	if at < 0 {
		return fail2ban.Rehearsal{}, false
	}
	return v.Found[at], true
}

func (s State) surveyRequested(msg SurveyRequested) (State, []Effect) {
	s = s.at(msg.At)
	if s.Survey.Running() || len(msg.Jails) == 0 {
		return s, nil
	}
	s.Survey = Survey{Began: msg.At, Of: len(msg.Jails), limit: s.InForce().ActivationLimit,
		waiting: slices.Clone(msg.Jails)}
	return s.surveyNext()
}

// surveyNext begins rehearsals, up to so many at once.
func (s State) surveyNext() (State, []Effect) {
	var effects []Effect
	v := s.Survey
	v.running = slices.Clone(v.running)
	for len(v.waiting) > 0 && len(v.running) < surveyAtOnce {
		s.rehearsals++
		one := surveying{id: s.rehearsals, jail: v.waiting[0]}
		v.waiting, v.running = v.waiting[1:], append(v.running, one)
		effects = append(effects, s.surveyStep(one))
	}
	if s.Survey = v; !v.Running() && v.Ended.IsZero() {
		s.Survey.Ended = s.Now
	}
	return s, effects
}

func (s State) surveyStep(one surveying) Effect {
	return Rehearse{ID: one.id, Kind: ChangeActivate, Jail: one.jail, Live: s.live(), Limit: s.Survey.limit}
}

// surveyStepped takes in what one rehearsal of the survey found; false where the
// message is of none.
func (s State) surveyStepped(msg RehearsalStepped) (_ State, _ []Effect, mine bool) {
	at := slices.IndexFunc(s.Survey.running, func(o surveying) bool { return o.id == msg.ID })
	if at < 0 {
		return s, nil, false
	}
	one := s.Survey.running[at]
	one.last = msg.Rehearsal
	if msg.Reason == "" && msg.Rehearsal.Step != fail2ban.RehearseDone {
		return s, []Effect{s.surveyStep(one)}, true
	}
	if msg.Reason != "" {
		one.last = fail2ban.Rehearsal{Jail: one.jail, Step: fail2ban.RehearseDone, Verdict: fail2ban.VerdictImpossible, Reason: msg.Reason}
	}
	v := s.Survey
	v.running = slices.Delete(slices.Clone(v.running), at, at+1)
	v.Found = append(slices.Clone(v.Found), one.last)
	s.Survey = v
	s, effects := s.surveyNext()
	return s, append([]Effect{EndRehearsal{ID: msg.ID}}, effects...), true
}

// surveyStopped ends what goes on.
func (s State) surveyStopped(msg SurveyStopped) (State, []Effect) {
	s = s.at(msg.At)
	var effects []Effect
	for _, one := range s.Survey.running {
		effects = append(effects, EndRehearsal{ID: one.id})
	}
	if s.Survey.Running() {
		s.Survey.Ended = s.Now
	}
	s.Survey.running, s.Survey.waiting = nil, nil
	return s, effects
}
