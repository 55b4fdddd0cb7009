package confdir_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"bantop/fail2ban/confdir"
)

// TestMayAside: what no package owns may be renamed; if that is not known, a *.local.
func TestMayAside(t *testing.T) {
	conf := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(conf, link); err != nil {
		t.Fatal(err)
	}
	text := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	debian := fstest.MapFS{
		"base-files.list":    text("/.\n/etc\n"),
		"fail2ban.list":      text("/.\n" + conf + "\n" + conf + "/filter.d/sshd.conf\n"),
		"fail2ban.conffiles": text(conf + "/filter.d/sshd.conf\nremove-on-upgrade " + conf + "/jail.d/old.conf\n"),
		"other:amd64.list":   text(conf + "/jail.d/other.local\r\n"),
		"notes.txt":          text(conf + "/jail.d/mine.conf\n"),
	}
	broken := fstest.MapFS{"base-files.list": text("/.\n"), "bad.list": {Mode: os.ModeDir | 0o755}}
	for _, c := range []struct {
		name string
		info fstest.MapFS
		conf string
		file string
		why  string
	}{
		{"one's own", debian, conf, "jail.d/mine.conf", ""},
		{"one's own filter", debian, conf, "filter.d/mine.conf", ""},
		{"of the package", debian, conf, "filter.d/sshd.conf", "it belongs to the package fail2ban"},
		{"of the package, through a link", debian, link, "filter.d/sshd.conf", "it belongs to the package fail2ban"},
		{"an override of the package's", debian, conf, "filter.d/sshd.local", ""},
		{"a conffile alone", debian, conf, "jail.d/old.conf", "it belongs to the package fail2ban"},
		{"a local file of a package", debian, conf, "jail.d/other.local", "it belongs to the package other"},
		{"jail.local", debian, conf, "jail.local", "it holds other settings, too"},
		{"fail2ban.local", debian, conf, "fail2ban.local", "it holds other settings, too"},
		{"a folder below", debian, conf, "filter.d/ignorecommands/x.conf", "it holds other settings, too"},
		{"included", debian, conf, "jail.d/part.inc", "its name is not one that fail2ban reads by itself"},
		{"no dpkg", nil, conf, "jail.d/mine.conf", "it may belong to a package"},
		{"no dpkg, local", nil, conf, "jail.d/mine.local", ""},
		{"dpkg on a Fedora", fstest.MapFS{"x.list": text("/x\n")}, conf, "jail.d/mine.conf", "it may belong to a package"},
		{"a list that cannot be read", broken, conf, "jail.d/mine.conf", "it may belong to a package"},
	} {
		if got := confdir.MayAside(c.info, c.conf, c.file); got != c.why {
			t.Errorf("%s: got %q, want %q", c.name, got, c.why)
		}
	}
}

// FuzzOwner: no list of dpkg's, whatever it holds, makes Owner fail, name a package for
// a path that is not in it, or miss one that is.
func FuzzOwner(f *testing.F) {
	for _, s := range []string{"", "/.\n/etc/fail2ban/jail.d/x.conf\n", "remove-on-upgrade /etc/fail2ban/jail.d/x.conf", "\x00\xff\n\n", "/etc/fail2ban/jail.d/x.conf/y\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		info := fstest.MapFS{"base-files.list": {Data: []byte("/.\n")}, "p.list": {Data: text}}
		if owner, _ := confdir.Owner(info, "/nonexistent/f", "jail.d/x.conf"); owner != "" && owner != "p" && len(text) == 0 {
			t.Errorf("%q owns it by %q", owner, text)
		}
		with := append([]byte("/nonexistent/f/jail.d/x.conf\n"), text...)
		info["p.list"].Data = with
		if owner, known := confdir.Owner(info, "/nonexistent/f", "jail.d/x.conf"); owner != "p" || !known {
			t.Errorf("%q, %v by %q", owner, known, with)
		}
	})
}
