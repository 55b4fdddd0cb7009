package testmain

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if os.Getenv(victim) != "" {
		patience = time.Second
	}
	Run(m)
}

// victim is the variable that says what TestVictim leaves behind.
const victim = "BANTOP_TEST_VICTIM"

// kept keeps a descriptor from being closed as one that nothing refers to.
var kept *os.File

// TestVictim leaves something behind when it is told to.
func TestVictim(t *testing.T) {
	var err error
	switch os.Getenv(victim) {
	case "file":
		_, err = os.MkdirTemp("", "bantop-edit-")
	case "process":
		err = exec.Command("sleep", "300").Start()
	case "daemon": // its parent ends at once, it has a session and an environment of its own
		cmd := exec.Command("sh", "-c", "setsid env -i sleep 300 >/dev/null 2>&1 &")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		err = cmd.Run()
	case "descriptor":
		kept, err = os.Open("/etc/passwd")
	case "folder":
		err = os.MkdirAll(filepath.Join(os.Getenv("HOME"), ".local/state/bantop"), 0o700)
	case "both":
		if err = exec.Command("setsid", "-f", "sleep", "300").Run(); err == nil {
			err = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
	case "killed":
		err = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "failed":
		t.Fail()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestLeft: whatever a test leaves behind is found, named, taken away, and makes
// the tests fail; nothing makes them pass.
func TestLeft(t *testing.T) {
	for left, want := range map[string]string{
		"":           "^$",
		"file":       `left behind: /\S+/bantop-edit-\d+\n`,
		"process":    `left behind: process \d+ \(sleep 300\)\n`,
		"daemon":     `left behind: process \d+ \(sleep 300\)\n`,
		"descriptor": `left behind: descriptor \d+ \(/etc/passwd\)\n`,
		"folder":     `left behind: /\S+/.local/state/bantop\n`,
		"killed":     `ended by killed`,
		"both":       `left behind: process \d+ \(sleep 300\)\n(.|\n)*ended by killed`,
		"failed":     "^$",
	} {
		t.Run("left "+left, func(t *testing.T) {
			t.Parallel()
			home := t.TempDir()
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			var errs strings.Builder
			cmd := exec.Command(self, "-test.run=^TestVictim$")
			cmd.Env = append(os.Environ(), inner+"=", victim+"="+left, "HOME="+home)
			cmd.Stderr = &errs
			err = cmd.Run()
			if (err == nil) != (left == "") || !regexp.MustCompile(want).MatchString(errs.String()) {
				t.Errorf("%v, and told\n%s\nwant %q", err, errs.String(), want)
			}
		})
	}
}
