package model

import (
	"slices"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/addr"
)

// The kinds of act on addresses.
const (
	ActBan             ActKind = "ban"
	ActUnban           ActKind = "unban"
	ActUnbanEverywhere ActKind = "unban everywhere"
	ActAllow           ActKind = "allow"          // put on a jail's ignore list, until the next reload
	ActAllowForGood    ActKind = "allow for good" // and written into the configuration
	ActDisallow        ActKind = "disallow"       // taken off it, and out of the configuration
)

// BatchTarget is one address in one jail that something is to be done to; in no
// jail, for ActUnbanEverywhere.
type BatchTarget struct {
	fail2ban.Target
	Length time.Duration // of a ban: 0 is the jail's own, fail2ban.Permanent for ever
	Until  time.Time     // how long it is banned now, for the act to be taken back; zero where that is not known
}

// Outcome is what came of an act on one target.
type Outcome string

// The outcomes.
const (
	OutcomeDone    Outcome = "done"
	OutcomeNothing Outcome = "nothing to do" // it was not banned; it was already
	OutcomeIgnored Outcome = "ignored"       // refused: it is on the jail's ignore list
	OutcomeRefused Outcome = "refused"       // by the server, or because it makes no sense
	OutcomeUnknown Outcome = "not known"     // the connection broke before the answer came
)

// Result is what came of an act on one target.
type Result struct {
	BatchTarget
	Outcome Outcome
	Reason  string // why it was refused, or not known
}

// Batch is an act on many addresses, under way or done.
type Batch struct {
	Kind     ActKind // "" before the first
	Targets  []BatchTarget
	Results  []Result // of the first of them
	Running  bool
	Stopping bool // somebody wants no more of it
	Began    time.Time
	Ended    time.Time
	Reason   string // why it broke off or was refused; "" where it did not
	Hint     string

	id       uint64
	chunk    int // how many are being done
	ignored  bool
	reversal []BatchTarget // what takes it back, where the targets do not tell it
}

// BatchRequested says that somebody has answered the question whether to do it.
type BatchRequested struct {
	Kind     ActKind
	Targets  []BatchTarget
	At       time.Time
	Meant    bool          // that it locks out an own address, or is wide, was asked about
	Ignored  bool          // so was that it is on an ignore list
	Back     bool          // it takes back another: what was there before is no danger
	Reversal []BatchTarget // of ActUnbanEverywhere: the bans that it ends, for it to be taken back
}

// BatchStopped says that somebody wants no more of it. What is under way is
// finished.
type BatchStopped struct{}

// TakeBackRequested says that somebody wants the newest act taken back.
type TakeBackRequested struct{ At time.Time }

// ActOn asks that something be done to addresses, in one go. Its result is an
// ActedOn with the same ID.
type ActOn struct {
	ID      uint64
	Kind    ActKind
	Targets []BatchTarget
	Ignored bool // ban what is on an ignore list, too
}

// ActedOn is the result of ActOn: of each target, in order, what came of it.
type ActedOn struct {
	ID      uint64
	At      time.Time
	Took    time.Duration // how long the server was busy with it
	Results []Result
	Reason  string // why it broke off; "" where it did not
	Hint    string
}

// hold is how long one chunk of a batch may keep the server from others: the
// next is as large as the one before shows.
const (
	hold       = 50 * time.Millisecond
	mostChunk  = 500
	chunkGrows = 4 // times the chunk before, at the most
)

func (s State) updateBatch(msg Msg) (State, []Effect) {
	switch msg := msg.(type) {
	case BatchRequested:
		return s.batchRequested(msg)
	case BatchStopped:
		s.Batch.Stopping = s.Batch.Running
		return s, nil
	case TakeBackRequested:
		return s.takeBackRequested(msg)
	case ActedOn:
		return s.actedOn(msg)
	default:
		return s, nil
	}
}

// batchRequested begins it, where it is allowed and nothing else is being done.
func (s State) batchRequested(msg BatchRequested) (State, []Effect) {
	s = s.at(msg.At)
	if s.Batch.Running || len(msg.Targets) == 0 {
		return s, nil
	}
	b := Batch{Kind: msg.Kind, Began: msg.At, Ended: msg.At, id: s.Batch.id + 1, ignored: msg.Ignored || msg.Back}
	s, ok := s.allowed(msg.At)
	if !ok {
		b.Reason, b.Hint = "this pane is locked", "press o to unlock it"
		s.Batch = b
		return s, nil
	}
	if b.Reason = s.forbidden(msg); b.Reason != "" && !msg.Back {
		s.Batch = b
		return s, nil
	}
	b.Targets, b.reversal = slices.Clone(msg.Targets), slices.Clone(msg.Reversal)
	b.Reason = ""
	if b.Kind == ActBan && !msg.Back { // as the server writes it
		for i, t := range b.Targets {
			if p, _, err := addr.Parse(t.Address); err == nil {
				b.Targets[i].Address = addr.Format(p)
			}
		}
	}
	b.Running = true
	s.Batch = b
	return s.nextChunk(1)
}

