package fail2ban

import (
	"fmt"
	"strings"
)

// Slip is one thing in the configuration for which fail2ban refuses the next start or
// reload, or would come up without a jail.
type Slip struct {
	Place         // where it stands; no File if that was not found
	Jail   string // "" if it is server-wide
	Option string // "dbpurgeage"; "" if that is not known
	Reason string // in fail2ban's own words, if they are known
}

func (s Slip) String() string {
	said := s.Reason
	if s.Jail != "" {
		said = "jail " + s.Jail + ": " + said
	}
	if s.File == "" {
		return said
	}
	return s.Place.String() + ": " + said
}

// RefusedError reports that fail2ban would not come up with its configuration as it
// stands, or not with every jail.
type RefusedError struct{ Slips []Slip } // at least one

func (e *RefusedError) Error() string {
	said := make([]string, len(e.Slips))
	for i, s := range e.Slips {
		said[i] = s.String()
	}
	return strings.Join(said, "; ")
}

// Hint is what to do next.
func (e *RefusedError) Hint() string {
	for _, s := range e.Slips {
		if s.File != "" {
			return fmt.Sprintf("correct %s; until then any reload or restart of fail2ban fails", s.Place)
		}
	}
	return "correct the configuration; until then any reload or restart of fail2ban fails"
}
