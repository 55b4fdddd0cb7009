package addr_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"bantop/fail2ban/addr"
)

// parse is an address or network that is known to be one.
func parse(t testing.TB, s string) netip.Prefix {
	t.Helper()
	p, _, err := addr.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestAsTheServerWrites: what is banned is written as fail2ban lists it. The
// third column is what `get JAIL banip` answered after `set JAIL banip` with the
// first, on 1.0.2 and on 1.1.0.
func TestAsTheServerWrites(t *testing.T) {
	for _, c := range []struct {
		typed   string
		cleared bool
		listed  string
	}{
		{"192.0.2.5", false, "192.0.2.5"},
		{"192.0.2.5/32", false, "192.0.2.5"},
		{"192.0.2.5/24", true, "192.0.2.0/24"},
		{"192.0.2.0/24", false, "192.0.2.0/24"},
		{"0.0.0.0", false, "0.0.0.0"},
		{"2001:DB8::0:1", false, "2001:db8::1"},
		{"2001:0db8:0000:0000:0000:0000:0000:0001", false, "2001:db8::1"},
		{"[2001:db8::1]", false, "2001:db8::1"},
		{"2001:db8::1/128", false, "2001:db8::1"},
		{"2001:db8:1::5/64", true, "2001:db8:1::/64"},
		{"2001:db8::/32", false, "2001:db8::/32"},
		{"2001:db8:0:1:0:1:0:1", false, "2001:db8:0:1:0:1:0:1"},
		{"2001:db8:0:0:1:0:0:1", false, "2001:db8::1:0:0:1"},
		{"1:0:2:3:4:5:6:7", false, "1:0:2:3:4:5:6:7"},
		{"1:2:3:4:5:6:0:0", false, "1:2:3:4:5:6::"},
		{"64:ff9b::192.0.2.5", false, "64:ff9b::c000:205"},
		{"::ffff:192.0.2.5", false, "192.0.2.5"},
		{"::FFFF:c000:0205", false, "192.0.2.5"},
		{"::192.0.2.5", false, "::192.0.2.5"},
		{"::", false, "::"},
		{"::1", false, "::1"},
	} {
		t.Run(c.typed, func(t *testing.T) {
			p, cleared, err := addr.Parse(c.typed)
			if err != nil || cleared != c.cleared || addr.Format(p) != c.listed {
				t.Errorf("got %q, cleared %v, %v; want %q, %v", addr.Format(p), cleared, err, c.listed, c.cleared)
			}
		})
	}
}

// TestUnlikeTheServer: where the server loses what was meant, it is kept.
func TestUnlikeTheServer(t *testing.T) {
	for typed, want := range map[string]string{
		"0.0.0.0/0":            "0.0.0.0/0", // the server lists 0.0.0.0
		"192.0.2.5/0":          "0.0.0.0/0",
		"::/0":                 "::/0", // ::
		"::ffff:192.0.2.0/120": "192.0.2.0/24",
		"::ffff:192.0.2.5/128": "192.0.2.5",
		"::ffff:0:0/96":        "0.0.0.0/0",
		"::ffff:192.0.2.5/24":  "::/24",
		"::192.0.2.5/120":      "::192.0.2.0/120",
	} {
		if got := addr.Format(parse(t, typed)); got != want {
			t.Errorf("%s: got %s, want %s", typed, got, want)
		}
	}
}

// TestNoAddress: what is none says what is wrong with it, and what is allowed.
func TestNoAddress(t *testing.T) {
	for text, wrong := range map[string]string{
		"":                        "there is none",
		"[]":                      "there is none",
		" 192.0.2.5":              "there is a blank in it",
		"192.0.2.0/24\n":          "there is a blank in it",
		"fe80::1%eth0":            `it names an interface, "eth0"`,
		"fe80::%eth0/64":          `it names an interface, "eth0"`,
		"192.0.2.0-192.0.2.9":     "it is a range",
		"192.0.2.0-9":             "it is a range",
		"2001:db8::1-2001:db8::2": "it is a range",
		"192.0.2":                 "IPv4 is four numbers from 0 to 255 without leading zeros",
		"192.0.2.256":             "IPv4 is four numbers from 0 to 255 without leading zeros",
		"192.000.002.005":         "IPv4 is four numbers from 0 to 255 without leading zeros",
		"2130706433":              "IPv4 is four numbers from 0 to 255 without leading zeros",
		"0x7f000001":              "it is a name or other text",
		"example.org":             "it is a name or other text",
		"web-3":                   "it is a name or other text",
		"192.0.2.5:22":            "it is a name or other text",
		"[2001:db8::1]:22":        "there are brackets in the wrong place",
		"[2001:db8::]/32":         "there are brackets in the wrong place",
		"/24":                     "there is none",
		"192.0.2.0/255.255.255.0": "a network is given by its length, not by a mask",
		"10.0.0.0/33":             "the length of an IPv4 network is a number from 0 to 32",
		"10.0.0.1/024":            "the length of an IPv4 network is a number from 0 to 32",
		"10.0.0.1/":               "the length of an IPv4 network is a number from 0 to 32",
		"2001:db8::/129":          "the length of an IPv6 network is a number from 0 to 128",
		"2001:db8::/64/64":        "the length of an IPv6 network is a number from 0 to 128",
		"[2001:db8::1":            "there are brackets in the wrong place",
	} {
		p, cleared, err := addr.Parse(text)
		if p.IsValid() || cleared || err == nil {
			t.Errorf("%q: got %v, %v", text, p, cleared)
			continue
		}
		if !strings.Contains(err.Error(), ": "+wrong+"; it must be an address") {
			t.Errorf("%q: got %v", text, err)
		}
	}
	_, _, err := addr.Parse("a\x1b\u202ename")
	const whole = `read the address "a\x1b\u202ename": it is a name or other text; ` +
		"it must be an address, as 192.0.2.5 or 2001:db8::5, or a network, as 192.0.2.0/24 or 2001:db8::/32"
	if err == nil || err.Error() != whole {
		t.Error(err)
	}
}

// TestLocksOut: a ban of a network locks out who is inside it, in whatever form
// the session's address comes.
func TestLocksOut(t *testing.T) {
	for _, c := range []struct {
		ban, session string
		want         bool
	}{
		{"198.51.100.7", "198.51.100.7", true},
		{"198.51.100.8", "198.51.100.7", false},
		{"198.51.100.0/24", "198.51.100.7", true},
		{"198.51.100.8/29", "198.51.100.7", false},
		{"198.51.100.7", "::ffff:198.51.100.7", true},
		{"::ffff:198.51.100.7", "198.51.100.7", true},
		{"::ffff:198.51.100.0/120", "198.51.100.7", true},
		{"2001:db8::/64", "2001:db8::7", true},
		{"2001:db8:0:1::/64", "2001:db8::7", false},
		{"fe80::/10", "fe80::1%eth0", true},
		{"::/0", "198.51.100.7", false},
		{"0.0.0.0/0", "2001:db8::7", false},
		{"::/24", "198.51.100.7", false},
	} {
		if got := addr.Holds(parse(t, c.ban), addr.Of(netip.MustParseAddr(c.session))); got != c.want {
			t.Errorf("a ban of %s, a session from %s: got %v", c.ban, c.session, got)
		}
	}
}

// TestHoldsNetworks: a network holds another whole, or it does not.
func TestHoldsNetworks(t *testing.T) {
	wide, narrow := parse(t, "192.0.2.0/24"), parse(t, "192.0.2.128/25")
	if !addr.Holds(wide, narrow) || addr.Holds(narrow, wide) || !addr.Holds(wide, wide) {
		t.Error("a network holds itself and its parts, no more")
	}
	var none netip.Prefix
	if addr.Holds(wide, none) || addr.Holds(none, wide) || addr.Holds(none, none) || addr.Of(netip.Addr{}).IsValid() {
		t.Error("what is no address holds nothing and is held by nothing")
	}
}

// TestWide: from which length on a ban is asked about twice, and which one holds
// everything.
func TestWide(t *testing.T) {
	for _, c := range []struct {
		network          string
		wide, everything bool
	}{
		{"192.0.2.5", false, false},
		{"10.1.0.0/16", false, false},
		{"10.0.0.0/15", true, false},
		{"0.0.0.0/0", true, true},
		{"2001:db8::/32", false, false},
		{"2001:db8::/31", true, false},
		{"::/0", true, true},
		{"::ffff:10.1.0.0/112", false, false},
		{"::ffff:10.0.0.0/111", true, false},
		{"::ffff:0:0/96", true, true},
	} {
		p := parse(t, c.network)
		if addr.Wide(p) != c.wide || addr.Everything(p) != c.everything {
			t.Errorf("%s: wide %v, everything %v", c.network, addr.Wide(p), addr.Everything(p))
		}
	}
	if none := (netip.Prefix{}); addr.Wide(none) || addr.Everything(none) || addr.Format(none) != "" {
		t.Error("what is no address is not wide, and has no form")
	}
}

// TestOrder: IPv4, IPv6, then what is no address; numbers as numbers.
func TestOrder(t *testing.T) {
	want := []string{"9.0.0.0", "10.0.0.0/8", "10.0.0.0/24", "10.0.0.0", "10.0.0.9", "10.0.0.10", "::", "2001:db8::/32", "2001:db8::", ""}
	var list []netip.Prefix
	for _, s := range want {
		p, _, _ := addr.Parse(s)
		list = append([]netip.Prefix{p}, list...)
	}
	slices.SortFunc(list, addr.Compare)
	if none := (netip.Prefix{}); addr.Compare(none, list[0]) <= 0 || addr.Compare(list[0], none) >= 0 || addr.Compare(none, none) != 0 {
		t.Error("what is no address comes last")
	}
	for i, p := range list {
		if got := addr.Format(p); got != want[i] {
			t.Errorf("place %d: got %q, want %q", i, got, want[i])
		}
	}
}

// FuzzParse: what is an address is written so that it reads as the same, has no
// bits of a host, and is IPv4 wherever it can be; what is none says so.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"192.0.2.5", "192.0.2.5/24", "[2001:DB8::1]", "::ffff:192.0.2.0/120", "::192.0.2.5", "::ffff:0:0/95", "::/0", "fe80::1%eth0", "192.0.2.0-9", "a/b", "[", "[]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, cleared, err := addr.Parse(s)
		if err != nil {
			if p.IsValid() || cleared || err.Error() == "" {
				t.Fatalf("got %v, %v with the error %v", p, cleared, err)
			}
			return
		}
		if p != p.Masked() || p.Addr().Zone() != "" || p.IsSingleIP() && p.Addr().Is4In6() {
			t.Fatalf("%q: got %v", s, p)
		}
		again, cleared, err := addr.Parse(addr.Format(p))
		if err != nil || cleared || again != p || addr.Compare(p, again) != 0 || !addr.Holds(p, again) {
			t.Fatalf("%q: %v reads as %v, cleared %v, %v", s, p, again, cleared, err)
		}
	})
}
