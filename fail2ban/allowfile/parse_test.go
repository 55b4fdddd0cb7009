package allowfile

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// TestParse walks what the file may be by hand, and what not.
func TestParse(t *testing.T) {
	for _, c := range []struct{ name, text, want, err string }{
		{"nothing", "", "", ""},
		{"comments alone", "# a\n\n  ; b\n", "", ""},
		{"as it is written", head + "\n[j1]\nignoreip = %(known/ignoreip)s\n    192.0.2.1\n    2001:db8::/32\n\n[j2]\nignoreip =\n    192.0.2.1\n", "j1+ 192.0.2.1 2001:db8::/32, j2 192.0.2.1", ""},
		{"one line", "[j1]\nignoreip=%(known/ignoreip)s,192.0.2.1 192.0.2.2, 192.0.2.3", "j1+ 192.0.2.1 192.0.2.2 192.0.2.3", ""},
		{"other forms", "[j1]  \r\nIGNOREIP\t:\t192.0.2.1\t\r\n\r\n \t192.0.2.2\r\n", "j1 192.0.2.1 192.0.2.2", ""},
		{"an old-fashioned network", "[j1]\nignoreip = ::192.0.2.5\n", "j1 ::192.0.2.5", ""},
		{"no section", "ignoreip = 192.0.2.1\n", "", "line 1: ignoreip stands in no section"},
		{"a mark of the byte order", "\ufeff# a\n", "", "line 1: only ignoreip = … belongs here"},
		{"an empty section", "[j1]\n\n[j2]\nignoreip = 192.0.2.1\n", "", "line 3: [j1] has no addresses"},
		{"an empty list", "[j1]\nignoreip =\n", "", "[j1] has no addresses"},
		{"no addresses", "[j1]\nignoreip = %(known/ignoreip)s\n", "", "[j1] has no addresses"},
		{"a section twice", "[j1]\nignoreip = 192.0.2.1\n[j1]\nignoreip = 192.0.2.2\n", "", "line 3: [j1] is there twice"},
		{"a list twice", "[j1]\nignoreip = 192.0.2.1\nignoreip = 192.0.2.2\n", "", "line 3: ignoreip is there twice"},
		{"an address twice", "[j1]\nignoreip = 192.0.2.1 192.0.2.1\n", "", "line 2: 192.0.2.1 is there twice"},
		{"known twice", "[j1]\nignoreip = %(known/ignoreip)s %(known/ignoreip)s 192.0.2.1\n", "", "line 2: read the address"},
		{"known behind", "[j1]\nignoreip = 192.0.2.1 %(known/ignoreip)s\n", "", "line 2: read the address"},
		{"another reference", "[j1]\nignoreip = %(default/ignoreip)s 192.0.2.1\n", "", "line 2: read the address"},
		{"a name", "[j1]\nignoreip = example.org\n", "", `line 2: read the address "example.org"`},
		{"a long form", "[j1]\nignoreip = 2001:DB8::0:1\n", "", `line 2: "2001:DB8::0:1" is to be written 2001:db8::1`},
		{"bits of a host", "[j1]\nignoreip = 192.0.2.5/24\n", "", `line 2: "192.0.2.5/24" is to be written 192.0.2.0/24`},
		{"a network that the server takes for another", "[j1]\nignoreip = ::ffff:192.0.2.0/120\n", "", "is to be written 192.0.2.0/24"},
		{"a tab between two", "[j1]\nignoreip = 192.0.2.1\t192.0.2.2\n", "", "line 2: read the address"},
		{"another option", "[j1]\nignoreip = 192.0.2.1\nbantime = 1h\n", "", "line 3: only ignoreip = … belongs here"},
		{"no option", "[j1]\nignoreip\n", "", "line 2: only ignoreip"},
		{"a comment between", "[j1]\n# why\nignoreip = 192.0.2.1\n", "", "line 2: there is a comment, which only the head of the file may have"},
		{"a comment in a list", "[j1]\nignoreip = 192.0.2.1\n  # why\n", "", "line 3: there is a comment"},
		{"a comment behind", "[j1]\nignoreip = 192.0.2.1 ; why\n", "", "line 2: read the address"},
		{"behind a section", "[j1] ; why\nignoreip = 192.0.2.1\n", "", "line 1: a section is [JAIL], and nothing else in that line"},
		{"a section that is open", "[j1\nignoreip = 192.0.2.1\n", "", "line 1: a section is [JAIL]"},
		{"two in one", "[j1][j2]\nignoreip = 192.0.2.1\n", "", "line 1: \"j1][j2\" is no name of a jail"},
		{"[DEFAULT]", "[DEFAULT]\nignoreip = 192.0.2.1\n", "", "line 1: [DEFAULT] is no jail"},
		{"what is included", "[INCLUDES]\nbefore = x\n", "", "line 1: [INCLUDES] is no jail"},
		{"a condition", "[j1?x=1]\nignoreip = 192.0.2.1\n", "", "line 1: \"j1?x=1\" is no name"},
		{"a section that is indented", "[j1]\nignoreip = 192.0.2.1\n  [j2]\n", "", "line 3: read the address \"[j2]\""},
		{"an option that is indented", "[j1]\n  ignoreip = 192.0.2.1\n", "", "line 2: it is indented, and continues nothing"},
		{"indented at the start", " ignoreip = 192.0.2.1\n", "", "line 1: it is indented, and continues nothing"},
		{"a line that only Python ends", "# a\r[DEFAULT]\rignoreip = 192.0.2.1\r", "", "there are control characters in it"},
		{"zeros", "# a\x00\n", "", "there are control characters in it"},
		{"no UTF-8", "# \xe9\n", "", "it is not UTF-8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parse([]byte(c.text))
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Fatalf("got %v, want %s", err, c.err)
			}
			if err == nil && words(got) != c.want {
				t.Errorf("got %s, want %s", words(got), c.want)
			}
		})
	}
}

