package cli_test

import (
	"strings"
	"sync"
	"testing"
	"time"
)

// lines collects what is printed, for a test to wait on.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Split(strings.TrimSuffix(l.text.String(), "\n"), "\n")
}

// wait waits until the last line is the one that is wanted.
func (l *lines) wait(t *testing.T, want string) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if all := l.all(); all[len(all)-1] == want {
			return
		}
	}
	t.Fatalf("no line %q in %q", want, l.all())
}
