package config

import "slices"

// Fault is why what a source says is not used.
type Fault struct {
	Source string // a file, or a variable such as "BANTOP_REFRESH"
	Reason string // what is wrong; it names the source
	Next   string // what mends it
	Kept   bool   // what the source said before it was spoilt still holds
	Server bool   // it may name another fail2ban than the one that is looked at
}

// WithLive takes over from newer settings what may change while bantop runs, with
// its origins. What is read only at the start stays.
func (e Effective) WithLive(newer Effective) Effective {
	next := e
	next.values = slices.DeleteFunc(slices.Clone(e.values), func(v Value) bool { return isLive(v.Key) })
	for _, v := range newer.values {
		if isLive(v.Key) {
			next.values = append(next.values, v)
		}
	}
	for _, k := range keys {
		if k.live {
			k.set(&next.Settings, k.get(newer.Settings))
		}
	}
	return next
}

// Equal reports whether settings and their origins are the same.
func (e Effective) Equal(o Effective) bool {
	return e.Settings == o.Settings && !slices.ContainsFunc(keys,
		func(k key) bool { return e.Origin(k.name) != o.Origin(k.name) })
}

// Differing are the keys that newer settings set otherwise.
func (e Effective) Differing(newer Effective) []Key {
	var out []Key
	for _, k := range Keys() {
		if e.Text(k.Name) != newer.Text(k.Name) {
			out = append(out, k)
		}
	}
	return out
}

func isLive(name string) bool {
	k, ok := find(name)
	return ok && k.live
}

// forRoot are the keys that root takes from the environment, too: they change what
// is drawn, and nothing else. The rest of an environment that sudo let through is
// the word of whoever called it.
var forRoot = []string{"theme", "ascii", "mouse"}

// ForRoot parts the values of variables into those that root takes and the
// variables that he does not, by name.
func ForRoot(values []Value) (taken []Value, ignored []string) {
	for _, v := range values {
		if slices.Contains(forRoot, v.Key) {
			taken = append(taken, v)
		} else {
			ignored = append(ignored, v.Origin.Source)
		}
	}
	return taken, ignored
}
