package cli

import (
	"os"
	"os/user"
	"strconv"
	"strings"
)

// person is who sits in front of bantop, as far as it can tell.
type person struct{ user, tty string }

// whoami tells who runs this: the user who called sudo, where somebody did.
func whoami() person {
	p := person{user: os.Getenv("SUDO_USER")}
	if p.user == "" || os.Geteuid() != 0 {
		p.user = "uid " + strconv.Itoa(os.Geteuid())
		if u, err := user.Current(); err == nil {
			p.user = u.Username
		}
	}
	if tty, err := os.Readlink("/proc/self/fd/0"); err == nil && strings.HasPrefix(tty, "/dev/") && tty != "/dev/null" {
		p.tty = strings.TrimPrefix(tty, "/dev/")
	}
	return p
}
