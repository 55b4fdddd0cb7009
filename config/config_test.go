package config_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"bantop/config"
)

func values(t *testing.T, text string) []config.Value {
	t.Helper()
	v, err := config.Parse("bantop.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestWithSetsEveryKey holds that each key of a file reaches its setting.
func TestWithSetsEveryKey(t *testing.T) {
	got, err := config.Defaults().With(values(t, `
# a comment
socket = "/run/a/../b.sock"
pidfile = "/run/b.pid"
conf = "/srv/fail2ban"
refresh = "2s"
timeout = "500ms"
state-dir = "/srv/state"
theme = "none"
ascii = true

[recovery]
window = "90s"

[activation]
confirm = "45s"
limit = "1m"

[session]
ttl = "0s"

[country]
database = "/usr/share/GeoIP//GeoLite2-Country.mmdb"
`)...)
	want := config.Settings{
		SessionCache: true, SessionTTL: 0,
		Socket: "/run/b.sock", PIDFile: "/run/b.pid", Conf: "/srv/fail2ban", Refresh: 2 * time.Second,
		CountryDatabase: "/usr/share/GeoIP/GeoLite2-Country.mmdb",
		Timeout:         500 * time.Millisecond, StateDir: "/srv/state", Theme: "none", ASCII: true, Mouse: true,
		RecoveryWindow:    90 * time.Second,
		ActivationConfirm: 45 * time.Second, ActivationLimit: time.Minute,
	}
	if err != nil || got.Settings != want {
		t.Errorf("got %+v, %v", got.Settings, err)
	}
}

// TestWithRefuses walks what is not allowed: the error says where, which key,
// and what it may be, and nothing is applied.
func TestWithRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"refresh = \"2s\"\nrefesh = \"1s\"":       `bantop.toml:2: unknown key "refesh": did you mean "refresh"?`,
		"nonsense = 1":                            `bantop.toml:1: unknown key "nonsense"`,
		"[recovery]\nwindows = \"1s\"":            `bantop.toml:2: unknown key "recovery.windows": did you mean "recovery.window"?`,
		"recovery.window = \"2h\"":                `bantop.toml:1: recovery.window: "2h" is not a time from 1s to 1h, such as 1m`,
		"theme = \"dark\"\n\nrefresh = 5":         `bantop.toml:3: refresh: "5" is not a time from 200ms to 1h, such as 1s`,
		"country.database = \"GeoLite2.mmdb\"":    `bantop.toml:1: country.database: "GeoLite2.mmdb" is not an absolute path, or empty for none`,
		"socket = \"f2b.sock\"":                   `bantop.toml:1: socket: "f2b.sock" is not an absolute path`,
		"theme = \"blue\"":                        `bantop.toml:1: theme: "blue" is not one of auto, dark, light, 16 and none`,
		"ascii = \"maybe\"":                       `bantop.toml:1: ascii: "maybe" is not true or false`,
		"ascii = [true]":                          `bantop.toml:1: ascii: "[true]" is not true or false`,
		"refresh = 5s":                            `bantop.toml:1: 5s needs quotes: "5s"`,
		"[recovery]\nwindow = 1h30m # long":       `bantop.toml:2: 1h30m needs quotes: "1h30m"`,
		"theme = dark\n":                          `bantop.toml:1: dark needs quotes: "dark"`,
		"socket = /run/f2b.sock":                  `bantop.toml:1: /run/f2b.sock needs quotes: "/run/f2b.sock"`,
		"mouse = yes":                             `bantop.toml:1: yes is not true or false`,
		"refresh = \"5s":                          `bantop.toml:1: unexpected EOF`,
		"timeout = \"1s\"\ntimeout.x = \"1s\"":    "",
		"recovery = { window = \"10s\", x = 1 }":  `bantop.toml: unknown key "recovery.x"`,
		strings.Repeat("x", 200) + " = 1":         `unknown key "xxx`,
		"theme = \"dark\"\nascii = true\nascii=1": "",
	} {
		t.Run(text, func(t *testing.T) {
			v, err := config.Parse("bantop.toml", []byte(text))
			got := config.Defaults()
			if err == nil {
				got, err = got.With(v...)
			}
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v\nwant %s", err, want)
			}
			if got.Settings != config.Default() {
				t.Errorf("applied: %+v", got)
			}
		})
	}
}

