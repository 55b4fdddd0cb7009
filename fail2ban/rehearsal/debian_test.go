package rehearsal

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/confdir"
	"bantop/fail2ban/control"
	"bantop/fail2ban/fail2bantest"
)

// TestEveryJailOfDebian: each jail that comes with fail2ban can be set up on a
// scratch server by the commands of its dump.
func TestEveryJailOfDebian(t *testing.T) {
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			install.Use(t)
			c, err := confdir.CopyInto(filepath.Join("/", install.Root, "etc/fail2ban"), t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			// Debian's own enables sshd, and this machine need not have its log.
			if err := c.Put("jail.d/defaults-debian.conf", nil); err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(filepath.Join(c.Dir, "jail.conf"))
			if err != nil {
				t.Fatal(err)
			}
			log := filepath.Join(t.TempDir(), "a.log")
			if err := os.WriteFile(log, []byte(time.Now().Format(time.DateTime)+" nothing\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			sections := regexp.MustCompile(`(?m)^\[([^]]+)\]`).FindAllStringSubmatch(string(text), -1)
			if len(sections) < 50 {
				t.Fatalf("%d sections", len(sections))
			}
			var all strings.Builder
			for _, s := range sections {
				if s[1] != "DEFAULT" && s[1] != "INCLUDES" {
					all.WriteString("[" + s[1] + "]\nenabled = true\nbackend = polling\nlogpath = " + log + "\n")
				}
			}
			if err := c.Put("jail.d/all.local", []byte(all.String())); err != nil {
				t.Fatal(err)
			}
			dump, err := control.New(control.Options{Conf: c.Dir}).Dump(t.Context())
			if err != nil || len(dump.Errors) > 0 || len(dump.Jails) < len(sections)-2 {
				t.Fatalf("%d jails, %q, %v", len(dump.Jails), dump.Errors, err)
			}
			f, err := newFolder(fail2bantest.TempDir(t))
			if err != nil {
				t.Fatal(err)
			}
			s, err := startScratch(t.Context(), "", "x", f)
			if err != nil {
				t.Fatal(err)
			}
			defer s.kill()
			for _, j := range dump.Jails {
				commands, err := j.Setup()
				if err == nil {
					err = s.configure(t.Context(), commands[:len(commands)-1]...) // without start
				}
				if err != nil {
					t.Errorf("%s: %v", j.Name, err)
				}
			}
			if names, err := s.client.Jails(t.Context()); len(names) != len(dump.Jails) || err != nil {
				t.Errorf("%d jails of %d, %v", len(names), len(dump.Jails), err)
			}
		})
	}
}

// TestSameJail: the jail on the scratch server is set up as fail2ban-client sets it up
// on the live one, but for what is left out on purpose.
func TestSameJail(t *testing.T) {
	onReal(t, func(t *testing.T, th *theatre) {
		for _, name := range []string{"sshd.conf", "common.conf"} {
			text, err := os.ReadFile(filepath.Join("/", th.Root, "etc/fail2ban/filter.d", name))
			if err != nil {
				t.Fatal(err)
			}
			th.edit(t, "filter.d/"+name, string(text))
		}
		path := th.log(t, "new.log", time.Minute, "203.0.113.1")
		o := th.options("new", "filter = sshd[mode=aggressive]\nlogpath = "+path+"\nignoreip = 192.0.2.0/24 ::1\nbantime = 1w\nfindtime = 2h\nmaxretry = 7\nbantime.increment = true\nbantime.factor = 2\nignoreself = false\nmaxmatches = 3\n")
		r := New(o)
		defer r.Close()
		for k := r.Next(t.Context()); k.Step != fail2ban.RehearseRead; k = r.Next(t.Context()) {
			if k.Step == fail2ban.RehearseDone {
				t.Fatalf("%+v", k)
			}
		}
		th.edit(t, "jail.d/"+o.File, string(o.Text))
		if _, err := th.Client("reload"); err != nil {
			t.Fatal(err)
		}
		scratch := *th.Real
		scratch.Path = r.folder.socket()
		for _, name := range []string{"failregex", "ignoreregex", "prefregex", "maxlines", "datepattern", "ignoreip", "ignoreself", "logpath", "logencoding", "findtime", "bantime", "maxretry", "maxmatches", "bantime.increment", "bantime.factor"} {
			want, err := th.Client("get", "new", name)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := scratch.Client("get", "new", name); got != want || err != nil {
				t.Errorf("%s: %q, %v, want %q", name, got, err, want)
			}
		}
		if got, err := scratch.Client("get", "new", "actions"); err != nil || !strings.Contains(got, "No actions") {
			t.Errorf("%q, %v", got, err)
		}
	})
}
