package model

import "slices"

// X14: a jail that was switched off since is not to blame. Its activation stays in the
// list, for people.

// off takes note that jails are off by now, each by whether it is.
func (b Blame) off(is func(a Activation) bool) Blame {
	var all []Activation
	for i, a := range b.Activations {
		if a.Off || !is(a) {
			continue
		}
		if all == nil {
			all = slices.Clone(b.Activations)
		}
		all[i].Off = true
	}
	if all != nil {
		b.Activations = all
	}
	return b
}

// switchedOff takes note of jails that a change of bantop's switched off.
func (r Runtime) switchedOff(c Change) Runtime {
	var jails []string
	switch {
	case c.Step == StepConfirmed && c.Kind == ChangeDeactivate:
		jails = union(c.Loses, []string{c.Jail})
	case c.Step == StepConfirmed:
		jails = union(c.Loses, c.Loose)
	case c.Step == StepTakenBack && c.Kind == ChangeActivate:
		jails = []string{c.Jail}
	}
	r.Blame = r.Blame.off(func(a Activation) bool {
		return slices.Contains(jails, a.Jail) && !a.At.After(c.Since)
	})
	return r
}

// unblame takes the blame off jails that the configuration does not enable any more, or
// whose file is gone, and that the server does not list, either. A crash that was put down to one is put down to the activation
// before it, if there is one inside the window, else to none.
func (r Runtime) unblame(c ConfigurationRead) Runtime {
	if c.Reason == "" {
		r.Blame = r.Blame.off(func(a Activation) bool {
			_, runs := r.Server.Jail(a.Jail)
			return !runs && !c.enables(a.Jail) && !a.At.After(c.Started)
		})
	}
	p := r.Pending
	if p == nil || p.Kind != PendingCrash || p.Checked || p.DetectedAt.After(c.Started) {
		return r
	}
	same := *p
	same.Checked = true
	r.Pending = &same
	if !r.Blame.isOff(p.PendingID) {
		return r
	}
	a, _, blamed, _ := r.Blame.suspect(p.DetectedAt, r.Window)
	if !blamed {
		r.Pending = nil
		return r
	}
	same.Jail, same.ActivatedAt = a.Jail, a.At
	same.Also = r.Blame.others(a, p.DetectedAt, r.Window)
	return r
}

// unchecked reports whether the configuration has to say if the jail that a crash is
// put down to is still enabled.
func (r Runtime) unchecked() bool {
	return r.Pending != nil && r.Pending.Kind == PendingCrash && !r.Pending.Checked
}

func (b Blame) isOff(id PendingID) bool {
	return slices.ContainsFunc(b.Activations, func(a Activation) bool {
		return a.Off && a.Jail == id.Jail && a.At.Equal(id.ActivatedAt)
	})
}
