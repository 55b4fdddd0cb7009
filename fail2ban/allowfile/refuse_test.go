package allowfile

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/control"
	"bantop/fail2ban/fail2bantest"
)

// refused does what must be refused, and looks at what it says, and whether the
// folder stays as it is.
func refused(t *testing.T, a act, o Options, what, wantErr, wantHint string) {
	t.Helper()
	defer untouched(t, o.Conf)()
	results, err := a(t.Context(), o, targets(what))
	if err == nil || results != nil || !strings.Contains(err.Error(), wantErr) || !strings.Contains(Hint(err), wantHint) {
		t.Errorf("got %s, %v\nhint: %s\nwant %s\nhint: %s", said(results), err, Hint(err), wantErr, wantHint)
	}
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Path != Path(o.Conf) || !strings.HasPrefix(err.Error(), e.Op+" ("+e.Path+"): ") {
		t.Errorf("got %#v", err)
	}
}

// TestRefused: what a configuration does not allow for is refused, with the file
// that is in the way, and the folder stays as it was, byte for byte.
func TestRefused(t *testing.T) {
	onReal(t, func(t *testing.T, _ fail2bantest.Install) {
		for _, c := range []struct {
			name, defaults string
			files          map[string]string
			what           string
			err, hint      string // CONF is the folder
		}{
			{"a file behind it sets the list", "ignoreip = 192.0.2.1\n", map[string]string{"jail.d/zzz.local": "[j1]\nignoreip = 192.0.2.2\n"}, "j2 192.0.2.9, j1 192.0.2.9",
				"CONF/jail.d/zzz.local is read after it, and sets ignoreip in [j1] anew", "add it to ignoreip in [j1] there: CONF/jail.d/zzz.local"},
			{"a file behind it adds to the list", "ignoreip = 192.0.2.1\n", map[string]string{"jail.d/zzz.local": "[j1]\nignoreip = %(known/ignoreip)s 192.0.2.2\n"}, "j1 192.0.2.9",
				"CONF/jail.d/zzz.local has %(known/ignoreip)s in [j1], and fail2ban follows that in one file only", "add it to ignoreip in [j1] there: CONF/jail.d/zzz.local"},
			{"a file before it adds to the list", "ignoreip = 192.0.2.1\n", map[string]string{"jail.local": "[j1]\nignoreip =\n  %(known/ignoreip)s\n  192.0.2.2\n"}, "j1 192.0.2.9",
				"CONF/jail.local has %(known/ignoreip)s in [j1]", "there: CONF/jail.local"},
			{"another jail refers to the list", "ignoreip = 192.0.2.1\n", map[string]string{"jail.local": "[j2]\nignoreip = %(j1/ignoreip)s\n"}, "j1 192.0.2.9",
				"it would change more than the ignore lists that are meant: \"['set', 'j2', 'addignoreip', '192.0.2.1', '192.0.2.9']\"", "by hand"},
			{"a filter has an ignoreip of its own", "ignoreip = 192.0.2.1\n", map[string]string{"filter.d/lab.conf": "[Definition]\nfailregex = from <HOST>\nignoreip = 192.0.2.4\n"}, "j1 192.0.2.9",
				"with it fail2ban would take \"['set', 'j1', 'addignoreip', '192.0.2.4', '192.0.2.9']\" for the ignore list of j1, instead of \"['set', 'j1', 'addignoreip', '192.0.2.1', '192.0.2.9']\"", "by hand"},
			{"no such jail", "", nil, "j1 192.0.2.9, j4 192.0.2.9", `enables no jail "j4"`, "jail.conf"},
			{"a jail that is disabled", "", nil, "off 192.0.2.9", `enables no jail "off"`, "enable it"},
			{"a jail that is not enabled where all are", "enabled = true\n", nil, "j4 192.0.2.9", `enables no jail "j4"`, "enable it"},
			{"a faulty jail", "", map[string]string{"jail.d/x.local": "[j2]\nfilter = absent\n"}, "j2 192.0.2.9", `enables no jail "j2"`, ""},
			{"another jail is faulty", "", map[string]string{"jail.d/x.local": "[j2]\nfilter = absent\n"}, "j1 192.0.2.9",
				"fail2ban does not take its configuration as it is: test fail2ban's configuration: fail2ban-client ended with 255: Unable to read the filter 'absent' (jail j2)", "mend that first"},
			{"a log file is missing", "", map[string]string{"jail.d/x.local": "[j2]\nlogpath = /nonexistent\n"}, "j1 192.0.2.9",
				"Have not found any log file for j2 jail", "mend that first"},
			{"a syntax error", "", map[string]string{"jail.local": "[j2\n"}, "j1 192.0.2.9",
				"read fail2ban's configuration: fail2ban-client ended with 255: File contains no section headers. file: 'CONF/jail.local', line: 1", "fail2ban-client -t"},
			{"edited by hand", "", map[string]string{"jail.d/" + Name: "[j1]\nignoreip = 192.0.2.1\nbantime = 1h\n"}, "j1 192.0.2.9",
				"line 3: only ignoreip = … belongs here", "overwrites nothing that it did not write"},
			{"not UTF-8", "", map[string]string{"jail.d/" + Name: "# \xff\n[j1]\nignoreip = 192.0.2.1\n"}, "j1 192.0.2.9", "it is not UTF-8", "move the file away"},
			{"a file that is too long", "", map[string]string{"jail.d/" + Name: strings.Repeat("# a comment\n", maxFile/10)}, "j1 192.0.2.9", "longer than 262144 bytes", "move the file away"},
			{"a file that does not stand alone", "", map[string]string{"jail.d/" + Name: "[j1]\nignoreip = 192.0.2.1\n", "jail.d/zzz.local": "[j1]\nignoreip = %(known/ignoreip)s 192.0.2.2\n"}, "j2 192.0.2.9",
				"without it fail2ban would not take the configuration", "ignoreip has %(known/ignoreip)s"},
			{"a large file that counts", "", map[string]string{"jail.local": strings.Repeat("# a comment\n", 1<<20/10) + "[j2]\nbantime = 77\n"}, "j1 192.0.2.9",
				"fail2ban does not read a copy of the configuration as it reads the configuration itself: \"['set', 'j2', 'bantime', '77']\"", "by hand"},
		} {
			t.Run(c.name, func(t *testing.T) {
				conf := lab(t, c.defaults)
				for name, text := range c.files {
					write(t, conf, name, text)
				}
				refused(t, Allow, Options{Conf: conf}, c.what, strings.ReplaceAll(c.err, "CONF", conf), strings.ReplaceAll(c.hint, "CONF", conf))
			})
		}
	})
}

