package rehearsal

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"bantop/fail2ban"
)

// slipsOf proves the configuration of a theatre, and returns each slip as text with the
// theatre's folder left out.
func slipsOf(t *testing.T, th *theatre, p Proof) []string {
	t.Helper()
	p.Conf, p.Program, p.Dir = th.ConfDir, th.program, th.temp
	_, err := Prove(t.Context(), p)
	refused, is := errors.AsType[*fail2ban.RefusedError](err)
	if err != nil && !is {
		t.Fatal(err)
	}
	if err == nil {
		return nil
	}
	var out []string
	for _, s := range refused.Slips {
		out = append(out, strings.ReplaceAll(s.String(), th.Dir, "DIR"))
	}
	return out
}

// TestProveFaults walks the faults that fail2ban-client -t passes and a reload or start
// refuses (1.0.2 and 1.1.0, measured), and those that it finds: each with its line.
func TestProveFaults(t *testing.T) {
	wide := "fail2ban.local:2: "
	in := "jail.d/mm.local:3: "
	faults := []struct{ name, file, text, want string }{
		{"dbpurgeage", "fail2ban.local", "[Definition]\ndbpurgeage = abc\n", wide + "dbpurgeage = abc: name 'abc' is not defined"},
		{"dbmaxmatches", "fail2ban.local", "[Definition]\ndbmaxmatches = abc\n", wide + "dbmaxmatches = abc: it is not a number"},
		{"logtarget", "fail2ban.local", "[Definition]\nlogtarget = DIR/none/x.log\n", wide + "logtarget = DIR/none/x.log: its folder is not there"},
		{"dbfile", "fail2ban.local", "[Definition]\ndbfile = DIR/none/none/x.sqlite3\n", wide + "dbfile = DIR/none/none/x.sqlite3: its folder is not there"},
		{"syslogsocket", "fail2ban.local", "[Definition]\nlogtarget = SYSLOG\nsyslogsocket = DIR/none\n", "fail2ban.local:3: syslogsocket = DIR/none: DIR/none is not there"},
		{"logtarget is a link to nothing", "fail2ban.local", "[Definition]\nlogtarget = DIR/dangling\n", wide + "logtarget = DIR/dangling: its folder is not there"},
		{"logtarget unclosed", "fail2ban.local", "[Definition]\nlogtarget = DIR/x.log[padding\n", wide + "logtarget = DIR/x.log[padding: unexpected option syntax"},
		{"logtarget option", "fail2ban.local", "[Definition]\nlogtarget = DIR/x.log[padding]\n", wide + "logtarget = DIR/x.log[padding]: expected option, wrong syntax"},
		{"logtarget empty", "fail2ban.local", "[Definition]\nlogtarget =\n", wide + "logtarget = : unexpected option syntax"},
		{"failregex", "", "failregex = fail from <HOST>(", in + "jail mm: Unable to compile regular expression"},
		{"nohost", "", "failregex = fail from somebody", in + "jail mm: No failure-id group in 'fail from somebody'"},
		{"backend", "", "backend = pooling", in + "jail mm: Unknown backend pooling"},
		{"bantime", "", "bantime = abc", in + "jail mm: bantime = abc: name 'abc' is not defined"},
		{"bantime empty", "", "bantime =", in + "jail mm: bantime = : invalid syntax"},
		{"maxretry comment", "", "maxretry = 3 # three", in + "jail mm: maxretry = 3 # three: it is not a number"},
		{"maxretry word", "", "maxretry = abc", in + "jail mm: maxretry = abc: it is not a number"},
		{"findtime", "", "findtime = 10 minutes x", in + "jail mm: findtime = 10 minutes x: "},
		{"logencoding", "", "logencoding = klingon", in + "jail mm: logencoding = klingon: unknown encoding: klingon"},
		{"maxlines", "", "filter = lab[maxlines=0]", in + "jail mm: maxlines = 0: maxlines must be integer greater than zero"},
		{"logtimezone", "", "logtimezone = Europe/Nowhere", in + "jail mm: logtimezone = Europe/Nowhere: Unknown or unsupported time zone"},
		{"ignorecache", "", "ignorecache = abc", in + "jail mm: ignorecache = abc: expected option, wrong syntax"},
		{"multipliers", "", "bantime.multipliers = 1 x", in + "jail mm: bantime.multipliers = 1 x: invalid literal for int()"},
		{"formula", "", "bantime.formula = ban.Time * (", in + "jail mm: bantime.formula = ban.Time * (: "},
		{"logpath is a folder", "", "logpath = DIR/log", in + "jail mm: logpath = DIR/log: "},
		{"log missing", "", "logpath = DIR/log/none.log", in + "Have not found any log file for mm jail"},
		{"filter missing", "", "filter = nofilter", in + "jail mm: Unable to read the filter 'nofilter'"},
		{"action missing", "", "action = noaction", in + "jail mm: Unable to read action 'noaction'"},
		{"duplicate section", "", "[mm]\nenabled = true", "jail.d/mm.local:3: "},
		{"python action", "", "action = DIR/none.py[a=b]", in},
		{"python without Action", "", "action = DIR/nothing.py", in + "jail mm: action DIR/nothing: DIR/nothing.py has no class Action"},
		{"python option", "", "action = PYTHON[nosuch=1]", in + "jail mm: action "},
		{"log is a socket", "", "logpath = DIR/run/f2b.sock", in + "jail mm: logpath = DIR/run/f2b.sock: "},
		{"jail thread", "jail.d/mm.local", "[thread]\nenabled = true\nfilter = lab\nlogpath = DIR/log/j001.log\n", "jail.d/mm.local:1: jail thread: no jail can have this name: fail2ban takes it for a setting of the server"},
		{"jail logtarget", "jail.d/mm.local", "[logtarget]\nenabled = true\nfilter = lab\nlogpath = DIR/log/j001.log\n", "jail.d/mm.local:1: jail logtarget: no jail can have this name: fail2ban takes it for a setting of the server"},
		{"jail dbfile", "jail.d/mm.local", "[dbfile]\nenabled = true\nfilter = lab\nlogpath = DIR/log/j001.log\n", "jail.d/mm.local:1: jail dbfile: no jail can have this name: fail2ban takes it for a setting of the server"},
		{"jail --all", "jail.d/mm.local", "[--all]\nenabled = true\nfilter = lab\nlogpath = DIR/log/j001.log\n", "jail.d/mm.local:1: jail --all: Reserved name"},
		{"stacksize", "fail2ban.local", "[Thread]\nstacksize = abc\n", wide + "stacksize = abc: it is not a number"},
	}
	onReal(t, func(t *testing.T, th *theatre) {
		if err := os.Symlink(filepath.Join(th.Dir, "none/x"), filepath.Join(th.Dir, "dangling")); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(th.Dir, "nothing.py"), []byte("raise SystemExit\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, c := range faults {
			t.Run(c.name, func(t *testing.T) {
				file := cmp.Or(c.file, "jail.d/mm.local")
				th.edit(t, file, th.faulty(t, c.file == "", c.text))
				defer os.Remove(filepath.Join(th.ConfDir, file))
				got := slipsOf(t, th, Proof{})
				if len(got) != 1 || !strings.HasPrefix(got[0], c.want) {
					t.Errorf("got  %q\nwant %q", got, c.want)
				}
			})
		}
		if jails, err := th.Client("status"); err != nil || !strings.Contains(jails, "j001") {
			t.Errorf("%s, %v", jails, err)
		}
	})
}

