package confdir_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/confdir"
	"bantop/fail2ban/fail2bantest"
)

// complaint is a jail with a fault, what fail2ban says of it, and the line that it
// stems from.
type complaint struct {
	name  string
	files map[string]string // beside those of sound; LOG is a log file
	says  string            // 1.1.0
	says1 string            // 1.0.2, where it says something else
	want  string
}

// sound is what the folders of complaints have in common.
var sound = map[string]string{
	"fail2ban.conf": "[Definition]\nloglevel = INFO\nlogtarget = stdout\nsyslogsocket = auto\ndbfile = None\nallowipv6 = auto\n",
	"jail.conf": "[DEFAULT]\nbackend = polling\nfilter = lab\naction = noop\nusedns = no\nmy_backend = nonsense\nmy_log = /nonexistent/x\n" +
		"[ok]\nenabled = true\nlogpath = LOG\n",
	"filter.d/lab.conf":  "[Definition]\nfailregex = ^.*fail from <HOST>$\n",
	"action.d/noop.conf": "[Definition]\nactionban =\n",
}

// x is a jail named x, in a file of its own.
func x(text string, more ...string) map[string]string {
	files := map[string]string{"jail.d/x.local": "[x]\nenabled = true\n" + text}
	for i := 0; i < len(more); i += 2 {
		files[more[i]] = more[i+1]
	}
	return files
}

const log = "logpath = LOG\n"

// bad is a jail with a filter of its own.
func bad(text string) map[string]string {
	return x("filter = bad\n"+log, "filter.d/bad.conf", "[INCLUDES]\nbefore = common.conf\n[Definition]\n"+text,
		"filter.d/common.conf", "[DEFAULT]\n_prefix = host\n[Definition]\ncmnfail = ^also <bad HOST>$\n")
}

