package confdir_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sebdah/goldie/v2"

	"bantop/fail2ban"
	"bantop/fail2ban/confdir"
	"bantop/fail2ban/fail2bantest"
)

const testdata = "../../testdata/confdir"

// TestCatalogue shows what is made of each tree, with the place of every fault.
func TestCatalogue(t *testing.T) {
	for name, group := range map[string]map[string]map[string]string{"trees": trees, "broken": broken, "passed-over": passedOver} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			for _, tree := range slices.Sorted(maps.Keys(group)) {
				c, err := confdir.ReadCatalogue(folder(group[tree]))
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&out, "== %s\n%s\n", tree, show(c))
			}
			goldie.New(t, goldie.WithFixtureDir(testdata)).Assert(t, name, []byte(out.String()))
		})
	}
}

func show(c fail2ban.Catalogue) string {
	var out strings.Builder
	for _, f := range c.Faults {
		fmt.Fprintf(&out, "! %s\n", f)
	}
	for _, j := range c.Jails {
		fmt.Fprintf(&out, "%q enabled=%t said=%q files=%q\n", j.Name, j.Enabled, j.Said, j.Files)
		fmt.Fprintf(&out, "    filter=%q backend=%q port=%q journal=%q\n", j.Filter, j.Backend, j.Port, j.Journal)
		fmt.Fprintf(&out, "    logpath=%q action=%q\n", j.LogPath, j.Action)
		if j.Fault != "" {
			fmt.Fprintf(&out, "    ! %s\n", j.Fault)
		}
	}
	return out.String()
}

// TestCatalogueLimits: what is too much is told of, and never makes the reading
// slow.
func TestCatalogueLimits(t *testing.T) {
	many := map[string]string{"jail.conf": "[a]\n"}
	for i := range 2500 {
		many[fmt.Sprintf("jail.d/%04d.conf", i)] = "[a]\n"
	}
	deep := map[string]string{"jail.conf": "[INCLUDES]\nbefore = 0.conf\n[a]\n"}
	wide := map[string]string{"jail.conf": "[INCLUDES]\nbefore = 0.conf\n"}
	for i := range 60 {
		deep[fmt.Sprintf("%d.conf", i)] = fmt.Sprintf("[INCLUDES]\nbefore = %d.conf\n", i+1)
		wide[fmt.Sprintf("%d.conf", i)] = fmt.Sprintf("[INCLUDES]\nbefore = %d.conf\n  %[1]d.conf\nafter = %[1]d.conf\n[a]\n", i+1)
	}
	laughs := "[a]\nfilter = %(l1)s\n"
	for i := 1; i < 9; i++ {
		laughs += fmt.Sprintf("l%d = %s\n", i, strings.Repeat(fmt.Sprintf("%%(l%d)s", i+1), 1000))
	}
	for _, c := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"a long file", map[string]string{"jail.conf": "[a]\n", "jail.local": strings.Repeat("# x\n", 1<<18) + "#"}, "jail.local: it is longer than 1048576 bytes"},
		{"many files", many, "jail.d/1999.conf: it and all after it is not read here: there are more than 2000 files"},
		{"many includes of includes", wide, "there are more than 2000 files"},
		{"many includes", deep, "41 files lead to it"},
		{"a long value", map[string]string{"jail.conf": laughs + "l9 = x\n"}, "it is longer than 1048576 bytes"},
		{"many faults", map[string]string{"jail.conf": "[a]\n" + strings.Repeat("x\n", 10_000)}, "jail.conf:2: neither [section]"},
		{"outside", map[string]string{"jail.conf": "[a]\n[INCLUDES]\nbefore = ../x.conf\n  /opt/x.conf\n"}, "jail.conf:4: it includes /opt/x.conf, which is outside"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := confdir.ReadCatalogue(folder(c.files))
			if err != nil || len(got.Jails) != 1 || len(got.Faults) > 200 || !strings.Contains(show(got), c.want) {
				t.Errorf("%v, %.2000s", err, show(got))
			}
		})
	}
}

// TestCatalogueInside: an absolute path is looked for in the folder.
func TestCatalogueInside(t *testing.T) {
	c, err := confdir.ReadCatalogue(folder(map[string]string{"jail.conf": "[INCLUDES]\nbefore = /etc/fail2ban/x.conf\n", "x.conf": "[a]\n"}))
	if err != nil || len(c.Faults) > 0 || len(c.Jails) != 1 {
		t.Error(c, err)
	}
}

