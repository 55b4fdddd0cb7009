package confdir_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"bantop/fail2ban/confdir"
)

func folder(files map[string]string) fstest.MapFS {
	dir := fstest.MapFS{}
	for name, text := range files {
		dir[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return dir
}

// TestReadServer walks fail2ban's order of reading, and the forms of its files.
func TestReadServer(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		want  confdir.Server
	}{
		{"nothing there", nil, confdir.Server{}},
		{"Debian's own", map[string]string{"fail2ban.conf": "[Definition]\n# socket = /x\nsocket = /var/run/fail2ban/fail2ban.sock\npidfile = /var/run/fail2ban/fail2ban.pid\nlogtarget = /var/log/fail2ban.log\ndbfile = None\n[Thread]\nsocket = /y\n"},
			confdir.Server{Socket: "/var/run/fail2ban/fail2ban.sock", PIDFile: "/var/run/fail2ban/fail2ban.pid", LogTarget: "/var/log/fail2ban.log", DBFile: "None"}},
		{"later over earlier", map[string]string{
			"fail2ban.d/b.local": "[Definition]\npidfile: /4",
			"fail2ban.local":     "[Definition]\nSocket=/3\npidfile = /3",
			"fail2ban.d/a.conf":  "[DEFAULT]\nsocket = /2",
			"fail2ban.conf":      "[Definition]\nsocket = /1",
		}, confdir.Server{Socket: "/3", PIDFile: "/4"}},
		{"no section, a line that goes on, nonsense", map[string]string{"fail2ban.conf": "socket = /1\n[Definition]\nx = 1\n socket = /2\n=\n\n:\n"}, confdir.Server{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := confdir.ReadServer(folder(c.files)); err != nil || got != c.want {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

// TestReadServerRefuses: a value that only fail2ban can work out is not
// guessed.
func TestReadServerRefuses(t *testing.T) {
	_, err := confdir.ReadServer(folder(map[string]string{"fail2ban.local": "[Definition]\nsocket = %(run)s/x.sock"}))
	if err == nil || !strings.Contains(err.Error(), "name the file with --socket") {
		t.Error(err)
	}
}