var complaints = []complaint{
	{name: "log", files: x("logpath = /nonexistent/x\n"), says: "Have not found any log file for x jail", want: "jail.d/x.local:3"},
	{name: "log elsewhere", files: x("logpath = %(my_log)s\n"), says: "No file(s) found for glob /nonexistent/x", want: "jail.conf:7"},
	{name: "log option", files: x("logpath = LOG\n  LOG sideways\n"), says: "File option must be 'head' or 'tail'", want: "jail.d/x.local:3"},
	{name: "log folder", files: x("logpath = /\n"), says: "Is a directory", want: "jail.d/x.local:3"},
	{name: "filter", files: x("filter = absent\n" + log), says: "Unable to read the filter 'absent'", want: "jail.d/x.local:3"},
	{name: "filter file", files: x("filter = absent\n" + log), says: "Found no accessible config files for 'filter.d/absent' under DIR", want: "jail.d/x.local:3"},
	{name: "filter syntax", files: x("filter = lab[a=\"b\"\n" + log), says: "Invalid filter definition 'lab[a=\"b\"': unexpected option syntax", want: "jail.d/x.local:3"},
	{name: "filter option", files: x("filter = lab[a b=c]\n" + log), says: "Invalid filter definition 'lab[a b=c]': expected option, wrong syntax at 0: a b=c", want: "jail.d/x.local:3"},
	{name: "filter without", files: x("filter = bad\n"+log, "filter.d/bad.conf", "[Nope]\nfailregex = <HOST>\n"), says: "No section: 'Definition'", want: "filter.d/bad.conf"},
	{name: "action", files: x("action = noop\n  absent\n" + log), says: "Unable to read action 'absent'", want: "jail.d/x.local:4"},
	{name: "action file", files: x("action = absent\n" + log), says: "Found no accessible config files for 'action.d/absent' under DIR", want: "jail.d/x.local:3"},
	{name: "action syntax", files: x("action = [\n" + log), says: "Invalid action definition '[': unexpected option syntax", want: "jail.d/x.local:3"},
	{name: "action reference", files: x("action = bad\n"+log, "action.d/bad.conf", "[Definition]\nactionban = %(nowhere)s\n"),
		says: "Error in action definition 'bad': Bad value substitution: option 'actionban' in section 'Definition' contains an interpolation key 'nowhere' which is not a valid option name. Raw value: '%(nowhere)s'", want: "action.d/bad.conf:2"},
	{name: "action start", files: x("action = bad\n"+log, "action.d/bad.conf", "[Definition]\nactionstart = false\n"), says: "Failed to start jail 'x' action 'bad': Error starting action Jail('x')/bad: 'Script error'", want: "jail.d/x.local:3"},
	{name: "failregex", files: bad("failregex = ^ok <HOST>$\n  ^bad( <HOST>$\n"),
		says:  `Unable to compile regular expression '^bad( \[?(?:(?:::f{4,6}:)?(?P<ip4>(?:\d{1,3}\.){3}\d{1,3})|(?P<ip6>(?:[0-9a-fA-F]{1,4}::?|:){1,7}(?:[0-9a-fA-F]{1,4}|(?<=:):)))\]?$':` + "\nmissing ), unterminated subpattern at position 4",
		says1: `Unable to compile regular expression '^bad( \[?(?:(?:::f{4,6}:)?(?P<ip4>(?:\d{1,3}\.){3}\d{1,3})|(?P<ip6>(?:[0-9a-fA-F]{1,4}::?|::){1,7}(?:[0-9a-fA-F]{1,4}|(?<=:):)))\]?$':` + "\nmissing ), unterminated subpattern at position 4",
		want:  "filter.d/bad.conf:5"},
	{name: "failregex of another file", files: bad("failregex = ^ok <HOST>$\n  <cmnfail>\n  <_tail>\n_tail = nohost at %(_prefix)s$\n"), says: "No failure-id group in '^also <bad HOST>$'", want: "filter.d/common.conf:4"},
	{name: "failregex of the jail", files: x("filter =\nfailregex = ok <HOST>\n  fail( from <HOST>\n" + log),
		says:  `Unable to compile regular expression 'fail( from \[?(?:(?:::f{4,6}:)?(?P<ip4>(?:\d{1,3}\.){3}\d{1,3})|(?P<ip6>(?:[0-9a-fA-F]{1,4}::?|:){1,7}(?:[0-9a-fA-F]{1,4}|(?<=:):)))\]?':` + "\nmissing ), unterminated subpattern at position 4",
		says1: `Unable to compile regular expression 'fail( from \[?(?:(?:::f{4,6}:)?(?P<ip4>(?:\d{1,3}\.){3}\d{1,3})|(?P<ip6>(?:[0-9a-fA-F]{1,4}::?|::){1,7}(?:[0-9a-fA-F]{1,4}|(?<=:):)))\]?':` + "\nmissing ), unterminated subpattern at position 4",
		want:  "jail.d/x.local:5"},
	{name: "no host", files: bad("failregex = ^ok <HOST>$\n  ^nohost 100%%$\n"), says: "No failure-id group in '^nohost 100%$'", want: "filter.d/bad.conf:5"},
	{name: "ignoreregex", files: bad("failregex = ^ok <HOST>$\nignoreregex =\n\n   bad(\n"), says: "Unable to compile regular expression 'bad(':\nmissing ), unterminated subpattern at position 3", want: "filter.d/bad.conf:7"},
	{name: "prefregex", files: bad("prefregex = ^(a<F-CONTENT>.+</F-CONTENT>$\nfailregex = ^ok <HOST>$\n"),
		says: `("Unable to compile regular expression '^(a(?P<content>.+)$':\nmissing ), unterminated subpattern at position 1",)`, want: "filter.d/bad.conf:4"},
	{name: "datepattern", files: bad("failregex = ^ok <HOST>$\ndatepattern = %%Q%%\n"), says: "Failed to set datepattern '%Q%' (may be an invalid format or unescaped percent char): unsupported format character 'Q' (0x51) at index 1", want: "filter.d/bad.conf:5"},
	{name: "maxlines", files: bad("failregex = ^ok <HOST>$\nmaxlines = x\n"), says: "Wrong int value 'x' for 'maxlines'. Using default one: None", want: "filter.d/bad.conf:5"},
	{name: "filter reference", files: bad("failregex = %(nowhere)s <HOST>\n"), says: "Bad value substitution: option 'failregex' in section 'Definition' contains an interpolation key 'nowhere' which is not a valid option name. Raw value: '%(nowhere)s <HOST>'", want: "filter.d/bad.conf:4"},
	{name: "filter loop", files: bad("a = <b>\nb = <a>\nfailregex = <a> <HOST>\n"), says: "properties contain self referencing definitions and cannot be resolved, fail tag: failregex, found: a in {'a': 26, 'b': 26}, value: <a> <HOST>", want: "filter.d/bad.conf:6"},
	{name: "filter header", files: x("filter = bad\n"+log, "filter.d/bad.conf", "# x\nfailregex = <HOST>\n"), says: "File contains no section headers.\nfile: 'DIR/filter.d/bad.conf', line: 2\n'failregex = <HOST>\\n'", want: "filter.d/bad.conf:2"},
	{name: "journalmatch", files: x("journalmatch = 'a\n" + log), says: "No closing quotation", want: "jail.d/x.local:3"},
	{name: "backend", files: x("backend = %(my_backend)s\n" + log), says: "Unknown backend nonsense. Must be among ['pyinotify', 'polling', 'systemd'] or 'auto'",
		says1: "Unknown backend nonsense. Must be among ['pyinotify', 'gamin', 'polling', 'systemd'] or 'auto'", want: "jail.conf:6"},
	{name: "bantime", files: x("bantime = ten\n" + log), says: "name 'ten' is not defined", want: "jail.d/x.local:3"},
	{name: "findtime", files: x("bantime = 1d 12h\nfindtime = 1x2\n" + log), says: "('invalid decimal literal', ('<string>', 1, 1, '1x 2', 1, 1))", want: "jail.d/x.local:4"},
	{name: "maxretry", files: x("maxretry = many\n" + log), says: "Wrong value for 'maxretry' in 'x'. Using default one: 'None'", want: "jail.d/x.local:3"},
	{name: "maxmatches", files: x("maxretry = 3\nmaxmatches = many\n" + log), says: "int() argument must be a string, a bytes-like object or a real number, not 'NoneType'", want: "jail.d/x.local:4"},
	{name: "usedns", files: x("usedns = perhaps\n" + log), says: "Incorrect value 'perhaps' specified for usedns. Using safe 'no'", want: "jail.d/x.local:3"},
	{name: "logencoding", files: x("logencoding = klingon\n" + log), says: "unknown encoding: klingon", want: "jail.d/x.local:3"},
	{name: "logtimezone", files: x("logtimezone = Mars/X\n" + log), says: "Unknown or unsupported time zone: 'Mars/X'", want: "jail.d/x.local:3"},
	{name: "ignorecache", files: x("ignorecache = x\n" + log), says: "expected option, wrong syntax at 0: x", want: "jail.d/x.local:3"},
	{name: "formula", files: x("bantime.increment = true\nbantime.formula = (((\n" + log), says: `("'(' was never closed", ('~inline-conf-expr~', 1, 3, '(((', 1, 0))`, want: "jail.d/x.local:4"},
	{name: "multipliers", files: x("bantime.increment = true\nbantime.multipliers = a b\n" + log), says: "invalid literal for int() with base 10: 'a'", want: "jail.d/x.local:4"},
	{name: "no header", files: map[string]string{"jail.d/x.local": "enabled = true\n"}, says: "File contains no section headers.\nfile: 'DIR/jail.d/x.local', line: 1\n'enabled = true\\n'", want: "jail.d/x.local:1"},
	{name: "unclosed", files: x("[y\nz\n"), says: "Source contains parsing errors: 'DIR/jail.d/x.local'\n\t[line  3]: '[y\\n'\n\t[line  4]: 'z\\n'", want: "jail.d/x.local:3"},
	{name: "option twice", files: x("enabled = true\n"), says: "While reading from 'DIR/jail.d/x.local' [line  3]: option 'enabled' in section 'x' already exists", want: "jail.d/x.local:3"},
	{name: "section twice", files: x("[x]\n"), says: "While reading from 'DIR/jail.d/x.local' [line  3]: section 'x' already exists", want: "jail.d/x.local:3"},
	{name: "not UTF-8", files: x("# \xff\n"), says: "Error decoding config file 'DIR/jail.d/x.local': 'utf-8' codec can't decode byte 0xff in position 21: invalid start byte", want: "jail.d/x.local:3"},
	{name: "reference", files: x("logpath = %(log)s\nlog = a\n  %(nowhere)s\n"), says: "Bad value substitution: option 'logpath' in section 'x' contains an interpolation key 'nowhere' which is not a valid option name. Raw value: '%(log)s'", want: "jail.d/x.local:5"},
	{name: "reference syntax", files: x("logpath = /x%y\n"), says: "'%' must be followed by '%' or '(', found: '%y'", want: "jail.d/x.local:3"},
	{name: "reference loop", files: x("logpath = %(logpath)s\n"), says: "Recursion limit exceeded in value substitution: option 'logpath' in section 'x' contains an interpolation key which cannot be substituted in 10 steps. Raw value: '%(logpath)s'", want: "jail.d/x.local:3"},
}

