package confdir_test

import (
	"io/fs"
	"strings"
	"testing"

	"bantop/fail2ban/confdir"
)

// TestOverlay: one file has another content, is new, or is not there; all else is as
// it was. Names stay sorted, which fail2ban's order of reading follows.
func TestOverlay(t *testing.T) {
	under := map[string]string{"jail.conf": "top", "jail.d/b.conf": "b", "jail.d/d.local": "d", "filter.d/f.conf": "f"}
	for _, c := range []struct {
		name, file string
		text       []byte
		list       string // of jail.d
		want       string // the file's content; "" where it is not there
	}{
		{"hidden", "jail.d/b.conf", nil, "d.local", ""},
		{"hidden, and not there", "jail.d/c.local", nil, "b.conf d.local", ""},
		{"replaced", "jail.d/d.local", []byte("other"), "b.conf d.local", "other"},
		{"emptied", "jail.d/d.local", []byte{}, "b.conf d.local", "(empty)"},
		{"new, first", "jail.d/a.local", []byte("new"), "a.local b.conf d.local", "new"},
		{"new, between", "jail.d/c.local", []byte("new"), "b.conf c.local d.local", "new"},
		{"new, last", "jail.d/zz.local", []byte("new"), "b.conf d.local zz.local", "new"},
		{"at the top", "jail.local", []byte("new"), "b.conf d.local", "new"},
		{"in a folder that is absent", "action.d/x.conf", []byte("new"), "b.conf d.local", "new"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := confdir.Overlay{FS: folder(under), Name: c.file, Text: c.text}
			entries, err := fs.ReadDir(o, "jail.d")
			var names []string
			for _, e := range entries {
				names = append(names, e.Name())
			}
			if got := strings.Join(names, " "); got != c.list || err != nil {
				t.Errorf("jail.d: %s, %v", got, err)
			}
			text, err := fs.ReadFile(o, c.file)
			got := string(text)
			if err == nil && got == "" {
				got = "(empty)"
			}
			if got != c.want {
				t.Errorf("%s: %q, %v", c.file, got, err)
			}
			for file, want := range under {
				if text, err := fs.ReadFile(o, file); file != c.file && (string(text) != want || err != nil) {
					t.Errorf("%s: %q, %v", file, text, err)
				}
			}
		})
	}
}
