package guard_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"bantop/model"
	"bantop/model/guard"
	"bantop/model/store"
)

// TestSecretsStayOut: the texts of a changed file that only root may read stand
// nowhere in the state folder but in two files with that file's mode, and in none
// once the change has ended, either way. The way back gives the file its text and
// its mode.
func TestSecretsStayOut(t *testing.T) {
	const secret = "apikey-7f3a9c"
	each(t, func(t *testing.T, l *lab) {
		for _, confirm := range []bool{false, true} {
			name := filepath.Join(l.ConfDir, "jail.d", "zz-bantop-broken.local")
			was := []byte("# " + secret + "\n[broken]\nenabled = false\n")
			if err := os.WriteFile(name, was, 0o600); err != nil {
				t.Fatal(err)
			}
			p := l.plan("# " + secret + "\n" + l.good())
			p.File.Was = was
			wait := l.begin(t.Context(), l.guard(nil, nil), p)
			l.await(model.StepConfirm)
			for file, mode := range holders(t, l.state, secret) {
				if filepath.Dir(file) != "changes" || mode != 0o600 {
					t.Errorf("the secret stands in %s, %v", file, mode)
				}
			}
			if !l.texts().Any() {
				t.Error("the texts are not kept")
			}
			var msg model.Msg = model.ChangeReverted{ID: p.ChangeID, At: time.Now(), By: "mona"}
			if confirm {
				msg = model.ChangeConfirmed{ID: p.ChangeID, At: time.Now(), By: "mona"}
			}
			if _, err := l.store.Apply(t.Context(), msg); err != nil {
				t.Fatal(err)
			}
			if err := wait(); err != nil {
				t.Error(err)
			}
			if left := holders(t, l.state, secret); len(left) > 0 {
				t.Errorf("the secret is left in %v", left)
			}
			want := was
			if confirm {
				want = p.File.Now
			}
			got, err := os.ReadFile(name)
			info, statErr := os.Stat(name)
			if err != nil || statErr != nil || !bytes.Equal(got, want) || info.Mode() != 0o600 {
				t.Errorf("the file holds %q, %v, %v", got, err, info)
			}
		}
	})
}

// TestTextsGone: the way back of a killed guard does not need the kept texts: the
// former file has a second name beside it, and sums tell what a file holds.
func TestTextsGone(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		name := filepath.Join(l.ConfDir, "jail.d", "zz-bantop-broken.local")
		was := []byte("[broken]\nenabled = false\n")
		if err := os.WriteFile(name, was, 0o640); err != nil {
			t.Fatal(err)
		}
		l.was = was
		l.killGuard(model.StepConfirm, false)
		if err := l.texts().Drop(); err != nil {
			t.Fatal(err)
		}
		if err := l.guard(nil, nil).Run(t.Context(), nil, func(error) {}); err != nil {
			t.Error(err)
		}
		got, err := os.ReadFile(name)
		if err != nil || !bytes.Equal(got, was) || l.change().Step != model.StepTakenBack {
			t.Errorf("the file holds %q, %v, the change is %s", got, err, l.change().Step)
		}
	})
}

// TestTidy: texts that a killed guard left go when the next bantop starts, but not
// while a change is under way or somebody acts.
func TestTidy(t *testing.T) {
	dir := t.TempDir()
	o := store.Options{Dir: dir, Socket: "/run/f2b.sock"}
	s, other, texts := store.New(o), store.New(o), store.NewTexts(o)
	defer s.Close()
	defer other.Close()
	left := func(want bool, when string) {
		t.Helper()
		if err := guard.Tidy(t.Context(), s, texts, guard.Conf(dir), "lab"); err != nil || texts.Any() != want {
			t.Errorf("%s: %v, left: %t", when, err, texts.Any())
		}
	}
	if _, err := texts.Keep(model.FileChange{Dir: "jail.d", Name: "a.local", Now: []byte("x")}, 0o600); err != nil {
		t.Fatal(err)
	}
	id := model.ChangeID{Kind: model.ChangeEdit, Jail: "web", At: time.Now().Round(0)}
	for _, msg := range []model.Msg{
		model.ChangeBegun{Plan: model.Plan{ChangeID: id}, At: id.At}, model.ChangeDid{ID: id, Step: model.StepWrite, Reason: "full", At: id.At},
	} {
		if _, err := s.Apply(t.Context(), msg); err != nil {
			t.Fatal(err)
		}
	}
	left(true, "under way")
	if _, err := s.Apply(t.Context(), model.ChangeDid{ID: id, Step: model.StepRestore, At: id.At}); err != nil {
		t.Fatal(err)
	}
	if _, free, err := other.Lock(t.Context(), store.Acting{Act: "edit"}); !free || err != nil {
		t.Fatal(free, err)
	}
	left(true, "somebody acts")
	if err := other.Unlock(t.Context()); err != nil {
		t.Fatal(err)
	}
	left(false, "over")
	if _, acts, err := s.Holder(t.Context()); acts || err != nil {
		t.Errorf("the right to act is kept: %v", err)
	}
}

// holders are the files below a folder that hold a text, with their modes.
func holders(t *testing.T, dir, text string) map[string]fs.FileMode {
	t.Helper()
	found := make(map[string]fs.FileMode)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err == nil && bytes.Contains(data, []byte(text)) {
			info, err := d.Info()
			if err != nil {
				return err
			}
			name, _ := filepath.Rel(dir, path)
			found[name] = info.Mode()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
