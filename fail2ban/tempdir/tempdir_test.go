package tempdir

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bantop/fail2ban/fail2bantest"
	"bantop/fail2ban/process"
	"bantop/fail2ban/testmain"
)

func TestMain(m *testing.M) { testmain.Run(m) }

// TestParent: root, and everybody else, makes folders only where nobody but root and
// himself can rename one and put another in its place.
func TestParent(t *testing.T) {
	fail2bantest.NeedRoot(t) // who alone can give a folder to another user
	for name, c := range map[string]struct {
		make func(dir string) error
		want string // "" is the folder itself
	}{
		"own":                {func(d string) error { return os.Chmod(d, 0o700) }, ""},
		"sticky, as /tmp":    {func(d string) error { return os.Chmod(d, 0o777|os.ModeSticky) }, ""},
		"of another user":    {func(d string) error { return os.Chown(d, 1000, 1000) }, "/tmp"},
		"written by a group": {func(d string) error { return errors.Join(os.Chown(d, 0, 1000), os.Chmod(d, 0o775)) }, "/tmp"},
		"written by all":     {func(d string) error { return os.Chmod(d, 0o777) }, "/tmp"},
		"below another's": {func(d string) error {
			return errors.Join(os.Chown(filepath.Dir(d), 1000, 1000))
		}, "/tmp"},
		"another's, sticky": {func(d string) error { return errors.Join(os.Chmod(d, 0o777|os.ModeSticky), os.Chown(d, 1000, 1000)) }, "/tmp"},
		"a link to another's": {func(d string) error {
			to := d + ".to"
			return errors.Join(os.Mkdir(to, 0o755), os.Chown(to, 1000, 1000), os.Remove(d), os.Symlink(to, d))
		}, "/tmp"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "above", "tmp")
			if err := errors.Join(os.MkdirAll(dir, 0o755), c.make(dir)); err != nil {
				t.Fatal(err)
			}
			t.Setenv("TMPDIR", dir)
			want := c.want
			if want == "" {
				want = dir
			}
			if got, err := Parent(); got != want || err != nil {
				t.Errorf("Parent = %q, %v, want %q", got, err, want)
			}
		})
	}
}

// TestMake: a folder is private and says who made it; Remove and End take it away.
func TestMake(t *testing.T) {
	parent := t.TempDir()
	for _, k := range kinds {
		path, err := Make(parent, k)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode() != fs.ModeDir|0o700 || !strings.HasPrefix(filepath.Base(path), k.Prefix()) {
			t.Errorf("%s: %v, %v", path, info, err)
		}
		if n, err := Sweep(parent, nil); n != 0 || err != nil {
			t.Errorf("that of a living maker: %d, %v", n, err)
		}
		if k != Edit { // which is left for End
			Remove(path)
		}
	}
	End()
	if left, err := os.ReadDir(parent); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if _, err := Make(parent, Edit); err == nil {
		t.Error("one was made after the end")
	}
	made.ended = false
}

// TestSweep: what a killed bantop left is removed, whatever it was for, and only what
// is provably that.
func TestSweep(t *testing.T) {
	parent := t.TempDir()
	gone, err := json.Marshal(process.ID{Boot: process.Boot(), PID: os.Getpid(), Started: "1"}) // this number, of another start
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, k := range kinds {
		path := filepath.Join(parent, k.Prefix()+"1")
		if err := errors.Join(os.Mkdir(path, 0o700), os.WriteFile(filepath.Join(path, maker), gone, 0o600)); err != nil {
			t.Fatal(err)
		}
		want = append(want, path)
	}
	var kept []string
	for _, name := range []string{"bantop-0", "bantop-state-1", "bantop1"} { // a user's state, and what is somebody else's
		path := filepath.Join(parent, name)
		if err := errors.Join(os.Mkdir(path, 0o700), os.Chtimes(path, time.Time{}, time.Unix(1, 0))); err != nil {
			t.Fatal(err)
		}
		kept = append(kept, path)
	}
	stay := errors.New("it does not end")
	n, err := Sweep(parent, func(k Kind, _ string) error {
		if k == Demo {
			return stay
		}
		return nil
	})
	if n != len(kinds)-1 || !errors.Is(err, stay) {
		t.Errorf("%d, %v", n, err)
	}
	if n, err := Sweep(parent, nil); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	for _, path := range want {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s was not removed", path)
		}
	}
	for _, path := range kept {
		if _, err := os.Lstat(path); err != nil {
			t.Errorf("%s was removed", path)
		}
	}
}
