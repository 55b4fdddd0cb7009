package load_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bantop/config"
	"bantop/config/load"
	"bantop/fail2ban/fail2bantest"
)

// soon fails the test if something takes longer than a busy machine could.
func soon(t *testing.T, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); do() }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("it hangs")
	}
}

// spoil are the ways in which a settings file cannot be used, and what is said of
// each.
var spoil = []struct {
	name string
	do   func(t *testing.T, file string) error
	said string
	next string
}{
	{"syntax", text("refresh = \n"), ":1: ", "bantop config"},
	{"an unknown key", text("\nrefesh = \"1s\"\n"), `:2: unknown key "refesh": did you mean "refresh"?`, "bantop config"},
	{"a value that is not allowed", text("theme = \"dark\"\nrefresh = \"soon\"\n"), `:2: refresh: "soon" is not a time`,
		"bantop config"},
	{"not text", text("\x00\xff\x1b[2J"), "", "bantop config"},
	{"longer than any", text("# " + strings.Repeat("x", 64<<10)), "is longer than 64 KiB", "shorten"},
	{"a value as long as a file", text("refresh = \"" + strings.Repeat("x", 60<<10) + "\"\n"), "refresh: ",
		"bantop config"},
	{"a named pipe", func(_ *testing.T, f string) error { return unix.Mkfifo(f, 0o600) }, "is a named pipe", "replace"},
	{"a folder", func(_ *testing.T, f string) error { return os.Mkdir(f, 0o700) }, "is a folder", "replace"},
	{"a socket", func(_ *testing.T, f string) error { return unix.Mknod(f, unix.S_IFSOCK|0o600, 0) }, "socket", "replace"},
	{"a device", func(_ *testing.T, f string) error { return os.Symlink("/dev/zero", f) }, "not a regular file",
		"replace"},
	{"everybody may write it", mode(0o606), "can be written by everybody",
		"make sure of what is in it, then: chmod go-w"},
	{"a link to what everybody may write", linkTo(mode(0o606)), "can be written by everybody", "make sure of what is in it, then: chmod go-w"},
	{"a link to itself", func(_ *testing.T, f string) error { return os.Symlink(f, f) }, "too many levels", ""},
	{"its folder can be written by everybody", func(t *testing.T, f string) error {
		t.Cleanup(func() { _ = os.Chmod(filepath.Dir(f), 0o700) })
		return firstError(mode(0o600)(t, f), os.Chmod(filepath.Dir(f), 0o777))
	}, "can be written by everybody", "make sure of what is in it, then: chmod go-w"},
	{"somebody else's", owner(65534), "belongs to", "chown"},
	{"its folder is somebody else's", func(t *testing.T, f string) error {
		fail2bantest.NeedRoot(t)
		return firstError(mode(0o600)(t, f), os.Chown(filepath.Dir(f), 65534, -1))
	}, "belongs to", "chown"},
	{"a link to somebody else's", linkTo(owner(65534)), "belongs to", "chown"},
	{"somebody else's link", func(t *testing.T, f string) error {
		fail2bantest.NeedRoot(t)
		return firstError(mode(0o600)(t, f+".target"), os.Symlink(f+".target", f), os.Lchown(f, 65534, 65534))
	}, "belongs to", "chown"},
	{"the group may write it", func(t *testing.T, f string) error {
		fail2bantest.NeedRoot(t)
		return mode(0o660)(t, f)
	}, "can be written by the group", "chmod go-w"},
}

func text(s string) func(*testing.T, string) error {
	return func(_ *testing.T, f string) error { return os.WriteFile(f, []byte(s), 0o600) }
}

func mode(m os.FileMode) func(*testing.T, string) error {
	return func(t *testing.T, f string) error {
		return firstError(text("refresh = \"7s\"\n")(t, f), os.Chmod(f, m))
	}
}

func owner(uid int) func(*testing.T, string) error {
	return func(t *testing.T, f string) error {
		fail2bantest.NeedRoot(t)
		return firstError(mode(0o600)(t, f), os.Chown(f, uid, uid))
	}
}

