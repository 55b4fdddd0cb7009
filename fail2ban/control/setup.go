package control

import (
	"fmt"
	"strings"
)

// Setup is what sets up the jail without its actions: the commands of the dump in
// their order, from add to start, each as the strings that the server takes for
// them. A command with many regular expressions at once becomes one for each.
func (j Jail) Setup() ([][]string, error) {
	var out [][]string
	for _, line := range j.Lines {
		words, list, ok := parseCommand(line)
		if !ok || len(words) < 2 {
			return nil, fmt.Errorf("read the dump of jail %q: %.100q is no command", j.Name, line)
		}
		switch {
		case len(words) > 2 && (words[2] == "addaction" || words[2] == "action"):
		case words[0] == "multi-set":
			for _, one := range list {
				out = append(out, append([]string{"set"}, append(words[1:len(words):len(words)], one)...))
			}
		default:
			out = append(out, words)
		}
	}
	return out, nil
}

// parseCommand reads a command as Python prints it: a list of strings, numbers and
// the like, and at its end perhaps one list of strings. What is in an action's list
// is left out.
func parseCommand(line string) (words, list []string, ok bool) {
	rest, ok := strings.CutPrefix(line, "[")
	for ok {
		if strings.HasPrefix(rest, "[") {
			if len(words) > 2 && words[2] == "action" {
				return words, nil, true
			}
			list, rest, ok = pythonItems(rest[1:])
			return words, list, ok && rest == "]"
		}
		var word string
		if word, rest, ok = pythonItem(rest); !ok {
			break
		}
		words = append(words, word)
		if rest == "]" {
			return words, nil, true
		}
		rest, ok = strings.CutPrefix(rest, ", ")
	}
	return nil, nil, false
}

// pythonItems reads the rest of a list of strings, with what follows its end.
func pythonItems(s string) (items []string, rest string, ok bool) {
	if rest, ok := strings.CutPrefix(s, "]"); ok {
		return nil, rest, true
	}
	for {
		item, after, ok := pythonItem(s)
		if !ok {
			return nil, s, false
		}
		items = append(items, item)
		if rest, ok := strings.CutPrefix(after, "]"); ok {
			return items, rest, true
		}
		if s, ok = strings.CutPrefix(after, ", "); !ok {
			return nil, s, false
		}
	}
}

// pythonItem reads a string, or a number, True, False or None as it stands there:
// the server takes either (1.0.2 and 1.1.0, server/transmitter.py).
func pythonItem(s string) (item, rest string, ok bool) {
	if s != "" && (s[0] == '\'' || s[0] == '"') {
		return pythonString(s)
	}
	end := strings.IndexAny(s, ",]")
	if end <= 0 || strings.ContainsAny(s[:end], "[{(") {
		return "", s, false
	}
	return s[:end], s[end:], true
}
