package cli

import (
	"encoding/base64"
	"strings"
	"testing"
)

// TestClipboard: a text goes to the terminal's clipboard encoded, so that nothing
// in it can be taken for a sequence; tmux and screen get it wrapped their way.
func TestClipboard(t *testing.T) {
	const text = "203.0.113.9\n\x1b]0;owned\a"
	encoded := base64.StdEncoding.EncodeToString([]byte(text))
	for _, c := range []struct{ tmux, term, prefix string }{
		{"", "xterm-256color", "\x1b]52;c;"},
		{"/tmp/tmux-0/default,1,0", "screen-256color", "\x1bPtmux;\x1b\x1b]52;c;"},
		{"", "screen", "\x1bP\x1b]52;c;"},
	} {
		getenv := func(name string) string { return map[string]string{"TMUX": c.tmux, "TERM": c.term}[name] }
		var out strings.Builder
		if _, err := clipboard(text, getenv).WriteTo(&out); err != nil {
			t.Fatal(err)
		}
		got := out.String()
		if !strings.HasPrefix(got, c.prefix) || !strings.Contains(got, encoded) || strings.Contains(got, "owned") {
			t.Errorf("%+v: %q", c, got)
		}
	}
}
