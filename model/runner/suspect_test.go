package runner_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bantop/fail2ban/fail2bantest"
	"bantop/model"
)

// culprits are files that are to blame, with the files that make fail2ban read them.
var culprits = []struct {
	name     string
	files    map[string]string
	dir      string
	file     string
	line     int
	reason   string
	jail     string
	takesAll bool // a reload takes every jail down
}{
	{"jail.d", map[string]string{"jail.d/x.local": "[victim]\nenabled = true\nlogpath = LOG\nfilter =\nfailregex = fail from <HOST>(\n"},
		"jail.d", "x.local", 5, "Unable to compile regular expression", "victim", true},
	{"jail.d, no section", map[string]string{"jail.d/x.local": "# x\n[victim\nenabled = true\n"}, "jail.d", "x.local", 2, "the [ of a section is not closed", "", false},
	{"jail.d, no log", map[string]string{"jail.d/x.local": "[victim]\nenabled = true\nlogpath = /nonexistent/x.log\n"},
		"jail.d", "x.local", 3, "Have not found any log file", "victim", false},
	{"jail.d, the second jail of a file", map[string]string{"jail.d/x.local": "[j002]\nmaxretry = 4\n[victim]\nenabled = true\nlogpath = LOG\nfilter = absent\n[j003]\nmaxretry = 4\n"},
		"jail.d", "x.local", 6, "Unable to read the filter 'absent'", "victim", false},
	{"filter.d", map[string]string{"filter.d/bad.conf": "[Definition]\n# x\nfailregex = fail from <HOST>(\n", "jail.local": "[victim]\nenabled = true\nlogpath = LOG\nfilter = bad\n"},
		"filter.d", "bad.conf", 3, "Unable to compile regular expression", "victim", true},
	{"filter.d, of two jails", map[string]string{"filter.d/bad.conf": "[Definition]\nfailregex = fail from <HOST>(\n",
		"jail.local": "[victim]\nenabled = true\nlogpath = LOG\nfilter = bad\n[victim2]\nenabled = true\nlogpath = LOG\nfilter = bad\n"},
		"filter.d", "bad.conf", 2, "Unable to compile regular expression", "victim", true},
	{"action.d", map[string]string{"action.d/bad.conf": "[Definition]\nactionban = %(nothing)s\n", "jail.local": "[victim]\nenabled = true\nlogpath = LOG\naction = noop\n  bad[name=x]\n"},
		"action.d", "bad.conf", 2, "nothing", "victim", false},
}

// TestSuspects: the file that is to blame is the first, and proven, with the line
// and the reason, whether it is known which jail was activated last or not; one that
// was changed of late and is fine is named, and not proven. Nothing is written.
func TestSuspects(t *testing.T) {
	for _, c := range culprits {
		t.Run(c.name, func(t *testing.T) {
			eachChangeLab(t, func(t *testing.T, l *changeLab) {
				l.age()
				for name, text := range c.files {
					l.put(name, strings.ReplaceAll(text, "LOG", l.LogPath("j001")))
				}
				l.put("jail.d/fine.local", "[j001]\nmaxretry = 4\n")
				_, _ = l.Client("reload") // it may refuse, it may take all jails down
				if c.takesAll {
					fail2bantest.Eventually(t, "the jails are lost", func() bool {
						out, err := l.Client("status")
						return err == nil && !strings.Contains(out, "j001")
					})
				}
				before := tree(t, l.ConfDir)
				for _, last := range []string{"", "victim"} {
					got := l.Do(t.Context(), model.FindSuspects{Jail: last}).(model.SuspectsFound)
					if got.Reason != "" || len(got.List) != 2 || got.At.IsZero() {
						t.Errorf("last %q: %+v", last, got)
						continue
					}
					s, fine := got.List[0], got.List[1]
					if s.Dir != c.dir || s.Name != c.file || s.Line != c.line || !s.Proven || s.Jail != c.jail || strings.TrimSuffix(strings.Join(s.Jails, " "), " victim2") != c.jail || !strings.Contains(s.Reason, c.reason) || s.Changed.IsZero() {
						t.Errorf("last %q: got %+v", last, s)
					}
					if fine.Name != "fine.local" || fine.Proven || fine.Reason != "" {
						t.Errorf("last %q: got %+v", last, fine)
					}
				}
				if after := tree(t, l.ConfDir); after != before {
					t.Errorf("the configuration was\n%s\nand is\n%s", before, after)
				}
				if left := l.left(); len(left) > 0 {
					t.Errorf("left: %v", left)
				}
			})
		})
	}
}

// TestSuspectOfLog: an error of fail2ban's log, which names no jail, puts no blame on
// a file of another: neither where it is not known which jail was activated last, nor
// where it was another, whether the filter of all was changed of late or not.
func TestSuspectOfLog(t *testing.T) {
	eachChangeLab(t, func(t *testing.T, l *changeLab) {
		if err := l.Fault("regex"); err != nil {
			t.Fatal(err)
		}
		_, _ = l.Client("reload") // whether it says so differs between versions
		var errors []string
		fail2bantest.Eventually(t, "the log tells", func() bool {
			log, err := os.ReadFile(filepath.Join(l.Dir, "log", "fail2ban.log"))
			errors = nil
			for line := range strings.Lines(string(log)) {
				if strings.Contains(line, "ERROR") {
					errors = append(errors, strings.TrimSpace(line))
				}
			}
			return err == nil && len(errors) > 0
		})
		for i, last := range []string{"broken", "j001", "", "broken", "j001", ""} {
			if i == 3 {
				l.age()
			}
			var proven []model.Suspect
			for _, s := range l.Do(t.Context(), model.FindSuspects{Jail: last, Log: errors}).(model.SuspectsFound).List {
				if s.Proven {
					proven = append(proven, s)
				}
			}
			if len(proven) != 1 || proven[0].Name != "broken.local" || proven[0].Line != 4 || proven[0].Jail != "broken" {
				t.Errorf("last %q: got %+v from %q", last, proven, errors)
			}
		}
	})
}

// TestNobodyToSuspect: where nothing is wrong and nothing was changed, nobody is
// named; where there is no configuration, that is said.
func TestNobodyToSuspect(t *testing.T) {
	eachChangeLab(t, func(t *testing.T, l *changeLab) {
		l.age()
		if got := l.Do(t.Context(), model.FindSuspects{Jail: "j001"}).(model.SuspectsFound); len(got.List) != 0 || got.Reason != "" {
			t.Errorf("got %+v", got)
		}
		if err := os.Rename(l.ConfDir, l.ConfDir+".off"); err != nil {
			t.Fatal(err)
		}
		got := l.Do(t.Context(), model.FindSuspects{}).(model.SuspectsFound)
		if err := os.Rename(l.ConfDir+".off", l.ConfDir); err != nil {
			t.Fatal(err)
		}
		if got.Reason == "" || len(got.List) != 0 {
			t.Errorf("got %+v", got)
		}
	})
}
