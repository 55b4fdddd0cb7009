package cli_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"bantop/fail2ban/fail2bantest"
	"bantop/model"
	"bantop/model/store"
	"bantop/tui/plain"
)

// spoiled is a folder of a state that cannot be used.
type spoiled struct {
	dir    string
	user   uint32 // who may not use it
	reason string // that is told
	mend   func() // makes it usable
}

func stateFile(dir string) string { return filepath.Join(dir, "bantop.db") }

// kept is a state folder with a state of a server in it.
func kept(t *testing.T, dir, socket string) {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{Dir: dir, Socket: socket})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		e := model.Event{At: time.Now(), Kind: model.BansMade, Jail: "sshd", Count: i}
		if _, err := s.Apply(t.Context(), model.EventsTold{Events: []model.Event{e}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func sum(t *testing.T, file string) [32]byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return sha256.Sum256(b)
}

// rewrite changes a file.
func rewrite(t *testing.T, file string, change func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, change(b), 0o600); err != nil {
		t.Fatal(err)
	}
}

// spoilers are the ways in which a state folder is of no use.
var spoilers = map[string]func(t *testing.T, socket string) spoiled{
	"cut short": func(t *testing.T, socket string) spoiled {
		dir := t.TempDir()
		kept(t, dir, socket)
		rewrite(t, stateFile(dir), func(b []byte) []byte { return b[:len(b)/2] })
		return spoiled{dir: dir, reason: "it is cut short"}
	},
	"no database": func(t *testing.T, socket string) spoiled {
		dir := t.TempDir()
		kept(t, dir, socket)
		rewrite(t, stateFile(dir), func(b []byte) []byte { return append([]byte("# notes\n"), b...) })
		return spoiled{dir: dir, reason: "it is no database"}
	},
	"damaged in the middle": func(t *testing.T, socket string) spoiled {
		dir := t.TempDir()
		kept(t, dir, socket)
		rewrite(t, stateFile(dir), func(b []byte) []byte {
			for i := 4096; i < len(b); i++ {
				b[i] = 0x5a
			}
			return b
		})
		return spoiled{dir: dir, reason: "the state file is damaged"}
	},
	"of a newer bantop": func(t *testing.T, socket string) spoiled {
		dir := t.TempDir()
		kept(t, dir, socket)
		rewrite(t, stateFile(dir), func(b []byte) []byte { b[63] = 99; return b })
		return spoiled{dir: dir, reason: "newer bantop"}
	},
	"a folder that is closed": func(t *testing.T, socket string) spoiled {
		dir := fail2bantest.TempDir(t)
		kept(t, dir, socket)
		return spoiled{dir: dir, user: 65534, reason: "permission denied"}
	},
	"a folder that is read-only": func(t *testing.T, socket string) spoiled {
		dir := fail2bantest.TempDir(t)
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		return spoiled{dir: dir, user: 65534, reason: "permission denied"}
	},
	"a full disk": func(t *testing.T, socket string) spoiled {
		dir := fail2bantest.SmallDisk(t, "4m")
		kept(t, dir, socket)
		ballast := filepath.Join(dir, "ballast")
		if err := os.WriteFile(ballast, make([]byte, 8<<20), 0o600); err == nil {
			t.Fatal("eight megabytes fitted into four")
		}
		return spoiled{dir: dir, reason: "no room to write", mend: func() {
			if err := os.Remove(ballast); err != nil {
				t.Error(err)
			}
		}}
	},
}

// TestWithoutStore: whatever is wrong with the state, the dashboard shows the
// server and says that nothing is shared, the commands work, and the file stays
// as it is. When it can be used again it is.
func TestWithoutStore(t *testing.T) {
	t.Parallel()
	for name, spoil := range spoilers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"postfix", "sshd"}})
			s := spoil(t, server.Path)
			if s.user != 0 {
				fail2bantest.NeedRoot(t) // who alone can be another user
				if err := errors.Join(os.Chmod(filepath.Dir(server.Path), 0o755), os.Chmod(server.Path, 0o777)); err != nil {
					t.Fatal(err)
				}
			}
			before := sum(t, stateFile(s.dir))
			e := open(t, terminalOptions{width: 120, height: 40, state: s.dir, user: s.user}, "-s", server.Path, "-p", server.PIDFile)
			e.waitFor("● online", "not shared", s.reason)
			e.waitFor("bantop is not set up yet", "fault state")
			e.send("\x1b")
			e.waitFor("2 jails", "sshd", "BANNED")
			server.Ban("sshd", "203.0.113.7")
			e.waitFor("203.0.113.7")
			if s.user == 0 {
				if code, out, errs := runIn(t.Context(), s.dir, "-s", server.Path, "-p", server.PIDFile, "status"); code != plain.ExitOnline || !holds(out, "not shared", "sshd") {
					t.Errorf("status: exit %d: %s%s", code, out, errs)
				}
			}
			if sum(t, stateFile(s.dir)) != before {
				t.Error("the file was written to")
			}
			if s.mend != nil {
				s.mend()
				e.waitUntil("it is shared again", func(screen string) bool { return !holds(screen, "not shared") })
			}
			e.send("q")
			if code := e.wait(); code != 0 {
				t.Errorf("exit %d", code)
			}
		})
	}
}