func linkTo(make func(*testing.T, string) error) func(*testing.T, string) error {
	return func(t *testing.T, f string) error {
		return firstError(make(t, f+".target"), os.Symlink(f+".target", f))
	}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// TestFaultyFiles: a file that cannot be used is left out whole and is named, with
// what to do next; the other files, the environment and the flags hold. The same is
// true of each file.
func TestFaultyFiles(t *testing.T) {
	for _, c := range spoil {
		for _, which := range []string{"bantop.toml", "bantop.local.toml"} {
			t.Run(c.name+": "+which, func(t *testing.T) {
				file := filepath.Join(t.TempDir(), "etc", "bantop.toml")
				write(t, file, "timeout = \"3s\"\n")
				write(t, load.LocalFile(file), "session.ttl = \"3m\"\n")
				spoilt := filepath.Join(filepath.Dir(file), which)
				if err := firstError(os.Remove(spoilt), c.do(t, spoilt)); err != nil {
					t.Fatal(err)
				}
				soon(t, func() { faultyFile(t, file, spoilt, c.said, c.next) })
			})
		}
	}
}

func faultyFile(t *testing.T, file, spoilt, said, next string) {
	got, err := load.Settings(load.Sources{File: file, Environ: []string{"BANTOP_THEME=16"},
		Flags: []config.Value{{Key: "ascii", Text: "true", Origin: config.Origin{Source: "--ascii"}}}})
	if err != nil {
		t.Error(err)
		return
	}
	i := slices.IndexFunc(got.Faults, func(f config.Fault) bool { return f.Source == spoilt })
	if i < 0 || !strings.Contains(got.Faults[i].Reason, said) || !strings.Contains(got.Faults[i].Reason, spoilt) ||
		!strings.Contains(got.Faults[i].Next, next) || len(got.Faults[i].Reason) > 400 ||
		strings.Contains(got.Faults[i].Reason, "\n") {
		t.Errorf("%+v", got.Faults)
		return
	}
	if got.Refresh != time.Second || !got.ASCII || got.Theme != "16" {
		t.Errorf("%+v", got.Settings)
	}
	others := len(got.Faults) == 1 // an unsafe folder takes both files
	held := spoilt == file && got.SessionTTL == 3*time.Minute || spoilt != file && got.Timeout == 3*time.Second
	if others && !held {
		t.Errorf("the other file does not hold: %+v", got.Settings)
	}
}

// TestFaultyFilesAreQuoted: what to do next can be pasted into a shell, whatever the
// file is called.
func TestFaultyFilesAreQuoted(t *testing.T) {
	inQuotes := regexp.MustCompile(`'[^']*'`)
	for _, c := range spoil {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "q;touch pwn")
			file := filepath.Join(dir, "bantop.toml")
			write(t, file, "timeout = \"3s\"\n")
			if err := firstError(os.Remove(file), c.do(t, file)); err != nil {
				t.Fatal(err)
			}
			soon(t, func() {
				got, err := load.Settings(load.Sources{File: file, Environ: []string{}})
				if err != nil || len(got.Faults) == 0 {
					t.Error(got.Faults, err)
					return
				}
				if next := inQuotes.ReplaceAllString(got.Faults[0].Next, ""); strings.Contains(next, "touch") {
					t.Errorf("next: %s", got.Faults[0].Next)
				}
			})
		})
	}
}

