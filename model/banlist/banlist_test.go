package banlist_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/model/banlist"
)

var t0 = time.Date(2026, 1, 2, 14, 3, 20, 0, time.UTC)

// ban is a ban that began so long before t0 and lasts so long in all; Permanent
// is for ever.
func ban(jail, address string, ago, length time.Duration, count int) fail2ban.JailBan {
	b := fail2ban.Ban{Address: address, Start: t0.Add(-ago), Length: length}
	if length != fail2ban.Permanent {
		b.End = b.Start.Add(length)
	}
	return fail2ban.JailBan{Jail: jail, Ban: b, Count: count}
}

func some() []fail2ban.JailBan {
	return []fail2ban.JailBan{
		ban("sshd", "203.0.113.9", 5*time.Minute, 10*time.Minute, 1),
		ban("sshd", "203.0.113.40", time.Hour, 3*time.Hour, 4),
		ban("postfix", "203.0.113.9", time.Minute, 24*time.Hour, 2),
		ban("recidive", "198.51.100.0/24", 48*time.Hour, fail2ban.Permanent, 1),
		ban("recidive", "2001:db8::5", 2*time.Hour, 7*24*time.Hour, 12),
		ban("users", "mallory", time.Minute, time.Hour, 1),
		ban("sshd", "9.9.9.9", 30*time.Second, time.Hour, 1),
		{Jail: "odd", Ban: fail2ban.Ban{Address: "what is this"}},
	}
}

// shown writes what a selection holds.
func shown(l *banlist.List, rows []int32) string {
	var parts []string
	for _, i := range rows {
		r := l.Row(i)
		parts = append(parts, r.Address+" "+r.Jail)
	}
	return strings.Join(parts, ", ")
}

// TestOrders: each column sorts as people expect, the same by address and jail.
func TestOrders(t *testing.T) {
	l := banlist.New(some())
	for _, c := range []struct {
		by      banlist.Column
		reverse bool
		want    string
	}{
		{banlist.ByAddress, false, "9.9.9.9 sshd, 198.51.100.0/24 recidive, 203.0.113.9 postfix, 203.0.113.9 sshd, 203.0.113.40 sshd, 2001:db8::5 recidive, mallory users, what is this odd"},
		{banlist.ByAddress, true, "what is this odd, mallory users, 2001:db8::5 recidive, 203.0.113.40 sshd, 203.0.113.9 sshd, 203.0.113.9 postfix, 198.51.100.0/24 recidive, 9.9.9.9 sshd"},
		{banlist.ByJail, false, "what is this odd, 203.0.113.9 postfix, 198.51.100.0/24 recidive, 2001:db8::5 recidive, 9.9.9.9 sshd, 203.0.113.9 sshd, 203.0.113.40 sshd, mallory users"},
		{banlist.BySince, false, "9.9.9.9 sshd, 203.0.113.9 postfix, mallory users, 203.0.113.9 sshd, 203.0.113.40 sshd, 2001:db8::5 recidive, 198.51.100.0/24 recidive, what is this odd"},
		{banlist.ByLeft, false, "203.0.113.9 sshd, mallory users, 9.9.9.9 sshd, 203.0.113.40 sshd, 203.0.113.9 postfix, 2001:db8::5 recidive, 198.51.100.0/24 recidive, what is this odd"},
		{banlist.ByCount, false, "2001:db8::5 recidive, 203.0.113.40 sshd, 203.0.113.9 postfix, 9.9.9.9 sshd, 198.51.100.0/24 recidive, 203.0.113.9 sshd, mallory users, what is this odd"},
	} {
		if got := shown(l, l.Select(banlist.Query{}, c.by, c.reverse, t0)); got != c.want {
			t.Errorf("by %d, reverse %v:\n got %s\nwant %s", c.by, c.reverse, got, c.want)
		}
	}
}

