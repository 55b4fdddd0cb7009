package socket

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"bantop/fail2ban"
	"bantop/fail2ban/quote"
)

// DefaultPath and DefaultPIDFile are where fail2ban keeps both when its
// configuration says nothing else (config/fail2ban.conf, 0.11 to 1.1).
const (
	DefaultPath    = "/var/run/fail2ban/fail2ban.sock"
	DefaultPIDFile = "/var/run/fail2ban/fail2ban.pid"
)

// hint is what to do next about a failure of that kind: a command to run, or a
// sentence.
func (c *Client) hint(kind error) string {
	switch kind {
	case fail2ban.ErrNotRunning:
		return c.Command("start", "start")
	case fail2ban.ErrStaleSocket:
		// A plain start refuses while the old socket is there (1.0.2, measured).
		return c.Command("restart", "-x start")
	case fail2ban.ErrPermission:
		return permissionHint(c.opts.Path)
	case fail2ban.ErrBusy, fail2ban.ErrTimeout:
		return "wait: a slow ban action holds up every client; if it lasts, look at fail2ban's log"
	case fail2ban.ErrProtocol:
		return "check that " + quote.Word(c.opts.Path) + " is the socket of fail2ban: " + c.control() + " ping"
	case fail2ban.ErrClosed:
		return "fail2ban is stopping or restarting; if it does not come back: " + c.Command("start", "start")
	default:
		return ""
	}
}

// Command is the line that makes the server do something: systemd's verb where
// it runs the service, else fail2ban-client's own.
func (c *Client) Command(unit, client string) string {
	if _, err := os.Stat("/run/systemd/system"); err == nil && c.opts.Path == DefaultPath && c.opts.Control == "" {
		return "sudo systemctl " + unit + " fail2ban"
	}
	return "sudo " + c.control() + " " + client
}

// control is how fail2ban-client is called for this server.
func (c *Client) control() string {
	if c.opts.Control != "" {
		return c.opts.Control
	}
	line := "fail2ban-client"
	if c.opts.Path != DefaultPath {
		line += " -s " + quote.Word(c.opts.Path)
	}
	if c.opts.PIDFile != "" && c.opts.PIDFile != DefaultPIDFile {
		line += " -p " + quote.Word(c.opts.PIDFile)
	}
	return line
}

// permissionHint says who may open the socket, and the line that lets this
// user in. An ACL lasts until fail2ban makes its socket anew.
func permissionHint(path string) string {
	for _, p := range []string{path, filepath.Dir(path)} {
		fi, err := os.Stat(p)
		if err != nil {
			continue
		}
		st, ok := fi.Sys().(*syscall.Stat_t)
		if !ok {
			continue
		}
		who := fmt.Sprintf("%s belongs to %s (mode %04o)", quote.Word(p), owner(st), fi.Mode().Perm())
		if fi.Mode().Perm()&0o060 == 0o060 {
			return fmt.Sprintf("%s: join its group with sudo usermod -aG %s $USER, or run sudo bantop",
				who, quote.Word(group(st)))
		}
		return who + ": run sudo bantop"
	}
	return "run sudo bantop"
}

func owner(st *syscall.Stat_t) string {
	if u, err := user.LookupId(strconv.Itoa(int(st.Uid))); err == nil {
		return u.Username
	}
	return "uid " + strconv.Itoa(int(st.Uid))
}

func group(st *syscall.Stat_t) string {
	if g, err := user.LookupGroupId(strconv.Itoa(int(st.Gid))); err == nil {
		return g.Name
	}
	return strconv.Itoa(int(st.Gid))
}
