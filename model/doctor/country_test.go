package doctor

import (
	"os"
	"strings"
	"testing"

	"bantop/config"
	"bantop/fail2ban/fail2bantest"
	"bantop/model"
	"bantop/model/countrytest"
)

// TestCountries: the country database is looked at only where one is set; what is
// wrong with it is told, and where it is set.
func TestCountries(t *testing.T) {
	good := countrytest.File(t, countrytest.Options{}, countrytest.At("203.0.113.0/24", countrytest.In("DE")))
	text := countrytest.File(t, countrytest.Options{})
	if err := os.WriteFile(text, []byte("no database"), 0o644); err != nil {
		t.Fatal(err)
	}
	// 10.1.0.1 is one of the addresses by which a database is tried.
	part := countrytest.File(t, countrytest.Options{}, countrytest.At("10.0.0.0/8", countrytest.Map{"country": countrytest.Raw{0x3f, 0xff, 0xff, 0xff, 0xff}}))
	for name, c := range map[string]struct {
		path             string
		mark             model.Mark
		found, why, mend string
	}{
		"none is set":        {"", "", "", "", ""},
		"whole":              {good, model.CheckOK, good + ", GeoLite2-Country of 2025-12-30, ", "", ""},
		"not there":          {"/nonexistent/x.mmdb", model.CheckFault, "/nonexistent/x.mmdb", "no such file or directory: no countries are shown", "put the file there, or change country.database (bantop.toml:3)"},
		"no database":        {text, model.CheckFault, text, "it is no MMDB file, or a damaged one: ", "put a fresh copy"},
		"damaged in part":    {part, model.CheckFault, part, "it is damaged: ", "put a fresh copy"},
		"a folder":           {"/", model.CheckFault, "/", "it is no file: no countries are shown", "put a fresh copy"},
		"closed to the user": {good, model.CheckNote, good, "may not read it: no countries are shown", "sudo bantop"},
	} {
		t.Run(name, func(t *testing.T) {
			look := func() {
				got := examine(t, well(t), func(o *Options, _ *Doctor) {
					var err error
					if o.Settings, err = o.Settings.With(config.Value{Key: "country.database", Text: c.path, Origin: config.Origin{Source: "bantop.toml", Line: 3}}); err != nil {
						t.Fatal(err)
					}
				})["countries"]
				if got.Mark != c.mark || !strings.HasPrefix(got.Found, c.found) || !strings.Contains(got.Why, c.why) || !strings.HasPrefix(got.Mend, c.mend) || c.mend == "" && got.Why != "" {
					t.Errorf("%+v", got)
				}
			}
			if name != "closed to the user" {
				look()
				return
			}
			if err := os.Chmod(good, 0); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = os.Chmod(good, 0o644) }()
			fail2bantest.AsNobody(t, look)
		})
	}
}
