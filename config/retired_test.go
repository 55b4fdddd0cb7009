package config_test

import (
	"slices"
	"strings"
	"testing"

	"bantop/config"
)

// TestRetired: a setting that is gone has no effect and is no error, whatever its
// value is, wherever it stands. It is told once, with what to do instead.
func TestRetired(t *testing.T) {
	const hint = ") has no effect any more: delete the line, and run bantop with sudo"
	const variable = "store.group (BANTOP_STORE_GROUP) has no effect any more: " +
		"unset the variable, and run bantop with sudo"
	for text, want := range map[string]string{
		"[store]\ngroup = \"adm\"\n":     "store.group (bantop.toml:2" + hint,
		"store.group = \"\"":             "store.group (bantop.toml:1" + hint,
		"store.group = \"no such: group": "",
		"\nstore.group = 5":              "store.group (bantop.toml:2" + hint,
		"store.group = [1, 2]":           "store.group (bantop.toml:1" + hint,
		"store = { group = \"adm\" }":    "store.group (bantop.toml" + hint,
	} {
		values, err := config.Parse("bantop.toml", []byte(text))
		if err != nil {
			if want != "" {
				t.Errorf("%q: %v", text, err)
			}
			continue
		}
		check(t, text, values, want)
	}
	env := config.FromEnvironment([]string{"BANTOP_STORE_GROUP=adm"})
	check(t, "the variable", env, variable)
	file := []config.Value{{Key: "store.group", Text: "staff", Origin: config.Origin{Source: "bantop.toml", Line: 1}}}
	check(t, "file and variable", slices.Concat(file, env), variable)
	if got := config.Defaults().Retired(); got != nil {
		t.Errorf("nothing is set: %v", got)
	}
}

func check(t *testing.T, what string, values []config.Value, want string) {
	t.Helper()
	got, err := config.Defaults().With(values...)
	if err != nil || got.Settings != config.Default() {
		t.Errorf("%q: %+v, %v", what, got.Settings, err)
	}
	if told := got.Retired(); len(told) != 1 || told[0].String() != want {
		t.Errorf("%q: %v, want %s", what, told, want)
	}
}

// TestRetiredIsNotOffered: nobody is told of a setting that is gone.
func TestRetiredIsNotOffered(t *testing.T) {
	if strings.Contains(config.Sample(), "group") {
		t.Error("it is in the sample")
	}
	if slices.ContainsFunc(config.Keys(), func(k config.Key) bool { return k.Name == "store.group" }) {
		t.Error("it is among the settings")
	}
	_, err := config.Defaults().With(config.Value{Key: "store.groups"})
	if err == nil || strings.Contains(err.Error(), "did you mean") {
		t.Errorf("it is suggested: %v", err)
	}
}
