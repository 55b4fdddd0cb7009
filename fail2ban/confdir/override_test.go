package confdir_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bantop/fail2ban"
	"bantop/fail2ban/confdir"
	"bantop/fail2ban/fail2bantest"
)

// overrides are texts of a file in jail.d, with what is left of them when the jail
// "a" is enabled in them.
var overrides = []struct {
	name, text, want string
	minimal          bool // before
}{
	{"empty", "", "[a]\nenabled = true\n", true},
	{"bantop's own", "# Written by bantop: whether this jail is enabled. To take it back, delete this file and run fail2ban-client reload.\n[a]\nenabled = false\n",
		"# Written by bantop: whether this jail is enabled. To take it back, delete this file and run fail2ban-client reload.\n[a]\nenabled = true\n", true},
	{"spelling", "[a]\nEnabled:no", "[a]\nEnabled: true", true},
	{"no value", "[a]\nenabled =\nport = 1\n", "[a]\nenabled = true\nport = 1\n", false},
	{"it is so", "[a]\nenabled = true\n", "[a]\nenabled = true\n", true},
	{"a comment behind", "[a]\nenabled\t=  off\t; why\n", "[a]\nenabled\t=  true\t; why\n", false},
	{"a comment behind nothing", "[a]\nenabled = ; why\n", "[a]\nenabled = true ; why\n", false},
	{"what was meant as one", "[a]\nenabled = true # why\n", "[a]\nenabled = true ;# why\n", false},
	{"comments", "# mine\n[a]\n# that\nenabled = no\n; this\n", "# mine\n[a]\n# that\nenabled = true\n; this\n", false},
	{"no option", "[a]\nport = 1\n[b]\nenabled = no\n", "[a]\nenabled = true\nport = 1\n[b]\nenabled = no\n", false},
	{"no option, indented", "[a]\n# x\n\n\t port = 1\n[b]\n", "[a]\n\t enabled = true\n# x\n\n\t port = 1\n[b]\n", false},
	{"the next section is indented", "[a]\n  [b]\nport = 1\n", "[a]\n  enabled = true\n  [b]\nport = 1\n", false},
	{"a line that is none", "[a]\nport\n =1", "[a]\nport\n =1\nenabled = true\n", false},
	{"the header ends the file", "[a]", "[a]\nenabled = true\n", true},
	{"no section", "[b]\nenabled = no", "[b]\nenabled = no\n[a]\nenabled = true\n", false},
	{"CRLF", "[b]\r\nport = 1\r\n", "[b]\r\nport = 1\r\n[a]\r\nenabled = true\r\n", false},
	{"CRLF, a section", "[a]\r\nport = 1\r\n", "[a]\r\nenabled = true\r\nport = 1\r\n", false},
	{"CR", "[a]\rport = 1", "[a]\renabled = true\rport = 1", false},
	{"twice", "[a]\nenabled = no\nenabled = no\n", "[a]\nenabled = no\nenabled = true\n", true},
	{"two sections", "[a]\nenabled = no\n[b]\n[a]\nenabled = no\n", "[a]\nenabled = no\n[b]\n[a]\nenabled = true\n", false},
	{"more lines", "[a]\nenabled =\n  no\n\n  # x\n  yes ; y\n  no\nport = 1\n", "[a]\nenabled = true\n\n  # x\n   ; y\nport = 1\n", false},
	{"a value that looks like it", "[a]\nport = 1\n  enabled = no\n", "[a]\nenabled = true\nport = 1\n  enabled = no\n", false},
	{"DEFAULT", "[DEFAULT]\nenabled = no\n", "[DEFAULT]\nenabled = no\n[a]\nenabled = true\n", false},
	{"not UTF-8", "[a]\n# \xff\nenabled = no\n", "[a]\n# \xff\nenabled = true\n", false},
}

// TestSetEnabled: the value is another, all else is as it was.
func TestSetEnabled(t *testing.T) {
	for _, c := range overrides {
		t.Run(c.name, func(t *testing.T) {
			if got := confdir.SetEnabled([]byte(c.text), "a", true); string(got) != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
			if got := confdir.Minimal([]byte(c.text), "a"); got != c.minimal {
				t.Errorf("minimal: %v", got)
			}
		})
	}
}

// TestSetEnabledAnew: a file that is not there yet has a head and nothing else;
// one of a jail that cannot have any stays away.
func TestSetEnabledAnew(t *testing.T) {
	text := confdir.SetEnabled(nil, "a", false)
	if lines := strings.Split(string(text), "\n"); len(lines) != 4 || lines[0][0] != '#' || lines[1] != "[a]" || lines[2] != "enabled = false" {
		t.Errorf("%q", text)
	}
	if !confdir.Minimal(text, "a") || confdir.Minimal(text, "b") || !confdir.Minimal(nil, "a") {
		t.Error("minimal")
	}
	if line, ok := confdir.SectionOf(text, "a"); line != 2 || !ok {
		t.Error(line, ok)
	}
	if _, ok := confdir.SectionOf(text, "b"); ok {
		t.Error("there is no [b]")
	}
	if got := confdir.SetEnabled(nil, "a]b", true); got != nil {
		t.Errorf("%q", got)
	}
}

