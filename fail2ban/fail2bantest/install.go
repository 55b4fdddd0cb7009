package fail2bantest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// EnvInstalls names the variable that says which fail2bans tests use: folders
// into which a distribution's package was unpacked, with ':' between them, or
// "system" for the one that is installed.
const EnvInstalls = "BANTOP_FAIL2BAN"

// Install is a fail2ban that can be run.
type Install struct {
	Root    string // the folder it was unpacked into; "" for the system's own
	Version string // such as "1.0.2"
}

// ErrNoFail2ban: there is no fail2ban to test with.
var ErrNoFail2ban = errors.New("no fail2ban to test with: run make test, which fetches it, or set " + EnvInstalls)

// Installs finds the fail2bans to test with: those that EnvInstalls names, else
// the one on this machine.
func Installs() ([]Install, error) {
	names := filepath.SplitList(os.Getenv(EnvInstalls))
	if len(names) == 0 {
		names = []string{"system"}
	}
	var found []Install
	for _, name := range names {
		i := Install{Root: name}
		if name == "system" {
			i.Root = ""
			if _, err := exec.LookPath("fail2ban-server"); err != nil {
				return nil, ErrNoFail2ban
			}
		}
		version, err := i.askVersion()
		if err != nil {
			return nil, err
		}
		i.Version = version
		found = append(found, i)
	}
	return found, nil
}

func (i Install) askVersion() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	out, err := i.command(ctx, "fail2ban-server", "--version").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("ask fail2ban in %q for its version: %w: %s", i.Root, err, out)
	}
	// "Fail2Ban v1.0.2" in 1.0, "1.0.2" in others
	fields := strings.Fields(string(out))
	if len(fields) == 0 {
		return "", fmt.Errorf("ask fail2ban in %q for its version: no answer", i.Root)
	}
	return strings.TrimPrefix(fields[len(fields)-1], "v"), nil
}

// command is one of fail2ban's programs, ready to be run.
func (i Install) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	if i.Root == "" {
		return exec.CommandContext(ctx, program, args...)
	}
	cmd := exec.CommandContext(ctx, filepath.Join(i.Root, "usr/bin", program), args...)
	cmd.Env = append(os.Environ(), i.Environ()...)
	return cmd
}

// Environ are the variables with which this fail2ban is the one that is
// installed.
func (i Install) Environ() []string {
	if i.Root == "" {
		return nil
	}
	return []string{
		"PYTHONPATH=" + filepath.Join(i.Root, "usr/lib/python3/dist-packages"),
		"PYTHONDONTWRITEBYTECODE=1",
		"PATH=" + filepath.Join(i.Root, "usr/bin") + ":" + os.Getenv("PATH"),
	}
}
