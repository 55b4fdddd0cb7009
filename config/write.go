package config

import (
	"fmt"
	"strings"
)

// Sample is a settings file with every setting in it, commented out, at its
// default.
func Sample() string {
	var b strings.Builder
	b.WriteString("# bantop's settings. What is commented out is the default.\n")
	writeKeys(&b, func(key) bool { return true }, func(name string, k key) {
		fmt.Fprintf(&b, "\n# %s.\n# It is %s.\n", upper(k.doc), k.form)
		value := k.get(Default())
		if value == "" && !k.set(ptr(Default()), "") {
			value = "/path"
		}
		fmt.Fprintf(&b, "#%s = %s\n", name, quote(k, value))
	})
	return b.String()
}

// File is a settings file that holds values; of one key the last.
func File(values []Value) string {
	last := make(map[string]string)
	for _, v := range values {
		last[v.Key] = v.Text
	}
	var b strings.Builder
	b.WriteString("# Written by bantop. What is set here goes over bantop.toml.\n")
	writeKeys(&b, func(k key) bool { _, ok := last[k.name]; return ok }, func(name string, k key) {
		fmt.Fprintf(&b, "%s = %s\n", name, quote(k, last[k.name]))
	})
	return b.String()
}

// writeKeys calls write for every key that is wanted, those outside a table
// first, and writes the heads of the tables.
func writeKeys(b *strings.Builder, wanted func(key) bool, write func(name string, k key)) {
	table := ""
	for _, tables := range []bool{false, true} {
		for _, k := range keys {
			in, name := split(k.name)
			if (in != "") != tables || !wanted(k) {
				continue
			}
			if in != table {
				fmt.Fprintf(b, "\n[%s]\n", in)
				table = in
			}
			write(name, k)
		}
	}
}

// split takes "recovery.window" apart into table and name.
func split(name string) (table, rest string) {
	table, rest, ok := strings.Cut(name, ".")
	if !ok {
		return "", name
	}
	return table, rest
}

// quote writes a value as TOML.
func quote(k key, text string) string {
	if k.form == "true or false" {
		return text
	}
	return fmt.Sprintf("%q", text)
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
