package control

import "fmt"

// Setup is what sets up the jail without its actions: the commands of the dump in
// their order, from add to start, each as the strings that the server takes for
// them. A command with many regular expressions at once becomes one for each.
func (j Jail) Setup() ([][]string, error) {
	var out [][]string
	for _, line := range j.Lines {
		items, ok := command(line)
		if !ok || len(items) < 2 {
			return nil, fmt.Errorf("read the dump of jail %q: %.100q is not a command", j.Name, line)
		}
		if len(items) > 2 && (items[2] == "addaction" || items[2] == "action") {
			continue
		}
		one, ok := plain(items)
		if !ok {
			return nil, fmt.Errorf("read the dump of jail %q: %.100q is not a command of a jail", j.Name, line)
		}
		out = append(out, one...)
	}
	return out, nil
}

// plain is a command as lists of strings: one, or as many as a multi-set has values.
func plain(items []any) (commands [][]string, ok bool) {
	var words, list []string
	multi := items[0] == "multi-set"
	for i, item := range items {
		if values, is := item.([]any); is && multi && i == len(items)-1 {
			if list, ok = allSpelled(values); !ok {
				return nil, false
			}
			break
		}
		one, ok := spelled(item)
		if !ok {
			return nil, false
		}
		words = append(words, one)
	}
	if !multi {
		return [][]string{words}, true
	}
	words[0] = "set"
	for _, one := range list {
		commands = append(commands, append(words[:len(words):len(words)], one))
	}
	return commands, true
}

func allSpelled(values []any) ([]string, bool) {
	out := make([]string, 0, len(values))
	for _, v := range values {
		one, ok := spelled(v)
		if !ok {
			return nil, false
		}
		out = append(out, one)
	}
	return out, true
}
