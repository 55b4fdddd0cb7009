package model

import (
	"maps"
	"slices"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/addr"
	"bantop/model/banlist"
)

// BanRecord is a ban of one address that fail2ban's database tells of.
type BanRecord struct {
	fail2ban.JailBan
	Current  bool // it is in force
	Failures int
	Matches  []string // log lines that led to it, oldest first
}

// IgnoreRule is an entry of a jail's ignore list that holds an address.
type IgnoreRule struct{ Jail, Entry string }

// Place is where an address is, by the country database. The zero Place is that of
// one that was not looked up.
type Place struct {
	Country banlist.Country
	ASN     uint32 // of its autonomous system; 0 where that is not known
	ASName  string // likewise ""
}

// Address is what is known of the address that is open.
type Address struct {
	Address string    // "" where none is open
	At      time.Time // when it was asked; zero before
	Records []BanRecord
	Ignored []IgnoreRule
	Reason  string // why the records cannot be had; "" where they can
	// Banned are the jails that ban it now, by the server's own word; nil if it was not
	// asked, as about a network.
	Banned  []string
	Place   Place
	NoPlace string // why it is not known where it is; "" where it is, and where no database is set

	// exact are its bans by the server's own word, in the jails that it was asked about
	// since the list has them from the database.
	exact    []fail2ban.JailBan
	asked    []string
	inFlight bool
	request  uint64
}

// AddressOpened says that somebody wants to know about an address.
type AddressOpened struct{ Address string }

// AddressClosed says that nobody does any more.
type AddressClosed struct{}

// FetchAddress asks what fail2ban knows of an address. Its result is an
// AddressFetched with the same Request.
type FetchAddress struct {
	Address string
	Request uint64
	Jails   []string   // whose ignore lists are looked at
	Inexact []JailBans // jails of whose bans of it the list has the times of the database
}

// AddressFetched is the result of FetchAddress: the records newest first.
type AddressFetched struct {
	Request uint64
	At      time.Time
	Records []BanRecord
	Ignored []IgnoreRule
	Banned  []string           // see Address
	Exact   []fail2ban.JailBan // its bans in Asked, by the server's own word
	Asked   []string           // those of FetchAddress.Inexact that need not be asked again
	Reason  string
	Place   Place
	NoPlace string
}

func (s State) updateAddress(msg Msg) (State, []Effect) {
	switch msg := msg.(type) {
	case AddressOpened:
		s.Address = Address{Address: spelled(msg.Address), request: s.Address.request}
		s, fetch := s.fetchAddress()
		s, list := s.openBans()
		return s, append(fetch, list...)
	case AddressClosed:
		s.Address = Address{request: s.Address.request}
		s.Bans.open = max(0, s.Bans.open-1)
		return s, nil
	case AddressFetched:
		return s.addressFetched(msg).askExactly()
	default:
		return s, nil
	}
}

// spelled is an address as fail2ban writes it; what is none stays as it is.
func spelled(address string) string {
	if p, _, err := addr.Parse(address); err == nil {
		return addr.Format(p)
	}
	return address
}

func (s State) fetchAddress() (State, []Effect) {
	s.Address.request++
	s.Address.inFlight = true
	return s, []Effect{FetchAddress{Address: s.Address.Address, Request: s.Address.request, Jails: s.Runtime.Server.Names(),
		Inexact: s.inexact()}}
}

// askExactly asks the server when bans of the address that is open end, once the list says
// that it does not know better than the database.
func (s State) askExactly() (State, []Effect) {
	if s.Address.Address == "" || s.Address.inFlight || s.Bans.At.IsZero() || len(s.inexact()) == 0 {
		return s, nil
	}
	return s.fetchAddress()
}

// inexact are the jails of whose bans of the address the database has the times, and the
// server was not asked since somebody opened it.
func (s State) inexact() []JailBans {
	var out []JailBans
	for _, r := range s.Current() {
		if !r.Database || r.Address != s.Address.Address || slices.Contains(s.Address.asked, r.Jail) {
			continue
		}
		if j, runs := s.Runtime.Server.Jail(r.Jail); runs {
			out = append(out, JailBans{r.Jail, j.Banned})
		}
	}
	return out
}

