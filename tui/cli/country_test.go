package cli_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bantop/fail2ban/fail2bantest"
	"bantop/model/countrytest"
	"bantop/tui/plain"
)

// countries is a country database, and a settings file that names it.
func countries(t *testing.T) (database, settings string) {
	t.Helper()
	example := countrytest.Map{"country": countrytest.Map{"iso_code": "DE"}, "autonomous_system_number": uint32(64500), "autonomous_system_organization": "Example \x1b[31mNetworks"}
	database = countrytest.File(t, countrytest.Options{}, countrytest.At("203.0.113.0/24", example), countrytest.At("198.51.100.0/24", countrytest.In("FR")), countrytest.At("2001:db8::/32", countrytest.In("AT")))
	return database, settingsWith(t, database)
}

// settingsWith is a settings file that names a country database.
func settingsWith(t *testing.T, database string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "bantop.toml")
	if err := os.WriteFile(file, fmt.Appendf(nil, "[country]\ndatabase = %q\n", database), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestCountries: what the commands tell of countries, on real servers.
func TestCountries(t *testing.T) {
	t.Parallel()
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			t.Parallel()
			l := realLab(t, install, "postfix", "sshd")
			database, settings := countries(t)
			l.flags = append(l.flags, "--settings", settings)
			l.client("set", "sshd", "banip", "203.0.113.9", "203.0.113.128/25", "192.0.2.1")
			l.client("set", "postfix", "banip", "198.51.100.7", "2001:db8::1")

			got := make(map[string]string)
			for _, b := range document[[]plain.Ban](l, 0, "bans") {
				if b.Country == nil {
					b.Country = new(plain.Code)
				}
				got[b.Address] = string(*b.Country)
			}
			want := map[string]string{"203.0.113.9": "DE", "203.0.113.128/25": "DE", "192.0.2.1": "", "198.51.100.7": "FR", "2001:db8::1": "AT"}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("got %v", got)
			}
			if out, _ := l.bantop(0, "bans --json 192.0.2.1"); !strings.Contains(out, `"country": null`) {
				t.Errorf("printed %s", out)
			}
			for line, want := range map[string]string{
				"country:de": "203.0.113.128/25, 203.0.113.9", "country:AT,FR": "198.51.100.7, 2001:db8::1", "country:-": "192.0.2.1", "!country:DE,FR": "192.0.2.1, 2001:db8::1", "country:SE": "",
			} {
				var found []string
				for _, b := range document[[]plain.Ban](l, 0, "bans "+line) {
					found = append(found, b.Address)
				}
				if slices.Sort(found); strings.Join(found, ", ") != want {
					t.Errorf("bans %s: %q, want %s", line, found, want)
				}
			}
			out, _ := l.bantop(0, "bans --csv 203.0.113.9")
			lines, err := csv.NewReader(strings.NewReader(out)).ReadAll()
			if err != nil || len(lines) != 2 || lines[0][8] != "country" || lines[1][8] != "DE" {
				t.Errorf("%v: %q", err, out)
			}
			if out, _ := l.bantop(0, "bans"); !holds(out, "COUNTRY", "203.0.113.9       DE       sshd") {
				t.Errorf("printed %s", out)
			}

			if out, _ := l.bantop(1, "why 203.0.113.9"); !holds(out, "\nDE, AS64500 Example \\x1b[31mNetworks\n") {
				t.Errorf("printed %q", out)
			}
			if out, _ := l.bantop(0, "why 192.0.2.9"); !holds(out, "192.0.2.9 is not banned\nits country is not known\n") {
				t.Errorf("printed %q", out)
			}
			why := document[plain.Why](l, 1, "why 203.0.113.9")
			if why.Country == nil || *why.Country != "DE" || why.ASN != 64500 || why.ASName != "Example \x1b[31mNetworks" || *why.Bans[0].Country != "DE" {
				t.Errorf("%+v", why)
			}
			if out, _ := l.bantop(0, "config"); !holds(strings.Join(strings.Fields(out), " "), "country.database "+database+" "+settings+":2") {
				t.Errorf("printed %s", out)
			}
		})
	}
}

