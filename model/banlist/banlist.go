// Package banlist holds every ban of every jail as a value that can be filtered
// and ordered fast: what takes long (addresses are parsed, orders are sorted) is
// done once, when the list is made.
package banlist

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/addr"
)

// Row is one ban.
type Row struct {
	fail2ban.JailBan
	Net     netip.Prefix // what Address means; not valid where it is no address
	Country Country      // where its first address is
}

// Target is what an act on the row is done to.
func (r Row) Target() fail2ban.Target { return fail2ban.Target{Jail: r.Jail, Address: r.Address} }

// Timed tells whether it is known when the ban ends, or that it never does: of a
// line that cannot be read it is not.
func (r Row) Timed() bool { return r.Length == fail2ban.Permanent || !r.End.IsZero() }

// Left is how long the ban still lasts; 0 where it is over. A permanent one is
// fail2ban.Permanent.
func (r Row) Left(now time.Time) time.Duration {
	if r.Length == fail2ban.Permanent {
		return fail2ban.Permanent
	}
	return max(0, r.End.Sub(now))
}

// Column is what rows are ordered by.
type Column int

// The columns.
const (
	ByAddress Column = iota
	ByCountry
	ByJail
	BySince
	ByLeft
	ByCount
	Columns // how many there are
)

// List is every ban. It never changes: the zero List is empty.
type List struct {
	rows    []Row
	orders  [Columns][]int32 // of each column, the rows in its order
	located bool             // it is known in which countries they are
}

// New makes a list of bans. Of two of one address in one jail the later counts.
func New(bans []fail2ban.JailBan) *List { return NewLocated(bans, nil) }

// NewLocated makes a list of bans and looks up in which countries they are: of is
// given the first address of each, and gives their countries in the same order, or
// nil where they cannot be had. Where of is nil, nothing is looked up.
func NewLocated(bans []fail2ban.JailBan, of func([]netip.Addr) []Country) *List {
	l := &List{rows: make([]Row, 0, len(bans))}
	at := make(map[fail2ban.Target]int, len(bans))
	for _, b := range bans {
		row := Row{JailBan: b}
		if p, _, err := addr.Parse(b.Address); err == nil {
			row.Net = p
		}
		if i, twice := at[row.Target()]; twice {
			l.rows[i] = row
			continue
		}
		at[row.Target()] = len(l.rows)
		l.rows = append(l.rows, row)
	}
	if of != nil {
		l.locate(of)
	}
	for c := range Columns {
		if c != ByCountry {
			l.orders[c] = l.order(c)
		}
	}
	l.orders[ByCountry] = l.orders[ByAddress]
	if l.located {
		l.orders[ByCountry] = byCountry(l.rows, l.orders[ByAddress])
	}
	return l
}

// locate looks up in which countries the rows are. What is no address is in none.
func (l *List) locate(of func([]netip.Addr) []Country) {
	addresses := make([]netip.Addr, 0, len(l.rows))
	for i := range l.rows {
		if l.rows[i].Net.IsValid() {
			addresses = append(addresses, l.rows[i].Net.Addr())
		}
	}
	countries := of(addresses)
	if countries == nil {
		return
	}
	l.located = true
	for i := range l.rows {
		l.rows[i].Country = Unknown
		if l.rows[i].Net.IsValid() && len(countries) > 0 {
			l.rows[i].Country, countries = countries[0], countries[1:]
		}
	}
}

// Located tells whether it is known in which countries the bans are, as far as the
// database goes.
func (l *List) Located() bool { return l != nil && l.located }

// Len is how many bans there are.
func (l *List) Len() int {
	if l == nil {
		return 0
	}
	return len(l.rows)
}

// Row is one of them, by its number.
func (l *List) Row(i int32) Row { return l.rows[i] }

// order sorts the rows by a column; what is the same there, by address and jail.
func (l *List) order(c Column) []int32 {
	order := make([]int32, len(l.rows))
	for i := range order {
		order[i] = int32(i)
	}
	compare := comparisons[c]
	slices.SortFunc(order, func(i, j int32) int {
		a, b := &l.rows[i], &l.rows[j]
		if n := compare(a, b); n != 0 {
			return n
		}
		if n := byAddress(a, b); n != 0 {
			return n
		}
		return strings.Compare(a.Jail, b.Jail)
	})
	return order
}

// comparisons are of the columns that are sorted by themselves; byCountry is not.
var comparisons = [Columns]func(a, b *Row) int{
	ByAddress: byAddress,
	ByJail:    func(a, b *Row) int { return strings.Compare(a.Jail, b.Jail) },
	BySince:   func(a, b *Row) int { return b.Start.Compare(a.Start) }, // the newest first
	ByLeft:    byLeft,
	ByCount:   func(a, b *Row) int { return b.Count - a.Count }, // the most often first
}

// byAddress puts addresses first, then what is none.
func byAddress(a, b *Row) int {
	switch {
	case a.Net.IsValid() && b.Net.IsValid():
		return addr.Compare(a.Net, b.Net)
	case a.Net.IsValid():
		return -1
	case b.Net.IsValid():
		return 1
	default:
		return strings.Compare(a.Address, b.Address)
	}
}

// byLeft puts what ends soonest first, permanent bans after those that end, and
// last those of which that is not known.
func byLeft(a, b *Row) int {
	rank := func(r *Row) int {
		switch {
		case !r.Timed():
			return 2
		case r.Length == fail2ban.Permanent:
			return 1
		default:
			return 0
		}
	}
	if n := rank(a) - rank(b); n != 0 || rank(a) > 0 {
		return n
	}
	return a.End.Compare(b.End)
}

// Select are the numbers of the rows that a query finds, in the order of a
// column, or from its end. One that asks for countries, or for what is not in
// them, finds nothing in a list of which they are not known: else "all but those of
// this country" would be all.
func (l *List) Select(q Query, by Column, reverse bool, now time.Time) []int32 {
	if l == nil || q.Countries() && !l.located {
		return nil
	}
	out := make([]int32, 0, len(l.rows))
	for _, i := range l.orders[by] {
		if q.Match(&l.rows[i], now) {
			out = append(out, i)
		}
	}
	if reverse {
		slices.Reverse(out)
	}
	return slices.Clip(out)
}
