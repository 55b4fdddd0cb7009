package fail2bantest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// configure writes the configuration of a real server into its folder.
func (r *Real) configure(opts RealOptions) error {
	for _, dir := range []string{"etc/filter.d", "etc/action.d", "etc/jail.d", "run", "log"} {
		if err := os.MkdirAll(filepath.Join(r.Dir, dir), 0o755); err != nil {
			return fmt.Errorf("make a folder for fail2ban: %w", err)
		}
	}
	files := map[string]string{
		"etc/fail2ban.conf": fmt.Sprintf(`[Definition]
loglevel = INFO
logtarget = %[1]s/log/fail2ban.log
syslogsocket = auto
socket = %[1]s/run/f2b.sock
pidfile = %[1]s/run/f2b.pid
dbfile = %[1]s/run/f2b.sqlite3
dbpurgeage = 1d
dbmaxmatches = 10
allowipv6 = auto
[Thread]
stacksize = 0
`, r.Dir),
		"etc/filter.d/lab.conf": "[Definition]\nfailregex = ^.*fail from <HOST>$\nignoreregex =\n",
		"etc/action.d/noop.conf": "[Definition]\nactionstart =\nactionstop =\nactioncheck =\n" +
			"actionban =\nactionunban =\n[Init]\n",
		"etc/action.d/slow.conf": "[Definition]\nactionstart =\nactionstop =\nactioncheck =\n" +
			"actionban = sleep <seconds>\nactionunban =\n[Init]\nseconds = 1\n",
		"etc/jail.conf": r.jailConf(opts),
	}
	for _, jail := range opts.Jails {
		files["log/"+jail+".log"] = ""
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(r.Dir, name), []byte(text), 0o644); err != nil {
			return fmt.Errorf("configure fail2ban: %w", err)
		}
	}
	return nil
}

func (r *Real) jailConf(opts RealOptions) string {
	var b strings.Builder
	b.WriteString(`[DEFAULT]
backend = polling
filter = lab
action = noop
bantime = 10m
findtime = 10m
maxretry = 3
usedns = no
logencoding = utf-8
ignoreip =
`)
	for _, jail := range opts.Jails {
		fmt.Fprintf(&b, "[%s]\nenabled = true\nlogpath = %s\n", jail, r.LogPath(jail))
		if action := opts.Actions[jail]; action != "" {
			fmt.Fprintf(&b, "action = %s\n", action)
		}
	}
	return b.String()
}

// Fault writes a faulty jail "broken" into jail.d; a reload loads it. The kinds
// are log, filter, action, regex, nohost, backend and syntax, after what is
// wrong with it; "" takes it away.
func (r *Real) Fault(kind string) error {
	file := filepath.Join(r.ConfDir, "jail.d", "broken.local")
	jail := "[broken]\nenabled = true\n"
	source := "logpath = " + r.LogPath(r.jails[0]) + "\n"
	text, ok := map[string]string{
		"log":     jail + "logpath = " + filepath.Join(r.Dir, "log", "absent.log") + "\n",
		"filter":  jail + "filter = absent\n" + source,
		"action":  jail + "action = absent\n" + source,
		"regex":   jail + "filter =\nfailregex = fail from <HOST>(\n" + source,
		"nohost":  jail + "filter =\nfailregex = fail from somebody\n" + source,
		"backend": jail + "backend = nonsense\n" + source,
		"syntax":  "[broken\nenabled = true\n",
	}[kind]
	if kind == "" {
		if err := os.Remove(file); err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("mend fail2ban's configuration: %w", err)
		}
		return nil
	}
	if !ok {
		return fmt.Errorf("no fault %q", kind)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return fmt.Errorf("spoil fail2ban's configuration: %w", err)
	}
	return nil
}
