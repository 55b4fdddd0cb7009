package trust

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestParents holds which folders on the way to a file are safe.
func TestParents(t *testing.T) {
	for _, c := range []struct {
		name string
		mode fs.FileMode
		want string // the error holds it; "" is no error
	}{
		{"own", 0o700, ""},
		{"all may read", 0o755, ""},
		{"sticky", 0o777 | fs.ModeSticky, ""},
		{"everybody", 0o777, "can be written by everybody"},
		{"group", 0o770, "can be written by the group"},
	} {
		if c.name == "group" && os.Geteuid() != 0 { // a user's own group may be private, see TestAlone
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "a")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(dir, c.mode); err != nil {
				t.Fatal(err)
			}
			err := Parents(filepath.Join(dir, "sub", "file"))
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), dir+" "+c.want)) {
				t.Errorf("Parents = %v, want %q", err, c.want)
			}
		})
	}
}

// TestResolve holds that links are resolved, and that the folders that they lead
// through are checked, too.
func TestResolve(t *testing.T) {
	top := t.TempDir()
	for _, dir := range []string{"safe", "open"} {
		if err := os.Mkdir(filepath.Join(top, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(top, "open"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, l := range [][2]string{{"safe", "to-safe"}, {"open/in", "to-open"}, {"loop", "loop"}} {
		if err := os.Symlink(l[0], filepath.Join(top, l[1])); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Resolve(filepath.Join(top, "to-safe", "file"))
	if want := filepath.Join(top, "safe", "file"); err != nil || got != want {
		t.Errorf("Resolve = %q, %v, want %q", got, err, want)
	}
	const open = "open can be written by everybody"
	if err := Parents(filepath.Join(top, "to-open", "file")); err == nil || !strings.Contains(err.Error(), open) {
		t.Errorf("through a folder that everybody may write: %v", err)
	}
	if err := Parents(filepath.Join(top, "loop", "file")); err == nil {
		t.Error("a link to itself is no error")
	}
}

// TestOpen holds that nothing but a regular file of one's own with one name is
// opened, and that nothing is done to anything else.
func TestOpen(t *testing.T) {
	top := t.TempDir()
	target := filepath.Join(top, "target")
	if err := os.WriteFile(target, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	things := map[string]func(path string) error{
		"a symbolic link":           func(p string) error { return os.Symlink("target", p) },
		"a dangling symbolic link":  func(p string) error { return os.Symlink("nothing", p) },
		"a hard link":               func(p string) error { return os.Link(target, p) },
		"a named pipe":              func(p string) error { return unix.Mkfifo(p, 0o600) },
		"a folder":                  func(p string) error { return os.Mkdir(p, 0o700) },
		"a socket (mknod, no peer)": func(p string) error { return unix.Mknod(p, unix.S_IFSOCK|0o600, 0) },
	}
	d, err := OpenDir(top)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for name, do := range things {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(top, "x")
			if err := do(path); err != nil {
				t.Fatal(err)
			}
			defer os.Remove(path)
			for _, flags := range []int{unix.O_RDONLY, unix.O_RDWR | unix.O_CREAT, unix.O_WRONLY} {
				if f, err := d.Open("x", flags, 0o600); err == nil {
					f.Close()
					t.Errorf("opened with flags %#o", flags)
				}
			}
		})
	}
	if _, err := os.Stat(filepath.Join(top, "nothing")); err == nil {
		t.Error("a file was made through a dangling link")
	}
	f, err := d.Open("new", unix.O_RDWR|unix.O_CREAT, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
}

// TestAlone holds which groups count as private to a user: those with the user's name
// and nobody else in them, neither as a member nor by a primary group, which stands
// only in passwd(5).
func TestAlone(t *testing.T) {
	const groups = "root:x:0:\njo:x:1000:\nmona:x:1001:mona\nadm:x:4:jo\nlukas:x:1002:jo\n" +
		"odd:line\nshort:x:1003\nkim:x:1004:\npat:x:1005:pat\nsam:x:1006:\nlee:x:1007:\nzoe:x:1008:\nteam:x:1008:mona\n"
	const users = "root:x:0:0::/root:/bin/sh\njo:x:1000:1000::/:/bin/sh\nmona:x:1001:1001::/:/bin/sh\n" +
		"kim:x:1004:1004::/:/bin/sh\n" +
		"guest:x:1100:1004::/:/bin/sh\npat:x:1005:1005::/:/bin/sh\nother:x:1101:1005:::\nodd:line\n" +
		"sam:x:1006:1006::/:/bin/sh\ntwin:x:1006:1006::/:/bin/sh\nlee:x:1007:1007::/:/bin/sh\nshort:x:1102:1007\n"
	for _, c := range []struct {
		gid  int
		name string
		want bool
	}{
		{1000, "jo", true}, {1001, "mona", true}, {1002, "lukas", false}, {4, "adm", false}, {4, "jo", false},
		{1000, "mona", false}, {1003, "short", false}, {99, "jo", false},
		{1004, "kim", false}, {1005, "pat", false}, {1006, "sam", false}, {1007, "lee", false}, {1008, "zoe", false},
	} {
		if got := alone(strings.NewReader(groups), strings.NewReader(users), c.gid, c.name); got != c.want {
			t.Errorf("group %d of %s: %t", c.gid, c.name, got)
		}
	}
}
