package rehearsal

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/fail2bantest"
	"bantop/fail2ban/tempdir"
)

// theatre is a real server, and a jail "new" that is to be rehearsed beside its own.
type theatre struct {
	*fail2bantest.Real
	temp    string
	program string // fail2ban-client
}

// newTheatre starts the server. Folders of rehearsals go into temp.
func newTheatre(t testing.TB, install fail2bantest.Install) *theatre {
	t.Helper()
	return &theatre{fail2bantest.NewReal(t, install, fail2bantest.RealOptions{}), fail2bantest.TempDir(t), filepath.Join(install.Programs(t), "fail2ban-client")}
}

// onReal runs a test with each fail2ban.
func onReal(t *testing.T, f func(t *testing.T, th *theatre)) {
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			t.Parallel()
			f(t, newTheatre(t, install))
		})
	}
}

// onPath runs a test with each fail2ban as the one on the PATH, one after the other.
func onPath(t *testing.T, f func(t *testing.T, th *theatre)) {
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			install.Use(t)
			th := newTheatre(t, install)
			th.program = ""
			f(t, th)
		})
	}
}

// log writes a log file with a line for each address, n seconds old.
func (th *theatre) log(t testing.TB, name string, age time.Duration, addresses ...string) string {
	t.Helper()
	path := filepath.Join(th.Dir, "log", name)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, a := range addresses {
		if _, err := fmt.Fprintf(f, "%s host app: fail from %s\n", time.Now().Add(-age).Format(time.DateTime), a); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// options rehearse a jail with some settings.
func (th *theatre) options(jail, settings string) Options {
	return Options{Conf: th.ConfDir, Jail: jail, File: "zz-bantop-new.local", Text: []byte("[" + jail + "]\nenabled = true\n" + settings), On: true, Dir: th.temp, Program: th.program}
}

// run rehearses to the end.
func run(t testing.TB, o Options) fail2ban.Rehearsal {
	t.Helper()
	r := New(o)
	defer r.Close()
	for {
		began := time.Now()
		before := r.known.Step
		k := r.Next(t.Context())
		if took := time.Since(began); before == fail2ban.RehearseRead && took > time.Second {
			t.Errorf("one turn of reading took %v", took)
		}
		if k.Step == fail2ban.RehearseDone {
			return k
		}
		if k.Verdict != fail2ban.VerdictNone {
			t.Errorf("a verdict in the midst: %+v", k)
		}
	}
}

// untouched returns what looks whether the live server, its configuration and the
// folder for rehearsals are as they were.
func (th *theatre) untouched(t testing.TB) func() {
	t.Helper()
	state := func() string {
		var b strings.Builder
		fmt.Fprintln(&b, th.PID())
		for _, args := range [][]string{{"status"}, {"banned"}, {"get", "j001", "logpath"}, {"get", "dbfile"}, {"get", "logtarget"}} {
			out, err := th.Client(args...)
			fmt.Fprintln(&b, out, err)
		}
		b.WriteString(fail2bantest.Tree(t, th.ConfDir))
		return b.String()
	}
	before := state()
	return func() {
		t.Helper()
		if after := state(); after != before {
			t.Errorf("it was\n%s\nand is\n%s", before, after)
		}
		th.nothingLeft(t)
	}
}

// nothingLeft looks whether a folder or a scratch server was left.
func (th *theatre) nothingLeft(t testing.TB) {
	t.Helper()
	left, err := os.ReadDir(th.temp)
	if err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if pids := servers(th.temp); len(pids) > 0 {
		t.Errorf("left: servers %v", pids)
	}
}

// servers are the processes whose command names something in a folder.
func servers(dir string) (found []string) {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, f := range files {
		if b, err := os.ReadFile(f); err == nil && strings.Contains(string(b), dir+"/"+tempdir.Rehearsal.Prefix()) {
			found = append(found, f)
		}
	}
	return found
}