// TestOverrideName: each jail has a file name of its own, or none with a reason.
func TestOverrideName(t *testing.T) {
	for jail, want := range map[string]string{
		"sshd":                   "zz-bantop-sshd.local",
		"3proxy_x.y-Z":           "zz-bantop-3proxy_x.y-Z.local",
		"a b/../c%":              "zz-bantop-a%20b%2F..%2Fc%25.local",
		"ü[":                     "zz-bantop-%C3%BC%5B.local",
		"allow":                  "zz-bantop-%61llow.local", // not the allow list's
		"KNOWN":                  "zz-bantop-KNOWN.local",
		"":                       "empty",
		"DEFAULT":                "for no jail",
		"INCLUDES":               "for no jail",
		"KNOWN/a":                "for no jail",
		"a]":                     "a ] ends",
		"a\nb":                   "control characters",
		"a\x00":                  "control characters",
		" a":                     "a blank",
		"a\u00a0":                "a blank",
		"a ;b":                   "begins a comment",
		"a?b":                    "a condition",
		"\xff":                   "not UTF-8",
		strings.Repeat("a", 225): "longer than 240 bytes",
	} {
		got, err := confdir.OverrideName(jail)
		if err != nil {
			got = err.Error()
			if !strings.Contains(got, "; give the jail a plain name") {
				t.Errorf("%q: %s", jail, got)
			}
		}
		if !strings.Contains(got, want) || err == nil && got != want {
			t.Errorf("%q: got %q, want %q", jail, got, want)
		}
	}
	if name, err := confdir.OverrideName(strings.Repeat("a", 224)); err != nil || len(name) != 240 {
		t.Error(name, err)
	}
}

// TestTruthOfOverrides: real fail2bans read what was set, of every text that they
// read at all, and of odd names.
func TestTruthOfOverrides(t *testing.T) {
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			install.Use(t)
			var folders, jails []string
			for _, c := range overrides {
				folders = append(folders, onDisk(t, map[string]string{"jail.conf": "[a]\n", "jail.d/x.local": c.want}))
				jails = append(jails, "a")
			}
			for _, jail := range []string{"a b/../c%", "ü[", "allow", "[a", "#x", "a;b", "=", "a'b\"\\", "KNOWN", "%(x)s"} {
				name, err := confdir.OverrideName(jail)
				if err != nil {
					t.Fatal(err)
				}
				text := confdir.SetEnabled(confdir.SetEnabled(nil, jail, false), jail, true)
				folders = append(folders, onDisk(t, map[string]string{"jail.d/" + name: string(text)}))
				jails = append(jails, jail)
			}
			for i, found := range ask(t, "", folders...) {
				c, err := confdir.ReadCatalogue(os.DirFS(folders[i]))
				if err != nil {
					t.Fatal(err)
				}
				if readsNothing(c) || strings.Contains(fmt.Sprint(c.Faults), "UTF-8") {
					continue
				}
				if found.Error != "" || found.Jails[jails[i]]["Enabled"] != true {
					t.Errorf("%q: %+v", jails[i], found)
				}
			}
		})
	}
}

// FuzzSetEnabled: whatever the text, what was set is read back, nothing else has
// changed, and to set it again changes nothing.
func FuzzSetEnabled(f *testing.F) {
	for _, c := range overrides {
		f.Add([]byte(c.text), "a", true)
	}
	for _, group := range []map[string]map[string]string{trees, broken, passedOver} {
		for _, tree := range group {
			f.Add([]byte(tree["jail.conf"]), "a", false)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, jail string, on bool) {
		was := bytes.Clone(text)
		got := confdir.SetEnabled(text, jail, on)
		if !bytes.Equal(text, was) {
			t.Fatal("the text itself has changed")
		}
		name, err := confdir.OverrideName(jail)
		if err != nil {
			return
		}
		if again := confdir.SetEnabled(got, jail, on); !bytes.Equal(again, got) {
			t.Errorf("again: %q, then %q", got, again)
		}
		if confdir.Minimal(text, jail) && !confdir.Minimal(got, jail) {
			t.Errorf("minimal before, but not after: %q, %q", text, got)
		}
		before, after := read(t, name, text), read(t, name, got)
		j, ok := after.Jail(jail)
		if len(got) > 1<<20 || strings.Contains(fmt.Sprint(after.Faults), "UTF-8") {
			return
		}
		if !ok || j.Enabled != on || len(after.Faults) != len(before.Faults) && len(before.Jails) > 0 {
			t.Fatalf("%q\nbefore %s\nafter %s", got, show(before), show(after))
		}
		old, had := before.Jail(jail)
		if !had {
			return
		}
		j.Said, j.Enabled, j.Fault = old.Said, old.Enabled, old.Fault
		if fmt.Sprint(j) != fmt.Sprint(old) {
			t.Errorf("%q\nbefore %s\nafter %s", got, show(before), show(after))
		}
	})
}

func read(t *testing.T, name string, text []byte) fail2ban.Catalogue {
	t.Helper()
	c, err := confdir.ReadCatalogue(folder(map[string]string{filepath.Join("jail.d", name): string(text)}))
	if err != nil {
		t.Fatal(err)
	}
	return c
}
