package socket_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestJailsWithCommas: names may hold commas, with a blank behind them or not; a server that
// does not name each apart is asked once, not at each look.
func TestJailsWithCommas(t *testing.T) {
	onLoaded(t, func(t *testing.T, l loaded) {
		var text strings.Builder
		for _, name := range []string{"a,b", "p, q", "x, y, z"} {
			text.WriteString("[" + name + "]\nenabled = true\nfilter = lab\nlogpath = " + l.LogPath("j001") + "\n")
		}
		if err := os.WriteFile(filepath.Join(l.ConfDir, "jail.d/odd.local"), []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := l.client.Load(t.Context(), l.stream(t)); err != nil {
			t.Fatal(err)
		}
		want := []string{"a,b", "j001", "j002", "j003", "p, q", "x, y, z"}
		for range 4 {
			got, err := l.client.Jails(t.Context())
			if slices.Sort(got); err != nil || !slices.Equal(got, want) {
				t.Fatalf("%q, %v", got, err)
			}
		}
		log, err := os.ReadFile(filepath.Join(l.Dir, "log", "fail2ban.log"))
		if n := strings.Count(string(log), "UnknownJailException('p')"); err != nil || n > 2 {
			t.Errorf("%d errors in fail2ban's log, %v", n, err)
		}
	})
}
