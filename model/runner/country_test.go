package runner_test

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"strings"
	"testing"

	"bantop/fail2ban/fail2bantest"
	"bantop/model"
	"bantop/model/banlist"
	"bantop/model/country"
	"bantop/model/countrytest"
	"bantop/model/runner"
)

// countriesOf are the countries of a list, by address.
func countriesOf(l *banlist.List) map[string]string {
	out := make(map[string]string)
	for _, r := range rowsOf(l) {
		out[r.Address] = map[bool]string{true: "-"}[r.Country == banlist.Unknown] + r.Country.String()
	}
	return out
}

// TestListBansCountries: the list tells in which country each ban is, a network by
// its first address; what is no address is nowhere. A file that is damaged or gone is
// told of, a new one is found, and the list is the same all along.
func TestListBansCountries(t *testing.T) {
	t.Parallel()
	file := countrytest.File(t, countrytest.Options{}, countrytest.At("203.0.113.0/24", countrytest.In("DE")), countrytest.At("2001:db8::/32", countrytest.In("FR")))
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	for _, address := range []string{"203.0.113.9", "203.0.113.128/25", "2001:db8::5", "192.0.2.1", "mallory"} {
		s.Ban("sshd", address)
	}
	r := start(t, s, func(o *runner.Options) { o.Countries = country.At(file) })
	jail := model.JailBans{Jail: "sshd", Banned: 5}
	whole := map[string]string{"203.0.113.9": "DE", "203.0.113.128/25": "DE", "2001:db8::5": "FR", "192.0.2.1": "-", "mallory": "-"}
	for _, c := range []struct {
		name  string
		do    func() error
		wrong string
		want  map[string]string
	}{
		{"whole", func() error { return nil }, "", whole},
		{"cut short", func() error { return os.Truncate(file, 100) }, ": it is no MMDB file, or a damaged one: ", nil},
		{"gone", func() error { return os.Remove(file) }, ": no such file or directory", nil},
		{"back", func() error { return os.WriteFile(file, good, 0o644) }, "", whole},
	} {
		if err := c.do(); err != nil {
			t.Fatal(err)
		}
		got := listBans(t, r, jail)
		if got.List.Len() != 5 || got.List.Located() != (c.want != nil) || !strings.Contains(got.NoCountries, c.wrong) || (c.wrong == "") != (got.NoCountries == "") {
			t.Errorf("%s: %d bans, located %v, %q", c.name, got.List.Len(), got.List.Located(), got.NoCountries)
		}
		for address, country := range countriesOf(got.List) {
			if want := c.want[address]; country != want {
				t.Errorf("%s: %s is in %q, want %q", c.name, address, country, want)
			}
		}
		place := fetchAddress(t, r, "203.0.113.9", "sshd")
		if place.Place.Country.String() != c.want["203.0.113.9"] || (place.NoPlace == "") != (c.wrong == "") {
			t.Errorf("%s: %+v, %q", c.name, place.Place, place.NoPlace)
		}
	}
}

// TestNoCountries: where no database is set nothing is looked up, and nothing is
// wrong.
func TestNoCountries(t *testing.T) {
	t.Parallel()
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	s.Ban("sshd", "203.0.113.9")
	r := start(t, s, nil)
	got := listBans(t, r, model.JailBans{Jail: "sshd", Banned: 1})
	if got.List.Located() || got.NoCountries != "" || got.List.Row(0).Country.Looked() {
		t.Errorf("%+v", got)
	}
	if got := fetchAddress(t, r, "203.0.113.9"); got.Place != (model.Place{}) || got.NoPlace != "" {
		t.Errorf("%+v", got)
	}
}

// TestFetchAddressPlace: an address in any spelling, and a network by its first
// address; what is no address is nowhere, and nothing is wrong with that.
func TestFetchAddressPlace(t *testing.T) {
	t.Parallel()
	system := countrytest.Map{"country_code": "DE", "asn": "AS64500", "as_name": "Example"}
	file := countrytest.File(t, countrytest.Options{}, countrytest.At("203.0.113.0/24", system), countrytest.At("2001:db8::/32", countrytest.In("FR")))
	r := start(t, fail2bantest.New(t, fail2bantest.Options{}), func(o *runner.Options) { o.Countries = country.At(file) })
	de, _ := banlist.ParseCountry("DE")
	fr, _ := banlist.ParseCountry("FR")
	example := model.Place{Country: de, ASN: 64500, ASName: "Example"}
	for address, want := range map[string]model.Place{
		"203.0.113.9": example, "::ffff:203.0.113.9": example, "203.0.113.77/25": example, "203.0.0.0/16": {Country: banlist.Unknown},
		"2001:DB8:0::1": {Country: fr}, "192.0.2.1": {Country: banlist.Unknown}, "mallory": {}, "": {},
	} {
		if got := fetchAddress(t, r, address); got.Place != want || got.NoPlace != "" {
			t.Errorf("%q: %+v, %q", address, got.Place, got.NoPlace)
		}
	}
}

// slow is a database that takes longer than anybody waits.
type slow struct{}

func (slow) Countries(ctx context.Context, of []netip.Addr) ([]banlist.Country, error) {
	if deadline, ok := ctx.Deadline(); !ok || deadline.IsZero() {
		return nil, errors.New("waits for ever")
	}
	return make([]banlist.Country, len(of)), context.DeadlineExceeded
}

func (slow) Place(netip.Addr) (model.Place, error) { return model.Place{}, nil }

// TestCountriesTakeTooLong: a database that takes too long is told of, and what it
// told until then is kept.
func TestCountriesTakeTooLong(t *testing.T) {
	t.Parallel()
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	s.Ban("sshd", "203.0.113.9")
	r := start(t, s, func(o *runner.Options) { o.Countries = slow{} })
	got := listBans(t, r, model.JailBans{Jail: "sshd", Banned: 1})
	if got.NoCountries != "read the country database: it takes longer than 5s" || !got.List.Located() || got.List.Len() != 1 {
		t.Errorf("%q, %+v", got.NoCountries, got.List.Row(0))
	}
}