// at is the folder of a complaint under a path, as fail2ban names it.
func (c complaint) at(dir string) map[string]string {
	files := map[string]string{}
	for _, from := range []map[string]string{sound, c.files} {
		for name, text := range from {
			files[name] = strings.ReplaceAll(text, "LOG", filepath.Join(dir, "x.log"))
		}
	}
	files["x.log"] = ""
	return files
}

// TestBlame: each complaint leads to its line, also when it was made one line of.
func TestBlame(t *testing.T) {
	for _, c := range complaints {
		t.Run(c.name, func(t *testing.T) {
			dir := folder(c.at("/etc/fail2ban"))
			for _, says := range []string{c.says, c.says1} {
				says = strings.ReplaceAll(says, "DIR", "/etc/fail2ban")
				for _, reason := range []string{says, "2026-01-01 00:00:00,000 fail2ban [1]: ERROR   NOK: (" + says + ")", fail2ban.OneLine(says), fail2ban.OneLine("Failed during configuration: " + says)} {
					if got, ok := confdir.Blame(dir, reason, "x"); says != "" && (!ok || got.String() != c.want) {
						t.Errorf("%q: %v, want %s", reason, got, c.want)
					}
				}
			}
		})
	}
	if got, ok := confdir.Blame(folder(sound), "Something that fail2ban never says", "x"); ok {
		t.Error(got)
	}
	for _, says := range []string{"Unable to compile regular expression 'fail from (':", "Unable to read the filter 'absent'", "Unknown backend nonsense."} {
		if got, ok := confdir.Blame(folder(sound), says, ""); ok {
			t.Errorf("a complaint %q about nobody knows which jail blames %s", says, got)
		}
	}
	if got, ok := confdir.Blame(folder(x("")), "Errors in jail 'x'. Skipping...", "y"); !ok || got.String() != "jail.d/x.local:1" {
		t.Error(got, ok)
	}
}

