package fail2ban

import "fmt"

// Place is a line of fail2ban's configuration.
type Place struct {
	File string // from the top of the configuration folder: "jail.d/x.local"; "" is nowhere
	Line int    // from 1; 0 where it is the file as a whole
}

func (p Place) String() string {
	if p.Line > 0 {
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return p.File
}

// ConfJail is a jail as fail2ban's configuration has it. Its values stand as
// fail2ban makes them, with what they refer to put in, where that can be worked
// out without fail2ban; else as they are written.
type ConfJail struct {
	Name    string
	Enabled bool
	Said    Place    // where `enabled` of this jail was said last; nowhere where only [DEFAULT] says it, or nothing
	Files   []string // that say anything about this jail, in the order of reading

	Filter  string // with its options
	Backend string
	Port    string
	LogPath []string // one path or pattern each
	Journal string   // its journalmatch
	Action  string   // its actions, as they are written

	Fault string // why its values cannot be worked out; "" where they can
}

// ConfFault is something in the configuration that fail2ban would not read.
type ConfFault struct {
	Place
	Reason string
}

func (f ConfFault) String() string { return f.Place.String() + ": " + f.Reason }

// Catalogue is every jail that the configuration knows, sorted by name, and what
// is wrong with its files.
type Catalogue struct {
	Jails  []ConfJail
	Faults []ConfFault
}

// Jail is the jail of a name.
func (c Catalogue) Jail(name string) (ConfJail, bool) {
	for _, j := range c.Jails {
		if j.Name == name {
			return j, true
		}
	}
	return ConfJail{}, false
}