// TestNoTargets: what can never stand in the file is refused before anything is
// looked at, and with it all that it was to be done with.
func TestNoTargets(t *testing.T) {
	conf := t.TempDir()
	defer untouched(t, conf)()
	if results, err := Allow(t.Context(), Options{Conf: conf}, nil); results != nil || err != nil {
		t.Error(results, err)
	}
	for what, want := range map[string]string{
		"j1 example.org":     `read the address "example.org": it is a name or other text`,
		"j1 ":                `read the address "": there is none`,
		"j1 192.0.2.1\n[j2]": "there is a blank in it",
		"j1 fe80::1%eth0":    "it names an interface",
		"j1 0.0.0.0/0":       `with 0.0.0.0/0 the jail "j1" would ban nobody`,
		"j1 192.0.2.1/0":     "would ban nobody",
		"j1 ::/0":            "would ban nobody",
		"j1 ::ffff:0:0/96":   "would ban nobody",
		"DEFAULT 192.0.2.1":  "[DEFAULT] is no jail",
		"default 192.0.2.1":  "[default] is no jail",
		"INCLUDES 192.0.2.1": "[INCLUDES] is no jail",
		"KNOWN 192.0.2.1":    "[KNOWN] is no jail",
	} {
		for _, a := range []act{Allow, Disallow} {
			refused(t, a, Options{Conf: conf}, "j2 192.0.2.9, "+what, want, "")
		}
	}
	for _, jail := range []string{"", "a]", "[a", "a\nb", "a\r", "a\x00", "a\x1b[m", "a b", " a", "a ", "\ta", "../a", "a/b", `a\b`, "a?b", "a;b", "#a", "a%b", "%(a)s", "'a'", `a"`, "a,b", "a=b", "é", "a\u202e", "\xff", ".a", "-a", strings.Repeat("a", 101)} {
		results, err := Allow(t.Context(), Options{Conf: conf}, append(targets("j1 192.0.2.9"), fail2ban.Target{Jail: jail, Address: "192.0.2.9"}))
		if results != nil || err == nil || !strings.Contains(err.Error(), "is no name of a jail that bantop writes down") || strings.ContainsAny(err.Error(), "\n\x1b\x00") {
			t.Errorf("%q: %v, %v", jail, results, err)
		}
	}
	for _, jail := range []string{"sshd", "j001", "nginx-http-auth", "pam_generic", "a.b", "3proxy", "_a", "a@b+c:d"} {
		if err := checkJail(jail); err != nil {
			t.Error(err)
		}
	}
}

// scripted is a Control that stands between: what it was given is done before each
// run of the real one, by its number from 1 on.
type scripted struct {
	Control
	runs int
	do   func(run int, conf string) error
}

func (s *scripted) Test(ctx context.Context, conf string) error {
	s.runs++
	return errors.Join(s.do(s.runs, conf), s.Control.Test(ctx, conf))
}

func (s *scripted) Dump(ctx context.Context, conf string) (string, error) {
	s.runs++
	if err := s.do(s.runs, conf); err != nil {
		return "", err
	}
	return s.Control.Dump(ctx, conf)
}

