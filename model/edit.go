package model

import "time"

// PrepareEdit asks for the file in which a jail is edited. Its result is an
// EditPrepared.
type PrepareEdit struct{ Jail string }

// EditPrepared is the file in which a jail is edited, for somebody's editor.
type EditPrepared struct {
	Jail   string
	At     time.Time
	Name   string // in jail.d
	Was    []byte // what it holds; nil where it is not there
	Text   []byte // to begin with
	Reason string // why it cannot be edited; "" where it can
	Hint   string
}

// EditRefused says that a jail cannot be edited.
type EditRefused struct {
	Jail   string
	At     time.Time
	Reason string
	Hint   string
}

// editRefused tells it where a change would be told.
func (s State) editRefused(msg EditRefused) (State, []Effect) {
	s = s.at(msg.At)
	s, effects := s.rehearsalDropped()
	s.Preparing = Preparing{Kind: ChangeEdit, Jail: msg.Jail, At: msg.At, Reason: msg.Reason, Hint: msg.Hint}
	return s, effects
}

// EditedFrom is what the file held when somebody began to edit it.
func (p Preparing) EditedFrom() []byte { return p.was }

// Edited is the text that somebody made, of ChangeEdit; false where there is none.
func (p Preparing) Edited() ([]byte, bool) {
	if p.text == nil {
		return nil, false
	}
	return *p.text, true
}

// EditRequested says that somebody wants to edit a jail.
type EditRequested struct{ Jail string }
