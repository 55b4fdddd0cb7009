package allowfile

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bantop/fail2ban"
	"bantop/fail2ban/fail2bantest"
)

// act is Allow or Disallow.
type act func(context.Context, Options, []fail2ban.Target) ([]fail2ban.Result, error)

// do does it, and looks at what came of it.
func do(t *testing.T, a act, conf, what, want string) {
	t.Helper()
	results, err := a(t.Context(), Options{Conf: conf}, targets(what))
	if err != nil || said(results) != want {
		t.Errorf("%s: %s, %v, want %s", what, said(results), err, want)
	}
	for i, r := range results {
		if r.Target != targets(what)[i] || (r.Count == 1) != (r.Outcome == fail2ban.Done) {
			t.Errorf("%s: result %d is %+v", what, i, r)
		}
	}
	nothingLeft(t)
}

// TestForGood: what is allowed is on the list of the running server after a reload,
// with all that was there before, and nothing else of the configuration has
// changed; what is taken back is off it, and the file goes with the last.
func TestForGood(t *testing.T) {
	onReal(t, func(t *testing.T, install fail2bantest.Install) {
		r := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{})
		jailConf := filepath.Join(r.ConfDir, "jail.conf")
		write(t, r.ConfDir, "jail.conf", strings.Replace(read(t, jailConf), "ignoreip =\n", "ignoreip = 127.0.0.1/8 192.0.2.1\n", 1))
		write(t, r.ConfDir, "jail.local", "[j002]\nignoreip = 192.0.2.2,\n  ::1\n")
		write(t, r.ConfDir, "jail.d/x.local", "[j002]\nignoreip = 192.0.2.22\n")
		dump := func() []string {
			t.Helper()
			out, err := r.Client("-d")
			if err != nil {
				t.Fatal(err)
			}
			return strings.Split(out, "\n")
		}
		ignored := func(jail, want string) {
			t.Helper()
			if _, err := r.Client("reload"); err != nil {
				t.Fatal(err)
			}
			out, err := r.Client("get", jail, "ignoreip")
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for line := range strings.Lines(out) {
				if _, address, ok := strings.Cut(line, "- "); ok {
					got = append(got, strings.TrimSpace(address))
				}
			}
			slices.Sort(got)
			if strings.Join(got, " ") != want {
				t.Errorf("%s ignores %q, want %q", jail, got, want)
			}
		}
		before := dump()
		do(t, Allow, r.ConfDir, "j001 198.51.100.7, j002 2001:DB8:1::5/48, j001 198.51.100.9/24, j001 ::ffff:198.51.100.7", "done done done unchanged")
		ignored("j001", "127.0.0.0/8 192.0.2.1 198.51.100.0/24 198.51.100.7")
		ignored("j002", "192.0.2.22 2001:db8:1::/48")
		ignored("j003", "127.0.0.0/8 192.0.2.1")
		after := dump()
		for i, line := range after {
			changed := strings.Contains(line, "'addignoreip'") && !strings.Contains(line, "'j003'")
			if len(after) != len(before) || (line != before[i]) != changed {
				t.Errorf("line %d of the dump is %q", i, line)
			}
		}
		info, err := os.Stat(Path(r.ConfDir))
		if err != nil || info.Mode() != 0o644 {
			t.Error(info.Mode(), err)
		}
		do(t, Disallow, r.ConfDir, "j001 198.51.100.7, j003 198.51.100.7, j001 192.0.2.1", "done unchanged refused")
		ignored("j001", "127.0.0.0/8 192.0.2.1 198.51.100.0/24")
		do(t, Disallow, r.ConfDir, "j001 198.51.100.0/24, j002 2001:db8:1::/48", "done done")
		ignored("j002", "192.0.2.22")
		if read(t, Path(r.ConfDir)) != "" || !slices.Equal(dump(), before) {
			t.Error("it is not as it was")
		}
	})
}

// dumped is the ignore list of a jail in a dump, as Python prints it; "" where there
// is none.
func dumped(t *testing.T, conf, jail string) string {
	t.Helper()
	out, err := Client("").Dump(t.Context(), conf)
	if err != nil {
		t.Fatal(err)
	}
	list := parseDump(out).ignore[printed(jail)]
	return strings.TrimPrefix(strings.TrimPrefix(list, "['set', '"+jail+"', 'addignoreip'"), ", ")
}

