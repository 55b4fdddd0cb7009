package rehearsal

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/fail2bantest"
)

// edit writes a file of the live configuration.
func (th *theatre) edit(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(th.ConfDir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(path) })
}

// live is what the theatre's server runs.
func live() []LiveJail {
	return []LiveJail{{"j001", []string{"noop"}}, {"j002", []string{"noop"}}, {"j003", []string{"noop"}}}
}

// TestElse: what else a reload would do is told, whoever edited it, and that it would
// fail because of another jail.
func TestElse(t *testing.T) {
	onReal(t, func(t *testing.T, th *theatre) {
		path := th.log(t, "new.log", time.Minute, "203.0.113.1")
		o := th.options("new", "logpath = "+path+"\n")
		o.Live = live()
		if k := run(t, o); !k.OK() || k.Appear != nil || k.Vanish != nil || k.Change != nil {
			t.Errorf("%+v", k)
		}
		th.edit(t, "jail.d/edited.local", "[j001]\nenabled = false\n[j002]\naction = noop\n  slow\n[j003]\nbantime = 77\n[extra]\nenabled = true\nlogpath = "+path+"\n")
		check := th.untouched(t)
		k := run(t, o)
		if !k.OK() || !slices.Equal(k.Appear, []string{"extra"}) || !slices.Equal(k.Vanish, []string{"j001"}) || !slices.Equal(k.Change, []string{"j002"}) {
			t.Errorf("%+v", k)
		}
		o.Live = nil // then what the folder says is what runs
		if k := run(t, o); !k.OK() || k.Appear != nil || k.Vanish != nil || k.Change != nil {
			t.Errorf("%+v", k)
		}
		check()
		for text, want := range map[string]string{
			"filter =\nfailregex = fail from <HOST>(\n": `jail j003: Unable to compile regular expression 'fail from `,
			"filter =\nfailregex = fail\n":              `jail j003: No failure-id group in 'fail'`,
			"backend = nonsense\n":                      `jail j003: Unknown backend nonsense`,
			"bantime = nonsense\n":                      `jail j003: bantime = nonsense: name 'nonsense' is not defined`,
		} {
			th.edit(t, "jail.d/edited.local", "[j003]\n"+text)
			if k := run(t, o); k.Verdict != fail2ban.VerdictRefused || !strings.HasPrefix(k.Reason, want) || k.At.File != "jail.d/edited.local" {
				t.Errorf("%q: %s %q %v", text, k.Verdict, k.Reason, k.At)
			}
		}
		th.edit(t, "jail.d/edited.local", "[j001]\nfilter = absent\n")
		if k := run(t, o); k.Verdict != fail2ban.VerdictRefused || k.Reason != "Jail 'j001' skipped, because of wrong configuration: Unable to read the filter 'absent'" {
			t.Errorf("%+v", k)
		}
	})
}

// TestSpaces: a command of another jail that holds several spaces in a row is the same in
// the copy, as that of Debian's counter-strike.
func TestSpaces(t *testing.T) {
	onReal(t, func(t *testing.T, th *theatre) {
		o := th.options("new", "logpath = "+th.log(t, "new.log", time.Minute, "203.0.113.1")+"\n")
		th.edit(t, "jail.d/edited.local", "[j003]\nfilter =\nfailregex = ^a  b\tc from  <HOST>$\n")
		if k := run(t, o); !k.OK() {
			t.Errorf("%+v", k)
		}
	})
}

// TestOff: to deactivate a jail is tested, and that a reload takes the others; nothing
// is read.
func TestOff(t *testing.T) {
	onReal(t, func(t *testing.T, th *theatre) {
		defer th.untouched(t)()
		o := Options{Conf: th.ConfDir, Jail: "j002", File: "zz-bantop-j002.local", Text: []byte("[j002]\nenabled = false\n"), Dir: th.temp, Program: th.program, Live: live()}
		k := run(t, o)
		if !k.OK() || k.Vanish != nil || k.Appear != nil || k.Change != nil || len(k.Steps) != 3 {
			t.Errorf("%+v", k)
		}
		o.Text = []byte("[j002]\nenabled = true\n")
		if k := run(t, o); k.Verdict != fail2ban.VerdictRefused || k.Reason != `with that file fail2ban's configuration still enables the jail "j002"` {
			t.Errorf("%+v", k)
		}
		o.Text = nil
		if k := run(t, o); k.Verdict != fail2ban.VerdictRefused {
			t.Errorf("%+v", k)
		}
	})
}