// TestComplaintsAreReal: real fail2bans say these things, word for word.
func TestComplaintsAreReal(t *testing.T) {
	for _, install := range fail2bantest.RealInstalls(t) {
		for _, c := range complaints {
			t.Run(install.Version+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				dir := fail2bantest.TempDir(t)
				write(t, dir, c.at(dir))
				says := strings.ReplaceAll(c.says, "DIR", dir)
				if c.says1 != "" && strings.HasPrefix(install.Version, "1.0") {
					says = c.says1
				}
				if out := provoke(t, install, dir, says); !strings.Contains(out, says) {
					t.Errorf("got %s\nwant %s", out, says)
				}
				if at, ok := confdir.Blame(os.DirFS(dir), says, "x"); !ok || at.String() != c.want {
					t.Errorf("%s, want %s", at, c.want)
				}
			})
		}
	}
}

// provoke has fail2ban read a folder, and start a server on it until it says what
// it is to say, or ends.
func provoke(t *testing.T, install fail2bantest.Install, dir, says string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	run := func(program string, args ...string) string {
		args = append([]string{"-c", dir, "-s", filepath.Join(dir, "s"), "-p", filepath.Join(dir, "p"), "-v"}, args...)
		cmd := exec.CommandContext(ctx, filepath.Join("/", install.Root, "usr/bin", program), args...)
		cmd.Env = append(append(os.Environ(), install.Environ()...), "PYTHONUNBUFFERED=1")
		cmd.WaitDelay = 5 * time.Second
		out := &watched{says: says, found: cancel}
		cmd.Stdout, cmd.Stderr = out, out
		_ = cmd.Run() // it fails, as it is to
		return out.text.String()
	}
	out := run("fail2ban-client", "-d")
	if !strings.Contains(out, says) {
		out += run("fail2ban-client", "-t")
	}
	if !strings.Contains(out, says) {
		out += run("fail2ban-server", "-x", "-f", "start")
	}
	return spread.ReplaceAllString(out, "")
}

// spread is what the verbose output has before each line.
var spread = regexp.MustCompile(`(?m)^\d{4}-\d\d-\d\d [\d:,]+ `)

// watched is an output that tells when something was written into it.
type watched struct {
	text  bytes.Buffer // not embedded: its ReadFrom would go round Write
	says  string
	found func()
}

func (w *watched) Write(p []byte) (int, error) {
	n, err := w.text.Write(p)
	if strings.Contains(w.text.String(), w.says) {
		w.found()
	}
	return n, err
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// FuzzBlame: no complaint and no files make it panic, and where it leads there is
// such a line.
func FuzzBlame(f *testing.F) {
	for _, c := range complaints {
		f.Add(c.says, c.files["jail.d/x.local"], c.files["filter.d/bad.conf"])
	}
	f.Fuzz(func(t *testing.T, reason, jail, filter string) {
		files := map[string]string{"jail.conf": jail, "filter.d/bad.conf": filter}
		at, ok := confdir.Blame(folder(files), reason, "x")
		if text, there := files[at.File]; ok && (!there || at.Line > 1+strings.Count(text, "\n")+strings.Count(text, "\r")) {
			t.Error(fmt.Sprint(at))
		}
	})
}

// TestBlameOfNewest: fail2ban 1.1.2 has quotes about the name of a jail (1.1.2.dev1,
// client/jailreader.py).
func TestBlameOfNewest(t *testing.T) {
	dir := fstest.MapFS{
		"jail.conf":      {Data: []byte("[DEFAULT]\n")},
		"jail.d/x.local": {Data: []byte("[x]\nenabled = true\nlogpath = /nonexistent/x\n")},
	}
	for _, says := range []string{
		"Have not found any log file for 'x' jail.",
		"Have not found any log file for 'x' jail. Jail will monitor systemd journal.",
		"Have not found any log file for x jail",
	} {
		if at, ok := confdir.Blame(dir, says, ""); !ok || at.String() != "jail.d/x.local:3" {
			t.Errorf("%s: %v", says, at)
		}
	}
}
