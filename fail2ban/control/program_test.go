package control

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bantop/fail2ban/fail2bantest"
)

// hostile are variables by which a user has his own code run by a program of root's,
// or what it prints be another; all are dropped.
var hostile = []string{
	"LD_PRELOAD=/tmp/x.so", "LD_LIBRARY_PATH=/tmp", "LD_AUDIT=/tmp/x.so", "GCONV_PATH=/tmp", "LOCPATH=/tmp", "NLSPATH=/tmp/x",
	"PYTHONHOME=/tmp", "PYTHONSTARTUP=/tmp/x.py", "PYTHONINSPECT=1", "PYTHONUSERBASE=/tmp", "PYTHONWARNINGS=error", "PYTHONIOENCODING=utf-16",
	"PERL5LIB=/tmp", "PERL5OPT=-Mx", "RUBYOPT=-rx", "BASH_ENV=/tmp/x", "ENV=/tmp/x", "IFS=x", "PS4=$(x)", "SHELLOPTS=xtrace", "BASH_FUNC_ls%%=() { x; }",
	"LC_ALL=tr_TR.UTF-8", "LANGUAGE=de", "SYSTEMD_PAGER=/tmp/x", "PAGER=/tmp/x", "LESSOPEN=|/tmp/x", "TMPDIR=/tmp/x", "XDG_CONFIG_HOME=/tmp", "DBUS_SYSTEM_BUS_ADDRESS=x",
}

// TestEnvironment: root hands on what nobody but root could have made; a user hands
// on his own.
func TestEnvironment(t *testing.T) {
	fail2bantest.NeedRoot(t) // who alone can give a folder to another user
	own, theirs := t.TempDir(), t.TempDir()
	open := filepath.Join(own, "open")
	if err := errors.Join(os.Chown(theirs, 1000, 1000), os.Mkdir(open, 0o700), os.Chmod(open, 0o777)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		uid  int
		env  []string
		want []string
	}{
		"nothing":     {0, nil, []string{"PATH=" + defaultPath, "HOME=/root"}},
		"the usual":   {0, []string{"PATH=" + defaultPath, "HOME=/root", "TZ=Europe/Berlin"}, []string{"PATH=" + defaultPath, "HOME=/root", "TZ=Europe/Berlin"}},
		"a user's":    {0, []string{"PATH=" + theirs + ":/usr/bin:.::" + open + ":" + own, "HOME=" + theirs, "PYTHONPATH=" + theirs}, []string{"PATH=/usr/bin:" + own, "HOME=/root"}},
		"only unsafe": {0, []string{"PATH=" + theirs}, []string{"PATH=" + defaultPath, "HOME=/root"}},
		"modules":     {0, []string{"PYTHONPATH=" + own + ":" + theirs + "::x"}, []string{"PATH=" + defaultPath, "HOME=/root", "PYTHONPATH=" + own}},
		"as a user":   {1000, []string{"PATH=" + theirs + ":/bin", "HOME=/home/jo", "PYTHONPATH=x"}, []string{"PATH=" + theirs + ":/bin", "HOME=/home/jo", "PYTHONPATH=x"}},
		"zone: /":     {0, []string{"TZ=/tmp/x"}, []string{"PATH=" + defaultPath, "HOME=/root"}},
		"zone: :/":    {0, []string{"TZ=:/tmp/x"}, []string{"PATH=" + defaultPath, "HOME=/root"}},
		"zone: ..":    {0, []string{"TZ=/usr/share/zoneinfo/../../../tmp/x"}, []string{"PATH=" + defaultPath, "HOME=/root"}},
		"zone: file":  {0, []string{"TZ=:/usr/share/zoneinfo/UTC"}, []string{"PATH=" + defaultPath, "HOME=/root", "TZ=:/usr/share/zoneinfo/UTC"}},
		"zone: long":  {0, []string{"TZ=" + strings.Repeat("x", 5000)}, []string{"PATH=" + defaultPath, "HOME=/root"}},
	} {
		env := append(slices.Clone(hostile), c.env...)
		get := func(name string) (string, bool) {
			for _, v := range env {
				if is, value, _ := strings.Cut(v, "="); is == name {
					return value, true
				}
			}
			return "", false
		}
		want := append([]string{"LANG=C.UTF-8"}, c.want...)
		if got := environment(get, c.uid); !slices.Equal(got, want) {
			t.Errorf("%s: %q\nwant %q", name, got, want)
		}
	}
}