// TestFileGone: a file that is to be removed is not in the copy.
func TestFileGone(t *testing.T) {
	onReal(t, func(t *testing.T, th *theatre) {
		path := th.log(t, "new.log", time.Minute, "203.0.113.1")
		o := th.options("new", "logpath = "+path+"\n")
		th.edit(t, "jail.d/"+o.File, string(o.Text))
		defer th.untouched(t)()
		o.Text, o.On = nil, false
		if k := run(t, o); !k.OK() || k.Vanish != nil {
			t.Errorf("%+v", k)
		}
	})
}

// TestWins: whatever the rest of the configuration says, the scratch server runs this
// jail alone, without actions, and uses nothing of the live one.
func TestWins(t *testing.T) {
	onReal(t, func(t *testing.T, th *theatre) {
		path := th.log(t, "new.log", time.Minute, "203.0.113.1", "203.0.113.1", "203.0.113.1")
		proof := filepath.Join(th.Dir, "proof")
		th.edit(t, "action.d/proof.conf", "[Definition]\nactionstart = touch "+proof+"-start\nactionban = touch "+proof+"-ban\nactionunban =\nactionstop = touch "+proof+"-stop\n")
		th.edit(t, "jail.d/~~~~.local", "[DEFAULT]\nenabled = true\naction = proof\n[also]\nlogpath = "+path+"\n")
		if err := os.MkdirAll(filepath.Join(th.ConfDir, "fail2ban.d"), 0o755); err != nil {
			t.Fatal(err)
		}
		th.edit(t, "fail2ban.d/~~~~.local", "[Definition]\nsocket = "+th.Path+"\npidfile = "+th.PIDFile+"\ndbfile = "+th.Dir+"/run/f2b.sqlite3\nlogtarget = "+proof+"-log\n")
		o := th.options("new", "logpath = "+path+"\n")
		check := th.untouched(t)
		k := run(t, o)
		if !k.OK() || !slices.Equal(k.WouldBan, []string{"203.0.113.1"}) || !slices.Equal(k.Actions, []string{"proof"}) {
			t.Errorf("%+v", k)
		}
		check()
		if left, _ := filepath.Glob(proof + "*"); len(left) > 0 {
			t.Errorf("it did something: %q", left)
		}
	})
}

// TestOddNames: a jail may be called anything that fail2ban takes.
func TestOddNames(t *testing.T) {
	onReal(t, func(t *testing.T, th *theatre) {
		path := th.log(t, "new.log", time.Minute, "203.0.113.1", "203.0.113.1", "203.0.113.1")
		defer th.untouched(t)()
		for _, name := range []string{"it's \"odd\"", "a, b [c", "%(x)s", "é\u202e", "--all", "-x", "thread", "add", strings.Repeat("x", 300)} {
			k := run(t, th.options(name, "logpath = "+path+"\n"))
			t.Logf("%q: %s %q %q", name, k.Verdict, k.Reason, k.WouldBan)
			// The two that fail2ban itself cannot set up.
			if want := map[string]string{"--all": "Reserved name '--all'", "thread": "'str' object has no attribute 'items'"}[name]; want != "" {
				if k.Verdict != fail2ban.VerdictRefused || !strings.Contains(k.Reason, want) {
					t.Errorf("%q: %+v", name, k)
				}
			} else if !k.OK() || !slices.Equal(k.WouldBan, []string{"203.0.113.1"}) {
				t.Errorf("%q: %+v", name, k)
			}
		}
	})
}

