package model

import "time"

// Made is a change of the configuration that bantop made and somebody confirmed. It
// has the texts of its files, which may hold secrets, so it is never part of a Runtime:
// store.Texts keeps it.
type Made struct {
	Number        int    // among the changes of one server, from 1
	Act           string // a ChangeKind, ActAllowForGood or ActDisallow
	Jail          string // that it is about; "" if that is not known
	About         string // the addresses that were allowed, or are not any more
	By, TTY, Host string
	At            time.Time // when it was asked for
	Ended         time.Time
	EndedBy       string       // who confirmed it; "" if nobody had to
	Files         []FileChange // at least one; of one that was renamed, the sums are those of the file
	Reverts       int          // the number of the change that it took back; 0 if it took none back
}

// Is reports whether both are one change.
func (m Made) Is(o Made) bool { return m.Act == o.Act && m.Jail == o.Jail && m.At.Equal(o.At) }

// Person is who made it.
func (m Made) Person() string { return personOn(m.By, m.TTY) }

// Made is what a change that was confirmed leaves. Its files have no texts.
func (c Change) Made() Made {
	return Made{Act: string(c.Kind), Jail: c.Jail, By: c.By, TTY: c.TTY, At: c.At, Ended: c.Since, EndedBy: c.EndedBy,
		Files: c.Plan.Files(), Reverts: c.Reverts}
}

// Back is what takes a change of a file back.
func (f FileChange) Back() FileChange {
	if f.Aside != "" {
		f.Name, f.Aside = f.Aside, f.Name
		return f
	}
	f.Was, f.Now, f.WasSum, f.NowSum = f.Now, f.Was, f.NowSum, f.WasSum
	return f
}

// Reverted is what was taken back, of ChangeRevert.
func (p Preparing) Reverted() Made { return p.made }
