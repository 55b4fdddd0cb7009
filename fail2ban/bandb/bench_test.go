package bandb_test

import (
	"testing"

	"bantop/fail2ban"
)

// BenchmarkBans reads 100,000 bans.
func BenchmarkBans(b *testing.B) {
	d := open(b, create(b, schema, many("bips", 100_000, start)))
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		err := d.Bans(b.Context(), now, func(page []fail2ban.JailBan) error {
			n += len(page)
			return nil
		})
		if err != nil || n != 100_000 {
			b.Fatal(n, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/op")
}

// BenchmarkHistory reads ten of the bans of one address among 100,000.
func BenchmarkHistory(b *testing.B) {
	d := open(b, create(b, schema, many("bans", 100_000, start), many("bips", 100_000, start)))
	b.ReportAllocs()
	for b.Loop() {
		if list, err := d.History(b.Context(), now, "10.0.1.1", 10); err != nil || len(list) != 1 {
			b.Fatal(list, err)
		}
	}
}
