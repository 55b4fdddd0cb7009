package guard_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"bantop/model"
	"bantop/model/guard"
	"bantop/model/store"
)

// confirm begins the activation of a jail, and confirms it when every jail runs. Before
// that, meanwhile happens.
func (l *lab) confirm(p *model.Plan, meanwhile func()) {
	l.t.Helper()
	wait := l.begin(l.t.Context(), l.guard(nil, nil), p)
	l.await(model.StepConfirm)
	if meanwhile != nil {
		meanwhile()
	}
	if _, err := l.store.Apply(l.t.Context(), model.ChangeConfirmed{ID: p.ChangeID, At: time.Now(), By: "mona"}); err != nil {
		l.t.Fatal(err)
	}
	if err := wait(); err != nil {
		l.t.Fatal(err)
	}
}

// TestMadeIsListed: a change that was confirmed is listed with its texts and mode, one
// that was taken back is not. Taking it back later makes the file as it was, mode and
// all. What cannot be listed is told in the journal, and holds.
func TestMadeIsListed(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		p := l.plan(l.good())
		p.Confirm = time.Second
		if err := l.begin(t.Context(), l.guard(nil, nil), p)(); err != nil {
			t.Fatal(err)
		}
		if all, err := l.texts().Made(); len(all) > 0 || err != nil {
			t.Errorf("of one that was taken back: %+v, %v", all, err)
		}

		name := filepath.Join(l.ConfDir, "jail.d", "zz-bantop-broken.local")
		p = l.plan(l.good())
		p.File.Mode = 0o600
		l.confirm(p, nil)
		all, err := l.texts().Made()
		if err != nil || len(all) != 1 {
			t.Fatalf("%+v, %v", all, err)
		}
		m := all[0]
		if f := m.Files[0]; m.Number != 1 || !m.Is(model.Made{Act: "activate", Jail: "broken", At: p.At}) || m.By != "lukas" ||
			m.EndedBy != "mona" || m.Host != "lab" || f.Was != nil || string(f.Now) != l.good() || f.Mode != 0o600 {
			t.Errorf("%+v", m)
		}

		back := l.plan("")
		back.Kind, back.File, back.Gains, back.Loses, back.Reverts = model.ChangeRevert, m.Files[0].Back(), nil, []string{"broken"}, 1
		l.confirm(back, nil)
		l.isBack()
		again := l.plan("")
		again.Kind, again.File, again.Reverts = model.ChangeRevert, m.Files[0], 2
		l.confirm(again, func() { // the list cannot be written
			folder := filepath.Join(l.state, "changes")
			if err := os.Rename(folder, folder+".away"); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(folder, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		})
		if info, err := os.Stat(name); err != nil || info.Mode() != 0o600 {
			t.Errorf("the file is %v, %v", info, err)
		}
		l.journal("revert broken by lukas: begun", "revert broken by lukas: confirmed",
			"revert broken by lukas: confirmed; history --changes lacks it: write down what was changed: ")
	})
}

// TestMadeIsListedByTheNext: of a guard that was killed right after a confirmation, the
// next bantop lists the change, once.
func TestMadeIsListedByTheNext(t *testing.T) {
	dir := t.TempDir()
	o := store.Options{Dir: dir, Socket: "/run/f2b.sock"}
	s, texts := store.New(o), store.NewTexts(o)
	defer s.Close()
	id := model.ChangeID{Kind: model.ChangeEdit, Jail: "web", At: time.Now().Round(0)}
	f, err := texts.Keep(model.FileChange{Dir: "jail.d", Name: "web.local", Now: []byte("[web]\n"), Mode: 0o640}, 0o640)
	if err != nil {
		t.Fatal(err)
	}
	for _, msg := range []model.Msg{
		model.ChangeBegun{Plan: model.Plan{ChangeID: id, File: f, Confirm: time.Hour}, At: id.At},
		model.ChangeDid{ID: id, Step: model.StepWrite, At: id.At}, model.ChangeDid{ID: id, Step: model.StepReload, At: id.At},
		model.ChangeDid{ID: id, Step: model.StepProve, At: id.At}, model.ChangeConfirmed{ID: id, At: id.At, By: "mona"},
	} {
		if _, err := s.Apply(t.Context(), msg); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := guard.Tidy(t.Context(), s, texts, guard.Conf(dir), "lab"); err != nil || texts.Any() {
			t.Fatal(err, texts.Any())
		}
		all, err := texts.Made()
		if err != nil || len(all) != 1 || string(all[0].Files[0].Now) != "[web]\n" || all[0].EndedBy != "mona" {
			t.Errorf("%+v, %v", all, err)
		}
		if _, err := texts.Keep(model.FileChange{Dir: "jail.d", Name: "web.local", Now: []byte("[web]\n"), Mode: 0o640}, 0o640); err != nil {
			t.Fatal(err)
		}
	}
}
