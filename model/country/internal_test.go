package country

import (
	"net/netip"
	"os"
	"strings"
	"testing"

	"bantop/model/banlist"
	"bantop/model/countrytest"
)

// TestCutShortWhileRead: a file that somebody cuts short while it is mapped is an
// error, not the end of the process; so is a panic in what reads it.
func TestCutShortWhileRead(t *testing.T) {
	path := countrytest.File(t, countrytest.Options{}, countrytest.At("203.0.113.0/24", countrytest.In("DE")))
	db := At(path)
	err := db.read(func(f file) error {
		if err := os.Truncate(path, 0); err != nil {
			t.Fatal(err)
		}
		_, err := f.place(netip.MustParseAddr("203.0.113.9"))
		t.Errorf("read on, %v", err)
		return nil
	})
	if err == nil || !strings.HasPrefix(err.Error(), "read the country database "+path+": it was cut short while it was read") {
		t.Error(err)
	}
	err = At(countrytest.File(t, countrytest.Options{})).read(func(file) error { panic("oh") })
	if err == nil || !strings.HasSuffix(err.Error(), ": it is damaged: oh") {
		t.Error(err)
	}
}

// FuzzRead feeds foreign bytes: whatever they are, there is a code of two letters or
// none, a name of bearable length, and an end.
func FuzzRead(f *testing.F) {
	records := []countrytest.Record{
		countrytest.At("203.0.113.0/24", countrytest.In("DE")),
		countrytest.At("192.0.2.0/24", countrytest.Map{"country_code": "FR", "asn": "AS64500", "as_name": "Example"}),
		countrytest.At("198.51.100.0/24", countrytest.Map{"autonomous_system_number": uint32(64500), "autonomous_system_organization": "Example"}),
	}
	for _, bits := range []int{24, 28, 32} {
		f.Add(countrytest.Build(countrytest.Options{Version: 4, Bits: bits}, records...))
	}
	f.Add(countrytest.Build(countrytest.Options{}, records[0], countrytest.At("2001:db8::/32", countrytest.Raw{0x20, 0x00})))
	f.Add([]byte("\xab\xcd\xefMaxMind.com"))
	of := []netip.Addr{
		netip.MustParseAddr("203.0.113.9"), netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("198.51.100.7"), netip.MustParseAddr("2001:db8::5"),
		netip.MustParseAddr("::"), netip.MustParseAddr("255.255.255.255"),
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		countries := make([]banlist.Country, len(of))
		err := readFrom(data, func(db file) error {
			for _, a := range of {
				p, err := db.place(a)
				countries = append(countries, p.Country)
				if err == nil && len(p.ASName) > 200 {
					t.Errorf("a name of %d bytes", len(p.ASName))
				}
			}
			return db.countries(t.Context(), of, countries)
		})
		for _, c := range countries {
			if again, ok := banlist.ParseCountry(c.String()); c.Known() && (!ok || again != c) {
				t.Errorf("the code %q", c.String())
			}
		}
		if err != nil && len(err.Error()) > 300 {
			t.Errorf("an error of %d bytes", len(err.Error()))
		}
	})
}
