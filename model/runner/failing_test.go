package runner_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bantop/config"
	"bantop/fail2ban"
	"bantop/fail2ban/fail2bantest"
	"bantop/fail2ban/socket"
	"bantop/model"
	"bantop/model/runner"
)

// TestLogFiles: how it stands with each file that a jail reads is told, and none of
// them is opened; a pipe that nobody writes to would hold up who opens it.
func TestLogFiles(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	write := func(name, text string, mode os.FileMode) {
		if err := os.WriteFile(path(name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("good", "four", 0o600)
	write("empty", "", 0o600)
	write("closed", "four", 0)
	written := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	if err := os.Chtimes(path("good"), written, written); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path("nowhere"), path("dangling")); err != nil {
		t.Fatal(err)
	}
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	var files []string
	for _, name := range []string{"good", "empty", "closed", "absent", "good/below", "dangling", strings.Repeat("x", 300), "of the demo"} {
		files = append(files, path(name))
	}
	s.Edit("sshd", func(j *fail2bantest.Jail) { j.Files = files })
	r := start(t, s, func(o *runner.Options) {
		o.LastMod = func(file string) time.Time {
			if file == path("of the demo") {
				return written
			}
			return time.Time{}
		}
	})
	got := r.Do(t.Context(), model.FetchJail{Jail: "sshd"}).(model.JailFetched).Files
	want := []model.LogFile{
		{Size: 4, Written: written}, {Size: 0}, {Size: 4, Closed: os.Geteuid() != 0},
		{Size: -1, Missing: true}, {Size: -1, Missing: true}, {Size: -1, Missing: true}, {Size: -1, Reason: "file name too long"},
		{Size: -1, Written: written},
	}
	if len(got) != len(want) {
		t.Fatalf("got %+v", got)
	}
	for i, f := range got {
		recent := time.Since(f.Written) < time.Hour
		if want[i].Written.IsZero() && want[i].Size >= 0 && recent {
			f.Written = time.Time{}
		}
		want[i].Path = files[i]
		if !f.Written.Equal(want[i].Written) {
			t.Errorf("%s was written to at %v", f.Path, f.Written)
		}
		if f.Written = want[i].Written; f != want[i] {
			t.Errorf("got  %+v\nwant %+v", f, want[i])
		}
	}
}

// TestFailingLog: what fail2ban's log says of the jail comes with the rest, or why
// it does not. A jail that cannot be asked is not looked for in the log.
func TestFailingLog(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	r := start(t, s, func(o *runner.Options) { o.Zone = time.UTC })
	fetch := func(jail string) model.FailingLog {
		t.Helper()
		return r.Do(t.Context(), model.FetchJail{Jail: jail}).(model.JailFetched).Log
	}
	write := func(text string) {
		if err := os.WriteFile(s.Log, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const line = "2026-01-02 15:04:05,000 fail2ban.filter         [812]: INFO    [sshd] Found 192.0.2.1 - 2026-01-02 15:04:04\n"
	write(line)
	log := fetch("sshd")
	want := fail2ban.FailNote{Kind: fail2ban.FailFound, Address: "192.0.2.1", At: time.Date(2026, 1, 2, 15, 4, 4, 0, time.UTC), Count: 1}
	if len(log.Notes) != 1 || log.Notes[0] != want || log.Since.Second() != 5 || log.Reason != "" {
		t.Errorf("got %+v", log)
	}
	write(strings.Repeat(line, 1<<14))
	if log := fetch("sshd"); len(log.Notes) > 256<<10/len(line) || len(log.Notes) < 2000 {
		t.Errorf("%d notes: more than the end was read, or less", len(log.Notes))
	}
	if log := fetch("gone"); log.Notes != nil || log.Reason != "" {
		t.Errorf("got %+v", log)
	}
	if err := os.Remove(s.Log); err != nil {
		t.Fatal(err)
	}
	if log := fetch("sshd"); !strings.HasSuffix(log.Reason, "is missing: sudo fail2ban-client flushlogs") {
		t.Errorf("got %q", log.Reason)
	}
	s.Log = "SYSTEMD-JOURNAL"
	if log := fetch("sshd"); log.Reason != "fail2ban logs to SYSTEMD-JOURNAL, which bantop does not read" {
		t.Errorf("got %q", log.Reason)
	}
	s.Log = t.TempDir()
	if log := fetch("sshd"); !strings.HasSuffix(log.Reason, "is not a regular file") || strings.Contains(log.Reason, "read fail2ban's log") {
		t.Errorf("got %q", log.Reason)
	}
}

// opened is a dashboard that has a jail open, without the screen.
type opened struct {
	t   *testing.T
	r   *runner.Runner
	s   model.State
	seq uint64
}

// look is what stands on the screen after a look at the server.
func (o *opened) look(jail string) (model.Detail, fail2ban.Counts) {
	o.t.Helper()
	o.seq++
	p := probe(o.t, o.r, o.seq)
	p.ProbeID, p.Request = model.ProbeID{Term: 1, Seq: o.seq}, o.seq
	o.s, _ = model.Update(o.s, p)
	o.s, _ = model.Update(o.s, model.JailClosed{})
	var effects []model.Effect
	o.s, effects = model.Update(o.s, model.JailOpened{Jail: jail})
	for _, e := range effects {
		o.s, _ = model.Update(o.s, o.r.Do(o.t.Context(), e))
	}
	j, _ := o.s.Runtime.Server.Jail(jail)
	if o.s.Detail.At.IsZero() {
		o.t.Fatalf("not answered: %+v", o.s.Detail)
	}
	return o.s.Detail, j.Counts
}

// TestRealFailing: of real servers that are attacked, bantop tells who fails and
// how often, and no other number than the server's own: also after bans that end
// by hand, lines that come with those that made a ban, and a restart.
func TestRealFailing(t *testing.T) {
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			real := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{})
			c := socket.New(socket.Options{Path: real.Path, PIDFile: real.PIDFile, Timeout: 10 * time.Second})
			t.Cleanup(func() { c.Close() })
			o := &opened{t: t, r: begin(t, runner.Options{Client: c, Timeout: 10 * time.Second}),
				s: model.New(model.Options{Settings: config.Defaults()})}
			o.s, _ = model.Update(o.s, model.Started{At: time.Now().Round(0)})
			sent := 0
			attack := func(address string, n int) {
				t.Helper()
				if err := real.Attack("j001", address, n); err != nil {
					t.Fatal(err)
				}
				sent += n
			}
			attack("203.0.113.50", 2)
			agree := func(what string) model.FailingList {
				t.Helper()
				for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
					d, counts := o.look("j001")
					f := d.Failing
					if counts.TotalFailed >= sent && len(f.Addresses)+f.Banned == counts.Failing && f.Untold == 0 && f.Reason == "" {
						return f
					}
					if time.Now().After(deadline) {
						t.Fatalf("%s: %+v, and the server counts %+v", what, f, counts)
					}
				}
			}
			if f := agree("two failures").Addresses; len(f) != 1 || f[0].Address != "203.0.113.50" || f[0].Failures != 2 || time.Since(f[0].Last) > time.Minute {
				t.Errorf("two failures: %+v", f)
			}
			rnd := rand.New(rand.NewPCG(8, 8))
			for range 6 {
				for range 4 {
					attack(fmt.Sprintf("203.0.113.%d", rnd.IntN(6)), 1+rnd.IntN(5))
				}
				command := []string{"banip", "unbanip"}[rnd.IntN(2)]
				if _, err := real.Client("set", "j001", command, fmt.Sprintf("203.0.113.%d", rnd.IntN(6))); err != nil {
					t.Fatal(err)
				}
				agree(command)
			}
			if _, err := real.Client("reload"); err != nil {
				t.Fatal(err)
			}
			agree("a reload")
			if err := real.Stop(); err != nil {
				t.Fatal(err)
			}
			if err := real.Start(); err != nil {
				t.Fatal(err)
			}
			sent = 0 // the server begins to count anew, and reads part of its log again
			attack("203.0.113.51", 1)
			agree("a restart")
		})
	}
}