// TestQueries: what each query finds.
func TestQueries(t *testing.T) {
	l := banlist.New(some())
	for query, want := range map[string]string{
		"":                                 "9.9.9.9 sshd, 198.51.100.0/24 recidive, 203.0.113.9 postfix, 203.0.113.9 sshd, 203.0.113.40 sshd, 2001:db8::5 recidive, mallory users, what is this odd",
		"203.0.113":                        "203.0.113.9 postfix, 203.0.113.9 sshd, 203.0.113.40 sshd",
		"203.0.113.9":                      "203.0.113.9 postfix, 203.0.113.9 sshd",
		"203.0.113.0/24":                   "203.0.113.9 postfix, 203.0.113.9 sshd, 203.0.113.40 sshd",
		"203.0.113.0/28":                   "203.0.113.9 postfix, 203.0.113.9 sshd",
		"198.51.100.77":                    "198.51.100.0/24 recidive",
		"198.51.100.64/26":                 "198.51.100.0/24 recidive",
		"198.51.0.0/16":                    "198.51.100.0/24 recidive",
		"2001:DB8:0::5":                    "2001:db8::5 recidive",
		"2001:db8::/32":                    "2001:db8::5 recidive",
		"MALL":                             "mallory users",
		"jail:ssh":                         "9.9.9.9 sshd, 203.0.113.9 sshd, 203.0.113.40 sshd",
		"jail:ssh 203.0.113.0/24":          "203.0.113.9 sshd, 203.0.113.40 sshd",
		"left:<1h":                         "9.9.9.9 sshd, 203.0.113.9 sshd, mallory users",
		"left:>1d":                         "198.51.100.0/24 recidive, 2001:db8::5 recidive",
		"left:forever":                     "198.51.100.0/24 recidive",
		"count:>3":                         "203.0.113.40 sshd, 2001:db8::5 recidive",
		"count:12":                         "2001:db8::5 recidive",
		"count:<2 jail:sshd":               "9.9.9.9 sshd, 203.0.113.9 sshd",
		"!jail:sshd !jail:recidive":        "203.0.113.9 postfix, mallory users, what is this odd",
		"!203.0.113.0/24 jail:sshd":        "9.9.9.9 sshd",
		"nobody":                           "",
		"jail:sshd left:<10m count:1 203.": "203.0.113.9 sshd",
	} {
		q, err := banlist.ParseQuery(query)
		if err != nil {
			t.Errorf("%q: %v", query, err)
			continue
		}
		if got := shown(l, l.Select(q, banlist.ByAddress, false, t0)); got != want {
			t.Errorf("%q:\n got %s\nwant %s", query, got, want)
		}
		if timed := strings.Contains(query, "left:<") || strings.Contains(query, "left:>"); q.Timed() != timed {
			t.Errorf("%q: timed %v", query, q.Timed())
		}
	}
}

// TestQueriesRefused: a word that cannot be read says what it may be.
func TestQueriesRefused(t *testing.T) {
	for query, want := range map[string]string{
		"left:1h": "left:<1h", "left:<": "left:<1h", "left:<soon": "left:<1h", "count:many": "count:>3", "count:>3x": "count:>3", "x !left:5": "left:<1h",
		"country:": "country:DE", "country:D": "country:DE", "country:DEU": "country:DE", "country:DE,": "country:DE", "!country:d3": "country:- where",
	} {
		if _, err := banlist.ParseQuery(query); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", query, err)
		}
	}
}

// located are the bans above, looked up in a database that knows some of them.
func located() *banlist.List {
	return banlist.NewLocated(some(), func(addresses []netip.Addr) []banlist.Country {
		var out []banlist.Country
		for _, a := range addresses {
			code := map[string]string{"203.0.113.9": "de", "203.0.113.40": "FR", "198.51.100.0": "DE", "2001:db8::5": "AT"}[a.String()]
			c, _ := banlist.ParseCountry(code)
			out = append(out, c)
		}
		return out
	})
}

// TestCountries: a list that was looked up is ordered and filtered by country; where
// it is not known comes last, and what is no address is nowhere.
func TestCountries(t *testing.T) {
	l := located()
	if !l.Located() || banlist.New(some()).Located() {
		t.Error("located or not")
	}
	const order = "2001:db8::5 recidive, 198.51.100.0/24 recidive, 203.0.113.9 postfix, 203.0.113.9 sshd, 203.0.113.40 sshd, 9.9.9.9 sshd, mallory users, what is this odd"
	if got := shown(l, l.Select(banlist.Query{}, banlist.ByCountry, false, t0)); got != order {
		t.Errorf("got %s", got)
	}
	for query, want := range map[string]string{
		"country:DE":            "198.51.100.0/24 recidive, 203.0.113.9 postfix, 203.0.113.9 sshd",
		"country:de jail:sshd":  "203.0.113.9 sshd",
		"country:at,FR":         "2001:db8::5 recidive, 203.0.113.40 sshd",
		"country:-":             "9.9.9.9 sshd, mallory users, what is this odd",
		"country:-,fr":          "203.0.113.40 sshd, 9.9.9.9 sshd, mallory users, what is this odd",
		"!country:DE,AT,-":      "203.0.113.40 sshd",
		"country:SE":            "",
		"!country:- !jail:sshd": "2001:db8::5 recidive, 198.51.100.0/24 recidive, 203.0.113.9 postfix",
	} {
		q, err := banlist.ParseQuery(query)
		if err != nil || !q.Countries() {
			t.Errorf("%q: %v", query, err)
			continue
		}
		if got := shown(l, l.Select(q, banlist.ByCountry, false, t0)); got != want {
			t.Errorf("%q:\n got %s\nwant %s", query, got, want)
		}
	}
}

// TestCountriesNotKnown: where countries are not known, what asks for them finds
// nothing, turned round too, and their order is that of the addresses.
func TestCountriesNotKnown(t *testing.T) {
	lists := map[string]*banlist.List{
		"never looked up": banlist.New(some()),
		"no database":     banlist.NewLocated(some(), func([]netip.Addr) []banlist.Country { return nil }),
	}
	for name, l := range lists {
		for _, query := range []string{"country:DE", "!country:DE", "country:-", "203. !country:-"} {
			q, err := banlist.ParseQuery(query)
			if err != nil {
				t.Fatal(err)
			}
			if rows := l.Select(q, banlist.BySince, false, t0); len(rows) > 0 {
				t.Errorf("%s: %q finds %s", name, query, shown(l, rows))
			}
		}
		all := banlist.Query{}
		if got, want := l.Select(all, banlist.ByCountry, false, t0), l.Select(all, banlist.ByAddress, false, t0); !slices.Equal(got, want) || l.Located() || l.Row(0).Country.Looked() {
			t.Errorf("%s: %v, %+v", name, got, l.Row(0))
		}
	}
}

