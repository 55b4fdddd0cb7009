package config

import "slices"

// retired are settings that bantop had once, with what to do instead. A value of
// one has no effect and is no error, so that a file of an older bantop still works.
var retired = []struct{ key, instead string }{
	// Whoever could write the shared state could have root write files.
	{"store.group", "run bantop with sudo"},
}

func isRetired(key string) bool {
	return slices.ContainsFunc(retired, func(r struct{ key, instead string }) bool { return r.key == key })
}

// Retired is a value of a setting that has no effect any more.
type Retired struct {
	Value
	Instead string // what to do instead
}

func (r Retired) String() string { return r.What() + ": " + r.Next() }

// What says which value has no effect any more.
func (r Retired) What() string { return r.Key + " (" + r.Origin.String() + ") has no effect any more" }

// Next says what to do about it.
func (r Retired) Next() string {
	if r.Origin.IsVariable() {
		return "unset the variable, and " + r.Instead
	}
	return "delete the line, and " + r.Instead
}

// Retired are the values that have no effect any more, the last one of each setting.
func (e Effective) Retired() []Retired {
	var out []Retired
	for _, r := range retired {
		for _, v := range slices.Backward(e.values) {
			if v.Key == r.key {
				out = append(out, Retired{v, r.instead})
				break
			}
		}
	}
	return out
}

// names are the names of all settings, those that were retired too.
func names() []string {
	var out []string
	for _, k := range keys {
		out = append(out, k.name)
	}
	for _, r := range retired {
		out = append(out, r.key)
	}
	return out
}
