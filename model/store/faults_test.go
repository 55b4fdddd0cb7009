package store_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bantop/fail2ban/fail2bantest"
	"bantop/model"
	"bantop/model/store"
)

func symlink(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Symlink(from, to); err != nil {
		t.Fatal(err)
	}
}

// filled is a folder with a state in it that was closed properly.
func filled(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	s, err := store.Open(t.Context(), store.Options{Dir: dir, Socket: "/run/f2b.sock"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		apply(t, s, online(uint64(i+1), t0.Add(time.Duration(i)*time.Second)))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// sums are the contents of a folder, for comparison.
func sums(t *testing.T, dir string) map[string][32]byte {
	t.Helper()
	out := make(map[string][32]byte)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = sha256.Sum256(b)
	}
	return out
}

// TestUnusableFiles: a file that cannot be used is told of by its kind, and
// stays as it is, byte for byte.
func TestUnusableFiles(t *testing.T) {
	file := func(dir string) string { return filepath.Join(dir, "bantop.db") }
	edit := func(t *testing.T, dir string, change func([]byte) []byte) {
		t.Helper()
		b, err := os.ReadFile(file(dir))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file(dir), change(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name  string
		spoil func(*testing.T, string)
		want  error
		words string
	}{
		{"no database", func(t *testing.T, dir string) {
			edit(t, dir, func([]byte) []byte { return []byte(strings.Repeat("not a database\n", 100)) })
		}, store.ErrCorrupt, "it is no database"},
		{"cut short", func(t *testing.T, dir string) {
			edit(t, dir, func(b []byte) []byte { return b[:len(b)/2] })
		}, store.ErrCorrupt, "it is cut short"},
		{"a few bytes", func(t *testing.T, dir string) {
			edit(t, dir, func(b []byte) []byte { return b[:20] })
		}, store.ErrCorrupt, "it is no database"},
		{"a newer schema", func(t *testing.T, dir string) {
			edit(t, dir, func(b []byte) []byte { b[60], b[61], b[62], b[63] = 0, 0, 0, 99; return b })
		}, store.ErrNewer, "schema 99, this one knows 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filled(t)
			c.spoil(t, dir)
			before := sums(t, dir)
			_, err := store.Open(t.Context(), store.Options{Dir: dir, Socket: "/run/f2b.sock"})
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.words) || !strings.Contains(err.Error(), file(dir)) {
				t.Errorf("got %v", err)
			}
			if after := sums(t, dir); len(after) != len(before) || after["bantop.db"] != before["bantop.db"] {
				t.Errorf("the folder was touched: %d files, before %d", len(after), len(before))
			}
		})
	}
}

// TestBadPages: a database whose pages are damaged in the middle is told of when
// they are read, and not written to.
func TestBadPages(t *testing.T) {
	dir := filled(t)
	file := filepath.Join(dir, "bantop.db")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := 4096; i < len(b); i++ {
		b[i] = 0x5a
	}
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	before := sums(t, dir)["bantop.db"]
	s, err := store.Open(t.Context(), store.Options{Dir: dir, Socket: "/run/f2b.sock"})
	if err == nil {
		_, err = s.Apply(t.Context(), online(100, t0))
		s.Close()
	}
	if !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("got %v", err)
	}
	if sums(t, dir)["bantop.db"] != before {
		t.Error("the file was written to")
	}
}

