package store_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"bantop/model"
	"bantop/model/store"
)

// activation is a change of a jail's file that was confirmed.
func activation(jail string, at time.Time) model.Made {
	return model.Made{Act: "activate", Jail: jail, By: "lukas", TTY: "pts/3", Host: "web1", At: at, Ended: at.Add(time.Minute), EndedBy: "mona",
		Files: []model.FileChange{{Dir: "jail.d", Name: "zz-bantop-" + jail + ".local", Now: []byte("[" + jail + "]\n"), Mode: 0o640,
			NowSum: store.Sum([]byte("[" + jail + "]\n"))}}}
}

// TestMade: what was changed is listed with its texts, by server, in files that only
// their owner may read, and no secret gets into the database.
func TestMade(t *testing.T) {
	dir := t.TempDir()
	texts := store.NewTexts(store.Options{Dir: dir, Socket: "/run/f2b.sock"})
	if all, err := texts.Made(); err != nil || all != nil {
		t.Errorf("before the first: %v, %v", all, err)
	}
	if _, err := os.Lstat(filepath.Join(dir, "changes")); err == nil {
		t.Error("to list nothing made a folder")
	}
	f := change()
	f.WasSum, f.NowSum = store.Sum(f.Was), store.Sum(f.Now)
	aside := model.FileChange{Dir: "filter.d", Name: "x.local", Aside: "x.local.off", WasSum: "aa", NowSum: "aa"}
	want := []model.Made{
		activation("sshd", t0),
		{Act: "edit", Jail: "web", By: "root", At: t0.Add(time.Hour), Ended: t0.Add(time.Hour), Files: []model.FileChange{f}},
		{Act: "set aside", At: t0.Add(2 * time.Hour), Ended: t0.Add(2 * time.Hour), Files: []model.FileChange{aside}, Reverts: 1},
		{Act: "allow for good", Jail: "web", About: "198.51.100.7 in web", At: t0, Ended: t0,
			Files: []model.FileChange{{Dir: "jail.d", Name: "a.local", Was: []byte{}, WasSum: store.Sum([]byte{})}}},
	}
	for i := range want {
		want[i].Number = i + 1
		for range 2 { // once more changes nothing
			if n, err := texts.Record(want[i]); n != i+1 || err != nil {
				t.Errorf("%d: %d, %v", i+1, n, err)
			}
		}
	}
	if n, err := store.NewTexts(store.Options{Dir: dir, Socket: "/run/other.sock"}).Record(want[0]); n != 1 || err != nil {
		t.Errorf("of another server: %d, %v", n, err)
	}
	got, err := texts.Made()
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v,\nwant %+v", got, err, want)
	}
	for _, mode := range modesOf(t, filepath.Join(dir, "changes")) {
		if mode.Perm() != 0o600 {
			t.Error(mode)
		}
	}
	if texts.Any() {
		t.Error("what was changed counts as texts of a change under way")
	}
	if found := holders(t, dir); len(found) != 1 || !strings.HasPrefix(found[0], "changes/") {
		t.Errorf("the secret is in %q", found)
	}
}

// TestMadeIsBounded: the oldest go first, by number and by length.
func TestMadeIsBounded(t *testing.T) {
	for _, c := range []struct {
		name       string
		n, length  int
		kept, from int
	}{
		{"many", 203, 10, 200, 4},
		{"long", 20, 1 << 20, 11, 10}, // 16 MiB in all, each 1.33 as base64
	} {
		t.Run(c.name, func(t *testing.T) {
			texts := store.NewTexts(store.Options{Dir: t.TempDir(), Socket: "/run/f2b.sock"})
			for i := range c.n {
				m := activation("sshd", t0.Add(time.Duration(i)*time.Minute))
				m.Files[0].Now = make([]byte, c.length)
				if n, err := texts.Record(m); n != i+1 || err != nil {
					t.Fatal(n, err)
				}
			}
			got, err := texts.Made()
			if err != nil || len(got) != c.kept || got[0].Number != c.from {
				t.Errorf("%d, the first is %d, %v", len(got), got[0].Number, err)
			}
		})
	}
}

// TestMadeDamaged: what cannot be read of the list is told by its number, and the rest
// is listed. Its number is not given again.
func TestMadeDamaged(t *testing.T) {
	dir := t.TempDir()
	texts := store.NewTexts(store.Options{Dir: dir, Socket: "/run/f2b.sock"})
	for i := range 6 {
		if _, err := texts.Record(activation(fmt.Sprint("j", i), t0)); err != nil {
			t.Fatal(err)
		}
	}
	file := func(n int) string {
		found, err := filepath.Glob(filepath.Join(dir, "changes", fmt.Sprintf("*.made-%d", n)))
		if err != nil || len(found) != 1 {
			t.Fatal(found, err)
		}
		return found[0]
	}
	for n, spoil := range map[int]func(string) error{
		2: func(name string) error { return os.Truncate(name, 20) },
		3: func(name string) error { return os.Truncate(name, 5<<20) },
		4: func(name string) error { return os.WriteFile(name, []byte(`{"act":"edit","files":[]}`), 0o600) },
		5: func(name string) error { return errors.Join(os.Remove(name), os.Symlink("/etc/passwd", name)) },
		6: func(name string) error { return errors.Join(os.Remove(name), os.Mkdir(name, 0o700)) },
	} {
		if err := spoil(file(n)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := texts.Made()
	if len(got) != 1 || got[0].Jail != "j0" || err == nil {
		t.Fatalf("%+v, %v", got, err)
	}
	for n := 2; n <= 6; n++ {
		if !strings.Contains(err.Error(), fmt.Sprintf("number %d cannot be read", n)) {
			t.Errorf("nothing of %d: %v", n, err)
		}
	}
	if n, err := texts.Record(activation("last", t0)); n != 7 || err != nil {
		t.Errorf("the next is %d, %v", n, err)
	}
}
