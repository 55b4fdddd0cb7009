package config

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A key is one setting: its name in files, what it may be, and how it is set.
type key struct {
	name string
	form string                       // completes "it is not …"
	set  func(*Settings, string) bool // false: not allowed, and nothing is set
}

// keys are all settings, in the order of Settings.
var keys = []key{
	{"socket", "an absolute path", path(func(s *Settings) *string { return &s.Socket })},
	{"pidfile", "an absolute path", path(func(s *Settings) *string { return &s.PIDFile })},
	{"conf", "an absolute path", path(func(s *Settings) *string { return &s.Conf })},
	{"refresh", "a time from 200ms to 1h, such as 1s",
		duration(200*time.Millisecond, time.Hour, func(s *Settings) *time.Duration { return &s.Refresh })},
	{"timeout", "a time from 100ms to 1m, such as 2s",
		duration(100*time.Millisecond, time.Minute, func(s *Settings) *time.Duration { return &s.Timeout })},
	{"state-dir", "an absolute path", path(func(s *Settings) *string { return &s.StateDir })},
	{"store.group", "the name of a group", group},
	{"theme", "one of auto, dark, light, 16 and none", theme},
	{"ascii", "true or false", ascii},
	{"recovery.window", "a time from 1s to 1h, such as 60s",
		duration(time.Second, time.Hour, func(s *Settings) *time.Duration { return &s.RecoveryWindow })},
}

func find(name string) (key, bool) {
	i := slices.IndexFunc(keys, func(k key) bool { return k.name == name })
	if i < 0 {
		return key{}, false
	}
	return keys[i], true
}

func path(field func(*Settings) *string) func(*Settings, string) bool {
	return func(s *Settings, text string) bool {
		if !filepath.IsAbs(text) {
			return false
		}
		*field(s) = filepath.Clean(text)
		return true
	}
}

func duration(least, most time.Duration, field func(*Settings) *time.Duration) func(*Settings, string) bool {
	return func(s *Settings, text string) bool {
		d, err := time.ParseDuration(text)
		if err != nil || d < least || d > most {
			return false
		}
		*field(s) = d
		return true
	}
}

func group(s *Settings, text string) bool {
	if strings.ContainsAny(text, " \t/:,") {
		return false
	}
	s.StoreGroup = text
	return true
}

func theme(s *Settings, text string) bool {
	if !slices.Contains([]string{"auto", "dark", "light", "16", "none"}, text) {
		return false
	}
	s.Theme = text
	return true
}

func ascii(s *Settings, text string) bool {
	b, err := strconv.ParseBool(text)
	if err != nil {
		return false
	}
	s.ASCII = b
	return true
}

// nearest returns the key that is most like a mistyped one, "" where none is
// like it.
func nearest(name string) string {
	best, least := "", len(name)/2+1
	for _, k := range keys {
		if d := distance(name, k.name); d < least {
			best, least = k.name, d
		}
	}
	return best
}

// distance counts the letters to insert, remove or replace to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		above := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := above
			if a[i] != b[j] {
				cost = 1 + min(above, row[j], row[j+1])
			}
			above, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