// forbidden is why a batch is not begun; "" where it is.
func (s State) forbidden(msg BatchRequested) string {
	names := msg.Kind == ActUnban || msg.Kind == ActUnbanEverywhere || msg.Kind == ActDisallow // may be what a jail bans or ignores
	for _, t := range msg.Targets {
		p, _, err := addr.Parse(t.Address)
		switch {
		case err != nil && names:
		case err != nil:
			return err.Error()
		case addr.Everything(p):
			return addr.Format(p) + " is everybody"
		}
	}
	if d := s.Dangers(msg.Kind, msg.Targets); !d.None() && !msg.Meant {
		return d.first()
	}
	return ""
}

// nextChunk does the next so many.
func (s State) nextChunk(n int) (State, []Effect) {
	b := s.Batch
	done := len(b.Results)
	b.chunk = min(n, len(b.Targets)-done)
	s.Batch = b
	return s, []Effect{ActOn{ID: b.id, Kind: b.Kind, Targets: slices.Clone(b.Targets[done : done+b.chunk]), Ignored: b.ignored}}
}

// actedOn takes in what came of a chunk, and goes on with the next.
func (s State) actedOn(msg ActedOn) (State, []Effect) {
	s = s.at(msg.At)
	b := s.Batch
	if msg.ID != b.id || !b.Running {
		return s, nil
	}
	results := msg.Results[:min(len(msg.Results), b.chunk)]
	b.Results = append(b.Results[:len(b.Results):len(b.Results)], results...)
	b.Reason, b.Hint, b.Ended = msg.Reason, msg.Hint, msg.At
	b.Running = msg.Reason == "" && !b.Stopping && len(b.Results) < len(b.Targets)
	s.Batch = b
	effects := []Effect{JournalAll{Entries: b.entries(results, msg.At)}}
	if b.Running {
		s, next := s.nextChunk(chunkAfter(b.chunk, msg.Took))
		return s, append(effects, next...)
	}
	s, refresh := s.refreshRequested()
	s.Bans.anew = true
	s.Logins.At = time.Time{} // and who is banned is asked anew
	s, own := s.ownStale()
	return s, slices.Concat(effects, refresh, own)
}

// chunkAfter is how large a chunk may be after one of n that took so long.
func chunkAfter(n int, took time.Duration) int {
	each := max(took, time.Microsecond) / time.Duration(max(1, n))
	return max(1, min(int(hold/max(each, 1)), chunkGrows*n, mostChunk))
}

// JournalAll asks that several acts be written into the journal.
type JournalAll struct{ Entries []Journal }

func (b Batch) entries(results []Result, at time.Time) []Journal {
	entries := make([]Journal, len(results))
	for i, r := range results {
		result := string(r.Outcome)
		if r.Reason != "" {
			result += ": " + r.Reason
		}
		entries[i] = Journal{At: at, Act: string(b.Kind), Jail: r.Jail, Address: r.Address, Result: result}
	}
	return entries
}

// Count is how many of the results have an outcome.
func (b Batch) Count(o Outcome) int {
	n := 0
	for _, r := range b.Results {
		if r.Outcome == o {
			n++
		}
	}
	return n
}

// takeBackRequested does the opposite of the newest act, to all that it changed.
func (s State) takeBackRequested(msg TakeBackRequested) (State, []Effect) {
	kind, targets := s.Batch.Reverse(msg.At)
	if kind == "" {
		return s, nil
	}
	return s.batchRequested(BatchRequested{Kind: kind, Targets: targets, At: msg.At, Back: true})
}

// Reverse is what takes a batch back at a moment: bans that it ended are made
// again for the time that was left. The kind is "" where nothing can be.
func (b Batch) Reverse(now time.Time) (ActKind, []BatchTarget) {
	if b.Running {
		return "", nil
	}
	kind, known := map[ActKind]ActKind{ActBan: ActUnban, ActUnban: ActBan, ActUnbanEverywhere: ActBan, ActAllow: ActDisallow, ActAllowForGood: ActDisallow, ActDisallow: ActAllow}[b.Kind]
	if !known {
		return "", nil
	}
	var out []BatchTarget
	for _, t := range b.changed() {
		if kind == ActBan && t.Length != fail2ban.Permanent {
			if t.Length = t.Until.Sub(now).Round(time.Second); t.Until.IsZero() {
				t.Length = 0
			} else if t.Length <= 0 {
				continue // it would be over by now
			}
		}
		out = append(out, t)
	}
	if len(out) == 0 {
		return "", nil
	}
	return kind, out
}

// changed are the targets that the batch did something to.
func (b Batch) changed() []BatchTarget {
	done := make(map[string]bool)
	var out []BatchTarget
	for _, r := range b.Results {
		if r.Outcome == OutcomeDone {
			done[r.Address] = true
			out = append(out, r.BatchTarget)
		}
	}
	if b.Kind != ActUnbanEverywhere {
		return out
	}
	return slices.DeleteFunc(slices.Clone(b.reversal), func(t BatchTarget) bool { return !done[t.Address] })
}
