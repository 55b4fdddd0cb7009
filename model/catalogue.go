package model

import (
	"slices"
	"strings"
	"time"

	"bantop/fail2ban"
)

// Catalogue is every jail that fail2ban's configuration knows, as far as somebody
// looks at it.
type Catalogue struct {
	At     time.Time // when it was read; zero before the first time
	Conf   fail2ban.Catalogue
	Reason string // why it could not be read; "" where it was
	Hint   string

	open     bool
	inFlight bool
}

// CatalogueOpened says that somebody looks at the jails of the configuration.
type CatalogueOpened struct{}

// CatalogueClosed says that nobody does any more.
type CatalogueClosed struct{}

// ReadCatalogue asks for the jails of the configuration. Its result is a
// CatalogueRead.
type ReadCatalogue struct{}

// CatalogueRead is the result of ReadCatalogue. Nothing writes to it any more.
type CatalogueRead struct {
	At     time.Time
	Conf   fail2ban.Catalogue
	Reason string
	Hint   string
}

// catalogueAge is how old it may get while somebody looks at it.
const catalogueAge = 10 * time.Second

func (s State) updateCatalogue(msg Msg) (State, []Effect) {
	switch msg := msg.(type) {
	case CatalogueOpened:
		s.Catalogue.open = true
		return s.readCatalogue()
	case CatalogueClosed:
		s.Catalogue.open = false
		return s, nil
	case CatalogueRead:
		s = s.at(msg.At)
		s.Catalogue = Catalogue{At: msg.At, Conf: msg.Conf, Reason: msg.Reason, Hint: msg.Hint, open: s.Catalogue.open}
		return s, nil
	default:
		return s, nil
	}
}

func (s State) readCatalogue() (State, []Effect) {
	if s.Catalogue.inFlight {
		return s, nil
	}
	s.Catalogue.inFlight = true
	return s, []Effect{ReadCatalogue{}}
}

// catalogueStale reads it again, where somebody looks at it and it is old.
func (s State) catalogueStale() (State, []Effect) {
	if !s.Catalogue.open || s.Now.Sub(s.Catalogue.At) < catalogueAge {
		return s, nil
	}
	return s.readCatalogue()
}

// The states of a jail that the configuration knows and the server does not list now.
const (
	JailEnabled  JailState = "enabled"  // it should run since the configuration says so, and was never seen to
	JailInactive JailState = "inactive" // the configuration does not enable it

	JailStopped JailState = "not running" // fail2ban does not run
	JailUnknown JailState = "unknown"     // fail2ban does not answer
)

// CatalogueRow is a jail that is configured, or runs, or both.
type CatalogueRow struct {
	fail2ban.ConfJail
	State   JailState
	Running bool // the server lists it
	Known   bool // the configuration has it
	Live    Jail // where it runs
}

// CatalogueRows are all jails, sorted by name: those of the configuration, and
// those that the server lists or lost without being in it.
func (s State) CatalogueRows() []CatalogueRow {
	byName := make(map[string]CatalogueRow)
	for _, c := range s.Catalogue.Conf.Jails {
		row := CatalogueRow{ConfJail: c, State: JailInactive, Known: true}
		if c.Enabled {
			row.State = JailEnabled
		}
		byName[c.Name] = row
	}
	for _, j := range s.Runtime.Rows() {
		row := byName[j.Name]
		row.Name, row.State, row.Running, row.Live = j.Name, s.Runtime.stateNow(j), j.State.Listed() && s.Runtime.Server.Kind.Up(), j
		byName[j.Name] = row
	}
	rows := make([]CatalogueRow, 0, len(byName))
	for _, row := range byName {
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b CatalogueRow) int { return strings.Compare(a.Name, b.Name) })
	return rows
}

// stateNow is the state of a jail, if what the server said last still holds.
func (r Runtime) stateNow(j Jail) JailState {
	switch {
	case r.Server.Kind.Up() || !j.State.Listed():
		return j.State
	case r.Server.Kind == Offline:
		return JailStopped
	default:
		return JailUnknown
	}
}

// CatalogueRow is the jail of a name.
func (s State) CatalogueRow(jail string) (CatalogueRow, bool) {
	rows := s.CatalogueRows()
	at, ok := slices.BinarySearchFunc(rows, jail, func(r CatalogueRow, name string) int { return strings.Compare(r.Name, name) })
	if !ok {
		return CatalogueRow{}, false
	}
	return rows[at], true
}
