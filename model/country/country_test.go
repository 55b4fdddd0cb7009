package country_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"bantop/fail2ban/fail2bantest"
	"bantop/model"
	"bantop/model/banlist"
	"bantop/model/country"
	"bantop/model/countrytest"
)

type dict = countrytest.Map

// place is a Place in a line.
func place(p model.Place) string {
	parts := []string{p.Country.String()}
	if p.ASN != 0 {
		parts = append(parts, fmt.Sprint("AS", p.ASN))
	}
	return strings.TrimSpace(strings.Join(append(parts, p.ASName), " "))
}

// with is a record with more in it.
func with(record, more dict) dict {
	out := dict{}
	maps.Copy(out, record)
	maps.Copy(out, more)
	return out
}

// TestForms: each maker's form of a record is read, and what is none tells nothing.
func TestForms(t *testing.T) {
	as := func(m dict) dict {
		return with(m, dict{"autonomous_system_number": uint32(64500), "autonomous_system_organization": "Example"})
	}
	for name, c := range map[string]struct {
		data any
		want string
	}{
		"GeoLite2-Country":                   {countrytest.In("DE"), "DE"},
		"GeoLite2-ASN":                       {as(nil), "AS64500 Example"},
		"a country and a system":             {as(countrytest.In("DE")), "DE AS64500 Example"},
		"registered alone":                   {dict{"registered_country": dict{"iso_code": "FR"}}, "FR"},
		"registered elsewhere":               {with(countrytest.In("DE"), dict{"registered_country": dict{"iso_code": "FR"}}), "DE"},
		"a country without a code":           {dict{"country": dict{"names": dict{"en": "x"}}, "registered_country": dict{"iso_code": "FR"}}, "FR"},
		"IPinfo Lite":                        {dict{"as_domain": "example.org", "as_name": "Example", "asn": "AS64500", "continent_code": "EU", "country": "Germany", "country_code": "DE"}, "DE AS64500 Example"},
		"IPinfo, older":                      {dict{"country": "DE", "country_name": "Germany"}, "DE"},
		"a system by its number":             {dict{"asn": "64500"}, "AS64500"},
		"in small letters":                   {dict{"country_code": "de"}, "DE"},
		"no code":                            {dict{"country_code": "D1", "country": "Germany"}, ""},
		"three letters":                      {dict{"country": dict{"iso_code": "DEU"}}, ""},
		"an escape sequence":                 {dict{"country_code": "\x1b[", "as_name": "\x1b]0;x\a"}, "\x1b]0;x\a"},
		"a number for a code":                {dict{"country": dict{"iso_code": uint32(5)}, "asn": uint16(7)}, ""},
		"a list for a country":               {dict{"country": []any{"DE"}}, ""},
		"a text for a number":                {dict{"autonomous_system_number": "64500", "asn": "ASx"}, ""},
		"a number that is too large":         {dict{"autonomous_system_number": uint64(1) << 40, "asn": "AS99999999999"}, ""},
		"a number that is negative, or none": {dict{"autonomous_system_number": 1.5, "asn": "AS-1"}, ""},
		"a number for a name":                {dict{"as_name": true}, ""},
		"an empty record":                    {dict{}, ""},
		"a text":                             {"DE", ""},
		"a list":                             {[]any{"DE"}, ""},
		"a long name":                        {dict{"as_name": strings.Repeat("ä", 400)}, strings.Repeat("ä", 50) + "..."},
		"a very long name":                   {dict{"as_name": "x" + strings.Repeat("ä", 100_000)}, "x" + strings.Repeat("ä", 49) + "..."},
	} {
		t.Run(name, func(t *testing.T) {
			db := country.At(countrytest.File(t, countrytest.Options{}, countrytest.At("203.0.113.0/24", c.data)))
			got, err := db.Place(netip.MustParseAddr("203.0.113.9"))
			if place(got) != c.want || err != nil || !got.Country.Looked() {
				t.Errorf("got %q, %v", place(got), err)
			}
		})
	}
}

