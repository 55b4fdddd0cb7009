package countrytest

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
)

// Large writes a database of so many networks all over, in so many places, the same
// each time. 250,000 in 250 are 9 MB, as GeoLite2-Country is; 1,100,000 in 200,000
// are 62 MB, as GeoLite2-City.
func Large(t testing.TB, networks, places int) string {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	data := make([]Map, places)
	for i := range data {
		data[i] = In(string([]byte{'A' + byte(i%26), 'A' + byte(i/26%10)}))
		data[i]["location"] = Map{"latitude": float64(i) / 7, "longitude": float64(i) / 3, "time_zone": "Europe/Berlin"}
	}
	records := make([]Record, networks)
	for i := range records {
		a, bits := netip.AddrFrom4([4]byte{byte(1 + r.IntN(222)), byte(r.IntN(256)), byte(r.IntN(256))}), 16+r.IntN(9)
		if i%8 == 0 {
			a, bits = netip.AddrFrom16([16]byte{0x20, byte(r.IntN(4)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256))}), 48
		}
		records[i] = At(fmt.Sprintf("%v/%d", a, bits), data[r.IntN(places)])
	}
	return File(t, Options{Bits: 28}, records...)
}
