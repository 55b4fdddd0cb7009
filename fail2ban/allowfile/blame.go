package allowfile

import (
	"io/fs"
	"path"
	"slices"
	"strings"
)

// setter is a file of the configuration that says what a jail's ignore list is.
type setter struct {
	file  string // from the top of the configuration
	known bool   // it adds to what was said before
	later bool   // it is read after bantop's own
}

// setters are the files that set ignoreip in a section, in the order in which
// fail2ban reads them, without bantop's own. It is for telling a reason only: files
// that others include are not looked into, and what cannot be read is left out.
func setters(dir fs.FS, section string) []setter {
	var found []setter
	for _, ending := range []string{".conf", ".local"} {
		more, _ := fs.Glob(dir, jailDir+"/*"+ending) // the pattern is good
		slices.Sort(more)
		for _, file := range append([]string{"jail" + ending}, more...) {
			if path.Base(file) == Name {
				continue
			}
			data, err := fs.ReadFile(dir, file)
			if err != nil {
				continue
			}
			if value, ok := ignoreIP(string(data), section); ok {
				later := ending == ".local" && path.Dir(file) == jailDir && path.Base(file) > Name
				found = append(found, setter{file, strings.Contains(value, known), later})
			}
		}
	}
	return found
}

// ignoreIP is what a file of fail2ban's says for ignoreip in a section.
func ignoreIP(text, section string) (value string, ok bool) {
	inSection, inValue := false, false
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "" || strings.ContainsAny(trimmed[:1], "#;"):
		case inValue && strings.ContainsAny(line[:1], " \t"):
			value += " " + trimmed
		case trimmed[0] == '[':
			inSection, inValue = trimmed == "["+section+"]", false
		default:
			key, v, _ := strings.Cut(strings.Replace(trimmed, ":", "=", 1), "=")
			if inValue = inSection && strings.EqualFold(strings.TrimSpace(key), "ignoreip"); inValue {
				value, ok = v, true
			}
		}
	}
	return value, ok
}
