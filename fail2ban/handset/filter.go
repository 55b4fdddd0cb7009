package handset

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"bantop/fail2ban"
)

// adds are the commands of a stream that add to a list, by what they add to.
var adds = map[string]string{
	"addfailregex": "failregex", "addignoreregex": "ignoreregex", "addlogpath": "logpath", "addaction": "action",
}

// listing are the options that are lists, by the command that adds to one.
var listing = map[string]string{
	"failregex": "addfailregex", "ignoreregex": "addignoreregex", "logpath": "addlogpath", "action": "addaction",
}

// filterSet are what the filter of a jail has, and its log files and actions, and a
// configuration does not give it.
func filterSet(j fail2ban.JailSettings, w wanted) []Item {
	var out []Item
	add := func(option string, values ...string) {
		for _, v := range values {
			out = append(out, Item{Jail: j.Name, Option: option, Value: v})
		}
	}
	if self, said := w.values["ignoreself"].(bool); said && self != j.IgnoreSelf {
		add("ignoreself", strconv.FormatBool(j.IgnoreSelf))
	}
	for _, file := range without(j.Files, w.added["addlogpath"]) {
		if _, err := os.Stat(file); err == nil { // one that is gone since is not in the configuration's list, either
			add("logpath", file)
		}
	}
	add("action", without(j.Actions, w.added["addaction"])...)
	if j.Filter.UseDNS == "" { // it was not asked for
		return out
	}
	dns := strings.ToLower(fmt.Sprint(w.values["usedns"]))
	if slices.Contains([]string{"yes", "warn", "no", "raw"}, dns) && dns != j.Filter.UseDNS {
		add("usedns", j.Filter.UseDNS)
	}
	// The server holds them written out, so they are counted: those of the configuration
	// come first.
	add("failregex", behind(j.Filter.FailRegex, len(w.added["addfailregex"]))...)
	add("ignoreregex", behind(j.Filter.IgnoreRegex, len(w.added["addignoreregex"]))...)
	return out
}

// without are those that are not among others.
func without(values, others []string) (out []string) {
	for _, v := range values {
		if !slices.Contains(others, v) {
			out = append(out, v)
		}
	}
	return out
}

// behind are those behind the first n.
func behind(values []string, n int) []string { return values[min(n, len(values)):] }
