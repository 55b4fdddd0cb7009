package socket_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bantop/fail2ban/control"
	"bantop/fail2ban/fail2bantest"
	"bantop/fail2ban/socket"
)

// loaded is a real server with what fail2ban-client turns its configuration into.
type loaded struct {
	*fail2bantest.Real
	client  *socket.Client
	control *control.Control
}

func onLoaded(t *testing.T, test func(*testing.T, loaded)) {
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			t.Parallel()
			r := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{Jails: jailNames})
			test(t, loaded{
				Real:   r,
				client: newClient(t, socket.Options{Path: r.Path, PIDFile: r.PIDFile, Timeout: 10 * time.Second}),
				control: control.New(control.Options{
					Program: filepath.Join(install.Programs(t), "fail2ban-client"), Conf: r.ConfDir, Socket: r.Path, PIDFile: r.PIDFile,
				}),
			})
		})
	}
}

// stream is what its configuration is turned into.
func (l loaded) stream(t *testing.T) []any {
	t.Helper()
	s, err := l.control.Stream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s.Commands()
}

// answers are what the server answers about all that a reload sets.
func (l loaded) answers(t *testing.T) string {
	t.Helper()
	var out strings.Builder
	ask := func(args ...string) {
		said, err := l.Client(args...)
		fmt.Fprintf(&out, "%q: %s %v\n", args, said, err)
	}
	ask("status")
	for _, name := range []string{"loglevel", "dbpurgeage", "dbmaxmatches"} {
		ask("get", name)
	}
	for _, jail := range []string{"j001", "j002", "odd"} {
		for _, name := range []string{"logpath", "failregex", "bantime", "findtime", "maxretry", "ignoreip", "actions", "usedns", "banip"} {
			ask("get", jail, name)
		}
	}
	ask("get", "odd", "action", "odd", "actionban")
	ask("get", "odd", "action", "odd", "timeout")
	return out.String()
}

// TestLoad: the server is as fail2ban-client's own reload leaves it, and keeps its bans.
func TestLoad(t *testing.T) {
	onLoaded(t, func(t *testing.T, l loaded) {
		write := func(name, text string) {
			t.Helper()
			if err := os.WriteFile(filepath.Join(l.ConfDir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		write("fail2ban.local", "[Definition]\nloglevel = DEBUG\ndbpurgeage = 3d\ndbmaxmatches = 7\n")
		write("action.d/odd.conf", "[Definition]\nactionstart =\nactionban = printf '%%s' \"<ip>\" \\\\ ünï\n  two\nactionunban =\ntimeout = 7\n")
		write("jail.d/odd.local", "[odd]\nenabled = true\nfilter = lab\nfailregex = ^it's \"x\" \\d+ <HOST>$\n  second <HOST>\naction = odd\n"+
			"logpath = "+l.LogPath("j001")+"\nbantime = 1w 3d\nignoreip = 10.1.2.3/8 ::1\n[j003]\nenabled = false\n[j002]\nmaxretry = 9\n")
		if out, err := l.Client("set", "j001", "banip", "192.0.2.7"); err != nil {
			t.Fatal(out, err)
		}
		if err := l.client.Load(t.Context(), l.stream(t)); err != nil {
			t.Fatal(err)
		}
		got := l.answers(t)
		if out, err := l.Client("reload"); err != nil {
			t.Fatal(out, err)
		}
		if want := l.answers(t); got != want {
			t.Errorf("after Load:\n%s\nafter fail2ban-client reload:\n%s", got, want)
		}
		if !strings.Contains(got, "192.0.2.7") || !strings.Contains(got, "odd") || strings.Contains(got, "j003") {
			t.Error(got)
		}
	})
}

// TestLoadJail: one jail is made anew, with the actions that a reload takes away; the
// others are not touched, and its bans come back.
func TestLoadJail(t *testing.T) {
	onLoaded(t, func(t *testing.T, l loaded) {
		if err := os.WriteFile(filepath.Join(l.ConfDir, "action.d/odd.conf"), []byte("[Definition]\nactionban =\nactionunban =\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		change := "[j001]\naction = odd\n"
		if err := os.WriteFile(filepath.Join(l.ConfDir, "jail.d/odd.local"), []byte(change), 0o644); err != nil {
			t.Fatal(err)
		}
		if out, err := l.Client("set", "j001", "banip", "192.0.2.7"); err != nil {
			t.Fatal(out, err)
		}
		commands := l.stream(t)
		if err := l.client.LoadJail(t.Context(), "j001", commands); err != nil {
			t.Fatal(err)
		}
		actions, err := l.Client("get", "j001", "actions")
		if err != nil || !strings.Contains(actions, "odd") {
			t.Error(actions, err)
		}
		if status, err := l.Client("status"); err != nil || !strings.Contains(status, "j001, j002, j003") {
			t.Error(status, err)
		}
		if err := l.client.LoadJail(t.Context(), "none", commands); err == nil {
			t.Error("a jail that the configuration does not enable")
		}
	})
}

// TestLoadRefused: the server's own words are the error.
func TestLoadRefused(t *testing.T) {
	onLoaded(t, func(t *testing.T, l loaded) {
		err := l.client.Load(t.Context(), []any{[]any{"add", "x", "nothing"}})
		if err == nil || !strings.Contains(err.Error(), "nothing") {
			t.Error(err)
		}
	})
}