// TestParseRefuses walks what is no TOML, with the line.
func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"refresh = ":                       "bantop.toml:1: ",
		"theme = \"dark\"\n???":            "bantop.toml:2: ",
		"theme = \"dark\"\ntheme = \"16\"": "bantop.toml:2: ",
		"theme = \"\xff\"":                 "bantop.toml:1: ",
	} {
		if v, err := config.Parse("bantop.toml", []byte(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, %v, want %s", text, v, err, want)
		}
	}
}

// TestLaterValuesWin holds that layers lie over one another.
func TestLaterValuesWin(t *testing.T) {
	flag := config.Value{Key: "refresh", Text: "5s", Origin: config.Origin{Source: "--refresh"}}
	got, err := config.Defaults().With(append(values(t, `refresh = "2s"`), flag)...)
	if err != nil || got.Refresh != 5*time.Second {
		t.Errorf("got %v, %v", got.Refresh, err)
	}
	flag.Text = "5"
	if _, err = got.With(flag); err == nil || !strings.HasPrefix(err.Error(), "--refresh: refresh: ") {
		t.Error(err)
	}
}

// TestNoCountryDatabase: a later file can take back the database of an earlier one.
func TestNoCountryDatabase(t *testing.T) {
	got, err := config.Defaults().With(values(t, "[country]\ndatabase = \"/srv/x.mmdb\"")...)
	if err != nil || got.CountryDatabase != "/srv/x.mmdb" {
		t.Fatalf("got %q, %v", got.CountryDatabase, err)
	}
	if got, err = got.With(values(t, "[country]\ndatabase = \"\"")...); err != nil || got.CountryDatabase != "" || got.Text("country.database") != "" {
		t.Errorf("got %q, %v", got.CountryDatabase, err)
	}
}

// FuzzParse feeds foreign files: no crash, and every value has its origin.
func FuzzParse(f *testing.F) {
	f.Add("refresh = \"1s\"\n[recovery]\nwindow = \"60s\"\n")
	f.Add("a.b.c = [1, {x = 2}]\n[[t]]\n")
	f.Fuzz(func(t *testing.T, text string) {
		v, err := config.Parse("f", []byte(text))
		if err != nil {
			return
		}
		for _, x := range v {
			if x.Origin.Source != "f" || x.Origin.Line < 0 || x.Origin.Line > strings.Count(text, "\n")+1 {
				t.Error(fmt.Sprint(x))
			}
		}
		_, _ = config.Defaults().With(v...)
	})
}

// TestOrigins: every value knows where it comes from.
func TestOrigins(t *testing.T) {
	got, err := config.Defaults().With(append(values(t, "refresh = \"2s\"\ntheme = \"16\""),
		config.Value{Key: "refresh", Text: "5s", Origin: config.ThisRun})...)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string][2]string{
		"refresh": {"5s", "this run"}, "theme": {"16", "bantop.toml:2"}, "timeout": {"2s", "default"}, "session.ttl": {"10m", "default"},
		"nonsense": {"", "default"},
	} {
		if text, origin := got.Text(key), got.Origin(key).String(); text != want[0] || origin != want[1] {
			t.Errorf("%s: %q from %s, want %q", key, text, origin, want)
		}
	}
}