// TestCountries: IPv4 and IPv6 are found in trees of each kind, the narrower network
// of two; what is in no network, and IPv6 where the database is of IPv4, is Unknown.
func TestCountries(t *testing.T) {
	records := []countrytest.Record{
		countrytest.At("203.0.113.0/24", countrytest.In("DE")), countrytest.At("203.0.113.128/25", countrytest.In("FR")),
		countrytest.At("203.0.113.200/32", countrytest.In("AT")), countrytest.At("198.51.0.0/16", countrytest.In("DE")),
	}
	ask := []string{"203.0.113.9", "203.0.113.129", "203.0.113.200", "203.0.113.201", "198.51.100.0", "192.0.2.1", "2001:db8::5", "2001:db9::", "::ffff:203.0.113.9"}
	var of []netip.Addr
	for _, a := range ask {
		of = append(of, netip.MustParseAddr(a))
	}
	of = append(of, netip.Addr{})
	for version, want := range map[int]string{4: "DE FR AT FR DE - - - - -", 6: "DE FR AT FR DE - SE - - -"} {
		if version == 6 {
			records = append(records, countrytest.At("2001:db8::/32", countrytest.In("SE")))
		}
		for _, bits := range []int{24, 28, 32} {
			db := country.At(countrytest.File(t, countrytest.Options{Version: version, Bits: bits}, records...))
			got, err := db.Countries(t.Context(), of)
			if err != nil {
				t.Fatal(err)
			}
			var codes []string
			for i, c := range got {
				text := c.String()
				if c == banlist.Unknown {
					text = "-"
				}
				codes = append(codes, text)
				if p, err := db.Place(of[i]); err != nil || p.Country != c {
					t.Errorf("%v alone: %+v, %v", of[i], p, err)
				}
			}
			if strings.Join(codes, " ") != want {
				t.Errorf("version %d, %d bits: %s, want %s", version, bits, codes, want)
			}
		}
	}
}

