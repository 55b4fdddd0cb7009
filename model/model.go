// Package model is the state of bantop as an immutable value, and every rule by
// which it changes.
//
// All of it is one pure function:
//
//	Update(State, Msg) (State, []Effect)
//
// A Msg is something that happened, an Effect something that is to be done;
// both are plain data. There is no I/O here, no clock, no goroutine and no
// randomness: times and identifiers arrive inside messages. A State that was
// returned never changes again: every function copies what it changes.
//
// The rules are named R1 to R12 and X1 to X13 in docs/architecture.md; a comment
// with that name stands where each is carried out, and a test of that name
// holds it.
package model

import (
	"slices"
	"time"

	"bantop/config"
)

// State is everything that bantop knows. Its zero value is not used: New makes
// one.
type State struct {
	Settings Settings
	Host     string    // the machine that fail2ban runs on
	Demo     bool      // the server is made up
	Control  string    // how fail2ban-client is called for this server
	Confirm  string    // what to type to confirm a change in another login
	AsRoot   string    // what to type to see what root's instances do
	Who, TTY string    // of the person in front of it
	Now      time.Time // the newest moment that a message brought
	Started  time.Time // when bantop began to look

	Runtime Runtime
	Events  []Event // oldest first, at most maxEvents
	Rates   []Rate  // sorted by jail
	Named   []Named // whom each jail was last known to ban
	Detail  Detail  // of the jail that is open
	Probing Probing
	Reading bool // the configuration is being asked
	Sharing Sharing

	Session  Unlocking
	Acting   Acting
	Evidence Evidence
	Suspects Suspects
	Checkup  Checkup
	Bans     Bans
	Batch    Batch
	Logins   Logins
	Address  Address

	Catalogue Catalogue
	Preparing Preparing
	Survey    Survey

	rehearsals uint64    // how many were begun
	tended     time.Time // when it was last looked whether the guard lives
}

// Probing is where the next look at the server stands.
type Probing struct {
	Seq      uint64 // of the newest probe that was asked for
	InFlight bool
}

// maxEvents is how many events are kept to be shown.
const maxEvents = 200

// Options are what a State starts with.
type Options struct {
	Settings config.Effective
	Faults   []config.Fault // what of the settings is not used
	Host     string
	Who, TTY string
	Demo     bool
	Control  string // default "fail2ban-client"
	Shared   bool   // there is a store
	Private  string // why there is none, where there should be
	Next     string // what to do about that; "" if nothing is known
	Apart    bool   // the server is another user's, whose changes are not seen here
	Confirm  string // what to type to confirm a change in another login; default "sudo bantop confirm"
	AsRoot   string // what to type to see what root's instances do; default "sudo bantop"
}

// New returns the state before anything is known.
func New(o Options) State {
	if o.Control == "" {
		o.Control = "fail2ban-client"
	}
	if o.Confirm == "" {
		o.Confirm = "sudo bantop confirm"
	}
	if o.AsRoot == "" {
		o.AsRoot = "sudo bantop"
	}
	return State{
		Settings: newSettings(o.Settings, o.Faults), Host: o.Host, Who: o.Who, TTY: o.TTY, Demo: o.Demo, Control: o.Control,
		Session: newUnlocking(o.Settings.Settings),
		Sharing: Sharing{Shared: o.Shared, Reason: o.Private, Next: o.Next, Apart: o.Apart},
		Confirm: o.Confirm, AsRoot: o.AsRoot,
		Runtime: NewRuntime(),
	}
}

// Msg is something that happened: one of the types below, in the file of its
// subject. Update ignores any other.
type Msg any

// Started is the first message: bantop begins to look.
type Started struct{ At time.Time }

// Ticked is the passing of time.
type Ticked struct{ At time.Time }

// Update is the state after a message, and what is to be done about it.
func Update(s State, msg Msg) (State, []Effect) {
	switch msg := msg.(type) {
	case Started:
		return s.started(msg)
	case Ticked:
		return s.ticked(msg)
	case ProbeFinished:
		return s.probeFinished(msg)
	case RefreshRequested:
		return s.refreshRequested()
	case BansFetched:
		return s.bansFetched(msg)
	case ConfigurationRead:
		return s.configurationRead(msg)
	case Stored, StoreFailed, Followed:
		return s.updateSharing(msg)
	case JailOpened, JailClosed, JailFetched:
		return s.updateDetail(msg)
	case EvidenceOpened, EvidenceClosed, LogRead, SuspectsFound, SetAsideChosen:
		return s.updateEvidence(msg)
	case SetupOpened, SetupClosed, SetupChecked:
		return s.updateSetup(msg)
	case BatchRequested, BatchStopped, TakeBackRequested, ActedOn:
		return s.updateBatch(msg)
	case AddressOpened, AddressClosed, AddressFetched:
		return s.updateAddress(msg)
	case OwnRead:
		return s.ownRead(msg), nil
	case BansOpened, BansClosed, BansListed:
		return s.updateBans(msg)
	case SettingsChanged, SettingsRead, SettingsKeeping, SettingsKept:
		return s.updateSettings(msg)
	case Unlocked, LockRequested, ActRequested, ActFinished:
		return s.updateActs(msg)
	case EditRefused:
		return s.editRefused(msg)
	case EditRequested:
		return s, []Effect{PrepareEdit(msg)}
	case CatalogueOpened, CatalogueClosed, CatalogueRead:
		return s.updateCatalogue(msg)
	case SurveyRequested, SurveyStopped, RehearsalRequested, RehearsalStepped, RehearsalDropped, ChangeRequested, GuardStarted, ConfirmRequested, RevertRequested:
		return s.updatePreparing(msg)
	case ActivationRecorded:
		return s.activationRecorded(msg)
	case ActivationCleared, PendingCreated, PendingDismissed, JailsAwaited, IntentAnnounced, IntentEnded,
		ChangeBegun, ChangeDid, ChangeConfirmed, ChangeReverted, ChangeExpired, ChangeTaken, ChangeTold, Rebooted, EventsTold, SessionsLocked, SetupCompleted:
		return s.step(msg)
	default:
		return s, nil
	}
}

func (s State) started(msg Started) (State, []Effect) {
	s = s.at(msg.At)
	s.Started = msg.At
	s = s.log(faultEvents(s.Settings.Faults, SettingsSpoilt, msg.At))
	s, probe := s.probe(0)
	s, own := s.ownStale()
	s, tend := s.tend()
	return s, slices.Concat(probe, own, tend)
}

// ticked takes note of the time. Where the clock was set back, so is the State's.
func (s State) ticked(msg Ticked) (State, []Effect) {
	if s.Now.Sub(msg.At) > clockSlack {
		s.Now = msg.At
	}
	s, own := s.at(msg.At).ownStale()
	s, tend := s.tend()
	s, catalogue := s.catalogueStale()
	return s, slices.Concat(own, tend, catalogue)
}

// at takes note of a moment. Messages may arrive out of order; time does not
// go back on the screen for that.
func (s State) at(t time.Time) State {
	if t.After(s.Now) {
		s.Now = t
	}
	return s
}

// log adds events.
func (s State) log(events []Event) State {
	if len(events) == 0 {
		return s
	}
	all := make([]Event, 0, len(s.Events)+len(events))
	all = append(append(all, s.Events...), events...)
	s.Events = all[max(0, len(all)-maxEvents):]
	return s
}
