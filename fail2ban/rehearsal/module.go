package rehearsal

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"bantop/fail2ban"
	"bantop/fail2ban/confdir"
)

// module looks at an action that is written in Python, without loading it: that would
// run it. Whether Python can read the file is not known.
func (j *judge) module(c []any) {
	jail, action := word(c, 1), word(c, 3)
	why := moduleFault(word(c, 4), word(c, 5))
	if why == "" {
		return
	}
	s := fail2ban.Slip{Jail: jail, Option: "action", Reason: fmt.Sprintf("action %s: %s", action, why)}
	s.Place, _ = confdir.Locate(j.dir, jail, "action", action)
	j.slips = append(j.slips, s)
}

// moduleFault is why a module cannot be an action with such options; "" if nothing is
// known against it.
func moduleFault(path, options string) string {
	info, err := os.Stat(path)
	if err != nil {
		return err.Error()
	}
	if !info.Mode().IsRegular() {
		return path + " is not a file"
	}
	f, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	const most = 1 << 20
	text, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return err.Error()
	}
	if !actionClass.Match(text) {
		return path + " has no class Action"
	}
	return wrongOption(string(text), options)
}

// actionClass is what fail2ban asks of a module (1.0.2 and 1.1.0, server/actions.py).
var actionClass = regexp.MustCompile(`\bAction\b`)

// constructor is the beginning of a method that takes the options of an action, and all
// that it takes, if no brackets are among it.
var constructor = regexp.MustCompile(`(?s)def\s+__init__\s*\(([^()]*)(.)`)

// wrongOption is which option a module does not take; "" if it takes all, or if that is
// not plain to see: it has more than one class, or what it takes is not a simple list.
func wrongOption(text, options string) string {
	given := map[string]any{}
	all := constructor.FindAllStringSubmatch(text, -1)
	if json.Unmarshal([]byte(options), &given) != nil || len(all) != 1 || all[0][2] != ")" {
		return ""
	}
	takes := map[string]bool{}
	for part := range strings.SplitSeq(comment.ReplaceAllString(all[0][1], ""), ",") {
		name, _, _ := strings.Cut(part, "=")
		name, _, _ = strings.Cut(name, ":")
		if name = strings.TrimSpace(name); strings.HasPrefix(name, "*") || strings.ContainsAny(name, "\"'") {
			return ""
		}
		takes[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !takes[name] {
			return fmt.Sprintf("got an unexpected keyword argument '%s'", name)
		}
	}
	return ""
}

// comment is a comment of Python's.
var comment = regexp.MustCompile(`#[^\n]*`)
