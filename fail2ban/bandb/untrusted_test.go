package bandb_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"bantop/config/trust"
	"bantop/fail2ban/bandb"
	"bantop/fail2ban/fail2bantest"
)

// walMode turns a database to WAL mode. What SQLite keeps beside it is gone again when
// this returns.
func walMode(t *testing.T, path string) {
	t.Helper()
	write(t, path+"?_pragma=journal_mode(WAL)", "INSERT INTO jails VALUES ('wal', 1)")
}

// victim is a file of somebody who trusts it to stay as it is.
type victim struct {
	path   string
	before unix.Stat_t
}

const victimText = "root:$y$j9T$secret:20000:0:99999:7:::\n"

func newVictim(t *testing.T) victim {
	t.Helper()
	v := victim{path: filepath.Join(t.TempDir(), "shadow")}
	if err := os.WriteFile(v.path, []byte(victimText), 0o600); err != nil {
		t.Fatal(err)
	}
	return v
}

// linked hard-links the victim to each name.
func (v *victim) linked(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := os.Link(v.path, name); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Stat(v.path, &v.before); err != nil {
		t.Fatal(err)
	}
}

func (v *victim) check(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(v.path)
	if err != nil || string(text) != victimText {
		t.Errorf("the linked file holds %d bytes, %q, %v", len(text), text[:min(len(text), 40)], err)
	}
	var st unix.Stat_t
	if err := unix.Stat(v.path, &st); err != nil {
		t.Fatal(err)
	}
	if b := v.before; st.Uid != b.Uid || st.Gid != b.Gid || st.Mode != b.Mode || st.Nlink != b.Nlink {
		t.Errorf("the linked file belongs to %d:%d, mode %o; it was %d:%d, mode %o", st.Uid, st.Gid, st.Mode, b.Uid, b.Gid, b.Mode)
	}
}

// TestWAL: SQLite makes -wal and -shm beside a database in WAL mode even if it is
// opened read-only, and writes to what stands there. So it is not opened, also if it
// was in another mode when it was first read.
func TestWAL(t *testing.T) {
	for name, when := range map[string]func(*testing.T, *bandb.DB, string){
		"at first": func(t *testing.T, _ *bandb.DB, path string) { walMode(t, path) },
		"while it is open": func(t *testing.T, d *bandb.DB, path string) {
			if n := len(bans(t, d, now)); n != 3 {
				t.Errorf("%d bans in rollback mode", n)
			}
			walMode(t, path)
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := create(t, schema, many("bips", 3, start))
			d := open(t, path)
			when(t, d, path)
			bare := sums(t, filepath.Dir(path))
			if len(bare) != 1 {
				t.Fatalf("%d files", len(bare))
			}
			for range 2 {
				err, err2 := try(t.Context(), d)
				if !errors.Is(err, bandb.ErrUnreadable) || !errors.Is(err2, bandb.ErrUnreadable) || !strings.Contains(err.Error(), "it is in WAL mode") {
					t.Errorf("got %v, %v", err, err2)
				}
				if now := sums(t, filepath.Dir(path)); !maps.Equal(bare, now) {
					t.Errorf("%d files beside it: %v", len(now)-1, now)
				}
			}
			for _, suffix := range []string{"-shm", "-wal"} {
				v := newVictim(t)
				v.linked(t, path+suffix)
				_, _ = try(t.Context(), d)
				v.check(t)
				if err := os.Remove(path + suffix); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// TestOthersDatabase: root opens no database that somebody else could have written,
// since what SQLite makes beside it would be where he wants it, and his.
func TestOthersDatabase(t *testing.T) {
	fail2bantest.NeedRoot(t)
	const nobody = 65534
	for name, spoil := range map[string]func(path string) (string, error){
		"of another user": func(path string) (string, error) { return path, os.Chown(path, nobody, nobody) },
		"in WAL mode, of another user": func(path string) (string, error) {
			walMode(t, path)
			return path, os.Chown(path, nobody, nobody)
		},
		"that a group may write": func(path string) (string, error) { return path, os.Chmod(path, 0o660) },
		"in another user's folder": func(path string) (string, error) {
			return path, os.Chown(filepath.Dir(path), nobody, nobody)
		},
		"in a folder open to all": func(path string) (string, error) { return path, os.Chmod(filepath.Dir(path), 0o777|os.ModeSticky) },
		"by another user's link": func(path string) (string, error) {
			link := filepath.Join(t.TempDir(), "link")
			return link, errors.Join(os.Symlink(path, link), os.Lchown(link, nobody, nobody))
		},
		"with a second name": func(path string) (string, error) { return path, os.Link(path, filepath.Join(t.TempDir(), "second")) },
	} {
		t.Run(name, func(t *testing.T) {
			real := create(t, schema, many("bips", 3, start))
			path, err := spoil(real)
			if err != nil {
				t.Fatal(err)
			}
			v := newVictim(t)
			v.linked(t, real+"-shm", real+"-wal")
			before := sums(t, filepath.Dir(real))
			err, err2 := try(t.Context(), open(t, path))
			if !errors.Is(err, bandb.ErrUnreadable) || !errors.Is(err2, bandb.ErrUnreadable) {
				t.Errorf("got %v, %v", err, err2)
			}
			unsafe, is := errors.AsType[*trust.Error](err)
			if !is || unsafe.Hint() != "ls -ld "+unsafe.Path {
				t.Errorf("%v: it does not say who could have written it, and what to look at", err)
			}
			if checked := bandb.Check(path); checked == nil || checked.Error() != err.Error() {
				t.Errorf("Check: %v", checked)
			}
			v.check(t)
			if !maps.Equal(before, sums(t, filepath.Dir(real))) {
				t.Error("the folder was touched")
			}
		})
	}
	path := create(t, schema, many("bips", 3, start))
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if n := len(bans(t, open(t, link), now)); n != 3 {
		t.Errorf("by a link of root's: %d bans", n)
	}
}