// reboot makes the state one of another life of the machine.
func reboot(t *testing.T, dir string) {
	t.Helper()
	db, err := sql.Open("sqlite", stateFile(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("UPDATE server SET boot = 'another life'"); err != nil {
		t.Fatal(err)
	}
}

// TestCrashWhileNobodyLooked is X10 on a real server: a jail was activated, the
// server went down 5 s later, and 20 s after that somebody opens bantop. It is
// put down to the jail, and stays so when everybody quits and when the machine
// restarts. So it is where the machine restarted before anybody looked.
func TestCrashWhileNobodyLooked(t *testing.T) {
	for _, install := range fail2bantest.RealInstalls(t) {
		for _, rebooted := range []bool{false, true} {
			t.Run(install.Version+map[bool]string{true: ", found after a reboot"}[rebooted], func(t *testing.T) {
				install.Use(t)
				r := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{})
				state := t.TempDir()
				enable := "[nginx-x]\nenabled = true\nfilter = lab\nlogpath = " + r.LogPath("j001") + "\n"
				if err := os.WriteFile(filepath.Join(r.ConfDir, "jail.d", "nginx-x.local"), []byte(enable), 0o644); err != nil {
					t.Fatal(err)
				}
				look := func(exit int) plain.Status {
					t.Helper()
					code, out, errs := runIn(t.Context(), state, "-c", r.ConfDir, "status", "--json")
					var got plain.Status
					if err := json.Unmarshal([]byte(out), &got); err != nil || code != exit {
						t.Fatalf("exit %d, %v: %s%s", code, err, out, errs)
					}
					return got
				}
				look(plain.ExitOnline)
				activated := time.Now().Add(-25 * time.Second)
				activate(t, state, r.Path, model.Activation{Jail: "nginx-x", At: activated.Round(0), By: "lukas", TTY: "pts/3", Source: "bantop"})
				if err := r.Kill(); err != nil {
					t.Fatal(err)
				}
				if rebooted {
					reboot(t, state)
				}
				found := look(plain.ExitOffline).Pending
				if found == nil || found.Kind != "crash" || found.Jail == nil || *found.Jail != "nginx-x" || found.Recovered || !found.ActivatedAt.Equal(activated.UTC()) {
					t.Fatalf("not put down to the jail: %+v", found)
				}
				for _, what := range []string{"everybody has quit", "the machine restarted"} {
					if what == "the machine restarted" {
						reboot(t, state)
					}
					if again := look(plain.ExitOffline).Pending; again == nil || *again.Jail != *found.Jail || !again.DetectedAt.Equal(found.DetectedAt) || again.Recovered {
						t.Errorf("%s: %+v, before %+v", what, again, found)
					}
				}
				if err := os.Remove(filepath.Join(r.ConfDir, "jail.d", "nginx-x.local")); err != nil { // else it would run
					t.Fatal(err)
				}
				if err := r.Start(); err != nil {
					t.Fatal(err)
				}
				if back := look(plain.ExitOnline).Pending; back == nil || !back.Recovered || !back.DetectedAt.Equal(found.DetectedAt) {
					t.Errorf("when it is back: %+v", back)
				}
			})
		}
	}
}

// activate records an activation, as another instance would.
func activate(t *testing.T, dir, socket string, a model.Activation) {
	t.Helper()
	s := store.New(store.Options{Dir: dir, Socket: socket})
	if _, err := s.Apply(context.Background(), model.ActivationRecorded{Activation: a}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
