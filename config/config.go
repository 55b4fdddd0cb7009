// Package config holds bantop's settings as a value: their defaults, what each
// may be, and how values from files and flags are laid over them. It does no
// I/O.
package config

import (
	"fmt"
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

	StateDir   string // folder of what instances share; "" is the user's own
	StoreGroup string // whose members may share it; "" is nobody

	Theme string // "auto", "dark", "light", "16" or "none"
	ASCII bool   // no character beyond ASCII on the screen

	// RecoveryWindow is how long after an activation a crash is put down to it.
	RecoveryWindow time.Duration
}

// Default returns the settings that hold where nothing else is said.
func Default() Settings {
	return Settings{
		Conf:           "/etc/fail2ban",
		Refresh:        time.Second,
		Timeout:        2 * time.Second,
		Theme:          "auto",
		RecoveryWindow: time.Minute,
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
	Source string // a file, or "--refresh" for a flag
	Line   int    // in the file; 0 where there is none
}

func (o Origin) String() string {
	if o.Line > 0 {
		return fmt.Sprintf("%s:%d", o.Source, o.Line)
	}
	return o.Source
}

// With lays values over the settings, later ones over earlier ones. The first
// that is unknown or not allowed is an error, and then none is applied.
func (s Settings) With(values ...Value) (Settings, error) {
	next := s
	for _, v := range values {
		k, ok := find(v.Key)
		if !ok {
			return s, unknownKey(v)
		}
		if !k.set(&next, v.Text) {
			return s, fmt.Errorf("%v: %s: %q is not %s", v.Origin, v.Key, v.Text, k.form)
		}
	}
	return next, nil
}

func unknownKey(v Value) error {
	if near := nearest(v.Key); near != "" {
		return fmt.Errorf("%v: unknown key %q: did you mean %q?", v.Origin, v.Key, near)
	}
	return fmt.Errorf("%v: unknown key %q", v.Origin, v.Key)
}