// TestNoPermission: a folder or file that this user may not write is told of.
func TestNoPermission(t *testing.T) {
	for name, mode := range map[string]os.FileMode{"folder that is closed": 0, "folder that is read-only": 0o555} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "state")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(dir, mode); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.Chmod(dir, 0o755) }) // for the folder to be removed
			fail2bantest.AsNobody(t, func() {
				_, err := store.Open(context.Background(), store.Options{Dir: dir, Socket: "/run/f2b.sock"})
				if !errors.Is(err, store.ErrDenied) ||
					!strings.HasPrefix(store.Why(err), "the state file cannot be written: permission denied (/") {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

// TestDiskFull: a folder that is full is told of, what was written stays whole,
// and it goes on when there is room again.
func TestDiskFull(t *testing.T) {
	dir := fail2bantest.SmallDisk(t, "256k")
	s := open(t, filepath.Join(dir, "state"), "/run/f2b.sock")
	first := apply(t, s, online(1, t0))
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o600); err == nil {
		t.Fatal("a megabyte fitted into 256 kB")
	}
	var err error
	for i := 0; i < 1000 && err == nil; i++ {
		_, err = s.Apply(t.Context(), model.EventsTold{Events: []model.Event{{Note: strings.Repeat("x", 1000)}}})
	}
	if !errors.Is(err, store.ErrFull) {
		t.Fatalf("got %v", err)
	}
	state := filepath.Join(dir, "state")
	if err := s.Try(t.Context()); !errors.Is(err, store.ErrFull) ||
		store.Why(err) != "no room to write the state ("+state+")" || store.Next(err) != "make room: df -h "+state {
		t.Errorf("a try on a full disk: %v: %s, %s", err, store.Why(err), store.Next(err))
	}
	if snap, err := s.Load(t.Context()); err != nil || snap.Revision < first.Revision || snap.Runtime.Server.Kind != model.Online {
		t.Errorf("%+v, %v", snap, err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	apply(t, s, offline(2, t0.Add(time.Second)))
	if err := s.Try(t.Context()); err != nil {
		t.Errorf("a try when there is room again: %v", err)
	}
}

// TestLockedForLong: a database that somebody else holds is waited for, and then
// told of.
func TestLockedForLong(t *testing.T) {
	dir := filled(t)
	s := open(t, dir, "/run/f2b.sock")
	release := hold(t, filepath.Join(dir, "bantop.db"))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := s.Apply(ctx, online(100, t0)); !errors.Is(err, store.ErrBusy) {
		t.Errorf("got %v", err)
	}
	if _, err := s.Load(ctx); err != nil { // readers are not kept out
		t.Error(err)
	}
	time.AfterFunc(200*time.Millisecond, release)
	if _, err := s.Apply(ctx, online(101, t0)); err != nil {
		t.Errorf("after it was let go: %v", err)
	}
}

// TestWhy: what is told of a failure is its cause, with one path, and none of the steps
// that led there.
func TestWhy(t *testing.T) {
	file := func(dir string) string { return filepath.Join(dir, "bantop.db") }
	write := func(t *testing.T, dir string, change func([]byte) []byte) {
		t.Helper()
		b, err := os.ReadFile(file(dir))
		must(t, err)
		must(t, os.WriteFile(file(dir), change(b), 0o600))
	}
	for name, c := range map[string]struct {
		spoil func(t *testing.T, dir string)
		why   string // DIR is the folder
		next  string
	}{
		"no database": {func(t *testing.T, dir string) {
			write(t, dir, func(b []byte) []byte { return append([]byte("notes"), b...) })
		}, "the state file is damaged: it is no database (DIR/bantop.db)", ""},
		"cut short": {func(t *testing.T, dir string) {
			write(t, dir, func(b []byte) []byte { return b[:len(b)/2] })
		}, "the state file is damaged: it is cut short (DIR/bantop.db)", ""},
		"bad pages": {func(t *testing.T, dir string) {
			write(t, dir, func(b []byte) []byte { return append(b[:4096:4096], make([]byte, len(b)-4096)...) })
		}, "the state file is damaged (DIR/bantop.db)", ""},
		"newer": {func(t *testing.T, dir string) {
			write(t, dir, func(b []byte) []byte { b[63] = 99; return b })
		}, "the state was written by a newer bantop (schema 99, this one knows 2) (DIR/bantop.db)", ""},
		"a link": {func(t *testing.T, dir string) {
			must(t, os.Rename(file(dir), file(dir)+"2"), os.Symlink("bantop.db2", file(dir)))
		}, "DIR/bantop.db is a symbolic link, not a regular file", "ls -l DIR/bantop.db"},
		"a parent": {func(t *testing.T, dir string) {
			must(t, os.Chmod(filepath.Dir(dir), 0o777))
		}, "PARENT can be written by everybody", "chmod go-w PARENT"},
		"no folder": {func(t *testing.T, dir string) {
			must(t, os.RemoveAll(dir), os.WriteFile(dir, nil, 0o600))
		}, "DIR: not a directory", ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "state")
			must(t, os.Rename(filled(t), dir))
			c.spoil(t, dir)
			s := store.New(at(dir))
			defer s.Close()
			_, err := s.Load(t.Context())
			if err == nil {
				t.Fatal("it was read")
			}
			full := strings.NewReplacer("DIR", dir, "PARENT", filepath.Dir(dir))
			if got, want := store.Why(err), full.Replace(c.why); got != want {
				t.Errorf("got %q, want %q, of %q", got, want, err)
			}
			if got, want := store.Next(err), full.Replace(c.next); got != want {
				t.Errorf("next %q, want %q", got, want)
			}
		})
	}
}
