package country_test

import (
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
			file := countrytest.Large(b, c.networks, c.records)
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