// TestFaultyVariables: a variable that is not allowed is left out alone.
func TestFaultyVariables(t *testing.T) {
	got, err := load.Settings(load.Sources{Default: none(t), Environ: []string{"BANTOP_REFRESH=soon", "BANTOP_REFESH=1s",
		"BANTOP_TIMEOUT=5s"}})
	if err != nil || len(got.Faults) != 2 || got.Timeout != 5*time.Second || got.Refresh != time.Second {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, f := range got.Faults {
		if !strings.HasPrefix(f.Next, "unset BANTOP_REF") || !strings.Contains(f.Reason, f.Source) {
			t.Errorf("%+v", f)
		}
	}
}

// TestFaultyFlags: a wrong flag is an error, whatever else is wrong.
func TestFaultyFlags(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bantop.toml")
	write(t, file, "nonsense")
	_, err := load.Settings(load.Sources{File: file, Flags: []config.Value{{Key: "refresh", Text: "soon",
		Origin: config.Origin{Source: "--refresh"}}}})
	if err == nil || !strings.Contains(err.Error(), "--refresh: refresh: \"soon\" is not") {
		t.Errorf("%v", err)
	}
}

// none is the path of an administrator's file that is not there.
func none(t *testing.T) string { return filepath.Join(t.TempDir(), "none", "bantop.toml") }

// TestRoot: root takes nothing from a home folder, and of the environment only what
// changes how things are drawn; what is ignored is named. Another user has all.
func TestRoot(t *testing.T) {
	home := t.TempDir()
	write(t, filepath.Join(home, ".config", "bantop", "bantop.toml"), "refresh = \"9s\"\n")
	environ := []string{"HOME=" + home, "BANTOP_THEME=dark", "BANTOP_ASCII=true", "BANTOP_MOUSE=false",
		"BANTOP_NONSENSE=1"}
	var ignored []string
	for _, k := range config.Keys() {
		if !slices.Contains([]string{"theme", "ascii", "mouse", "refresh"}, k.Name) {
			name := "BANTOP_" + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(k.Name))
			environ = append(environ, name+"="+config.Defaults().Text(k.Name)+"7s")
			ignored = append(ignored, name)
		}
	}
	for _, xdg := range []string{"", filepath.Join(home, ".config")} {
		got, err := load.Settings(load.Sources{Default: none(t), Root: true, Environ: append(environ,
			"XDG_CONFIG_HOME="+xdg)})
		if err != nil || len(got.Faults) > 0 || got.Refresh != time.Second || got.Theme != "dark" || !got.ASCII || got.Mouse {
			t.Errorf("root: %+v, %v", got, err)
		}
		for _, name := range append(ignored, "BANTOP_NONSENSE") {
			if !slices.Contains(got.Ignored, name) {
				t.Errorf("%s is not named as ignored", name)
			}
		}
		for _, k := range config.Keys() {
			if o := got.Origin(k.Name); o != config.ByDefault && !slices.Contains([]string{"theme", "ascii", "mouse"}, k.Name) {
				t.Errorf("root takes %s from %v", k.Name, o)
			}
		}
	}
	got, err := load.Settings(load.Sources{Default: none(t), Environ: []string{"HOME=" + home, "BANTOP_TIMEOUT=5s"}})
	if err != nil || len(got.Ignored) > 0 || got.Refresh != 9*time.Second || got.Timeout != 5*time.Second {
		t.Errorf("a user: %+v, %v", got, err)
	}
}

