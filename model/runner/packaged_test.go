package runner_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"bantop/fail2ban/fail2bantest"
	"bantop/model"
	"bantop/model/runner"
)

// TestPackagedFileIsKept: a file that a package owns is named, with its line, and is not
// to be renamed; two files of one's own are, and that this is enough was tried only if
// no other is at fault.
func TestPackagedFileIsKept(t *testing.T) {
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			install.Use(t)
			l := &changeLab{Real: fail2bantest.NewReal(t, install, fail2bantest.RealOptions{}), t: t, tmp: fail2bantest.TempDir(t)}
			t.Setenv("TMPDIR", l.tmp)
			l.Runner = begin(t, runner.Options{Conf: l.ConfDir, Packages: fstest.MapFS{
				"base-files.list": {Data: []byte("/.\n")},
				"fail2ban.list":   {Data: []byte(l.ConfDir + "/filter.d/packaged.conf\n")},
			}})
			log := "logpath = " + l.LogPath("j001") + "\n"
			l.put("filter.d/packaged.conf", "[Definition]\nfailregex = a <HOST>(\n")
			l.put("jail.d/one.local", "[one]\nenabled = true\nfilter =\nfailregex = b(\n"+log)
			l.put("jail.d/two.local", "[two]\nenabled = true\nfilter =\nmaxretry = x\nfailregex = b <HOST>\n"+log)
			found := func() (string, bool) {
				got := l.Do(t.Context(), model.FindSuspects{Stopped: true}).(model.SuspectsFound)
				var lines []string
				for _, v := range got.List {
					lines = append(lines, strings.TrimSpace(v.Place().String()+" "+v.Keep))
				}
				return strings.Join(lines, "; "), got.Whole
			}
			if got, whole := found(); !has(got, "jail.d/one.local:4", "jail.d/two.local:4") || !whole {
				t.Errorf("got %q, whole: %v", got, whole)
			}
			l.put("jail.d/three.local", "[three]\nenabled = true\nfilter = packaged\n"+log)
			if got, whole := found(); !has(got, "jail.d/one.local:4", "jail.d/two.local:4", "filter.d/packaged.conf:2 it belongs to the package fail2ban") || whole {
				t.Errorf("got %q, whole: %v", got, whole)
			}
		})
	}
}

// has reports whether a list joined with "; " has just these parts, in any order.
func has(list string, parts ...string) bool {
	all := strings.Split(list, "; ")
	for _, p := range parts {
		if !strings.Contains("; "+list+";", "; "+p+";") {
			return false
		}
	}
	return len(all) == len(parts)
}

// TestUnclosedSection: the line is named, and nothing that only its repair would show.
func TestUnclosedSection(t *testing.T) {
	eachChangeLab(t, func(t *testing.T, l *changeLab) {
		l.put("jail.local", "[j001]\nenabled = true\n[mail\nenabled = true\n")
		got := l.Do(t.Context(), model.FindSuspects{Stopped: true}).(model.SuspectsFound)
		if len(got.List) != 1 || got.List[0].Place().String() != "jail.local:3" || !got.List[0].Proven || got.Whole {
			t.Errorf("got %+v", got)
		}
	})
}
