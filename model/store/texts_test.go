package store_test

import (
	"bytes"
	"database/sql"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bantop/model"
	"bantop/model/store"
)

// secret stands in the configuration file that is changed in these tests.
const secret = "apikey-7f3a9c"

// change is the edit of a file with a secret in it.
func change() model.FileChange {
	return model.FileChange{Dir: "jail.d", Name: "web.local", Was: []byte("[web]\n# " + secret + "\n"), Now: []byte("[web]\nbantime = 1h\n# " + secret + "\n")}
}

// holders are the files below a folder that hold the secret.
func holders(t *testing.T, dir string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		// The stored form of a text is base64, in which a secret shows at one of three offsets.
		for _, form := range []string{secret, "YXBpa2V5LTdmM2E5Y", "FwaWtleS03ZjNhOW", "hcGlrZXktN2YzYTlj"} {
			if bytes.Contains(data, []byte(form)) {
				name, _ := filepath.Rel(dir, path)
				found = append(found, name)
				break
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestNoTextInTheDatabase: neither text of a changed configuration file gets into
// the database or its write-ahead log, whatever message it comes with.
func TestNoTextInTheDatabase(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, "/run/f2b.sock")
	id := model.ChangeID{Kind: model.ChangeEdit, Jail: "web", At: t0}
	apply(t, s, model.ChangeBegun{Plan: model.Plan{ChangeID: id, File: change()}, At: t0})
	c := model.Change{Plan: model.Plan{ChangeID: id, File: change()}, Step: model.StepConfirm}
	apply(t, s, model.ChangeTold{Change: c})
	snap := apply(t, s, model.ChangeTaken{ID: id, At: t0, File: change()})
	if c := snap.Runtime.Change; c == nil || c.Step != model.StepRestore {
		t.Fatalf("the change is %+v", c)
	}
	if found := holders(t, dir); len(found) > 0 {
		t.Errorf("the secret stands in %v", found)
	}
}

// TestTexts: the texts are files with the mode of the configuration file, in a folder
// for its owner alone; they are read back as they were, and gone at the end.
func TestTexts(t *testing.T) {
	for _, c := range []struct {
		name string
		file model.FileChange
		mode fs.FileMode
		want []fs.FileMode // of the files that are kept
	}{
		{"an edit", change(), 0o600, []fs.FileMode{0o600, 0o600}},
		{"a new file", model.FileChange{Dir: "jail.d", Name: "web.local", Now: []byte(secret)}, 0o644, []fs.FileMode{0o644}},
		{"a removal", model.FileChange{Dir: "jail.d", Name: "web.local", Was: []byte(secret)}, 0o640, []fs.FileMode{0o640}},
		{"an empty file", model.FileChange{Dir: "jail.d", Name: "web.local", Was: []byte{}, Now: []byte(secret)}, 0o600, []fs.FileMode{0o600, 0o600}},
		{"set aside", model.FileChange{Dir: "jail.d", Name: "web.local", Aside: "web.local.off"}, 0o600, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.Chmod(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			texts := store.NewTexts(store.Options{Dir: dir, Socket: "/run/f2b.sock"})
			kept, err := texts.Keep(c.file, c.mode)
			if err != nil {
				t.Fatal(err)
			}
			if modes := modesOf(t, filepath.Join(dir, "changes")); !slices.Equal(modes, c.want) {
				t.Errorf("modes %v, want %v", modes, c.want)
			}
			if info, err := os.Stat(filepath.Join(dir, "changes")); err != nil || info.Mode().Perm() != 0o700 {
				t.Errorf("the folder: %v, %v", info, err)
			}
			got, err := texts.Read(kept.Bare())
			if err != nil || !bytes.Equal(got.Was, c.file.Was) || !bytes.Equal(got.Now, c.file.Now) ||
				(got.Was == nil) != (c.file.Was == nil) || (got.Now == nil) != (c.file.Now == nil) {
				t.Errorf("read back %q and %q, %v", got.Was, got.Now, err)
			}
			if err := texts.Drop(); err != nil || texts.Any() || len(modesOf(t, filepath.Join(dir, "changes"))) > 0 {
				t.Errorf("something is left: %v", err)
			}
			if got, err = texts.Read(kept.Bare()); (err == nil) == (kept.WasSum+kept.NowSum != "") || got.Inline() {
				t.Errorf("read %q and %q of what is gone, %v", got.Was, got.Now, err)
			}
		})
	}
}

// TestTextsOfOthers: a text that was put in the place of one that was kept is not
// read, and nothing is written through a link.
func TestTextsOfOthers(t *testing.T) {
	dir := t.TempDir()
	texts := store.NewTexts(store.Options{Dir: dir, Socket: "/run/f2b.sock"})
	kept, err := texts.Keep(change(), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(dir, "changes", "*.was"))
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	if err := os.WriteFile(names[0], []byte("[evil]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := texts.Read(kept.Bare()); err == nil || got.Was != nil || !strings.Contains(err.Error(), "is not what was kept") {
		t.Errorf("read %q, %v", got.Was, err)
	}
	target := filepath.Join(dir, "target")
	if err := os.Remove(names[0]); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, names[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := texts.Keep(change(), 0o600); err != nil {
		t.Errorf("a link in the way: %v", err)
	}
	if _, err := os.Lstat(target); err == nil {
		t.Error("it was written through the link")
	}
	if err := os.Chmod(filepath.Join(dir, "changes"), 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := texts.Read(kept.Bare()); err == nil || !strings.Contains(err.Error(), "can be written by everybody") {
		t.Errorf("from a folder that everybody may write: %v", err)
	}
}

// TestOlderDatabase: a database of an older bantop, with texts in its free pages, is
// rewritten once; not while a change is under way whose texts it holds.
func TestOlderDatabase(t *testing.T) {
	dir := t.TempDir()
	older(t, dir, model.StepConfirm)
	s := open(t, dir, "/run/f2b.sock")
	snap, err := s.Load(t.Context())
	if err != nil || snap.Runtime.Change == nil || string(snap.Runtime.Change.File.Was) != string(change().Was) {
		t.Fatalf("the older bantop's texts are gone: %+v, %v", snap.Runtime.Change, err)
	}
	if v := version(t, dir); v != 1 {
		t.Errorf("the schema is %d while the older bantop needs it", v)
	}
	apply(t, s, model.ChangeConfirmed{ID: snap.Runtime.Change.ChangeID, At: t0})
	if err := s.Try(t.Context()); err != nil {
		t.Error(err)
	}
	if found := holders(t, dir); len(found) == 0 {
		t.Error("the test proves nothing: no free page holds the secret")
	}

	s = open(t, dir, "/run/f2b.sock")
	if found := holders(t, dir); len(found) > 0 {
		t.Errorf("the secret stands in %v", found)
	}
	if v := version(t, dir); v != 2 {
		t.Errorf("the schema is %d", v)
	}
	if acts, err := s.Acts(t.Context(), 10); err != nil || len(acts) != 1 || acts[0].Who != "jo" {
		t.Errorf("the journal: %v, %v", acts, err)
	}
}

// older makes the database of a bantop that knew schema 1, with a change in it.
func older(t *testing.T, dir string, step model.ChangeStep) {
	t.Helper()
	s := open(t, dir, "/run/f2b.sock")
	if err := s.Append(t.Context(), store.Act{At: t0, Who: "jo", Act: "unlock", Result: "done"}); err != nil {
		t.Fatal(err)
	}
	apply(t, s, model.ChangeBegun{Plan: model.Plan{ChangeID: model.ChangeID{Kind: model.ChangeEdit, Jail: "web", At: t0}}, At: t0})
	r := model.NewRuntime()
	r.Change = &model.Change{Plan: model.Plan{ChangeID: model.ChangeID{Kind: model.ChangeEdit, Jail: "web", At: t0}, File: change()}, Step: step}
	row, err := store.Encode(r)
	if err != nil {
		t.Fatal(err)
	}
	db := raw(t, dir)
	if _, err := db.Exec("UPDATE server SET runtime = ?", row); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("PRAGMA user_version = 1"); err != nil {
		t.Fatal(err)
	}
}

func raw(t *testing.T, dir string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "bantop.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func version(t *testing.T, dir string) (v int) {
	t.Helper()
	if err := raw(t, dir).QueryRow("PRAGMA user_version").Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func modesOf(t *testing.T, dir string) []fs.FileMode {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var modes []fs.FileMode
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		modes = append(modes, info.Mode())
	}
	return modes
}
