package trust

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestHintsAreQuoted: what mends a path can be pasted into a shell, whatever the path is.
func TestHintsAreQuoted(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "q;touch pwn")
	open, linked := filepath.Join(dir, "open"), filepath.Join(dir, "linked")
	err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(open, nil, 0o600), os.Chmod(open, 0o666),
		os.WriteFile(linked, nil, 0o600),
		os.Link(linked, linked+"2"), unix.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	const nobody = 65534
	if os.Geteuid() == 0 {
		theirs := filepath.Join(dir, "theirs")
		if err := errors.Join(os.WriteFile(theirs, nil, 0o600), os.Chown(theirs, nobody, nobody)); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, e.Name())
		unsafe, is := errors.AsType[*Error](File(path, info))
		if !is || !strings.Contains(unsafe.Hint(), "'"+path+"'") || strings.Contains(bare(unsafe.Hint()), ";") {
			t.Errorf("%s: %+v", path, unsafe)
		}
	}
}

// bare is what of a text a shell takes for more than words: all that is not in quotes.
func bare(text string) string { return regexp.MustCompile(`'[^']*'`).ReplaceAllString(text, "") }
