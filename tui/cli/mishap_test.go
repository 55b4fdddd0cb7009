package cli_test

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// mishap is what somebody else does in the middle of an activation.
type mishap struct {
	name   string
	happen func(c *campaign)
	mend   func(c *campaign) // nil if there is nothing to mend
	root   bool              // it needs a mount
}

var mishaps = []mishap{
	{name: "jail.local", happen: func(c *campaign) {
		c.put("jail.local", "[sshd]\nenabled = flase\n[sshd]\nenabled = true\n")
	}, mend: func(c *campaign) { c.drop("jail.local") }},
	{name: "jail.conf", happen: func(c *campaign) { c.put("jail.conf", c.files["jail.conf"]+"[j002]\nbantime = 1h\n") },
		mend: func(c *campaign) { c.put("jail.conf", c.files["jail.conf"]) }},
	{name: "a filter", happen: func(c *campaign) {
		c.put("filter.d/lab.conf", "[Definition]\nfailregex = ^.*fail from <HOST>(\n")
	}, mend: func(c *campaign) { c.put("filter.d/lab.conf", c.files["filter.d/lab.conf"]) }},
	{name: "fail2ban.local", happen: func(c *campaign) { c.put("fail2ban.local", "[Definition]\ndbpurgeage = abc\n") },
		mend: func(c *campaign) { c.drop("fail2ban.local") }},
	{name: "a log removed", happen: func(c *campaign) { c.must(os.Rename(c.LogPath("j003"), c.LogPath("j003")+".1")) },
		mend: func(c *campaign) { c.must(os.Rename(c.LogPath("j003")+".1", c.LogPath("j003"))) }},
	{name: "a restart", happen: func(c *campaign) { _, _ = c.Client("restart") }}, // bantop may restart it, too
	{name: "kill -9 of the server", happen: func(c *campaign) { c.must(c.Kill()) }},
	{name: "kill -9 of the guard", happen: func(c *campaign) {
		for _, pid := range c.running() {
			_ = unix.Kill(pid, unix.SIGKILL) // it may just have ended
		}
	}},
	{name: "a full disk: the state", happen: func(c *campaign) { c.fill(c.state) }, mend: (*campaign).empty, root: true},
	{name: "a full disk: the configuration", happen: func(c *campaign) { c.fill(filepath.Join(c.ConfDir, "jail.d")) },
		mend: (*campaign).empty, root: true},
}

func (c *campaign) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *campaign) put(name, text string) {
	c.must(os.WriteFile(filepath.Join(c.ConfDir, name), []byte(text), 0o644))
}

func (c *campaign) drop(name string) { c.must(os.Remove(filepath.Join(c.ConfDir, name))) }

// fill fills the disk that a folder is on.
func (c *campaign) fill(dir string) {
	name := filepath.Join(dir, ".filler")
	f, err := os.Create(name)
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	_ = f.Close()
	c.filler = append(c.filler, name)
	if !errors.Is(err, unix.ENOSPC) {
		c.t.Fatal(err)
	}
}

func (c *campaign) empty() {
	for _, name := range c.filler {
		c.must(os.Remove(name))
	}
	c.filler = nil
}
