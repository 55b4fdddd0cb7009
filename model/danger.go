package model

import (
	"net/netip"
	"slices"
	"time"

	"bantop/fail2ban/addr"
)

// Own is an address from which somebody is logged in on this machine.
type Own struct {
	Addr     netip.Addr
	Who, TTY string
	From     string   // where it is known from
	Mine     bool     // of the person in front of it, not of another login
	Banned   []string // jails that ban it, sorted
	Fails    []OwnFails
}

// OwnFails is how near an own address is to a ban.
type OwnFails struct {
	Jail     string
	Failures int
	Of       int // that many are a ban
}

// OwnRead is who is logged in, and from where: the result of ReadOwn.
type OwnRead struct {
	At    time.Time
	Own   []Own
	Jails []JailFetched // of ReadOwn.Failing, with settings and log alone
}

// ReadOwn asks who is logged in, whether that is banned, and what the log says of
// the jails in which somebody fails.
type ReadOwn struct{ Failing []string }

// ownAge is how old that may get.
const ownAge = 30 * time.Second

// Logins is who is logged in, as far as that is known.
type Logins struct {
	At       time.Time
	Own      []Own
	inFlight bool
}

func (s State) ownRead(msg OwnRead) State {
	s = s.at(msg.At)
	s.Logins = Logins{At: msg.At, Own: make([]Own, len(msg.Own))}
	for i, o := range msg.Own {
		o.Banned = slices.Clone(o.Banned)
		if o.Mine {
			o.Fails = ownFails(msg.Jails, msg.At, o.Addr.String())
		}
		s.Logins.Own[i] = o
	}
	return s
}

// ownFails is in which jails an address fails.
func ownFails(jails []JailFetched, at time.Time, address string) []OwnFails {
	var out []OwnFails
	for _, j := range jails {
		j.At = at
		for _, f := range whoFails(j, 0).Addresses {
			if f.Address == address && f.Failures > 0 {
				out = append(out, OwnFails{Jail: j.Jail, Failures: f.Failures, Of: j.Settings.MaxRetry})
			}
		}
	}
	return out
}

// ownStale asks again who is logged in, where that is old.
func (s State) ownStale() (State, []Effect) {
	if s.Demo || s.Logins.inFlight || !s.Logins.At.IsZero() && s.Now.Sub(s.Logins.At) < ownAge {
		return s, nil
	}
	s.Logins.inFlight = true
	var failing []string
	for _, j := range s.Runtime.Server.Jails {
		if j.Failing > 0 {
			failing = append(failing, j.Name)
		}
	}
	return s, []Effect{ReadOwn{Failing: failing}}
}

// Dangers are what a batch would do that nobody wants by mistake.
type Dangers struct {
	Own  []Own    // logins that it locks out
	Wide []string // networks that are wider than a ban should be
}

// None tells whether there are none.
func (d Dangers) None() bool { return len(d.Own) == 0 && len(d.Wide) == 0 }

func (d Dangers) first() string {
	if len(d.Own) > 0 {
		return "it bans " + d.Own[0].Addr.String() + ", from where " + d.Own[0].Who + " is logged in"
	}
	return d.Wide[0] + " is a wide network"
}

// Dangers looks for them in a batch.
func (s State) Dangers(kind ActKind, targets []BatchTarget) Dangers {
	var d Dangers
	if kind != ActBan {
		return d
	}
	for _, t := range targets {
		p, _, err := addr.Parse(t.Address)
		if err != nil {
			continue
		}
		for _, o := range s.Logins.Own {
			if addr.Holds(p, addr.Of(o.Addr)) && !slices.ContainsFunc(d.Own, func(known Own) bool { return known.Addr == o.Addr }) {
				d.Own = append(d.Own, o)
			}
		}
		if text := addr.Format(p); addr.Wide(p) && !slices.Contains(d.Wide, text) {
			d.Wide = append(d.Wide, text)
		}
	}
	return d
}