// TestWhatElseIsSaid: a jail keeps what the rest of the configuration says of it,
// wherever that stands, and one of which it says nothing gets the addresses alone.
func TestWhatElseIsSaid(t *testing.T) {
	onReal(t, func(t *testing.T, _ fail2bantest.Install) {
		for _, c := range []struct{ name, defaults, file, text, list string }{
			{"nothing", "", "", "", "'192.0.2.9']"},
			{"an empty one", "ignoreip =\n", "", "", "'192.0.2.9']"},
			{"[DEFAULT]", "ignoreip = 192.0.2.1\n", "", "", "'192.0.2.1', '192.0.2.9']"},
			{"[DEFAULT], in a file that is read later", "ignoreip = 192.0.2.1\n", "jail.d/zzz.local", "[DEFAULT]\nignoreip = 192.0.2.2\n", "'192.0.2.2', '192.0.2.9']"},
			{"the jail", "ignoreip = 192.0.2.1\n", "jail.d/a.conf", "[j1]\nignoreip = 192.0.2.2\n 192.0.2.4, example.org\n", "'192.0.2.2', '192.0.2.4', 'example.org', '192.0.2.9']"},
			{"the jail, by way of [DEFAULT]", "ignoreip = 192.0.2.1\n", "jail.local", "[j1]\nignoreip = %(default/ignoreip)s 192.0.2.2\n", "'192.0.2.1', '192.0.2.2', '192.0.2.9']"},
			{"the jail, by a name", "office = 192.0.2.1\n", "jail.local", "[j1]\nignoreip = %(office)s 192.0.2.2\n", "'192.0.2.1', '192.0.2.2', '192.0.2.9']"},
			{"a file that is included", "", "jail.local", "[INCLUDES]\nbefore = more.inc\n[DEFAULT]\nignoreip = %(office)s\n", "'192.0.2.7', '192.0.2.9']"},
		} {
			t.Run(c.name, func(t *testing.T) {
				conf := lab(t, c.defaults)
				write(t, conf, "more.inc", "[DEFAULT]\noffice = 192.0.2.7\n")
				if c.file != "" {
					write(t, conf, c.file, c.text)
				}
				before := fail2bantest.Tree(t, conf)
				do(t, Allow, conf, "j1 192.0.2.9", "done")
				if got := dumped(t, conf, "j1"); got != c.list {
					t.Errorf("got %s, want %s", got, c.list)
				}
				do(t, Disallow, conf, "j1 192.0.2.9", "done")
				if after := fail2bantest.Tree(t, conf); after != before {
					t.Errorf("it was\n%s\nand is\n%s", before, after)
				}
			})
		}
	})
}

// TestFile holds the form of the file, and that only what is asked for changes in
// it: what was edited by hand stays in its order, under its comments.
func TestFile(t *testing.T) {
	onReal(t, func(t *testing.T, _ fail2bantest.Install) {
		conf := lab(t, "")
		do(t, Allow, conf, "j3 198.51.100.7, j1 2001:db8::/32, j3 192.0.2.3, j3 198.51.100.0/24", "done done unchanged done")
		do(t, Allow, conf, "j3 198.51.100.7, j1 2001:DB8::/32, j3 192.0.2.3", "unchanged unchanged unchanged")
		const lists = "\n[j3]\nignoreip = %(known/ignoreip)s\n    198.51.100.7\n    198.51.100.0/24\n\n[j1]\nignoreip =\n    2001:db8::/32\n"
		if got := read(t, Path(conf)); got != head+lists {
			t.Errorf("got\n%s", got)
		}
		if got := listed(t, conf); got != "j3 198.51.100.7, j3 198.51.100.0/24, j1 2001:db8::/32" {
			t.Errorf("got %s", got)
		}
		const edited = "# ours\r\n\r\n; don't touch\r\n[j3]\r\nIgnoreIP: %(known/ignoreip)s 198.51.100.7,198.51.100.1\r\n\r\n\t198.51.100.0/24\r\n"
		write(t, conf, "jail.d/"+Name, edited)
		do(t, Allow, conf, "j3 198.51.100.1", "unchanged")
		if got := read(t, Path(conf)); got != edited {
			t.Errorf("got\n%s", got)
		}
		do(t, Allow, conf, "j1 192.0.2.9, j3 198.51.100.2", "done done")
		do(t, Disallow, conf, "j3 198.51.100.7", "done")
		const after = "# ours\n\n; don't touch\n\n[j3]\nignoreip = %(known/ignoreip)s\n    198.51.100.1\n    198.51.100.0/24\n    198.51.100.2\n\n[j1]\nignoreip =\n    192.0.2.9\n"
		if got := read(t, Path(conf)); got != after {
			t.Errorf("got\n%s", got)
		}
		do(t, Disallow, conf, listed(t, conf), "done done done done")
		do(t, Disallow, conf, "j1 192.0.2.9", "unchanged")
		if got := read(t, Path(conf)); got != "# ours\n\n; don't touch\n" {
			t.Errorf("comments of others were lost: %q", got)
		}
	})
}

