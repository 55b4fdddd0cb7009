package config

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A key is one setting: its name in files, what it is for, what it may be, and
// how it is set and told.
type key struct {
	name string
	doc  string
	form string // completes "it is not …"
	live bool   // it may be changed while bantop runs

	get func(Settings) string
	set func(*Settings, string) bool // false: not allowed, and nothing is set
}

// keys are all settings, in the order of Settings.
var keys = []key{
	path("socket", "fail2ban-server's socket; what fail2ban's configuration says where this is not set",
		func(s *Settings) *string { return &s.Socket }),
	path("pidfile", "fail2ban-server's pid file; likewise",
		func(s *Settings) *string { return &s.PIDFile }),
	path("conf", "fail2ban's configuration folder",
		func(s *Settings) *string { return &s.Conf }),
	duration("refresh", "time between two looks at fail2ban; more where looking costs it much",
		200*time.Millisecond, time.Hour, func(s *Settings) *time.Duration { return &s.Refresh }),
	duration("timeout", "an answer that takes longer is no answer",
		100*time.Millisecond, time.Minute, func(s *Settings) *time.Duration { return &s.Timeout }),
	path("state-dir", "folder of what panes share; /var/lib/bantop for root, the user's own for others",
		func(s *Settings) *string { return &s.StateDir }),
	choice("theme", "colours; auto goes by the terminal", []string{"auto", "dark", "light", "16", "none"},
		func(s *Settings) *string { return &s.Theme }),
	boolean("ascii", "draw with nothing beyond ASCII",
		func(s *Settings) *bool { return &s.ASCII }),
	boolean("mouse", "the wheel and clicks move; without, the terminal selects text with them",
		func(s *Settings) *bool { return &s.Mouse }),
	duration("recovery.window", "how long after an activation a crash is put down to it",
		time.Second, time.Hour, func(s *Settings) *time.Duration { return &s.RecoveryWindow }),
	duration("activation.confirm", "within which a change of the jails has to be confirmed, else it is taken back",
		10*time.Second, time.Hour, func(s *Settings) *time.Duration { return &s.ActivationConfirm }),
	duration("activation.limit", "a rehearsal of a jail that takes longer is given up",
		5*time.Second, 10*time.Minute, func(s *Settings) *time.Duration { return &s.ActivationLimit }),
	boolean("session.cache", "keep an unlocked session; without, every act asks",
		func(s *Settings) *bool { return &s.SessionCache }),
	duration("session.ttl", "how long an unlocked session lasts at the most; 0s is not at all",
		0, 24*time.Hour, func(s *Settings) *time.Duration { return &s.SessionTTL }),
	optionalPath("country.database", "an MMDB file (GeoLite2, DB-IP, IPinfo) that tells in which country an address is; nothing is asked over the network",
		func(s *Settings) *string { return &s.CountryDatabase }),
}

// Key is what there is to say about a setting.
type Key struct {
	Name string
	Doc  string // what it is for
	Form string // what it may be
	Live bool   // it may be changed while bantop runs
}

// Keys are all settings, in the order in which they are shown.
func Keys() []Key {
	out := make([]Key, len(keys))
	for i, k := range keys {
		out[i] = Key{Name: k.name, Doc: k.doc, Form: k.form, Live: k.live}
	}
	return out
}

func find(name string) (key, bool) {
	i := slices.IndexFunc(keys, func(k key) bool { return k.name == name })
	if i < 0 {
		return key{}, false
	}
	return keys[i], true
}

func path(name, doc string, field func(*Settings) *string) key {
	return key{name: name, doc: doc, form: "an absolute path",
		get: func(s Settings) string { return *field(&s) },
		set: func(s *Settings, text string) bool {
			if !filepath.IsAbs(text) {
				return false
			}
			*field(s) = filepath.Clean(text)
			return true
		}}
}

// optionalPath is a path that may also be empty, which takes back what another
// file sets.
func optionalPath(name, doc string, field func(*Settings) *string) key {
	k := path(name, doc, field)
	some := k.set
	k.form += ", or empty for none"
	k.set = func(s *Settings, text string) bool {
		if text != "" {
			return some(s, text)
		}
		*field(s) = ""
		return true
	}
	return k
}

func choice(name, doc string, of []string, field func(*Settings) *string) key {
	last := len(of) - 1
	return key{name: name, doc: doc, live: true, form: "one of " + strings.Join(of[:last], ", ") + " and " + of[last],
		get: func(s Settings) string { return *field(&s) },
		set: func(s *Settings, text string) bool {
			if !slices.Contains(of, text) {
				return false
			}
			*field(s) = text
			return true
		}}
}

func boolean(name, doc string, field func(*Settings) *bool) key {
	return key{name: name, doc: doc, live: true, form: "true or false",
		get: func(s Settings) string { return strconv.FormatBool(*field(&s)) },
		set: func(s *Settings, text string) bool {
			b, err := strconv.ParseBool(text)
			if err != nil {
				return false
			}
			*field(s) = b
			return true
		}}
}

func duration(name, doc string, least, most time.Duration, field func(*Settings) *time.Duration) key {
	return key{name: name, doc: doc, live: true, form: "a time from " + short(least) + " to " + short(most) + ", such as " + short(*field(ptr(Default()))),
		get: func(s Settings) string { return short(*field(&s)) },
		set: func(s *Settings, text string) bool {
			d, err := time.ParseDuration(text)
			if err != nil || d < least || d > most {
				return false
			}
			*field(s) = d
			return true
		}}
}

func ptr[T any](v T) *T { return &v }

// short writes a time without the parts that are 0: 10m, not 10m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
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
