// Package config holds bantop's settings as a value: their defaults, what each
// may be, and how layers of values from files, the environment, flags and the
// running program are laid over them. It does no I/O.
package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Settings are bantop's settings. A Settings is a plain value: to copy it is
// to keep it.
type Settings struct {
	Socket  string // fail2ban-server's socket; "" is what fail2ban's configuration says
	PIDFile string // fail2ban-server's pid file; "" likewise
	Conf    string // fail2ban's configuration folder

	Refresh time.Duration // between two looks at the server; more where looking costs it much
	Timeout time.Duration // an answer that takes longer is no answer

	StateDir string // folder of what instances share; "" is the user's own

	Theme string // "auto", "dark", "light", "16" or "none"
	ASCII bool   // no character beyond ASCII on the screen
	Mouse bool   // the wheel and clicks are bantop's, not the terminal's

	// RecoveryWindow is how long after an activation a crash is put down to it.
	RecoveryWindow time.Duration

	ActivationConfirm time.Duration // within which a change of the jails has to be confirmed
	ActivationLimit   time.Duration // for a rehearsal

	SessionCache bool          // an unlocked session lasts; without, every act asks
	SessionTTL   time.Duration // for how long, at the most

	CountryDatabase string // an MMDB file that tells where addresses are; "" is none
}

// Default returns the settings that hold where nothing else is said.
func Default() Settings {
	return Settings{
		Conf:           "/etc/fail2ban",
		Refresh:        time.Second,
		Timeout:        2 * time.Second,
		Theme:          "auto",
		Mouse:          true,
		RecoveryWindow: time.Minute,

		ActivationConfirm: time.Minute,
		ActivationLimit:   20 * time.Second,

		SessionCache: true,
		SessionTTL:   10 * time.Minute,
	}
}

// Value is one setting as somebody wrote it.
type Value struct {
	Key    string
	Text   string
	Origin Origin
}

// Origin is where a value comes from.
type Origin struct {
	Source string // a file, "--refresh" for a flag, "BANTOP_REFRESH" for a variable
	Line   int    // in the file; 0 where there is none
}

// The origins that are no file, flag or variable.
var (
	ByDefault = Origin{Source: "default"}
	ThisRun   = Origin{Source: "this run"} // set in the running program
)

func (o Origin) String() string {
	if o.Line > 0 {
		return fmt.Sprintf("%s:%d", o.Source, o.Line)
	}
	return o.Source
}

// IsVariable reports whether it is a variable of the environment.
func (o Origin) IsVariable() bool { return strings.HasPrefix(o.Source, prefix) }

// place names a value by where it comes from: a variable is named as the setting.
func (v Value) place() string {
	if v.Origin.IsVariable() {
		return v.Origin.String()
	}
	return v.Origin.String() + ": " + v.Key
}

// Effective are settings, and where each of them comes from.
type Effective struct {
	Settings
	values []Value // every value that was laid over the defaults, in order
}

// Defaults are the settings that hold where nothing else is said.
func Defaults() Effective { return Effective{Settings: Default()} }

// With lays values over the settings, later ones over earlier ones. The first
// that is unknown or not allowed is an error, and then none is applied.
func (e Effective) With(values ...Value) (Effective, error) {
	next := e
	next.values = slices.Concat(e.values, values)
	for _, v := range values {
		if isRetired(v.Key) {
			continue
		}
		k, ok := find(v.Key)
		if !ok {
			return e, unknownKey(v)
		}
		if !k.set(&next.Settings, v.Text) {
			return e, fmt.Errorf("%s: %q is not %s", v.place(), v.Text, k.form)
		}
	}
	return next, nil
}

// Origin tells where the value of a key comes from.
func (e Effective) Origin(key string) Origin {
	for i := len(e.values) - 1; i >= 0; i-- {
		if e.values[i].Key == key {
			return e.values[i].Origin
		}
	}
	return ByDefault
}

// Files are the files that set anything, in the order in which they were read.
func (e Effective) Files() []string {
	var files []string
	for _, v := range e.values {
		if v.Origin.Line > 0 && !slices.Contains(files, v.Origin.Source) {
			files = append(files, v.Origin.Source)
		}
	}
	return files
}

// Text is the value of a key, as it is written in a file.
func (e Effective) Text(key string) string {
	k, ok := find(key)
	if !ok {
		return ""
	}
	return k.get(e.Settings)
}

func unknownKey(v Value) error {
	if near := nearest(v.Key); near != "" {
		return fmt.Errorf("%v: unknown key %q: did you mean %q?", v.Origin, v.Key, near)
	}
	return fmt.Errorf("%v: unknown key %q", v.Origin, v.Key)
}
