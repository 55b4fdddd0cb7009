package cli

import (
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestAsRoot: the command holds the very words that were typed.
func TestAsRoot(t *testing.T) {
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
