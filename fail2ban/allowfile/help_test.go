package allowfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bantop/fail2ban"
	"bantop/fail2ban/fail2bantest"
)

// onReal runs a test with each fail2ban.
func onReal(t *testing.T, f func(t *testing.T, install fail2bantest.Install)) {
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			install.Use(t)
			t.Setenv("TMPDIR", t.TempDir())
			f(t, install)
		})
	}
}

// lab is a configuration for which no server runs: the jails j1, j2 and j3, of
// which j3 has a list of its own. DEFAULT is what stands in that section.
func lab(t *testing.T, defaults string) string {
	t.Helper()
	conf := t.TempDir()
	write(t, conf, "fail2ban.conf", "[Definition]\nloglevel = INFO\nlogtarget = STDOUT\nsyslogsocket = auto\nsocket = /nonexistent/s\npidfile = /nonexistent/p\ndbfile = None\ndbpurgeage = 1d\nallowipv6 = auto\n")
	write(t, conf, "filter.d/lab.conf", "[Definition]\nfailregex = ^.*fail from <HOST>$\nignoreregex =\n")
	write(t, conf, "action.d/noop.conf", "[Definition]\nactionstart =\nactionban =\n[Init]\n")
	write(t, conf, "jail.d/empty.conf", "")
	write(t, conf, "a.log", "")
	write(t, conf, "jail.conf", "[DEFAULT]\nbackend = polling\nfilter = lab\naction = noop\nusedns = no\nlogencoding = utf-8\nlogpath = %(fail2ban_confpath)s/a.log\n"+
		defaults+"[j1]\nenabled = true\n[j2]\nenabled = true\n[j3]\nenabled = true\nignoreip = 192.0.2.3\n[off]\nenabled = false\n")
	return conf
}

// write writes a file of a folder, and the folders that it is in.
func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// read reads a file; "" where there is none.
func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(b)
}

// untouched returns what looks whether a folder is as it is now, and whether no copy
// was left.
func untouched(t *testing.T, conf string) func() {
	t.Helper()
	before := fail2bantest.Tree(t, conf)
	return func() {
		t.Helper()
		if after := fail2bantest.Tree(t, conf); after != before {
			t.Errorf("the folder was\n%s\nand is\n%s", before, after)
		}
		nothingLeft(t)
	}
}

// nothingLeft looks whether a copy was left.
func nothingLeft(t *testing.T) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "bantop-allow-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left: %q, %v", left, err)
	}
}

// targets are written as "jail address", with commas between them.
func targets(text string) []fail2ban.Target {
	var out []fail2ban.Target
	for one := range strings.SplitSeq(text, ", ") {
		jail, address, _ := strings.Cut(one, " ")
		out = append(out, fail2ban.Target{Jail: jail, Address: address})
	}
	return out
}

// said is what came of targets, a word each.
func said(results []fail2ban.Result) string {
	names := map[fail2ban.Outcome]string{fail2ban.Done: "done", fail2ban.Unchanged: "unchanged", fail2ban.Refused: "refused", fail2ban.Unknown: "unknown"}
	words := make([]string, len(results))
	for i, r := range results {
		words[i] = names[r.Outcome]
	}
	return strings.Join(words, " ")
}

// listed is what List says, as targets takes it.
func listed(t *testing.T, conf string) string {
	t.Helper()
	all, err := List(Options{Conf: conf})
	if err != nil {
		t.Fatal(err)
	}
	words := make([]string, len(all))
	for i, a := range all {
		words[i] = a.Jail + " " + a.Address
	}
	return strings.Join(words, ", ")
}