// TestErrors: what is wrong with a file is told, with its path, and nothing is known
// then; it is asked for anew each time, so a file that comes later is found.
func TestErrors(t *testing.T) {
	dir := t.TempDir()
	good := countrytest.Build(countrytest.Options{}, countrytest.At("203.0.113.0/24", countrytest.In("DE")))
	path := func(name string) string { return filepath.Join(dir, name) }
	write := func(name string, data []byte) {
		if err := os.WriteFile(path(name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("empty", nil)
	write("text", []byte("no database"))
	write("cut", good[:len(good)-70])
	write("tail", good[len(good)-150:])
	write("many nodes", bytes.Replace(good, []byte("node_count\xc1"), []byte("node_count\xc2"), 1))
	if err := syscall.Mkfifo(path("pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"absent": "no such file or directory", "empty": "it is empty", "text": "it is no MMDB file, or a damaged one: ", "cut": "it is no MMDB file, or a damaged one: ",
		"tail": "it is no MMDB file, or a damaged one: ", "many nodes": "it is no MMDB file, or a damaged one: ", "pipe": "it is no file", "": "it is no file",
	} {
		db := country.At(path(name))
		of := []netip.Addr{netip.MustParseAddr("203.0.113.9")}
		got, err := db.Countries(t.Context(), of)
		if err == nil || !strings.HasPrefix(err.Error(), "read the country database "+path(name)+": "+want) || got != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		if _, err := db.Place(of[0]); err == nil {
			t.Errorf("%s: no error for a place", name)
		}
		if _, err := db.Info(); err == nil {
			t.Errorf("%s: no error for what it says about itself", name)
		}
		if name == "absent" && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v is no fs.ErrNotExist", err)
		}
		if name == "absent" {
			write(name, good)
			if got, err := db.Countries(t.Context(), of); err != nil || got[0].String() != "DE" {
				t.Errorf("after it was written: %v, %v", got, err)
			}
		}
	}
}

// TestDenied: a file that this user may not read.
func TestDenied(t *testing.T) {
	file := countrytest.File(t, countrytest.Options{})
	if err := os.Chmod(file, 0); err != nil {
		t.Fatal(err)
	}
	fail2bantest.AsNobody(t, func() {
		if _, err := country.At(file).Info(); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("got %v", err)
		}
	})
}

// TestDamagedInPart: a record that is damaged is told of, and the others are known.
func TestDamagedInPart(t *testing.T) {
	db := country.At(countrytest.File(t, countrytest.Options{}, countrytest.At("203.0.113.0/24", countrytest.In("DE")),
		countrytest.At("192.0.2.0/24", dict{"country": countrytest.Raw{0x3f, 0xff, 0xff, 0xff, 0xff}})))
	of := []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("203.0.113.9")}
	got, err := db.Countries(t.Context(), of)
	if err == nil || !strings.Contains(err.Error(), ": it is damaged: ") || strings.Contains(err.Error(), "\n") {
		t.Error(err)
	}
	if len(got) != 3 || got[0] != banlist.Unknown || got[1] != banlist.Unknown || got[2].String() != "DE" {
		t.Errorf("got %v", got)
	}
}

// TestInfo: what a database says about itself.
func TestInfo(t *testing.T) {
	file := countrytest.File(t, countrytest.Options{Kind: "DBIP-Country-Lite"}, countrytest.At("203.0.113.0/24", countrytest.In("DE")))
	fi, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	got, err := country.At(file).Info()
	if err != nil || got.Kind != "DBIP-Country-Lite" || !got.Built.Equal(countrytest.Built) || got.Size != fi.Size() {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestEnds: a list that nobody waits for any more is not looked up to its end.
func TestEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got, err := country.At(countrytest.File(t, countrytest.Options{})).Countries(ctx, make([]netip.Addr, 9))
	if !errors.Is(err, context.Canceled) || len(got) != 9 {
		t.Errorf("%v, %v", got, err)
	}
}

// TestReplacedMeanwhile: while addresses are looked up all the time, the file is
// replaced as geoipupdate does it, and written over in place, which it does not: the
// one does nothing, the other an error at the most, and neither ends the process.
func TestReplacedMeanwhile(t *testing.T) {
	var records []countrytest.Record
	for i := range 256 {
		records = append(records, countrytest.At(netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i)}), 16).String(),
			with(countrytest.In("DE"), dict{"pad": strings.Repeat("x", 900), "n": uint32(i)})))
	}
	of := make([]netip.Addr, 2000)
	for i := range of {
		of[i] = netip.AddrFrom4([4]byte{10, byte(i), byte(i >> 8), 1})
	}
	for name, renew := range map[string]func(file string, data []byte) error{
		"in its place": func(file string, data []byte) error {
			if err := os.WriteFile(file+".new", data, 0o644); err != nil {
				return err
			}
			return os.Rename(file+".new", file)
		},
		"in place": func(file string, data []byte) error { return os.WriteFile(file, data, 0o644) },
	} {
		t.Run(name, func(t *testing.T) {
			file := countrytest.File(t, countrytest.Options{}, records...)
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
			defer cancel()
			go func() {
				for ctx.Err() == nil {
					if err := renew(file, data); err != nil {
						done <- err
						return
					}
				}
				done <- nil
			}()
			looked, failed := 0, 0
			for ctx.Err() == nil {
				got, err := country.At(file).Countries(t.Context(), of)
				looked++
				if err != nil {
					failed++
				} else if got[0].String() != "DE" || got[len(got)-1].String() != "DE" {
					t.Fatalf("no error, and %v", got[0])
				}
			}
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			t.Logf("looked %d times, of which %d failed", looked, failed)
			if looked == 0 || name == "in its place" && failed > 0 {
				t.Errorf("looked %d times, of which %d failed", looked, failed)
			}
		})
	}
}
