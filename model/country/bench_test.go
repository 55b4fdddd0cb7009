package country_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"testing"

	"bantop/model/country"
	"bantop/model/countrytest"
)

// BenchmarkCountries looks up 100,000 addresses in databases of about the sizes of
// GeoLite2-Country (9 MB, few records) and GeoLite2-City (60 MB, 200,000 records).
func BenchmarkCountries(b *testing.B) {
	for _, c := range []struct {
		name              string
		networks, records int
	}{{"like a country's", 250_000, 250}, {"like a city's", 1_100_000, 200_000}} {
		b.Run(c.name, func(b *testing.B) {
			file := large(b, c.networks, c.records)
			fi, err := os.Stat(file)
			if err != nil {
				b.Fatal(err)
			}
			of := addresses(100_000)
			b.ReportAllocs()
			for b.Loop() {
				got, err := country.At(file).Countries(b.Context(), of)
				if err != nil || len(got) != len(of) {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(fi.Size())/1e6, "MB")
		})
	}
}

// large is a database of so many networks, in so many places.
func large(b *testing.B, networks, places int) string {
	b.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	data := make([]countrytest.Map, places)
	for i := range data {
		code := string([]byte{'A' + byte(i%26), 'A' + byte(i/26%10)})
		data[i] = with(countrytest.In(code), dict{"location": dict{"latitude": float64(i) / 7, "longitude": float64(i) / 3, "time_zone": "Europe/Berlin"}})
	}
	records := make([]countrytest.Record, networks)
	for i := range records {
		a := netip.AddrFrom4([4]byte{byte(1 + r.IntN(222)), byte(r.IntN(256)), byte(r.IntN(256))})
		bits := 16 + r.IntN(9)
		if i%8 == 0 {
			a, bits = netip.AddrFrom16([16]byte{0x20, byte(r.IntN(4)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256))}), 48
		}
		records[i] = countrytest.At(fmt.Sprintf("%v/%d", a, bits), data[r.IntN(places)])
	}
	return countrytest.File(b, countrytest.Options{Bits: 28}, records...)
}

// addresses are so many addresses, a tenth of them IPv6.
func addresses(n int) []netip.Addr {
	r := rand.New(rand.NewPCG(3, 4))
	out := make([]netip.Addr, n)
	for i := range out {
		out[i] = netip.AddrFrom4([4]byte{byte(1 + r.IntN(222)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256))})
		if i%10 == 0 {
			out[i] = netip.AddrFrom16([16]byte{0x20, byte(r.IntN(4)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256)), 15: 1})
		}
	}
	return out
}