// TestText: a time is told as it is written, without the parts that are 0.
func TestText(t *testing.T) {
	for _, text := range []string{"200ms", "1s", "30s", "1m", "1m30s", "10m", "1h", "1h30m", "1h0m30s", "20h", "24h", "1.5s"} {
		got, err := config.Defaults().With(config.Value{Key: "session.ttl", Text: text})
		if err != nil || got.Text("session.ttl") != text {
			t.Errorf("%s: %q, %v", text, got.Text("session.ttl"), err)
		}
	}
}

// TestTwoOverrides is R8: two overrides hold, one over the other; a bad third is
// refused whole; and what was handed in is as it was.
func TestTwoOverrides(t *testing.T) {
	boot := config.Defaults()
	one, err := boot.With(config.Value{Key: "refresh", Text: "2s"})
	if err != nil {
		t.Fatal(err)
	}
	two, err := one.With(config.Value{Key: "ascii", Text: "true"})
	if err != nil || two.Refresh != 2*time.Second || !two.ASCII {
		t.Errorf("%+v, %v", two.Settings, err)
	}
	three, err := two.With(config.Value{Key: "timeout", Text: "5s"}, config.Value{Key: "timeout", Text: "soon"})
	if err == nil || three.Settings != two.Settings {
		t.Errorf("%+v, %v", three.Settings, err)
	}
	if boot.Settings != config.Default() || one.ASCII {
		t.Error("what was handed in has changed")
	}
}

// TestEnvironment: variables set keys; one that is no key is told with its name.
func TestEnvironment(t *testing.T) {
	v := config.FromEnvironment([]string{"BANTOP_RECOVERY_WINDOW=90s", "BANTOP_STATE_DIR=/srv", "HOME=/x", "BANTOP_ASCII=true", "BANTOP_THEME="})
	got, err := config.Defaults().With(v...)
	if err != nil || got.RecoveryWindow != 90*time.Second || got.StateDir != "/srv" || !got.ASCII || got.Origin("ascii").String() != "BANTOP_ASCII" {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = config.Defaults().With(config.FromEnvironment([]string{"BANTOP_REFESH=1s"})...)
	if err == nil || err.Error() != `BANTOP_REFESH: unknown key "refesh": did you mean "refresh"?` {
		t.Error(err)
	}
}

// TestSample: the sample is a file that says nothing, and with its comments
// taken away one that says the defaults.
func TestSample(t *testing.T) {
	if v := values(t, config.Sample()); len(v) != 0 {
		t.Errorf("it sets %v", v)
	}
	var lines []string
	for line := range strings.Lines(config.Sample()) {
		if !strings.Contains(line, "/path") {
			if rest, ok := strings.CutPrefix(line, "#"); ok && !strings.HasPrefix(rest, " ") {
				line = rest
			}
			lines = append(lines, line)
		}
	}
	got, err := config.Defaults().With(values(t, strings.Join(lines, ""))...)
	if err != nil || got.Settings != config.Default() {
		t.Errorf("%+v, %v\n%s", got.Settings, err, strings.Join(lines, ""))
	}
	for _, k := range config.Keys() {
		_, name, _ := strings.Cut("."+k.Name, ".")
		if i := strings.LastIndexByte(name, '.'); i >= 0 {
			name = name[i+1:]
		}
		if !strings.Contains(config.Sample(), "\n#"+name+" = ") {
			t.Errorf("%s is not in it", k.Name)
		}
	}
}

// TestFile: what is written is read as it was; of one key the last value.
func TestFile(t *testing.T) {
	in := []config.Value{{Key: "recovery.window", Text: "90s"}, {Key: "ascii", Text: "true"}, {Key: "refresh", Text: "1s"}, {Key: "refresh", Text: "2s"},
		{Key: "socket", Text: "/odd \"name\"\\x"}}
	got, err := config.Defaults().With(values(t, config.File(in))...)
	if err != nil || got.Refresh != 2*time.Second || !got.ASCII || got.RecoveryWindow != 90*time.Second || got.Socket != "/odd \"name\"\\x" {
		t.Errorf("%+v, %v", got.Settings, err)
	}
}