// TestMeanwhile: what others change while the file is being tried and written is
// theirs, and the file is not written, or taken back. The runs of fail2ban-client
// are: 1 a dump of the folder, 2 the test, 3 a dump of the copy, 4 the proof.
func TestMeanwhile(t *testing.T) {
	onReal(t, func(t *testing.T, _ fail2bantest.Install) {
		for _, c := range []struct {
			name      string
			run       int
			file      string
			text      string
			err, hint string
		}{
			{"the configuration, before it is dumped", 1, "jail.local", "[j2]\nbantime = 77\n", "fail2ban does not read a copy of the configuration", "try again"},
			{"the configuration, while it is tried", 2, "jail.local", "[j2]\nbantime = 77\n", "the configuration was changed meanwhile, and the file was taken back: \"['set', 'j2', 'bantime', '77']\"", "try again"},
			{"the configuration, once it is written", 4, "jail.d/zzz.local", "[j1]\nignoreip = %(known/ignoreip)s\n", "ended with 255", ""},
			{"the file, while it is tried", 3, "jail.d/" + Name, "[j2]\nignoreip = 192.0.2.5\n", "somebody changed", "try again"},
			{"the file, once it is written", 4, "jail.d/" + Name, "[j2]\nignoreip = 192.0.2.5\n", "the configuration was changed meanwhile", "try again"},
		} {
			t.Run(c.name, func(t *testing.T) {
				conf, alike := lab(t, "ignoreip = 192.0.2.1\n"), ""
				between := &scripted{Control: Client(""), do: func(run int, _ string) error {
					if run != c.run {
						return nil
					}
					write(t, conf, c.file, c.text)
					if run == 4 && filepath.Base(c.file) != Name {
						return nil
					}
					alike = fail2bantest.Tree(t, conf)
					return nil
				}}
				_, err := Allow(t.Context(), Options{Conf: conf, Control: between}, targets("j1 192.0.2.9"))
				if err == nil || !strings.Contains(err.Error(), c.err) || !strings.Contains(Hint(err), c.hint) {
					t.Errorf("got %v, hint %s", err, Hint(err))
				}
				if alike != "" && fail2bantest.Tree(t, conf) != alike {
					t.Errorf("it was\n%s\nand is\n%s", alike, fail2bantest.Tree(t, conf))
				}
				if alike == "" && (read(t, Path(conf)) != "" || read(t, filepath.Join(conf, c.file)) != c.text) {
					t.Error("the file was not taken back, or that of another was")
				}
				nothingLeft(t)
			})
		}
	})
}

// TestClientFails: where fail2ban-client cannot be run, or says nothing that can be
// used, nothing is written.
func TestClientFails(t *testing.T) {
	conf := lab(t, "")
	t.Setenv("TMPDIR", t.TempDir())
	t.Setenv("PATH", t.TempDir())
	refused(t, Allow, Options{Conf: conf}, "j1 192.0.2.9", "read fail2ban's configuration: fail2ban-client is not installed", "install fail2ban")
	if _, err := Allow(t.Context(), Options{Conf: conf}, targets("j1 192.0.2.9")); !errors.Is(err, control.ErrNoClient) {
		t.Error(err)
	}
	program := func(script string) Control {
		path := filepath.Join(t.TempDir(), "client")
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		return Client(path)
	}
	for script, want := range map[string]string{
		"":                             `fail2ban's configuration enables no jail "j1"`,
		"echo nonsense":                `fail2ban's configuration enables no jail "j1"`,
		"echo no python >&2\nexit 127": "fail2ban-client ended with 127: no python",
		"kill -9 $$":                   "fail2ban-client: signal: killed",
	} {
		refused(t, Allow, Options{Conf: conf, Control: program(script)}, "j1 192.0.2.9", want, "")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Allow(ctx, Options{Conf: conf, Control: program("exec /bin/sleep 60")}, targets("j1 192.0.2.9")); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

// TestGivenUp: a change that is given up, at whatever step, leaves the folder as it
// was.
func TestGivenUp(t *testing.T) {
	onReal(t, func(t *testing.T, _ fail2bantest.Install) {
		conf := lab(t, "ignoreip = 192.0.2.1\n")
		write(t, conf, "jail.d/"+Name, "[j2]\nignoreip = %(known/ignoreip)s 192.0.2.5\n")
		defer untouched(t, conf)()
		for run := 1; ; run++ {
			ctx, cancel := context.WithCancel(t.Context())
			between := &scripted{Control: Client(""), do: func(n int, _ string) error {
				if n == run {
					cancel()
				}
				return nil
			}}
			_, err := Allow(ctx, Options{Conf: conf, Control: between}, targets("j1 192.0.2.9"))
			if cancel(); run > 5 {
				if err != nil {
					t.Error(err)
				}
				break
			}
			if !errors.Is(err, context.Canceled) {
				t.Errorf("given up at run %d: %v", run, err)
			}
			if got := listed(t, conf); got != "j2 192.0.2.5" {
				t.Errorf("given up at run %d: %s", run, got)
			}
		}
		do(t, Disallow, conf, "j1 192.0.2.9", "done")
		write(t, conf, "jail.d/"+Name, "[j2]\nignoreip = %(known/ignoreip)s 192.0.2.5\n")
	})
}
