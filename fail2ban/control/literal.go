package control

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// literal reads a value as Python prints it: None, True, False, an int, a float, a
// string, a list or tuple of them, or a dict with strings as keys. It returns what
// follows. The value is nil, bool, int, float64, string, []any or map[string]any.
func literal(s string) (value any, rest string, ok bool) {
	const deepest = 8 // fail2ban's own commands go to 4
	return literalAt(s, deepest)
}

func literalAt(s string, depth int) (value any, rest string, ok bool) {
	switch {
	case s == "" || depth == 0:
		return nil, s, false
	case s[0] == '\'' || s[0] == '"':
		text, rest, ok := pythonString(s)
		return text, rest, ok
	case s[0] == '[':
		items, rest, ok := literalItems(s[1:], ']', depth)
		return items, rest, ok
	case s[0] == '(':
		items, rest, ok := literalItems(s[1:], ')', depth)
		return items, rest, ok
	case s[0] == '{':
		pairs, rest, ok := literalPairs(s[1:], depth)
		return pairs, rest, ok
	}
	end := strings.IndexAny(s, ",])}:")
	if end < 0 {
		end = len(s)
	}
	value, ok = word(s[:end])
	return value, s[end:], ok
}

// word is a value that is neither quoted nor a list.
func word(s string) (any, bool) {
	switch s {
	case "None":
		return nil, true
	case "True":
		return true, true
	case "False":
		return false, true
	}
	if n, err := strconv.Atoi(s); err == nil && strconv.Itoa(n) == s {
		return n, true
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil && strings.Trim(s, "0123456789.e+-") == "" // no hexadecimal ones, nor underscores
}

// literalItems reads the rest of a list. A tuple of one item has a comma behind it.
func literalItems(s string, end byte, depth int) (items []any, rest string, ok bool) {
	items = []any{}
	for s != "" && s[0] != end {
		var item any
		if item, s, ok = literalAt(s, depth-1); !ok || s == "" {
			return nil, s, false
		}
		items = append(items, item)
		if s[0] == end {
			break
		}
		if rest, single := strings.CutPrefix(s, ",)"); single && end == ')' && len(items) == 1 {
			return items, rest, true
		}
		if s, ok = strings.CutPrefix(s, ", "); !ok || s == "" || s[0] == end {
			return nil, s, false
		}
	}
	if s == "" {
		return nil, s, false
	}
	return items, s[1:], true
}

// literalPairs reads the rest of a dict.
func literalPairs(s string, depth int) (pairs map[string]any, rest string, ok bool) {
	pairs = map[string]any{}
	for s != "" && s[0] != '}' {
		key, after, ok := pythonString(s)
		if !ok {
			return nil, s, false
		}
		if s, ok = strings.CutPrefix(after, ": "); !ok {
			return nil, s, false
		}
		if pairs[key], s, ok = literalAt(s, depth-1); !ok || s == "" {
			return nil, s, false
		}
		if s[0] == '}' {
			break
		}
		if s, ok = strings.CutPrefix(s, ", "); !ok || strings.HasPrefix(s, "}") {
			return nil, s, false
		}
	}
	if s == "" {
		return nil, s, false
	}
	return pairs, s[1:], true
}

// command reads a line of a dump: a list of at least one item, whose first is a string.
func command(line string) (items []any, ok bool) {
	value, rest, ok := literal(line)
	items, isList := value.([]any)
	if !ok || !isList || rest != "" || len(items) == 0 || !utf8.ValidString(line) {
		return nil, false
	}
	_, ok = items[0].(string)
	return items, ok
}

// spelled is a value as text, as the server takes it: a number, True, False or None as
// Python prints it (1.0.2 and 1.1.0, server/transmitter.py).
func spelled(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case int:
		return strconv.Itoa(v), true
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), true
	case bool:
		return map[bool]string{true: "True", false: "False"}[v], true
	case nil:
		return "None", true
	default:
		return "", false
	}
}
