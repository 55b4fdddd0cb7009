package proven_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"bantop/fail2ban/control"
	"bantop/fail2ban/fail2bantest"
	"bantop/fail2ban/proven"
	"bantop/fail2ban/socket"
	"bantop/fail2ban/testmain"
)

func TestMain(m *testing.M) { testmain.Run(m) }

// lab is a real server and what reloads and restarts it.
type lab struct {
	*fail2bantest.Real
	*proven.Control
	client *socket.Client
}

// each runs a test on every version of fail2ban.
func each(t *testing.T, test func(t *testing.T, l lab)) {
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			t.Parallel()
			r := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{})
			client := socket.New(socket.Options{Path: r.Path, PIDFile: r.PIDFile, Timeout: 10 * time.Second})
			t.Cleanup(func() { _ = client.Close() })
			program := filepath.Join(install.Programs(t), "fail2ban-client")
			test(t, lab{r, proven.New(proven.Options{
				Server: client, Conf: r.ConfDir, Program: program, Dir: fail2bantest.TempDir(t),
				Control: control.New(control.Options{Program: program, Conf: r.ConfDir, Socket: r.Path, PIDFile: r.PIDFile}),
			}), client})
		})
	}
}

func (l lab) must(t *testing.T, args ...string) string {
	t.Helper()
	out, err := l.Real.Client(args...)
	if err != nil {
		t.Fatalf("%q: %s, %v", args, out, err)
	}
	return out
}

func (l lab) edit(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(l.ConfDir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestCertain: what the files do not say was set by hand as long as none that says
// something of jails was changed since they were read.
func TestCertain(t *testing.T) {
	each(t, func(t *testing.T, l lab) {
		l.must(t, "reload") // the files are as old as the process
		if !l.Certain(t.Context()) {
			t.Error("nothing was changed")
		}
		l.edit(t, "filter.d/other.conf", "[Definition]\nfailregex = <HOST>\n")
		if !l.Certain(t.Context()) {
			t.Error("a filter was changed")
		}
		l.edit(t, "jail.d/x.local", "[j001]\nmaxretry = 7\n")
		if l.Certain(t.Context()) {
			t.Error("a jail was changed")
		}
		l.must(t, "reload")
		if !l.Certain(t.Context()) {
			t.Error("after a reload")
		}
		time.Sleep(20 * time.Millisecond)
		if err := os.Remove(filepath.Join(l.ConfDir, "jail.d/x.local")); err != nil {
			t.Fatal(err)
		}
		if l.Certain(t.Context()) {
			t.Error("a file is gone")
		}
	})
}
