package banlist

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Country is the code of a country (ISO 3166-1 alpha-2), two letters from A to Z.
// The zero Country is that of an address that nobody looked up.
type Country [2]byte

// Unknown is the country of an address of which the database knows none.
var Unknown = Country{'-'}

// ParseCountry reads the code of a country, of either case. What is no code is
// Unknown: it comes from a file that others wrote.
func ParseCountry(code string) (Country, bool) {
	if len(code) != len(Country{}) {
		return Unknown, false
	}
	var c Country
	for i := range c {
		letter := code[i] &^ 0x20 // upper case
		if letter < 'A' || letter > 'Z' {
			return Unknown, false
		}
		c[i] = letter
	}
	return c, true
}

// Looked tells whether the address was looked up, whatever came of it.
func (c Country) Looked() bool { return c != Country{} }

// Known tells whether it is a country.
func (c Country) Known() bool { return c.Looked() && c != Unknown }

// String is the code; "" where the country is not known.
func (c Country) String() string {
	if !c.Known() {
		return ""
	}
	return string(c[:])
}

// byCountry sorts rows that are sorted by address anew, by country; those of which
// it is not known come last. It goes through them once: there are few countries.
func byCountry(rows []Row, byAddress []int32) []int32 {
	of := make(map[Country][]int32)
	for _, i := range byAddress {
		of[rows[i].Country] = append(of[rows[i].Country], i)
	}
	order := make([]int32, 0, len(byAddress))
	for _, c := range slices.SortedFunc(maps.Keys(of), compareCountries) {
		order = append(order, of[c]...)
	}
	return order
}

func compareCountries(a, b Country) int {
	if a.Known() != b.Known() {
		if a.Known() {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
}

// parseCountries reads the countries of a query: one of them has to be the row's.
// Rows that were not looked up are in no country, and not in an unknown one.
func parseCountries(value string) (condition, error) {
	var wanted []Country
	for _, code := range strings.Split(value, ",") {
		c, ok := ParseCountry(code)
		if !ok && code != "-" {
			return condition{}, fmt.Errorf("country:%s: it is country:DE, country:DE,FR, or country:- where it is not known", value)
		}
		wanted = append(wanted, c)
	}
	return condition{countries: true, match: func(r *Row, _ time.Time) bool { return slices.Contains(wanted, r.Country) }}, nil
}

// Countries tells whether the query asks in which country an address is.
func (q Query) Countries() bool {
	return slices.ContainsFunc(q.conditions, func(c condition) bool { return c.countries })
}
