package plain

import (
	"cmp"
	"io"

	"bantop/config"
	"bantop/tui/safetext"
	"bantop/tui/words"
)

// Setting is one setting, under names that stay.
type Setting struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Source string `json:"source"` // a file, "--refresh" for a flag, "BANTOP_REFRESH" for a variable, "default", …
	Line   int    `json:"line"`   // in the file; 0 where there is none

	// InForce is the value that holds: of what judges shared state, the one of the
	// pane that polls fail2ban.
	InForce string `json:"in_force"`
}

// SettingsJSON writes settings and their origins as JSON. Elsewhere are the values
// that hold for all panes where these say otherwise.
func SettingsJSON(w io.Writer, e config.Effective, elsewhere map[string]string) error {
	var all []Setting
	for _, k := range config.Keys() {
		o := e.Origin(k.Name)
		all = append(all, Setting{Key: k.Name, Value: e.Text(k.Name), Source: o.Source, Line: o.Line,
			InForce: cmp.Or(elsewhere[k.Name], e.Text(k.Name))})
	}
	return writeJSON(w, all)
}

// SettingsText writes settings and their origins for people, and where it differs
// what holds for all panes.
func SettingsText(w io.Writer, door safetext.Door, e config.Effective, elsewhere map[string]string) error {
	rows := [][]string{{"SETTING", "VALUE", "FROM"}}
	for _, k := range config.Keys() {
		value := e.Text(k.Name)
		if value == "" {
			value = "-"
		}
		from := e.Origin(k.Name).String()
		if other := elsewhere[k.Name]; other != "" {
			from += " (" + words.InForce(other) + ")"
		}
		rows = append(rows, []string{k.Name, value, from})
	}
	return columns(w, door, rows)
}