// TestPrograms: what each program is really given, whatever is in the environment
// and in whichever folder bantop was called; and root runs none of another user.
func TestPrograms(t *testing.T) {
	fail2bantest.NeedRoot(t)
	own, theirs, called := t.TempDir(), t.TempDir(), t.TempDir()
	if err := os.Chown(theirs, 1000, 1000); err != nil {
		t.Fatal(err)
	}
	saw := filepath.Join(own, "saw")
	script := "#!/bin/sh\ntr '\\0' '\\n' </proc/$$/environ >>" + saw + "; echo \"in $(pwd) $*\" >>" + saw + "\n"
	for dir, text := range map[string]string{own: script, theirs: "#!/bin/sh\necho theirs >>" + saw + "\n"} {
		for _, name := range []string{"fail2ban-client", "systemctl"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, v := range hostile {
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
	t.Setenv("PATH", theirs+":"+own+":/usr/bin:/bin")
	t.Setenv("HOME", theirs)
	t.Setenv("PYTHONPATH", theirs)
	t.Setenv("TZ", "UTC")
	t.Chdir(called)
	c := New(Options{Conf: "conf", Socket: "s", PIDFile: "/p"})
	flags := "-c " + called + "/conf -s " + called + "/s -p /p "
	for args, run := range map[string]func() error{
		flags + "-t":                       func() error { return c.Test(t.Context()) },
		flags + "-d":                       func() error { _, err := c.DumpText(t.Context()); return err },
		"-V":                               func() error { _, err := c.Version(t.Context()); return err },
		flags + "reload":                   func() error { return c.Reload(t.Context()) },
		flags + "reload --restart x":       func() error { return c.ReloadJail(t.Context(), "x") },
		flags + "restart":                  func() error { return c.Restart(t.Context(), Runs) },
		flags + "start":                    func() error { return c.Restart(t.Context(), Stopped) },
		flags + "-x start":                 func() error { return c.Restart(t.Context(), Died) },
		"--no-ask-password restart x.unit": func() error { return systemctl(t.Context(), "restart", "x.unit") },
		"show --property=LoadState,ActiveState,UnitFileState fail2ban.service fail2ban.socket": func() error { _, err := askUnder(t.Context(), own); return err },
	} {
		if err := run(); err != nil {
			t.Errorf("%s: %v", args, err)
		}
		text, err := os.ReadFile(saw)
		want := "LANG=C.UTF-8\nPATH=" + own + ":/usr/bin:/bin\nHOME=/root\nTZ=UTC\n"
		end := "in / " + args + "\n"
		if got := string(text); err != nil || got != want+end {
			t.Errorf("%s: it saw %v\n%s\nwant\n%s%s", args, err, got, want, end)
		}
		if err := os.Remove(saw); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", theirs+":"+t.TempDir())
	_, err := c.Version(t.Context())
	if !errors.Is(err, ErrNoClient) || !strings.Contains(err.Error(), "root runs no fail2ban-client from "+theirs+": "+theirs+" belongs to ") || !strings.Contains(Hint(err), "env PATH="+defaultPath) {
		t.Errorf("where only a user has one: %v", err)
	}
	if _, err := os.Stat(saw); err == nil {
		t.Error("it was run all the same")
	}
}

// TestLookPathChecksTheProgram: in a folder that only root may write, root runs no
// program that somebody else could have written, or to which such a link leads; the
// next folder of PATH is looked into. Several names for one file are fine.
func TestLookPathChecksTheProgram(t *testing.T) {
	fail2bantest.NeedRoot(t)
	const jo = 65534
	program := func(t *testing.T, dir string) string {
		file := filepath.Join(dir, "fail2ban-client")
		if err := os.WriteFile(file, []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		return file
	}
	for name, c := range map[string]struct {
		spoil func(t *testing.T, file string) (blamed string, err error)
		mend  string // "" where it is run
	}{
		"root's":                 {func(_ *testing.T, file string) (string, error) { return file, nil }, ""},
		"root's, with two names": {func(_ *testing.T, file string) (string, error) { return file, os.Link(file, file+"2") }, ""},
		"another user's":         {func(_ *testing.T, file string) (string, error) { return file, os.Chown(file, jo, 0) }, "chown root "},
		"that everybody may write": {func(_ *testing.T, file string) (string, error) { return file, os.Chmod(file, 0o757) },
			"chmod go-w "},
		"that a group may write": {func(_ *testing.T, file string) (string, error) {
			return file, errors.Join(os.Chown(file, 0, jo), os.Chmod(file, 0o775))
		}, "chmod go-w "},
		"root's link to root's": {func(t *testing.T, file string) (string, error) {
			to := program(t, t.TempDir())
			return to, errors.Join(os.Remove(file), os.Symlink(to, file))
		}, ""},
		"root's relative link to root's": {func(_ *testing.T, file string) (string, error) {
			to := filepath.Join(filepath.Dir(file), "real")
			return to, errors.Join(os.Rename(file, to), os.Symlink("real", file))
		}, ""},
		"root's link to another user's": {func(t *testing.T, file string) (string, error) {
			to := program(t, t.TempDir())
			return to, errors.Join(os.Remove(file), os.Symlink(to, file), os.Chown(to, jo, 0))
		}, "chown root "},
		"root's link into another user's folder": {func(t *testing.T, file string) (string, error) {
			to := program(t, t.TempDir())
			return filepath.Dir(to), errors.Join(os.Remove(file), os.Symlink(to, file), os.Chown(filepath.Dir(to), jo, 0))
		}, "chown root "},
		"another user's link": {func(t *testing.T, file string) (string, error) {
			to := program(t, t.TempDir())
			return file, errors.Join(os.Remove(file), os.Symlink(to, file), os.Lchown(file, jo, 0))
		}, "chown root "},
	} {
		t.Run(name, func(t *testing.T) {
			dir, next := t.TempDir(), t.TempDir()
			file := program(t, dir)
			blamed, err := c.spoil(t, file)
			if err != nil {
				t.Fatal(err)
			}
			t.Setenv("PATH", dir+":"+next)
			got, err := LookPath("fail2ban-client")
			if c.mend == "" {
				if err != nil || got != file {
					t.Errorf("got %s, %v", got, err)
				}
				return
			}
			if unsafe, is := errors.AsType[*UnsafeError](err); !is || !errors.Is(err, ErrNoClient) ||
				!strings.Contains(err.Error(), blamed+" ") || !strings.Contains(unsafe.Hint(), c.mend+blamed) {
				t.Errorf("got %q, %v; %s", got, err, Hint(err))
			}
			second := program(t, next)
			if got, err := LookPath("fail2ban-client"); err != nil || got != second {
				t.Errorf("with another one in the next folder: %s, %v", got, err)
			}
		})
	}
}