// TestLinks: a file may be a link, and have several names, if nobody else could
// have written what is read.
func TestLinks(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "store", "x"), "refresh = \"8s\"\n")
	file := filepath.Join(dir, "etc", "bantop.toml")
	write(t, filepath.Join(dir, "etc", "other"), "")
	if err := firstError(os.Link(filepath.Join(dir, "store", "x"), filepath.Join(dir, "store", "y")),
		os.Symlink("../store/y", file)); err != nil {
		t.Fatal(err)
	}
	if got, err := load.Settings(load.Sources{File: file}); err != nil || len(got.Faults) > 0 ||
		got.Refresh != 8*time.Second {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestReader: a change is noticed, whether it is written into the file, replaces
// it, or changes its rights; a faulty file keeps what it said; a mended one counts.
func TestReader(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bantop.toml")
	write(t, file, "refresh = \"2s\"\n")
	r := load.NewReader(load.Sources{File: file, Environ: []string{"BANTOP_TIMEOUT=5s"}})
	step := func(what string, do func() error, changed bool, want time.Duration, faults int) {
		t.Helper()
		if err := do(); err != nil {
			t.Fatal(err)
		}
		if got := r.Changed(); got != changed {
			t.Errorf("%s: changed: %v", what, got)
		}
		got, err := r.Read()
		if err != nil || got.Refresh != want || len(got.Faults) != faults || got.Timeout != 5*time.Second {
			t.Errorf("%s: %v, %+v, %v", what, got.Refresh, got.Faults, err)
		}
		if faults > 0 && !got.Faults[0].Kept {
			t.Errorf("%s: what it said is not kept: %+v", what, got.Faults)
		}
	}
	nothing := func() error { return nil }
	put := func(text string) func() error { return func() error { return os.WriteFile(file, []byte(text), 0o600) } }
	step("first", nothing, true, 2*time.Second, 0)
	step("as it was", nothing, false, 2*time.Second, 0)
	step("written", put("refresh = \"3s\"\ntheme = \"16\"\n"), true, 3*time.Second, 0)
	step("replaced", func() error {
		return firstError(os.WriteFile(file+".new", []byte("refresh = \"4s\"\ntheme = \"16\"\n"), 0o600),
			os.Rename(file+".new", file))
	}, true, 4*time.Second, 0)
	step("the local file", func() error {
		return os.WriteFile(load.LocalFile(file), []byte("refresh = \"5s\"\n"),
			0o600)
	}, true, 5*time.Second, 0)
	step("the local file is gone", func() error { return os.Remove(load.LocalFile(file)) }, true, 4*time.Second, 0)
	step("spoilt", put("refresh = \"soon\"\n"), true, 4*time.Second, 1)
	step("spoilt still", nothing, true, 4*time.Second, 1)
	step("mended", put("refresh = \"6s\"\n"), true, 6*time.Second, 0)
	step("open to all", func() error { return os.Chmod(file, 0o666) }, true, 6*time.Second, 1)
	step("closed", func() error { return os.Chmod(file, 0o600) }, true, 6*time.Second, 0)
	step("its folder open to all", func() error {
		return firstError(os.Chmod(filepath.Dir(file), 0o777), put("refresh = \"9s\"\n")())
	}, true, 6*time.Second, 1)
	step("its folder closed", func() error { return os.Chmod(filepath.Dir(file), 0o700) }, true, 9*time.Second, 0)
	step("gone", func() error { return os.Remove(file) }, true, 9*time.Second, 1)
	step("back", put("refresh = \"7s\"\n"), true, 7*time.Second, 0)
}

// TestWriteIsSafe: settings are kept only where nobody else may write, never
// through a link, and the file keeps its mode.
func TestWriteIsSafe(t *testing.T) {
	values := []config.Value{{Key: "theme", Text: "16"}}
	for _, c := range []struct {
		name string
		do   func(dir, local string) error
		said string // of the error; "" if there is no error
		mode os.FileMode
	}{
		{"new", func(string, string) error { return nil }, "", 0o644},
		{"its mode stays", func(_, l string) error { return os.WriteFile(l, []byte("refresh = \"5s\"\n"), 0o640) }, "",
			0o640},
		{"a link", func(d, l string) error { return os.Symlink(filepath.Join(d, "target"), l) }, "is a symbolic link", 0},
		{"a link to a settings file", func(d, l string) error {
			return firstError(os.WriteFile(filepath.Join(d, "target"), []byte("refresh = \"5s\"\n"), 0o600),
				os.Symlink("target", l))
		}, "is a symbolic link", 0},
		{"a folder that everybody may write", func(d, _ string) error { return os.Chmod(d, 0o777) },
			"can be written by everybody", 0},
		{"a sticky one", func(d, _ string) error { return os.Chmod(d, 0o777|os.ModeSticky) }, "can be written by everybody",
			0},
		{"a file that everybody may write", func(_, l string) error {
			return firstError(os.WriteFile(l, nil, 0o600), os.Chmod(l, 0o666))
		}, "can be written by everybody", 0},
		{"a named pipe", func(_, l string) error { return unix.Mkfifo(l, 0o600) }, "is a named pipe", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "etc")
			file := filepath.Join(dir, "bantop.toml")
			write(t, file, "")
			if err := c.do(dir, load.LocalFile(file)); err != nil {
				t.Fatal(err)
			}
			before := fail2bantest.Tree(t, dir)
			soon(t, func() {
				path, err := load.Write(file, values)
				if c.said == "" != (err == nil) || err != nil && !strings.Contains(err.Error(), c.said) {
					t.Errorf("%v", err)
				}
				if err != nil {
					if after := fail2bantest.Tree(t, dir); after != before {
						t.Errorf("was %v, is %v", before, after)
					}
					return
				}
				if info, err := os.Lstat(path); err != nil || info.Mode() != c.mode {
					t.Errorf("%v, %v", info, err)
				}
			})
		})
	}
}