// words is a content as a line.
func words(c content) string {
	lists := make([]string, len(c.lists))
	for i, l := range c.lists {
		if lists[i] = l.jail; l.known {
			lists[i] += "+"
		}
		for _, a := range l.targets() {
			lists[i] += " " + a.Address
		}
	}
	return strings.Join(lists, ", ")
}

// FuzzParse: what can be read is written so that it reads as the same, and then
// stays as it is; and nothing but jails and addresses comes out of it.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"", head, "# a\r\n[j1]\nignoreip = %(known/ignoreip)s\n    192.0.2.1\n\n  2001:db8::/32, ::1\n[j2]\nIgnoreIP:192.0.2.1\n",
		"[j1]\nignoreip = 192.0.2.1 ; x\n", "[a]b]\nignoreip =\n 0.0.0.0/0\n", "[j1]\nignoreip = \u0085192.0.2.1\v\n", " # a\n\x1c[j1]\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parse(data)
		if err != nil {
			return
		}
		for _, l := range c.lists {
			if checkJail(l.jail) != nil || len(l.addrs) == 0 {
				t.Fatalf("%q: a list %+v", data, l)
			}
		}
		text := c.text()
		again, err := parse(text)
		if err != nil || words(again) != words(c) || !bytes.Equal(again.text(), text) {
			t.Fatalf("%q is written as %q, and reads as %s, %v", data, text, words(again), err)
		}
		if kept := strings.TrimSpace(strings.Join(c.head, "\n")); text != nil && !strings.HasPrefix(string(text), kept) {
			t.Fatalf("%q lost its comments: %q", data, text)
		}
	})
}

// TestDifference: two dumps are the same or they are not, wherever.
func TestDifference(t *testing.T) {
	const one = "['add', 'a', 'auto']\n['set', 'a', 'addignoreip', '::1']\n['add', 'b', 'auto']\n['set', \"b'\", 'addignoreip']\n['start', 'a']\n"
	for _, c := range []struct{ other, want string }{
		{one, ""},
		{strings.Replace(one, "'::1'", "'::2'", 1), ""}, // the list of a is left out
		{strings.Replace(one, "['set', 'a', 'addignoreip', '::1']\n", "", 1), ""},
		{one + "['start', 'b']\n", "['start', 'b']"},
		{strings.Replace(one, "['start', 'a']\n", "", 1), "['start', 'a']"},
		{strings.Replace(one, "['add', 'b', 'auto']\n", "", 1), "['add', 'b', 'auto']"},
		{strings.Replace(one, "['add', 'b', 'auto']", "['add', 'b', 'polling']", 1), "['add', 'b', 'polling']"},
		{strings.Replace(one, "['set', \"b'\", 'addignoreip']", "['set', \"b'\", 'addignoreip', '::1']", 1), "['set', \"b'\", 'addignoreip', '::1']"},
		{strings.Replace(one, "['set', \"b'\", 'addignoreip']\n", "", 1), "['set', \"b'\", 'addignoreip']"},
		{"", "['add', 'a', 'auto']"},
	} {
		a, b := parseDump(one), parseDump(c.other)
		if got := difference(a, b, map[string]bool{"a": true}); got != c.want {
			t.Errorf("%q: got %s, want %s", c.other, got, c.want)
		}
	}
}

// TestSetters: the files that set a list, in fail2ban's order.
func TestSetters(t *testing.T) {
	dir := fstest.MapFS{}
	for name, text := range map[string]string{
		"jail.conf":            "[j1]\nignoreip = 192.0.2.1\n",
		"jail.local":           "[j1]\n# ignoreip = %(known/ignoreip)s\nIgnoreIP : 192.0.2.1\n\n  # x\n  %(known/ignoreip)s\nbantime = 1\n",
		"jail.d/b.conf":        "[j2]\nignoreip = 192.0.2.1\n[j1]\nbantime = 1\n",
		"jail.d/a.conf":        "\n[j1]\nbantime=1\nignoreip=\n",
		"jail.d/zz-a.local":    "[j1]\nignoreip = 192.0.2.1\n",
		"jail.d/" + Name:       "[j1]\nignoreip = 192.0.2.1\n",
		"jail.d/zzz.local":     "[j1]\nignoreip = 192.0.2.1\n",
		"jail.d/zzz.conf":      "[j1]\nignoreip = 192.0.2.1\n",
		"jail.d/.hidden.local": "x\n=\n:\n[\n",
		"jail.d/other.txt":     "[j1]\nignoreip = 192.0.2.1\n",
	} {
		dir[name] = &fstest.MapFile{Data: []byte(text)}
	}
	want := []setter{
		{"jail.conf", false, false}, {"jail.d/a.conf", false, false}, {"jail.d/zzz.conf", false, false},
		{"jail.local", true, false}, {"jail.d/zz-a.local", false, false}, {"jail.d/zzz.local", false, true},
	}
	if got := setters(dir, "j1"); !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	if got := setters(dir, "DEFAULT"); got != nil {
		t.Errorf("got %v", got)
	}
}
