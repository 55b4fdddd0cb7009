package bandb

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"unicode/utf8"
)

// What is kept of the log lines.
const (
	maxMatches = 100
	maxMatch   = 4096 // bytes of one
)

// parseData reads what fail2ban knows of a ban beside its time: how many failures
// led to it, and log lines of them. That is JSON in the encoding of the server's
// locale (server/ticket.py and database.py, 1.0.2 and 1.1.0):
//
//	{"matches": [["", "2026-01-02 15:04:05", " host app: fail"], "2026-01-02 …"], "failures": 3, "ip4": "192.0.2.1"}
//
// A line is a string, or the pieces of it. What is cut or not of this form is read
// as far as it goes.
func parseData(raw []byte) (failures int, matches []string) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return 0, nil
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return failures, matches
		}
		switch key {
		case "matches":
			var ok bool
			if matches, ok = parseMatches(d); !ok {
				return failures, matches
			}
		default:
			var v any
			if err := d.Decode(&v); err != nil {
				return failures, matches
			}
			if n, ok := v.(float64); ok && key == "failures" && n >= 0 && n <= math.MaxInt32 {
				failures = int(n)
			}
		}
	}
	return failures, matches
}

// parseMatches reads the list of log lines. It tells whether the list was whole,
// or whether something else stood there.
func parseMatches(d *json.Decoder) (matches []string, whole bool) {
	open, err := d.Token()
	if err != nil || open == json.Delim('{') {
		return nil, false
	}
	if open != json.Delim('[') {
		return nil, true
	}
	for d.More() {
		var v any
		if err := d.Decode(&v); err != nil {
			return matches, false
		}
		if line, ok := match(v); ok && len(matches) < maxMatches {
			matches = append(matches, line)
		}
	}
	_, err = d.Token()
	return matches, err == nil
}

// match is one log line.
func match(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return cut(v), true
	case []any:
		var b strings.Builder
		for _, piece := range v {
			if s, ok := piece.(string); ok {
				b.WriteString(s)
			}
		}
		return cut(b.String()), true
	default:
		return "", false
	}
}

// cut is the beginning of a line, up to maxMatch bytes of whole characters.
func cut(s string) string {
	if len(s) <= maxMatch {
		return s
	}
	end := maxMatch
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return strings.Clone(s[:end])
}
