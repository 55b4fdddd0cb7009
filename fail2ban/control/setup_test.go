package control

import (
	"fmt"
	"testing"
)

// TestSetup walks the forms of commands: what the server is to be sent, and that
// actions are left out.
func TestSetup(t *testing.T) {
	d := parseDump(`['set', 'syslogsocket', 'auto']
['config-error', "Jail 'b' skipped, because of wrong configuration: Unable to read the filter 'x'"]
['add', "it's", 'auto']
['set', "it's", 'usedns', 'warn']
['multi-set', "it's", 'addfailregex', ['^a, ]\\d <HOST>$', "b's"]]
['multi-set', "it's", 'addignoreregex', []]
['set', "it's", 'maxretry', 5]
['set', "it's", 'ignoreself', True]
['set', "it's", 'addignoreip']
['set', "it's", 'addaction', 'x']
['multi-set', "it's", 'action', 'x', [['actionstart', ''], ['timeout', 5]]]
['add', 'other', 'auto']
['start', "it's"]
`, "")
	j, _ := d.Jail("it's")
	got, err := j.Setup()
	want := `[["add" "it's" "auto"] ["set" "it's" "usedns" "warn"] ["set" "it's" "addfailregex" "^a, ]\\d <HOST>$"] ["set" "it's" "addfailregex" "b's"] ` +
		`["set" "it's" "maxretry" "5"] ["set" "it's" "ignoreself" "True"] ["set" "it's" "addignoreip"] ["start" "it's"]]`
	if fmt.Sprintf("%q", got) != want || err != nil || len(d.Errors) != 1 {
		t.Errorf("got %q, %v\nwant %s\n%q", got, err, want, d.Errors)
	}
	for _, line := range []string{"", "[", "['add'", "['add']", "['set', 'j', 'x', {'a': 1}]", "['set', 'j', ['a', ['b']]]", "['set', 'j', ['a'", "['set', 'j', 'x'] ", "['set', 'j',]"} {
		if got, err := (Jail{Name: "j", Lines: []string{line}}).Setup(); err == nil {
			t.Errorf("%q: %q", line, got)
		}
	}
}

// FuzzSetup feeds foreign lines: no crash, and no command without a word.
func FuzzSetup(f *testing.F) {
	f.Add("['multi-set', 'j', 'addfailregex', ['a', \"b\"]]")
	f.Add("['set', 'j', 'maxretry', 5]")
	f.Fuzz(func(t *testing.T, line string) {
		got, err := Jail{Name: "j", Lines: []string{line}}.Setup()
		for _, c := range got {
			if len(c) < 2 || err != nil {
				t.Errorf("%q, %v", c, err)
			}
		}
	})
}