// TestCatalogueUnreadable: what one may not read is told of, and the rest is read.
func TestCatalogueUnreadable(t *testing.T) {
	dir := onDisk(t, map[string]string{"jail.conf": "[a]\n", "jail.local": "[b]\n", "jail.d/x.conf": "[c]\n"})
	mode := func(path string, mode os.FileMode) {
		t.Helper()
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Chmod(path, 0o700) }) // so that it can be removed
	}
	mode(filepath.Dir(dir), 0o755)
	mode(filepath.Join(dir, "jail.local"), 0)
	mode(filepath.Join(dir, "jail.d"), 0)
	read := func() (c fail2ban.Catalogue, err error) {
		fail2bantest.AsNobody(t, func() { c, err = confdir.ReadCatalogue(os.DirFS(dir)) })
		return c, err
	}
	c, err := read()
	if err != nil || len(c.Jails) != 1 || len(c.Faults) != 2 || !strings.Contains(c.Faults[1].Reason, "you may not read it") {
		t.Error(c, err)
	}
	mode(dir, 0)
	if _, err := read(); err == nil || !strings.Contains(err.Error(), "name its folder with --conf") {
		t.Error(err)
	}
}

// TestCatalogueOfFilters: what a filter says is no fault as long as it can be worked
// out; what is wrong with an option that the catalogue does not show is one where
// the jail is enabled.
func TestCatalogueOfFilters(t *testing.T) {
	c, err := confdir.ReadCatalogue(folder(map[string]string{
		"jail.conf": "[a]\nenabled = true\nfilter = f\njournalmatch = %(known/journalmatch)s\n" +
			"[b]\nenabled = true\nfilter = f\nfailregex = %(known/failregex)s\n" +
			"[c]\nenabled = true\nignoreip = %(nowhere)s\n" +
			"[d]\nignoreip = %(nowhere)s\n" +
			"[e]\nfilter = absent\njournalmatch = %(known/journalmatch)s\n",
		"filter.d/f.conf": "[Definition]\njournalmatch = <a/b>\nfailregex = <a/b>\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{
		"journalmatch cannot be worked out: %(known/journalmatch)s is what filter.d/f says, with tags in it that only fail2ban puts in: it is not worked out here (jail.conf:4)",
		"",
		"ignoreip cannot be worked out: nothing says what %(nowhere)s is: fail2ban reads nothing because of it (jail.conf:11)",
		"",
		"journalmatch cannot be worked out: %(known/journalmatch)s is what filter.d/absent says, which is not there: fail2ban skips the jail when it is enabled: it is not worked out here (jail.conf:16)",
	} {
		if got := c.Jails[i].Fault; got != want {
			t.Errorf("%s\ngot  %s\nwant %s", c.Jails[i].Name, got, want)
		}
	}
}

// FuzzCatalogue: no bytes make the reader panic, and each jail has a name.
func FuzzCatalogue(f *testing.F) {
	for _, group := range []map[string]map[string]string{trees, broken, passedOver} {
		for _, tree := range group {
			f.Add([]byte(tree["jail.conf"]), []byte(tree["jail.local"]))
		}
	}
	f.Add([]byte(filters["jail.conf"]), []byte(filters["filter.d/f.conf"]))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		dir := fstest.MapFS{"jail.conf": {Data: a}, "jail.d/x.local": {Data: b}, "filter.d/f.conf": {Data: b}}
		c, err := confdir.ReadCatalogue(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range c.Jails {
			if j.Name == "" || j.Name == "INCLUDES" || len(j.Files) == 0 {
				t.Errorf("%+v", j)
			}
		}
	})
}

// BenchmarkCatalogue reads Debian's own configuration.
func BenchmarkCatalogue(b *testing.B) {
	for _, install := range fail2bantest.RealInstalls(b) {
		b.Run(install.Version, func(b *testing.B) {
			dir := os.DirFS(filepath.Join("/", install.Root, "etc/fail2ban"))
			for b.Loop() {
				if _, err := confdir.ReadCatalogue(dir); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
