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
	got, err := config.Default().With(values(t, `
# a comment
socket = "/run/a/../b.sock"
pidfile = "/run/b.pid"
conf = "/srv/fail2ban"
refresh = "2s"
timeout = "500ms"
state-dir = "/srv/state"
theme = "none"
ascii = true

[store]
group = "adm"

[recovery]
window = "90s"
`)...)
	want := config.Settings{
		Socket: "/run/b.sock", PIDFile: "/run/b.pid", Conf: "/srv/fail2ban", Refresh: 2 * time.Second,
		Timeout: 500 * time.Millisecond, StateDir: "/srv/state", StoreGroup: "adm", Theme: "none", ASCII: true, RecoveryWindow: 90 * time.Second,
	}
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestWithRefuses walks what is not allowed: the error says where, which key,
// and what it may be, and nothing is applied.
func TestWithRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"refresh = \"2s\"\nrefesh = \"1s\"":       `bantop.toml:2: unknown key "refesh": did you mean "refresh"?`,
		"nonsense = 1":                            `bantop.toml:1: unknown key "nonsense"`,
		"[recovery]\nwindows = \"1s\"":            `bantop.toml:2: unknown key "recovery.windows": did you mean "recovery.window"?`,
		"recovery.window = \"2h\"":                `bantop.toml:1: recovery.window: "2h" is not a time from 1s to 1h, such as 60s`,
		"theme = \"dark\"\n\nrefresh = 5":         `bantop.toml:3: refresh: "5" is not a time from 200ms to 1h, such as 1s`,
		"socket = \"f2b.sock\"":                   `bantop.toml:1: socket: "f2b.sock" is not an absolute path`,
		"theme = \"blue\"":                        `bantop.toml:1: theme: "blue" is not one of auto, dark, light, 16 and none`,
		"ascii = \"maybe\"":                       `bantop.toml:1: ascii: "maybe" is not true or false`,
		"ascii = [true]":                          `bantop.toml:1: ascii: "[true]" is not true or false`,
		"timeout = \"1s\"\ntimeout.x = \"1s\"":    "",
		"recovery = { window = \"10s\", x = 1 }":  `bantop.toml: unknown key "recovery.x"`,
		strings.Repeat("x", 200) + " = 1":         `unknown key "xxx`,
		"theme = \"dark\"\nascii = true\nascii=1": "",
	} {
		t.Run(text, func(t *testing.T) {
			v, err := config.Parse("bantop.toml", []byte(text))
			var got config.Settings
			if err == nil {
				got, err = config.Default().With(v...)
			} else {
				got = config.Default()
			}
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v\nwant %s", err, want)
			}
			if got != config.Default() {
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
	got, err := config.Default().With(append(values(t, `refresh = "2s"`), flag)...)
	if err != nil || got.Refresh != 5*time.Second {
		t.Errorf("got %v, %v", got.Refresh, err)
	}
	flag.Text = "5"
	if _, err = got.With(flag); err == nil || !strings.HasPrefix(err.Error(), "--refresh: refresh: ") {
		t.Error(err)
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
		_, _ = config.Default().With(v...)
	})
}