// TestImpossible: where no scratch server can run that is said, and no more.
func TestImpossible(t *testing.T) {
	onPath(t, func(t *testing.T, th *theatre) {
		path := th.log(t, "new.log", time.Minute, "203.0.113.1")
		good := th.options("new", "logpath = "+path+"\n")
		impossible := func(o Options, reason string) {
			t.Helper()
			k := run(t, o)
			if k.Verdict != fail2ban.VerdictImpossible || !strings.Contains(k.Reason, reason) || strings.Contains(k.Reason, "\n") {
				t.Errorf("%s: %q, want %q", k.Verdict, k.Reason, reason)
			}
			t.Logf("| impossible | %s |", k.Reason)
			th.nothingLeft(t)
		}
		check := th.untouched(t)
		o := good
		o.Dir = filepath.Join(th.Dir, "absent")
		impossible(o, "no such file or directory")
		o.Dir = filepath.Join(th.Dir, strings.Repeat("x", 80))
		if err := os.Mkdir(o.Dir, 0o700); err != nil {
			t.Fatal(err)
		}
		impossible(o, "is too long for the path of a socket; name a folder with a shorter path")
		o = good
		o.Conf = filepath.Join(th.Dir, "absent")
		impossible(o, "no such file or directory")
		o = good
		o.File = "../x.local"
		impossible(o, "is no name of a file")
		o = good
		o.Dir = fail2bantest.SmallDisk(t, "8k")
		impossible(o, "no space left on device; make room on that disk")
		o = good
		script := func(name, text string) string {
			t.Helper()
			file := filepath.Join(t.TempDir(), name)
			if err := os.WriteFile(file, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
				t.Fatal(err)
			}
			return file
		}
		client := filepath.Join(th.Root, "usr/bin/fail2ban-client")
		beside := func(server string) string {
			file := script(serverName, server)
			if err := os.Symlink(client, filepath.Join(filepath.Dir(file), "fail2ban-client")); err != nil {
				t.Fatal(err)
			}
			return filepath.Join(filepath.Dir(file), "fail2ban-client")
		}
		o.Program = beside("echo no python here >&2\nexit 3\n")
		impossible(o, "start a scratch server: it ended at once: no python here")
		o.Program = beside("exec /bin/sleep 60\n")
		o.Limit = time.Second
		impossible(o, "start a scratch server: it did not answer: context deadline exceeded")
		o = good
		o.Program = client
		check()
		t.Setenv("PATH", t.TempDir())
		o.Program = ""
		impossible(o, "fail2ban-client is not installed")
		o.Program = script("fail2ban-client", "exit 0")
		k := run(t, o)
		if k.Verdict != fail2ban.VerdictRefused {
			t.Errorf("%+v", k)
		}
		o.Program = script("fail2ban-client", "[ $3 = -d ] && echo \"['add', 'new', 'auto']\"\nexit 0")
		impossible(o, "fail2ban-server is not installed")
	})
}

// TestGivenUp: Close ends a rehearsal at any step, also one that is under way, and
// may be called twice.
func TestGivenUp(t *testing.T) {
	onReal(t, func(t *testing.T, th *theatre) {
		path := th.log(t, "new.log", time.Minute, "203.0.113.1")
		defer th.untouched(t)()
		for _, after := range []time.Duration{0, time.Millisecond, 20 * time.Millisecond, 60 * time.Millisecond, 100 * time.Millisecond, 130 * time.Millisecond, 160 * time.Millisecond, 300 * time.Millisecond} {
			r := New(th.options("new", "logpath = "+path+"\n"))
			var all sync.WaitGroup
			all.Go(func() {
				for r.Next(t.Context()).Step != fail2ban.RehearseDone {
				}
			})
			time.Sleep(after)
			began := time.Now()
			r.Close()
			r.Close()
			if took := time.Since(began); took > time.Second {
				t.Errorf("after %v: it took %v to give up", after, took)
			}
			all.Wait()
			if k := r.Next(t.Context()); k.Verdict != fail2ban.VerdictImpossible || k.Step != fail2ban.RehearseDone {
				t.Errorf("after %v: %+v", after, k)
			}
			th.nothingLeft(t)
		}
	})
}