// TestLaterEdits: where the rest of the configuration was changed so that the file
// does not go with it any more, Check says so, and the next change mends it.
func TestLaterEdits(t *testing.T) {
	onReal(t, func(t *testing.T, _ fail2bantest.Install) {
		check := func(conf, want, wantErr string) {
			t.Helper()
			before := fail2bantest.Tree(t, conf)
			results, err := Check(t.Context(), Options{Conf: conf})
			text := ""
			for _, r := range append(results, fail2ban.Result{Err: err}) {
				if r.Err != nil {
					text = r.Err.Error()
				}
			}
			if said(results) != want || !strings.Contains(text, wantErr) || (text == "") != (wantErr == "") {
				t.Errorf("%s, %s, want %s, %s", said(results), text, want, wantErr)
			}
			nothingLeft(t)
			if fail2bantest.Tree(t, conf) != before {
				t.Error("it was changed")
			}
		}
		t.Run("[DEFAULT] gets a list", func(t *testing.T) {
			conf := lab(t, "")
			check(conf, "", "")
			do(t, Allow, conf, "j1 192.0.2.9, j2 192.0.2.9, j3 192.0.2.9", "done done done")
			check(conf, "unchanged unchanged unchanged", "")
			write(t, conf, "jail.local", "[DEFAULT]\nignoreip = 192.0.2.1\n")
			check(conf, "refused refused unchanged", "the list of [j2] here hides the one that "+conf+"/jail.local has got in [DEFAULT]")
			do(t, Allow, conf, "j1 192.0.2.1", "unchanged")
			check(conf, "unchanged refused unchanged", "[j2]")
			if got := dumped(t, conf, "j1"); got != "'192.0.2.1', '192.0.2.9']" {
				t.Errorf("got %s", got)
			}
		})
		t.Run("[DEFAULT] loses it", func(t *testing.T) {
			conf := lab(t, "")
			write(t, conf, "jail.local", "[DEFAULT]\nignoreip = 192.0.2.1\n")
			do(t, Allow, conf, "j1 192.0.2.9, j2 192.0.2.9", "done done")
			write(t, conf, "jail.local", "")
			check(conf, "", "with it fail2ban cannot read its configuration any more: read fail2ban's configuration: fail2ban-client ended with 255: Bad value substitution: option 'ignoreip' in section 'j1'")
			do(t, Disallow, conf, "j2 192.0.2.9", "done")
			check(conf, "unchanged", "")
			if got := dumped(t, conf, "j1"); got != "'192.0.2.9']" {
				t.Errorf("got %s", got)
			}
		})
		t.Run("a jail is disabled", func(t *testing.T) {
			conf := lab(t, "ignoreip = 192.0.2.1\n")
			do(t, Allow, conf, "j1 192.0.2.9, j2 192.0.2.9", "done done")
			write(t, conf, "jail.local", "[j1]\nenabled = false\n")
			check(conf, "refused unchanged", "enables no jail \"j1\"")
			do(t, Allow, conf, "j2 192.0.2.8", "done")
			do(t, Disallow, conf, "j1 192.0.2.9", "done")
			check(conf, "unchanged unchanged", "")
		})
		t.Run("another file comes up behind it", func(t *testing.T) {
			conf := lab(t, "")
			do(t, Allow, conf, "j1 192.0.2.9, j1 192.0.2.8", "done done")
			write(t, conf, "jail.d/zzz.local", "[j1]\nignoreip = 192.0.2.1\n")
			check(conf, "refused refused", conf+"/jail.d/zzz.local is read after it, and sets ignoreip in [j1] anew")
			do(t, Disallow, conf, "j1 192.0.2.9", "done")
		})
	})
}
