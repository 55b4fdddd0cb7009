package bandb

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// realData is what a real server wrote (1.0.2 and 1.1.0 alike).
const realData = `{"matches": [["", "2026-01-02 15:04:05", " host app: fail from 192.0.2.1"], "2026-01-02 15:04:05 host app: fail from 192.0.2.1"], "failures": 3, "ip4": "192.0.2.1"}`

// TestData walks the forms of column data.
func TestData(t *testing.T) {
	const line = "2026-01-02 15:04:05 host app: fail from 192.0.2.1"
	long := strings.Repeat("x", 4095)
	for _, c := range []struct {
		name, data string
		failures   int
		matches    []string
	}{
		{"of a real server", realData, 3, []string{line, line}},
		{"of a ban by hand", `{"matches": [], "failures": 0}`, 0, nil},
		{"no matches kept", `{"failures": 7}`, 7, nil},
		{"no failures", `{"matches": ["a"]}`, 0, []string{"a"}},
		{"matches that are none", `{"matches": null, "failures": 7}`, 7, nil},
		{"matches of another kind", `{"failures": 7, "matches": {"a": 1}, "ip": "x"}`, 7, nil},
		{"lines of another kind", `{"matches": [1, null, "a", {"b": ["c"]}, ["d", 2, "e", ["f"]], []], "failures": 7}`, 7, []string{"a", "de", ""}},
		{"failures of another kind", `{"failures": "7", "matches": ["a"]}`, 0, []string{"a"}},
		{"fewer than none", `{"failures": -1}`, 0, nil},
		{"more than there are", `{"failures": 1e300}`, 0, nil},
		{"cut in a line", realData[:120], 0, []string{line}},
		{"cut between two", realData[:84], 0, []string{line}},
		{"cut before the first", realData[:12], 0, nil},
		{"cut after the lines", realData[:strings.Index(realData, "failures")], 0, []string{line, line}},
		{"another encoding", "{\"matches\": [\"caf\xe9\"], \"failures\": 1}", 1, []string{"caf\ufffd"}},
		{"escapes", `{"matches": ["\u001b[2J\ud800"], "failures": 1}`, 1, []string{"\x1b[2J\ufffd"}},
		{"long lines", `{"matches": ["` + long + `xy", "` + long + `é", ["` + long + `", "é"]]}`, 0, []string{long + "x", long, long}},
		{"many lines", `{"matches": [` + strings.Repeat(`"a",`, 200) + `"b"], "failures": 201}`, 201, slices.Repeat([]string{"a"}, 100)},
		{"deep", strings.Repeat(`{"matches": [`, 5000), 0, nil},
		{"empty", "", 0, nil},
		{"no object", `["matches"]`, 0, nil},
		{"no JSON", "\x80\x04}.", 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			failures, matches := parseData([]byte(c.data))
			if failures != c.failures || !slices.Equal(matches, c.matches) {
				t.Errorf("got %d, %q", failures, matches)
			}
		})
	}
}

// FuzzData feeds foreign bytes: no crash, and nothing beyond the limits.
func FuzzData(f *testing.F) {
	f.Add([]byte(realData))
	f.Add([]byte(`{"matches": [["\ud83d"], 1, {"a": []}], "failures": 1e9}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		failures, matches := parseData(raw)
		if failures < 0 || len(matches) > maxMatches {
			t.Errorf("%d failures, %d matches", failures, len(matches))
		}
		for _, m := range matches {
			if len(m) > maxMatch || !utf8.ValidString(m) {
				t.Errorf("%d bytes: %q", len(m), m)
			}
		}
		for i := range raw { // a cut one gives no more than the whole
			if _, less := parseData(raw[:i]); len(less) > len(matches) {
				t.Errorf("%q gives %d matches, cut at %d %d", raw, len(matches), i, len(less))
			}
			if i > 200 {
				break
			}
		}
	})
}
