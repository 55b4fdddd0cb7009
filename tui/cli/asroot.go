package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"bantop/config"
	"bantop/config/trust"
	"bantop/fail2ban/quote"
)

// unseen is why this user cannot see the changes of a server's administrator; nil if
// he can. A user who is not root has a state of his own: what root's bantop does to
// root's server is not in it.
func (f *flags) unseen(s config.Settings) error {
	if os.Geteuid() == 0 || ownServer(s, os.Geteuid()) {
		return nil
	}
	err := fmt.Errorf("%s cannot see root's changes: %s", whoami().user, asRoot(withoutState(f.args)))
	return &failure{err, exitPermission}
}

// withoutState leaves out the folder of this user's own state, which root does not use.
func withoutState(args []string) (out []string) {
	const flag = "--state-dir"
	for i := 0; i < len(args); i++ {
		switch {
		case args[i] == flag:
			i++ // and its value
		case !strings.HasPrefix(args[i], flag+"="):
			out = append(out, args[i])
		}
	}
	return out
}

// ownServer reports whether the server of these settings is a user's own: by its
// socket, else its pid file, else the folder that only its owner can make a socket
// in. What may not be looked at is not his.
func ownServer(s config.Settings, uid int) bool {
	for _, path := range []string{s.Socket, s.PIDFile} {
		if owner, err := ownerOf(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
			return err == nil && owner == uid
		}
	}
	dir := s.Socket
	for {
		dir = filepath.Dir(dir)
		if owner, err := ownerOf(dir); err == nil || !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			return err == nil && owner == uid
		}
	}
}

// ownerOf is the user that a file belongs to.
func ownerOf(path string) (int, error) {
	if path == "" {
		return 0, fs.ErrNotExist
	}
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	uid, _ := trust.Owner(info)
	return uid, nil
}

// asRoot is the command line that does as root what these arguments do.
func asRoot(args []string) string {
	line := "sudo bantop"
	for _, a := range args {
		line += " " + quote.Word(a)
	}
	return line
}

// again is a command of bantop about the same server, to be typed in another login:
// with the flags that name the server, and by the user whose state the change is in.
func (f *flags) again(cmd *cobra.Command, command string) string {
	args := []string{command}
	for _, key := range []string{"socket", "pidfile", "conf", "state-dir"} {
		if cmd.Flag(key).Changed {
			args = append(args, "--"+key, absolute(key, *f.values[key]))
		}
	}
	if f.file != "" {
		file := f.file
		if abs, err := filepath.Abs(file); err == nil {
			file = abs
		}
		args = append(args, "--settings", file)
	}
	line := asRoot(args)
	if os.Geteuid() != 0 {
		line = strings.TrimPrefix(line, "sudo ")
	}
	return line
}