func (s State) addressFetched(msg AddressFetched) State {
	s = s.at(msg.At)
	a := s.Address
	if msg.Request != a.request {
		return s
	}
	a.At, a.inFlight, a.Reason = msg.At, false, msg.Reason
	a.Place, a.NoPlace, a.Banned = msg.Place, msg.NoPlace, msg.Banned
	a.exact = append(slices.Clone(a.exact), msg.Exact...)
	a.asked = append(slices.Clone(a.asked), msg.Asked...)
	a.Records, a.Ignored = slices.Clone(msg.Records), slices.Clone(msg.Ignored)
	s.Address = a
	return s
}

// addressStale asks again for the address that is open, where the list of bans
// was renewed since.
func (s State) addressStale() (State, []Effect) {
	a := s.Address
	if a.Address == "" || a.inFlight || !s.Runtime.Server.Kind.Up() || !s.Bans.At.After(a.At) {
		return s, nil
	}
	return s.fetchAddress()
}

// Current are the bans in force of the address that is open, those of networks
// that hold it among them, by jail. Whether the address itself is banned is the server's
// word: a list that comes from its database may lack a ban, or have one that is over.
func (s State) Current() []banlist.Row {
	p, _, err := addr.Parse(s.Address.Address)
	var out []banlist.Row
	var listed []string
	for i := range s.Bans.List.Len() {
		r := s.Bans.List.Row(int32(i))
		itself := r.Address == s.Address.Address
		switch {
		case itself && s.Address.Banned != nil && r.Database && !slices.Contains(s.Address.Banned, r.Jail):
			continue
		case itself:
			listed = append(listed, r.Jail)
			out = append(out, s.Address.exactly(r))
		case err == nil && r.Net.IsValid() && addr.Holds(r.Net, p):
			out = append(out, r)
		}
	}
	for _, jail := range s.Address.Banned {
		if !slices.Contains(listed, jail) {
			out = append(out, s.Address.exactly(banlist.Row{JailBan: fail2ban.JailBan{
				Jail: jail, Ban: fail2ban.Ban{Address: s.Address.Address}, Database: true,
			}, Net: p}))
		}
	}
	return out
}

// exactly is a ban of the address with its times by the server's own word, if that is
// known. A ban that began later is another one.
func (a Address) exactly(r banlist.Row) banlist.Row {
	const rounded = time.Second // by the database
	if !r.Database {
		return r
	}
	for _, b := range slices.Backward(a.exact) {
		if b.Jail == r.Jail && (r.Start.IsZero() || !r.Start.After(b.Start.Add(rounded))) {
			r.Ban, r.Database = b.Ban, false
			return r
		}
	}
	return r
}

// BansWithin are how many bans of addresses in the network that is open each jail has; none
// for an address. Sorted by jail.
func (s State) BansWithin() []JailBans {
	p, _, err := addr.Parse(s.Address.Address)
	if err != nil || p.IsSingleIP() {
		return nil
	}
	n := map[string]int{}
	for i := range s.Bans.List.Len() {
		r := s.Bans.List.Row(int32(i))
		if r.Net.IsValid() && r.Address != s.Address.Address && addr.Holds(p, r.Net) {
			n[r.Jail]++
		}
	}
	var out []JailBans
	for _, jail := range slices.Sorted(maps.Keys(n)) {
		out = append(out, JailBans{jail, n[jail]})
	}
	return out
}

// OwnOf are the logins from the address that is open.
func (s State) OwnOf() []Own {
	p, _, err := addr.Parse(s.Address.Address)
	if err != nil {
		return nil
	}
	var out []Own
	for _, o := range s.Logins.Own {
		if addr.Holds(p, addr.Of(o.Addr)) {
			out = append(out, o)
		}
	}
	return out
}