// TestParseCountry: two letters are a code, whatever else a file holds is none.
func TestParseCountry(t *testing.T) {
	for text, want := range map[string]string{"DE": "DE", "de": "DE", "zZ": "ZZ", "": "", "D": "", "DEU": "", "D1": "", "--": "", "\x1b[": "", "{|": "", "@[": "", "é": "", "\x00\x00": ""} {
		c, ok := banlist.ParseCountry(text)
		if c.String() != want || ok != (want != "") || !c.Looked() || c.Known() != ok {
			t.Errorf("%q: %q, %v", text, c.String(), ok)
		}
	}
	if c := (banlist.Country{}); c.Looked() || c.Known() || c.String() != "" {
		t.Errorf("%+v", c)
	}
}

// TestNewMerges: of two bans of one address in one jail, as they come where a ban
// was renewed while it was being read, the later counts.
func TestNewMerges(t *testing.T) {
	l := banlist.New([]fail2ban.JailBan{
		ban("sshd", "203.0.113.9", time.Hour, time.Hour, 1),
		ban("postfix", "203.0.113.9", time.Hour, time.Hour, 1),
		ban("sshd", "203.0.113.9", time.Minute, 2*time.Hour, 2),
	})
	if l.Len() != 2 {
		t.Fatalf("%d rows", l.Len())
	}
	if r := l.Row(0); r.Count != 2 || r.Left(t0) != 119*time.Minute {
		t.Errorf("%+v", r)
	}
}

// TestNothing: no list at all is an empty one.
func TestNothing(t *testing.T) {
	var l *banlist.List
	if l.Len() != 0 || l.Select(banlist.Query{}, banlist.ByLeft, true, t0) != nil {
		t.Error("not empty")
	}
}

// many are bans as a server under attack has them.
func many(n int) []fail2ban.JailBan {
	r := rand.New(rand.NewPCG(1, 2))
	jails := []string{"dovecot", "nginx-http-auth", "postfix", "recidive", "sshd"}
	bans := make([]fail2ban.JailBan, n)
	for i := range bans {
		address := fmt.Sprintf("%d.%d.%d.%d", 1+r.IntN(220), r.IntN(256), r.IntN(256), r.IntN(256))
		if i%10 == 0 {
			address = fmt.Sprintf("2001:db8:%x:%x::%x", r.IntN(65536), r.IntN(65536), r.IntN(65536))
		}
		bans[i] = ban(jails[r.IntN(len(jails))], address, time.Duration(r.IntN(86400))*time.Second, time.Duration(r.IntN(864000))*time.Second, 1+r.IntN(20))
	}
	return bans
}

// TestSelectIsSorted holds on many bans that every selection keeps its order,
// and finds what looking at each row finds.
func TestSelectIsSorted(t *testing.T) {
	l := banlist.NewLocated(many(3000), spread)
	q, err := banlist.ParseQuery("jail:s left:>1h !2001: !country:AA,AB")
	if err != nil {
		t.Fatal(err)
	}
	for by := range banlist.Columns {
		rows := l.Select(q, by, false, t0)
		back := l.Select(q, by, true, t0)
		slices.Reverse(back)
		if !slices.Equal(rows, back) {
			t.Errorf("by %d: the reverse is another order", by)
		}
		found := 0
		for i := range l.Len() {
			if r := l.Row(int32(i)); q.Match(&r, t0) {
				found++
			}
		}
		if len(rows) != found || found == 0 {
			t.Errorf("by %d: %d rows, want %d", by, len(rows), found)
		}
	}
}

// spread puts addresses into some two hundred countries, by their last bytes.
func spread(addresses []netip.Addr) []banlist.Country {
	out := make([]banlist.Country, len(addresses))
	for i, a := range addresses {
		b := a.As16()
		out[i] = banlist.Country{'A' + b[15]%8, 'A' + b[14]%26}
	}
	return out
}

// BenchmarkNew makes a list of 100,000 bans, without and with their countries,
// BenchmarkSelect filters one.
func BenchmarkNew(b *testing.B) {
	bans := many(100_000)
	for name, of := range map[string]func([]netip.Addr) []banlist.Country{"plain": nil, "located": spread} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				banlist.NewLocated(bans, of)
			}
		})
	}
}

func BenchmarkSelect(b *testing.B) {
	l := banlist.NewLocated(many(100_000), spread)
	for _, query := range []string{"", "203.0", "203.0.0.0/8", "jail:sshd left:<1h", "country:AB", "!country:AB,AC,AD,AE"} {
		q, err := banlist.ParseQuery(query)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(query, func(b *testing.B) {
			for b.Loop() {
				l.Select(q, banlist.ByLeft, false, t0)
			}
		})
	}
}
