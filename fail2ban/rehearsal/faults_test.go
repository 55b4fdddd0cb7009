package rehearsal

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bantop/fail2ban"
)

// TestFaults walks what may be wrong with a jail: the verdict, and fail2ban's own
// words, with the places of the real folder. The live server stays as it is.
func TestFaults(t *testing.T) {
	onReal(t, func(t *testing.T, th *theatre) {
		path := th.log(t, "new.log", time.Minute, "203.0.113.1")
		slow := filepath.Join(th.Dir, "log", "slow.log")
		pipe := filepath.Join(th.Dir, "log", "pipe.log")
		line := time.Now().Add(-time.Minute).Format(time.DateTime) + " host app: " + strings.Repeat("a", 60) + "!\n"
		if err := os.WriteFile(slow, []byte(strings.Repeat(line, 100)), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := unix.Mkfifo(pipe, 0o644); err != nil {
			t.Fatal(err)
		}
		source := "logpath = " + path + "\n"
		check := th.untouched(t)
		for _, c := range []struct {
			name, text string // "" as text: the jail enabled, with settings
			settings   string
			verdict    fail2ban.Verdict
			reason     string // DIR is the folder of the theatre
		}{
			{"log", "", "logpath = " + th.Dir + "/log/absent.log\n", fail2ban.VerdictNoLog, "Have not found any log file for new jail"},
			{"filter", "", "filter = absent\n" + source, fail2ban.VerdictNoFilter, "Unable to read the filter 'absent'"},
			{"action", "", "action = absent\n" + source, fail2ban.VerdictNoAction, "Unable to read action 'absent'"},
			{"regex", "", "filter =\nfailregex = fail from <HOST>(\n" + source, fail2ban.VerdictRegex, "Unable to compile regular expression 'fail from "},
			{"nohost", "", "filter =\nfailregex = fail from somebody\n" + source, fail2ban.VerdictRegex, "No failure-id group in 'fail from somebody'"},
			{"ignoreregex", "", "ignoreregex = x)\n" + source, fail2ban.VerdictRegex, "Unable to compile regular expression 'x)'"},
			{"backend", "", "backend = nonsense\n" + source, fail2ban.VerdictRefused, "Unknown backend nonsense"},
			{"backend that is not installed", "", "backend = systemd\n", fail2ban.VerdictRefused, "Backend 'systemd' failed to initialize due to No module named 'systemd'"},
			{"syntax", "[new\nenabled = true\n", "", fail2ban.VerdictSyntax, "File contains no section headers. file: 'DIR/etc/jail.d/zz-bantop-new.local', line: 1 '[new\\n'"},
			{"twice", "[new]\nenabled = true\nenabled = true\n" + source, "", fail2ban.VerdictSyntax, "already exists"},
			{"refers to nothing", "", "bantime = %(absent)s\n" + source, fail2ban.VerdictSyntax, "Bad value substitution"},
			{"bantime", "", "bantime = nonsense\n" + source, fail2ban.VerdictRefused, "bantime = nonsense: name 'nonsense' is not defined"},
			{"findtime", "", "findtime = nonsense\n" + source, fail2ban.VerdictRefused, "findtime = nonsense: "},
			{"maxretry", "", "maxretry = nonsense\n" + source, fail2ban.VerdictRefused, "maxretry = None: invalid literal for int()"},
			{"ignoreip", "", "ignoreip = 203.0.113.1/99 %%% nonsense\n" + source, fail2ban.VerdictSyntax, "'%' must be followed by"},
			{"ignoreip that is none", "", "ignoreip = nonsense/99\n" + source, fail2ban.VerdictRefused, `ignoreip: "nonsense/99" is neither an address nor a network nor a name`},
			{"encoding", "", "logencoding = nonsense\n" + source, fail2ban.VerdictRefused, "logencoding = nonsense: unknown encoding: nonsense"},
			{"datepattern", "", "datepattern = (\n" + source, fail2ban.VerdictRefused, "the jail would load, and read nothing: Caught unhandled exception in main cycle: error('missing ), unterminated subpattern"},
			{"port", "", "port = nonsense\naction = noop[port=\"%(port)s\"]\n" + source, fail2ban.VerdictReady, ""},
			{"nothing to read", "", "", fail2ban.VerdictNoLog, "the jail would have neither log file nor journal match"},
			{"a folder as log", "", "logpath = " + th.Dir + "/log\n", fail2ban.VerdictRefused, "logpath = DIR/log: 21 Is a directory"},
			{"a pipe as log", "", "logpath = " + pipe + "\n", fail2ban.VerdictTooSlow, "DIR/log/pipe.log is a pipe: fail2ban would wait for ever"},
			{"not enabled", "[new]\n" + source, "", fail2ban.VerdictRefused, `does not enable the jail "new"`},
			{"another is changed", "[new]\nenabled = true\n" + source + "[j002]\nbantime = 77\n", "", fail2ban.VerdictRefused, `with that file jail "j002" would change, too: "['set', 'j002', 'bantime', '77']"`},
			{"another goes", "[new]\nenabled = true\n" + source + "[j002]\nenabled = false\n", "", fail2ban.VerdictRefused, `with that file jail "j002" would be gone, too`},
			{"another comes", "[new]\nenabled = true\n" + source + "[more]\nenabled = true\n" + source, "", fail2ban.VerdictRefused, `with that file jail "more" would come, too`},
			{"all change", "[DEFAULT]\nbantime = 77\n[new]\nenabled = true\n" + source, "", fail2ban.VerdictRefused, "would change, too"},
			{"a regex that backtracks", "", "filter =\nfailregex = ^ ?host app: (?:a+)+<HOST>$\nlogpath = " + slow + "\n", fail2ban.VerdictTooSlow, "its regular expressions read no more than 0 lines of DIR/log/slow.log in "},
		} {
			t.Run(c.name, func(t *testing.T) {
				o := th.options("new", c.settings)
				if c.text != "" {
					o.Text = []byte(c.text)
				}
				if c.verdict == fail2ban.VerdictTooSlow {
					o.Limit = 6 * time.Second
				}
				began := time.Now()
				k := run(t, o)
				want := strings.ReplaceAll(c.reason, "DIR", th.Dir)
				words := strings.Replace(k.Reason, "PatternError(", "error(", 1) // Python 3.13 renamed re.error
				if k.Verdict != c.verdict || !strings.Contains(words, want) || (k.Reason == "") != (k.Verdict == fail2ban.VerdictReady) || strings.ContainsAny(k.Reason, "\n\t") || strings.Contains(k.Reason, th.temp) {
					t.Errorf("%s: %q\nwant %s: %q", k.Verdict, k.Reason, c.verdict, want)
				}
				t.Logf("| %s | %s | %s | %v |", c.name, k.Verdict, strings.ReplaceAll(k.Reason, th.Dir, "DIR"), time.Since(began).Round(time.Millisecond))
				th.nothingLeft(t)
			})
		}
		check()
	})
}
