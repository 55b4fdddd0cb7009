package socket

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
)

// heldBySystemd tells whether the socket is one that systemd listens on while
// no server runs (fail2ban brings such a unit from 1.1.1 on): to connect would
// start fail2ban, and looking must not change anything. Where process 1 cannot
// be looked into, the answer is no.
func (c *Client) heldBySystemd() bool {
	if p := c.opts.Processes; p.Running(c.pid) || p.Running(readPIDFile(c.opts.PIDFile)) {
		return false
	}
	inode := listener(filepath.Join(c.opts.Proc, "net/unix"), c.opts.Path)
	if inode == "" || !holds(filepath.Join(c.opts.Proc, "1"), inode) {
		return false
	}
	others, err := filepath.Glob(filepath.Join(c.opts.Proc, "[0-9]*"))
	if err != nil {
		return false
	}
	for _, process := range others {
		if filepath.Base(process) != "1" && holds(process, inode) {
			return false // a server has it, whatever its pid file says
		}
	}
	return true
}

// holds tells whether a process has the socket with that inode open.
func holds(process, inode string) bool {
	fds, err := os.ReadDir(filepath.Join(process, "fd"))
	if err != nil {
		return false
	}
	for _, fd := range fds {
		target, err := os.Readlink(filepath.Join(process, "fd", fd.Name()))
		if err == nil && target == "socket:["+inode+"]" {
			return true
		}
	}
	return false
}

// listener returns the inode of the socket that listens at path, "" where none
// does (proc(5), /proc/net/unix: flag 0x10000 is a listening socket).
func listener(table, path string) string {
	f, err := os.Open(table)
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text()) // address, references, protocol, flags, type, state, inode, path
		if len(fields) == 8 && fields[3] == "00010000" && samePath(fields[7], path) {
			return fields[6]
		}
	}
	return ""
}

// samePath tells whether both name one socket; /var/run is often a link to /run.
func samePath(a, b string) bool {
	if a == b {
		return true
	}
	if filepath.Base(a) != filepath.Base(b) {
		return false
	}
	fa, err := os.Stat(a)
	if err != nil {
		return false
	}
	fb, err := os.Stat(b)
	return err == nil && os.SameFile(fa, fb)
}
