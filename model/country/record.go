package country

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/oschwald/maxminddb-golang/v2"

	"bantop/model/banlist"
)

// codes are where a record may hold the code of a country, the surest first:
// MaxMind and DB-IP, where the address is, else where it is registered; IPinfo
// Lite; and IPinfo's older files, whose "country" is the code.
var codes = [][]any{{"country", "iso_code"}, {"registered_country", "iso_code"}, {"country_code"}, {"country"}}

// country reads the country of a record, Unknown where it holds none.
func country(r maxminddb.Result) (banlist.Country, error) {
	for _, path := range codes {
		text, err := text(r, path)
		if err != nil {
			return banlist.Unknown, err
		}
		if c, ok := banlist.ParseCountry(text); ok {
			return c, nil
		}
	}
	return banlist.Unknown, nil
}

// system reads the number and the name of the autonomous system of a record: of
// MaxMind and DB-IP, else of IPinfo, who writes the number as "AS64500".
func system(r maxminddb.Result) (number uint32, name string, err error) {
	var n uint64
	if err := damage(r.DecodePath(&n, "autonomous_system_number")); err != nil {
		return 0, "", err
	}
	if n == 0 {
		written, err := text(r, []any{"asn"})
		if err != nil {
			return 0, "", err
		}
		if n, err = strconv.ParseUint(strings.TrimPrefix(written, "AS"), 10, 32); err != nil {
			n = 0 // it is none
		}
	}
	if n <= math.MaxUint32 {
		number = uint32(n)
	}
	for _, key := range []string{"autonomous_system_organization", "as_name"} {
		if name, err = text(r, []any{key}); name != "" || err != nil {
			break
		}
	}
	return number, cut(name), err
}

// text reads a text of a record; "" where something else stands there, or nothing.
func text(r maxminddb.Result, path []any) (string, error) {
	var s string
	if err := r.DecodePath(&s, path...); err != nil {
		return "", damage(err)
	}
	return s, nil
}

// cut is foreign text of a bearable length.
func cut(s string) string {
	const most = 100
	if len(s) <= most {
		return s
	}
	end := most
	for end > most-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "..."
}
