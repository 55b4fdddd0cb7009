package addr_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"bantop/fail2ban/addr"
)

const benchBans = 100_000

// spellings are n addresses as fail2ban lists them, in no order, every fourth of
// them IPv6.
func spellings(n int) []string {
	out := make([]string, n)
	for i := range out {
		j := i * 7919 % n
		if out[i] = fmt.Sprintf("10.%d.%d.%d", j>>16&255, j>>8&255, j&255); i%4 == 0 {
			out[i] = fmt.Sprintf("2001:db8:%x::%x", j>>8, j&255)
		}
	}
	return out
}

func prefixes(tb testing.TB, spelled []string) []netip.Prefix {
	tb.Helper()
	out := make([]netip.Prefix, len(spelled))
	for i, s := range spelled {
		out[i] = parse(tb, s)
	}
	return out
}

func BenchmarkParse(b *testing.B) {
	for _, c := range []string{"10.11.12.13", "2001:db8:1234::1", "192.0.2.0/24", "2001:db8::/32", "lukas"} {
		b.Run(c, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _, _ = addr.Parse(c)
			}
		})
	}
}

func BenchmarkParse100kBans(b *testing.B) {
	spelled := spellings(benchBans)
	b.ReportAllocs()
	for b.Loop() {
		for _, s := range spelled {
			if _, _, err := addr.Parse(s); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkFilter100kBans is a list filtered by a network, its rows parsed
// before.
func BenchmarkFilter100kBans(b *testing.B) {
	rows, network := prefixes(b, spellings(benchBans)), parse(b, "10.0.16.0/20")
	b.ReportAllocs()
	for b.Loop() {
		found := 0
		for _, p := range rows {
			if network.Overlaps(p) {
				found++
			}
		}
		if found == 0 {
			b.Fatal("none found")
		}
	}
}

func BenchmarkCompare(b *testing.B) {
	x, y := parse(b, "2001:db8::1"), parse(b, "2001:db8::2")
	for b.Loop() {
		if addr.Compare(x, y) >= 0 {
			b.Fatal("the order is wrong")
		}
	}
}

func BenchmarkSort100kBans(b *testing.B) {
	rows := prefixes(b, spellings(benchBans))
	b.ReportAllocs()
	for b.Loop() {
		slices.SortFunc(slices.Clone(rows), addr.Compare)
	}
}
