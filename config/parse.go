package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// Parse reads the values of a settings file. They come in the order of the
// file; whether they are known and allowed tells Settings.With.
func Parse(file string, data []byte) ([]Value, error) {
	var tree map[string]any
	meta, err := toml.Decode(string(data), &tree)
	if pe, ok := errors.AsType[toml.ParseError](err); ok {
		text := pe.Message
		if plainer := unquoted(data, pe.Position.Line); plainer != "" {
			text = plainer
		}
		return nil, fmt.Errorf("%s:%d: %s", file, pe.Position.Line, text)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	lines := lineOf(data)
	var values []Value
	for _, k := range meta.Keys() {
		raw := lookup(tree, k)
		if _, isTable := raw.(map[string]any); isTable {
			continue
		}
		values = append(values, Value{
			Key:    strings.Join(k, "."),
			Text:   fmt.Sprint(raw),
			Origin: Origin{Source: file, Line: lines[strings.Join(k, "\x00")]},
		})
	}
	return values, nil
}

// bare is a line that gives a setting a value without quotes.
var bare = regexp.MustCompile(`^\s*["']?[\w.-]+["']?\s*=\s*([^\s"'\[{#][^"'#]*?)\s*(#.*)?$`)

// unquoted says what is wrong with a line that TOML does not allow if it only lacks
// quotes; "" if it is something else.
func unquoted(data []byte, line int) string {
	lines := strings.Split(string(data), "\n")
	if line < 1 || line > len(lines) {
		return ""
	}
	found := bare.FindStringSubmatch(lines[line-1])
	if found == nil {
		return ""
	}
	var tree map[string]any
	if _, err := toml.Decode("x = "+found[1], &tree); err == nil {
		return ""
	}
	switch strings.ToLower(found[1]) {
	case "true", "false", "yes", "no", "on", "off":
		return found[1] + " is not true or false"
	}
	return fmt.Sprintf("%s needs quotes: %q", found[1], found[1])
}

// prefix begins the name of each variable that is a setting.
const prefix = "BANTOP_"

// FromEnvironment reads the values of variables: BANTOP_REFRESH is the key
// refresh, BANTOP_RECOVERY_WINDOW is recovery.window. A variable whose key is
// not known comes with the name that it would have.
func FromEnvironment(environ []string) []Value {
	var values []Value
	for _, v := range environ {
		name, text, ok := strings.Cut(v, "=")
		if !ok || !strings.HasPrefix(name, prefix) || text == "" {
			continue
		}
		k := strings.ToLower(strings.TrimPrefix(name, prefix))
		for _, known := range names() {
			if strings.NewReplacer(".", "_", "-", "_").Replace(known) == k {
				k = known
			}
		}
		values = append(values, Value{Key: k, Text: text, Origin: Origin{Source: name}})
	}
	slices.SortFunc(values, func(a, b Value) int { return strings.Compare(a.Key, b.Key) })
	return values
}

func lookup(tree map[string]any, k toml.Key) any {
	var v any = tree
	for _, part := range k {
		table, ok := v.(map[string]any)
		if !ok {
			return v
		}
		v = table[part]
	}
	return v
}

// lineOf lists the lines of the keys, each key's parts with a NUL between: the
// library gives a line for errors only. A key in a form that this does not know is
// left out.
func lineOf(data []byte) map[string]int {
	lines := make(map[string]int)
	var table []string
	for i, text := range strings.Split(string(data), "\n") {
		text = strings.TrimSpace(text)
		if name, ok := strings.CutPrefix(text, "["); ok {
			name, _, _ = strings.Cut(name, "]")
			table = parts(name)
			continue
		}
		if name, _, ok := strings.Cut(text, "="); ok {
			k := strings.Join(slices.Concat(table, parts(name)), "\x00")
			if lines[k] == 0 {
				lines[k] = i + 1
			}
		}
	}
	return lines
}

func parts(name string) []string {
	out := strings.Split(name, ".")
	for i := range out {
		out[i] = strings.Trim(strings.TrimSpace(out[i]), `"'`)
	}
	return out
}
