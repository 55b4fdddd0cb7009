package cli

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestShellWord: what is to be typed means the very words that were typed, in a
// shell, and holds nothing but plain characters.
func TestShellWord(t *testing.T) {
	words := []string{"", "sshd", "-s", "/run/f 2b.sock", "it's", `a\b`, "$(reboot)", "`id`", "a;b", "a|b&c", "*", "~", "!x", "#", "=x", "\"", "a\nb", "\t", "\x1b[2J", "\x01" + "7", "ü", "\u202e", "\xff", "'\x1b'", `\x`, "--conf=/a b"}
	for _, w := range words {
		q := shellWord(w)
		out, err := exec.Command("bash", "-c", "printf %s. "+q).Output()
		if got := strings.TrimSuffix(string(out), "."); err != nil || got != w {
			t.Errorf("%q is typed %s, and is %q, %v", w, q, got, err)
		}
		if strings.ContainsFunc(q, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%q is typed %q", w, q)
		}
	}
	if got, want := asRoot([]string{"revert", "-s", "/run/my f2b", "sshd"}), "sudo bantop revert -s '/run/my f2b' sshd"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestWithoutState: all that was typed is repeated, but for the folder that root would
// not open.
func TestWithoutState(t *testing.T) {
	for args, want := range map[string]string{
		"confirm":                                 "confirm",
		"-s x --state-dir y confirm sshd":         "-s x confirm sshd",
		"confirm --state-dir=y --yes":             "confirm --yes",
		"history --last 3 --state-dir":            "history --last 3",
		"--settings /etc/x.toml revert --json -y": "--settings /etc/x.toml revert --json -y",
	} {
		if got := strings.Join(withoutState(strings.Fields(args)), " "); got != want {
			t.Errorf("%s: %s, want %s", args, got, want)
		}
	}
}

// TestAgain: the command that confirms a change in another login finds the same
// server and the same state, from any folder.
func TestAgain(t *testing.T) {
	t.Chdir("/")
	sudo := "sudo "
	if os.Geteuid() != 0 {
		sudo = "" // the change is in his own state
	}
	for args, want := range map[string]string{
		"":                                    "bantop confirm",
		"-y --ascii --theme none":             "bantop confirm",
		"-s run/x -p /p -c etc --state-dir s": "bantop confirm --socket /run/x --pidfile /p --conf /etc --state-dir /s",
		"--socket=/a;b --settings=x.toml":     "bantop confirm --socket '/a;b' --settings /x.toml",
	} {
		f, cmd := &flags{}, &cobra.Command{}
		f.add(cmd)
		if err := cmd.ParseFlags(strings.Fields(args)); err != nil {
			t.Fatal(err)
		}
		if got := f.again(cmd, "confirm"); got != sudo+want {
			t.Errorf("%s: %s, want %s", args, got, sudo+want)
		}
	}
}

// FuzzShellWord: so it is for every word; a shell is not asked for each.
func FuzzShellWord(f *testing.F) {
	f.Add("it's")
	f.Add("a\x00\nb")
	f.Fuzz(func(t *testing.T, w string) {
		q := shellWord(w)
		if strings.ContainsFunc(q, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%q is typed %q", w, q)
		}
		if quoted := strings.HasPrefix(q, "'") || strings.HasPrefix(q, "$'"); !quoted && q != w {
			t.Errorf("%q is typed %s", w, q)
		}
	})
}
