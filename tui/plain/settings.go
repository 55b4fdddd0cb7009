package plain

import (
	"io"

	"bantop/config"
	"bantop/tui/safetext"
)

// Setting is one setting, under names that stay.
type Setting struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Source string `json:"source"` // a file, "--refresh" for a flag, "BANTOP_REFRESH" for a variable, "default", …
	Line   int    `json:"line"`   // in the file; 0 where there is none
}

// SettingsJSON writes settings and their origins as JSON.
func SettingsJSON(w io.Writer, e config.Effective) error {
	var all []Setting
	for _, k := range config.Keys() {
		o := e.Origin(k.Name)
		all = append(all, Setting{Key: k.Name, Value: e.Text(k.Name), Source: o.Source, Line: o.Line})
	}
	return writeJSON(w, all)
}

// SettingsText writes settings and their origins for people.
func SettingsText(w io.Writer, door safetext.Door, e config.Effective) error {
	rows := [][]string{{"SETTING", "VALUE", "FROM"}}
	for _, k := range config.Keys() {
		value := e.Text(k.Name)
		if value == "" {
			value = "-"
		}
		rows = append(rows, []string{k.Name, value, e.Origin(k.Name).String()})
	}
	return columns(w, door, rows)
}
