package control

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// TestParseStream walks the forms of values.
func TestParseStream(t *testing.T) {
	text := `['set', 'thread', {'stacksize': 0, 'x': [1.5, None]}]
['set', 'dbmaxmatches', None]
['add', "it's", 'auto']
['set', "it's", 'ignoreself', True]
['set', "it's", 'addignoreip']
['multi-set', "it's", 'addfailregex', ['^a, ]\\d <HOST>$', "b's", 'ünï\n\x07"']]
['multi-set', "it's", 'action', 'x', [['actionstart', ''], ['timeout', -5], ('a',), ()]]
['start', "it's"]
`
	s, err := ParseStream(text)
	if err != nil {
		t.Fatal(err)
	}
	want := []any{
		[]any{"set", "thread", map[string]any{"stacksize": 0, "x": []any{1.5, nil}}},
		[]any{"set", "dbmaxmatches", nil},
		[]any{"add", "it's", "auto"},
		[]any{"set", "it's", "ignoreself", true},
		[]any{"set", "it's", "addignoreip"},
		[]any{"multi-set", "it's", "addfailregex", []any{`^a, ]\d <HOST>$`, "b's", "ünï\n\x07\""}},
		[]any{"multi-set", "it's", "action", "x", []any{
			[]any{"actionstart", ""}, []any{"timeout", -5}, []any{"a"}, []any{},
		}},
		[]any{"start", "it's"},
	}
	if !reflect.DeepEqual(s.Commands(), want) {
		t.Errorf("got  %#v\nwant %#v", s.Commands(), want)
	}
	if s.Text() != text || fmt.Sprint(s.Jails()) != "[it's]" || !s.Known() {
		t.Errorf("%q %v", s.Jails(), s.Known())
	}
	for _, bad := range []string{
		"", "\n", "x", "[]", "[1]", "['a'", "['a',]", "['a'] ", "['a', x]", "['a', 0x1]", "['a', 1_000]", "['a', ]", "['a' 'b']",
		"['a', {'b': 1]", "['a', {1: 1}]", "['a', {'b': 1,}]", `['a', '\udce9']`, "['a', '\xe9']", "['a', (1, 2,)]",
		"['a', " + strings.Repeat("[", 20) + strings.Repeat("]", 20) + "]",
	} {
		if s, err := ParseStream(bad); err == nil {
			t.Errorf("%q: %#v", bad, s.Commands())
		}
	}
}

// FuzzParseStream: foreign text does not crash it, and a stream that was read has
// commands only.
func FuzzParseStream(f *testing.F) {
	f.Add("['multi-set', 'j', 'action', 'x', [['a', \"b\"], ['timeout', 5]]]\n['set', 'thread', {'a': (1, None)}]")
	f.Add("['set', 'j', 'maxretry', -1.5e3]")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseStream(text)
		if err == nil && (len(s.Commands()) == 0 || s.Text() != text) {
			t.Errorf("%#v", s)
		}
		for _, c := range s.Commands() {
			if items, is := c.([]any); !is || len(items) == 0 {
				t.Errorf("%#v", c)
			}
		}
	})
}