// faulty is a file with a fault in it: of a jail mm, or as it is.
func (th *theatre) faulty(t *testing.T, ofJail bool, text string) string {
	t.Helper()
	text = strings.NewReplacer("DIR", th.Dir, "PYTHON", th.python()).Replace(text)
	if !ofJail {
		return text
	}
	text = "[mm]\nenabled = true\n" + text + "\n"
	if !strings.Contains(text, "logpath") {
		text += "logpath = " + th.log(t, "mm.log", 0, "203.0.113.1") + "\n"
	}
	if !strings.Contains(text, "filter =") && !strings.Contains(text, "failregex") {
		text += "filter = lab\n"
	}
	return text
}

// TestProveAllAtOnce: what is wrong in several files is told in one go.
func TestProveAllAtOnce(t *testing.T) {
	onReal(t, func(t *testing.T, th *theatre) {
		th.edit(t, "fail2ban.local", "[Definition]\ndbpurgeage = abc\n")
		log := th.log(t, "x.log", 0)
		for i, s := range []string{"bantime = abc", "failregex = (<HOST>", "action = none", "backend = x"} {
			name := fmt.Sprintf("x%d", i)
			th.edit(t, "jail.d/"+name+".local", "["+name+"]\nenabled = true\nfilter = lab\nlogpath = "+log+"\n"+s+"\n")
		}
		got := slipsOf(t, th, Proof{})
		if len(got) != 5 {
			t.Errorf("%d: %q", len(got), got)
		}
		for i, file := range []string{"fail2ban.local:2", "jail.d/x0.local:5", "jail.d/x1.local:5", "jail.d/x2.local:5", "jail.d/x3.local:5"} {
			if !strings.Contains(strings.Join(got, "\n"), file) {
				t.Errorf("%d: %s is not named in %q", i, file, got)
			}
		}
	})
}