// TestCountriesUnknown: where no database is set nothing is told of countries; where
// it cannot be read the list is whole and a line beside it says why. A filter by
// country is refused in both: what it leaves out would be in the list.
func TestCountriesUnknown(t *testing.T) {
	t.Parallel()
	l, s := fakeLab(t, "sshd")
	s.Ban("sshd", "203.0.113.9")
	if out, errs := l.bantop(0, "bans --json"); strings.Contains(out, "country") || errs != "" {
		t.Errorf("printed %s%s", out, errs)
	}
	if out, errs := l.bantop(64, "bans !country:DE"); out != "" || errs != "bantop: bans: no country is known\nnext: set country.database to an MMDB file, such as GeoLite2-Country.mmdb\n" {
		t.Errorf("printed %s%s", out, errs)
	}

	broken := filepath.Join(t.TempDir(), "broken.mmdb")
	if err := os.WriteFile(broken, []byte("no database"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, wrong := range map[string]string{broken: "it is no MMDB file, or a damaged one: ", "/nonexistent/x.mmdb": "no such file or directory", t.TempDir(): "it is no file"} {
		l.flags = append(l.flags[:4:4], "--settings", settingsWith(t, path))
		wrong = "bantop: read the country database " + path + ": " + wrong
		out, errs := l.bantop(0, "bans --json")
		var bans []plain.Ban
		if err := json.Unmarshal([]byte(out), &bans); err != nil || len(bans) != 1 || bans[0].Country != nil || !strings.HasPrefix(errs, wrong) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%v: printed %s%s", err, out, errs)
		}
		if out, errs := l.bantop(64, "bans country:DE"); out != "" || !holds(errs, strings.Replace(wrong, "read", "bans: read", 1), "next: bantop doctor") {
			t.Errorf("printed %s%s", out, errs)
		}
		if out, errs := l.bantop(1, "why 203.0.113.9"); !holds(out, "203.0.113.9 is banned in sshd") || !strings.HasPrefix(errs, wrong) {
			t.Errorf("printed %s%s", out, errs)
		}
		if out, errs := l.bantop(0, "unban 203.0.113.9 --jail sshd --yes"); errs != "" {
			t.Errorf("an unban: printed %s%s", out, errs)
		}
		s.Ban("sshd", "203.0.113.9")
		if out, _ := l.bantop(1, "doctor"); !holds(out, "fault  countries", path, "no countries are shown", "country.database") {
			t.Errorf("printed %s", out)
		}
	}
}

// TestCountriesOnScreen: the dashboard shows, sorts and filters by country; a file
// that is spoilt while it is open is told of on the bans screen, which goes on, and a
// good one in its place is found.
func TestCountriesOnScreen(t *testing.T) {
	t.Parallel()
	install := fail2bantest.RealInstalls(t)[0]
	r := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{Jails: []string{"sshd"}})
	database, settings := countries(t)
	good, err := os.ReadFile(database)
	if err != nil {
		t.Fatal(err)
	}
	ban := func(addresses ...string) {
		t.Helper()
		if _, err := r.Client(append([]string{"set", "sshd", "banip"}, addresses...)...); err != nil {
			t.Fatal(err)
		}
	}
	ban("203.0.113.9", "198.51.100.7", "192.0.2.1")
	e := open(t, terminalOptions{env: install.Environ()}, "-c", r.ConfDir, "--settings", settings)
	e.waitFor("1 jail", "banned 3")
	e.send("6G")
	e.waitFor("▸ country.database", database[:15], "an MMDB file")
	e.send("q2")
	e.waitFor("3 bans", "COUNTRY", "203.0.113.9                             DE        sshd", "198.51.100.7                            FR        sshd")
	e.send("/country:de\r")
	e.waitFor("1 of 3 bans", "203.0.113.9 ")
	e.send("\r")
	e.waitFor("203.0.113.9 is banned in sshd", "DE, AS64500 Example \\x1b[31mNetworks")
	e.send("q")
	e.waitFor("1 of 3 bans")
	e.send("\x1b")
	e.waitFor("3 bans", "SINCE▴", "198.51.100.7 ") // "1 of 3 bans" are "3 bans", too
	e.send("ssss")                                 // by what is left, by the count, by address, by country
	e.waitFor("3 bans", "COUNTRY▴")

	if err := os.Truncate(database, 300); err != nil {
		t.Fatal(err)
	}
	ban("203.0.113.10")
	e.waitFor("4 bans", "▲ countries: ", "203.0.113.10 ")
	if err := os.WriteFile(database+".new", good, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(database+".new", database); err != nil {
		t.Fatal(err)
	}
	ban("203.0.113.11")
	e.waitFor("5 bans", "203.0.113.11                            DE        sshd")
	e.send("q")
	e.waitFor("1 jail")
}