// TestRealMissingLog: a log that is removed is missing, and what the screen says
// of it is so: fail2ban refuses to reload, and reads it again when it is back.
func TestRealMissingLog(t *testing.T) {
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			real := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{})
			c := socket.New(socket.Options{Path: real.Path, PIDFile: real.PIDFile, Timeout: 10 * time.Second})
			t.Cleanup(func() { c.Close() })
			r := begin(t, runner.Options{Client: c, Timeout: 10 * time.Second})
			files := func() []model.LogFile {
				return r.Do(t.Context(), model.FetchJail{Jail: "j001"}).(model.JailFetched).Files
			}
			if f := files(); len(f) != 1 || f[0].Missing || f[0].Size != 0 || f[0].Written.IsZero() {
				t.Errorf("got %+v", f)
			}
			log := real.LogPath("j001")
			if err := os.Rename(log, log+".1"); err != nil {
				t.Fatal(err)
			}
			if f := files(); len(f) != 1 || !f[0].Missing {
				t.Errorf("got %+v", f)
			}
			if out, err := real.Client("reload"); err == nil || !strings.Contains(out, "Have not found any log file") {
				t.Errorf("a reload without the log: %v: %s", err, out)
			}
			if err := os.WriteFile(log, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if f := files(); len(f) != 1 || f[0].Missing {
				t.Errorf("got %+v", f)
			}
			if _, err := real.Client("reload", "j001"); err != nil {
				t.Error(err)
			}
		})
	}
}