// TestProveLive: what a running server holds is not asked for again.
func TestProveLive(t *testing.T) {
	onReal(t, func(t *testing.T, th *theatre) {
		path := th.log(t, "mm.log", 0)
		th.edit(t, "jail.d/mm.local", "[mm]\nenabled = true\nfilter = lab\nlogpath = "+path+"\n")
		known, err := Prove(t.Context(), Proof{Conf: th.ConfDir, Program: th.program, Dir: th.temp})
		if err != nil || len(known.Stream.Jails()) < 2 {
			t.Fatal(err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if got := slipsOf(t, th, Proof{Stream: known.Stream, Live: Live{Files: []string{path}}}); len(got) != 0 {
			t.Errorf("reload: %q", got)
		}
		if got := slipsOf(t, th, Proof{Stream: known.Stream}); len(got) != 1 || !strings.Contains(got[0], "mm.log") {
			t.Errorf("start: %q", got)
		}
		if got := slipsOf(t, th, Proof{Live: Live{DBFile: "/another"}, Stream: known.Stream}); len(got) != 2 || !strings.Contains(got[0], "dbfile") {
			t.Errorf("database: %q", got)
		}
		left, err := filepath.Glob(filepath.Join(th.temp, "*"))
		if len(left) > 0 || err != nil {
			t.Errorf("left behind: %q, %v", left, err)
		}
	})
}

// TestProveJournal: whether fail2ban's Python can log to the journal is found out without
// a line in the journal, as a reload finds it.
func TestProveJournal(t *testing.T) {
	onReal(t, func(t *testing.T, th *theatre) {
		th.edit(t, "fail2ban.local", "[Definition]\nlogtarget = SYSTEMD-JOURNAL\n")
		got := slipsOf(t, th, Proof{})
		_, err := th.Client("reload")
		if refused := err != nil; refused != (len(got) > 0) {
			t.Errorf("told %q, and a reload says %v", got, err)
		}
		want := "fail2ban.local:2: logtarget = SYSTEMD-JOURNAL: No module named 'systemd'"
		if len(got) > 0 && !strings.HasPrefix(got[0], want) {
			t.Errorf("%q", got)
		}
	})
}

// TestProveFolder: fail2ban makes the last folder of its database itself; a start opens a
// database that a reload does not.
func TestProveFolder(t *testing.T) {
	onReal(t, func(t *testing.T, th *theatre) {
		near, far := filepath.Join(th.Dir, "gone/x.sqlite3"), filepath.Join(th.Dir, "gone/gone/x.sqlite3")
		for _, c := range []struct {
			path string
			live Live
			want int
		}{
			{near, Live{}, 0},
			{near, Live{DBFile: near}, 0},
			{far, Live{}, 1},
			{far, Live{DBFile: far}, 1},
			{far, Live{DBFile: far, LogTarget: "STDOUT"}, 0},
			{near, Live{DBFile: far}, 1},
		} {
			th.edit(t, "fail2ban.local", "[Definition]\ndbfile = "+c.path+"\n")
			if got := slipsOf(t, th, Proof{Live: c.live}); len(got) != c.want {
				t.Errorf("%+v: %q", c, got)
			}
		}
	})
}

// TestProveGood: what is odd and loads gives no alarm.
func TestProveGood(t *testing.T) {
	onReal(t, func(t *testing.T, th *theatre) {
		fifo := filepath.Join(th.Dir, "log", "pipe.log")
		if err := unix.Mkfifo(fifo, 0o600); err != nil {
			t.Fatal(err)
		}
		odd := th.log(t, "ünï.log", 0)
		link := filepath.Join(th.Dir, "log", "link.log")
		if err := os.Symlink(odd, link); err != nil {
			t.Fatal(err)
		}
		th.edit(t, "filter.d/before.conf", "[INCLUDES]\nbefore = lab.conf\n[Definition]\n"+
			"failregex = ^a \"quoted\" 'x' \\[<HOST>\\] 100%%$\n    ^b <HOST>\\\\\n    %(known/failregex)s\n")
		th.edit(t, "action.d/lines.conf", "[Definition]\nactionstart = touch "+th.Dir+"/ran\n  printf '%%s' \"<name>\"\n"+
			"actioncheck = touch "+th.Dir+"/ran\nactionban = x <ip>\n  y\nactionunban =\ntimeout = 5\n[Init]\nname = ünï\n")
		for name, settings := range map[string]string{
			"g1": "filter = before\naction = lines[name=\"a, b\"]\n  noop",
			"g2": "ignorecommand = touch " + th.Dir + "/ran\nusedns = yes\nignoreip = 192.0.2.0/24 name.invalid ::1\nbantime = 1w 3d",
			"g3": "bantime = -1\nbantime.increment = true\nbantime.factor = 2\nbantime.formula = ban.Time * (1<<ban.Count)\nbantime.maxtime = 5w",
			"g4": "logpath = " + fifo,
			"g5": "logpath = " + link + "\n  " + odd,
			"g6": "datepattern = ^%%Y-%%m-%%d\nmaxmatches = 2\nlogencoding = latin-1\nlogtimezone = UTC+02",
			"g7": "action = " + th.python() + "[host=x, user=\"u\"]",
			"g8": "backend = auto\nprefregex = ^.*<F-CONTENT>.+</F-CONTENT>$",
		} {
			text := "[" + name + "]\nenabled = true\n" + settings + "\n"
			if !strings.Contains(text, "logpath") {
				text += "logpath = " + odd + "\n"
			}
			if !strings.Contains(text, "filter =") {
				text += "filter = lab\n"
			}
			th.edit(t, "jail.d/"+name+".local", text)
		}
		if got := slipsOf(t, th, Proof{}); len(got) > 0 {
			t.Errorf("refused: %q", got)
		}
		if _, err := os.Stat(filepath.Join(th.Dir, "ran")); err == nil {
			t.Error("a command of the configuration ran")
		}
		if err := os.Remove(filepath.Join(th.ConfDir, "jail.d/g4.local")); err != nil { // no one writes into the pipe
			t.Fatal(err)
		}
		if out, err := th.Client("reload"); err != nil {
			t.Errorf("fail2ban itself refuses what was proven: %s, %v", out, err)
		}
	})
}

// python is fail2ban's own action that is written in Python.
func (th *theatre) python() string {
	return filepath.Join("/", th.Root, "etc/fail2ban/action.d/smtp.py")
}
