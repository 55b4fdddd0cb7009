package doctor

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bantop/config"
	"bantop/config/trust"
	"bantop/fail2ban"
	"bantop/fail2ban/allowfile"
	"bantop/fail2ban/control"
	"bantop/fail2ban/fail2bantest"
	"bantop/fail2ban/socket"
	"bantop/model"
	"bantop/model/store"
)

// patient is a server of which a test says all that a Doctor asks.
type patient struct {
	version, log, db string
	err              error
	clientVersion    string
	clientErr        error
	dump             control.Dump
	dumpErr          error
	asked            *int // how often fail2ban-client was run
}

type clientOf struct{ patient }

func (c clientOf) Version(context.Context) (string, error)   { return c.version, c.err }
func (c clientOf) LogTarget(context.Context) (string, error) { return c.log, c.err }
func (c clientOf) DBFile(context.Context) (string, error)    { return c.db, c.err }
func (c clientOf) PID() int                                  { return 812 }
func (c clientOf) Command(_, client string) string           { return "sudo fail2ban-client " + client }

type controlOf struct{ patient }

func (c controlOf) Version(context.Context) (string, error) {
	if c.asked != nil {
		*c.asked++
	}
	return c.clientVersion, c.clientErr
}
func (c controlOf) Dump(context.Context) (control.Dump, error) { return c.dump, c.dumpErr }

// tried is a store that can be written, or not.
type tried struct {
	store.Store
	err error
}

func (s tried) Try(context.Context) error { return s.err }

// well is a patient whom nothing ails.
func well(t *testing.T) patient {
	dir := t.TempDir()
	write := func(name string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return patient{version: "1.1.0", clientVersion: "1.1.0", log: write("fail2ban.log"), db: write("fail2ban.sqlite3"),
		dump: control.Dump{Jails: []control.Jail{{Name: "sshd", Actions: []string{"nftables"}}}}}
}

// examine returns what a Doctor finds, by the name of the check.
func examine(t *testing.T, p patient, change func(*Options, *Doctor)) map[string]model.Check {
	t.Helper()
	settings := config.Defaults()
	settings.Socket = filepath.Join(t.TempDir(), "absent.sock")
	o := Options{Settings: settings, Client: clientOf{p}, Control: controlOf{p}, Store: tried{},
		StateDir: "/nonexistent/bantop",
		Systemd: func(context.Context) (control.Service, error) {
			return control.Service{Booted: true, Load: "loaded", Active: "active", Enabled: "enabled"}, nil
		}}
	d := New(o)
	d.uid = 0
	if change != nil {
		change(&d.opts, d)
	}
	found := make(map[string]model.Check)
	for _, c := range d.Check(t.Context(), false) {
		if _, twice := found[c.Name]; twice {
			t.Errorf("%s is checked twice", c.Name)
		}
		found[c.Name] = c
	}
	return found
}

// TestWell: nothing ails a server that is well. (Whether the clock is kept right
// is this machine's affair, and no socket is there to be looked at.)
func TestWell(t *testing.T) {
	for name, c := range examine(t, well(t), nil) {
		if c.Mark != model.CheckOK && name != "clock" && name != "permission" {
			t.Errorf("%+v", c)
		}
	}
}

// TestFaults: each thing that may be wrong is told of by its own check, with
// what comes of it and the command that mends it; the others stay as they are.
func TestFaults(t *testing.T) {
	failure := func(kind error, hint string) error {
		return &fail2ban.Error{Op: "ask", Socket: "/run/f2b.sock", Kind: kind, Hint: hint}
	}
	systemd := func(s control.Service) func(*Options, *Doctor) {
		return func(o *Options, _ *Doctor) {
			o.Systemd = func(context.Context) (control.Service, error) { return s, nil }
		}
	}
	read := func(s Settings) func(*Options, *Doctor) {
		return func(o *Options, _ *Doctor) { o.Read = func() Settings { return s } }
	}
	aside := t.TempDir()
	if err := os.WriteFile(filepath.Join(aside, "guard.log.untrusted-4"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	unstorable := func(err error) func(*Options, *Doctor) {
		return func(o *Options, _ *Doctor) { o.Store = tried{err: err} }
	}
	for _, c := range []struct {
		name   string
		ail    func(*patient)
		change func(*Options, *Doctor)
		check  string
		mark   model.Mark
		words  string // in what was found or why
		mend   string // in the command
	}{
		{"the settings", nil, read(Settings{Faults: []config.Fault{{Source: "/etc/bantop.toml",
			Reason: "/etc/bantop.toml:3: unknown key", Next: "correct it"}}}), "settings", model.CheckFault,
			"not used: /etc/bantop.toml; /etc/bantop.toml:3: unknown key", "correct it"},
		{"variables that root ignores", nil, read(Settings{Ignored: []string{"BANTOP_REFRESH", "BANTOP_CONF"}}), "settings",
			model.CheckNote, "root ignores BANTOP_REFRESH, BANTOP_CONF", "unset BANTOP_REFRESH BANTOP_CONF"},
		{"a setting that has no effect", nil, read(Settings{Effective: retired(t)}), "settings", model.CheckNote,
			"store.group (/etc/bantop.toml:3) has no effect any more", "delete the line, and run bantop with sudo"},
		{"not running", func(p *patient) { p.err = failure(fail2ban.ErrNotRunning, "sudo systemctl start fail2ban") }, nil, "socket", model.CheckFault, "fail2ban is not running", "sudo systemctl start fail2ban"},
		{"a stale socket", func(p *patient) { p.err = failure(fail2ban.ErrStaleSocket, "sudo fail2ban-client -x start") }, nil, "socket", model.CheckFault, "died and left its socket", "-x start"},
		{"no answer: the version", func(p *patient) { p.err = failure(fail2ban.ErrTimeout, "wait") }, nil, "fail2ban", model.CheckNote, "not known", ""},
		{"an old server", func(p *patient) { p.version, p.clientVersion = "0.9.6", "0.9.6" }, nil, "fail2ban", model.CheckFault, "0.11 and newer", "update"},
		{"1.0", func(p *patient) { p.version, p.clientVersion = "1.0.2", "1.0.2" }, nil, "fail2ban", model.CheckOK, "jail by jail", ""},
		{"no client", func(p *patient) { p.clientErr = control.ErrNoClient }, nil, "client", model.CheckFault, "not installed", "install fail2ban"},
		{"no client: the configuration", func(p *patient) { p.clientErr = control.ErrNoClient }, nil, "configuration", model.CheckNote, "cannot be read without", ""},
		{"another client", func(p *patient) { p.clientVersion = "1.1.1" }, nil, "client", model.CheckFault, "still runs 1.1.0", "restart"},
		{"a configuration that cannot be read", func(p *patient) { p.dumpErr = errors.New("no file jail.conf") }, nil, "configuration", model.CheckFault, "no file jail.conf", "sudo fail2ban-client -t"},
		{"another configuration", func(p *patient) { p.dumpErr = errors.New("no file") }, func(o *Options, _ *Doctor) { o.Settings.Conf = "/srv/f2b" }, "configuration", model.CheckFault, "/srv/f2b", "-c /srv/f2b -t"},
		{"a faulty jail", func(p *patient) { p.dump.Faulty = []string{"nginx-x"} }, nil, "configuration", model.CheckFault, "leaves out nginx-x", "-t"},
		{"no jail", func(p *patient) { p.dump.Jails = nil }, nil, "configuration", model.CheckNote, "bans nobody", "enabled = true"},
		{"no database", func(p *patient) { p.db = "" }, nil, "database", model.CheckNote, "forgotten when fail2ban restarts", "dbfile"},
		{"a database in memory", func(p *patient) { p.db = ":memory:" }, nil, "database", model.CheckNote, "forgotten", "dbfile"},
		{"a database that was removed", func(p *patient) { p.db = "/nonexistent/db" }, nil, "database", model.CheckFault, "removed while fail2ban runs", "restart"},
		{"no database yet", func(p *patient) { p.db, p.err = "", failure(fail2ban.ErrNotRunning, "") }, func(o *Options, _ *Doctor) { o.Conf.DBFile = "/nonexistent/db" }, "database", model.CheckNote, "not there yet", ""},
		{"a log that was removed", func(p *patient) { p.log = "/nonexistent/log" }, nil, "log", model.CheckFault, "removed while fail2ban runs", "flushlogs"},
		{"no log file", func(p *patient) { p.log = "SYSLOG" }, nil, "log", model.CheckNote, "logs to SYSLOG", "logtarget"},
		{"no room for the state", nil, unstorable(fmt.Errorf("write: %w", store.ErrFull)), "state", model.CheckFault,
			"no room to write", "df -h /nonexistent/bantop"},
		{"a damaged state", nil, unstorable(store.ErrCorrupt), "state", model.CheckFault, "damaged",
			"mv /nonexistent/bantop/bantop.db /nonexistent/bantop/bantop.db.damaged"},
		{"a state that others could write", nil, unstorable(fmt.Errorf("open: %w", &trust.Error{
			Path: "/srv", Reason: "can be written by everybody", Next: "chmod go-w /srv"})),
			"state", model.CheckFault, "/srv can be written by everybody", "chmod go-w /srv"},
		{"a newer state", nil, unstorable(store.ErrNewer), "state", model.CheckFault, "newer bantop", "update bantop"},
		{"a state that others hold", nil, unstorable(store.ErrBusy), "state", model.CheckFault, "locked", "fuser -v"},
		{"a state that is closed", nil, unstorable(store.ErrDenied), "state", model.CheckFault, "cannot be written", "--state-dir"},
		{"a private state", nil, func(_ *Options, d *Doctor) { d.uid = 65534 }, "state", model.CheckNote, "private to you", "sudo bantop"},
		{"a state that was set aside", nil, func(o *Options, _ *Doctor) { o.StateDir = aside }, "state", model.CheckNote,
			"set aside", "look at " + aside + "/*.untrusted-*, then delete them"},
		{"no systemd", nil, systemd(control.Service{}), "service", model.CheckNote, "systemd does not run here", ""},
		{"no unit", nil, systemd(control.Service{Booted: true, Load: "not-found"}), "service", model.CheckNote, "knows no fail2ban.service", ""},
		{"a masked unit", nil, systemd(control.Service{Booted: true, Load: "masked"}), "service", model.CheckFault, "masked", "unmask"},
		{"a failed unit", nil, systemd(control.Service{Booted: true, Load: "loaded", Active: "failed"}), "service", model.CheckFault, "ended with a failure", "journalctl"},
		{"a server that systemd did not start", nil, systemd(control.Service{Booted: true, Load: "loaded", Active: "inactive", Enabled: "enabled"}), "service", model.CheckNote, "did not start it", ""},
		{"a disabled unit", nil, systemd(control.Service{Booted: true, Load: "loaded", Active: "active", Enabled: "disabled"}), "service", model.CheckFault, "does not come back", "systemctl enable"},
		{"a socket unit", nil, systemd(control.Service{Booted: true, Load: "loaded", Active: "inactive", Enabled: "disabled", Socket: "active"}), "service", model.CheckOK, "fail2ban.socket starts it", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := well(t)
			if c.ail != nil {
				c.ail(&p)
			}
			got := examine(t, p, c.change)[c.check]
			if got.Mark != c.mark || !strings.Contains(got.Found+"; "+got.Why, c.words) || !strings.Contains(got.Mend, c.mend) || c.mend == "" && got.Mend != "" {
				t.Errorf("%+v", got)
			}
			if got.Mark == model.CheckFault && (got.Why == "" || got.Mend == "") {
				t.Errorf("a fault says what is wrong and what to do: %+v", got)
			}
		})
	}
}

// TestProgramsAreRunOnce: what takes a process is found out once, and again when
// somebody wants it afresh.
func TestProgramsAreRunOnce(t *testing.T) {
	p := well(t)
	asked := 0
	p.asked = &asked
	examine(t, p, func(_ *Options, d *Doctor) {
		for i, fresh := range []bool{false, false, true, false} {
			d.Check(t.Context(), fresh)
			if want := []int{1, 1, 2, 2}[i]; asked != want {
				t.Errorf("look %d: run %d times, want %d", i+1, asked, want)
			}
		}
	})
}

// TestPermission: who may open a socket is read from its mode, and where this
// user may not, what lets him in.
func TestPermission(t *testing.T) {
	denied := &fail2ban.Error{Op: "ask", Socket: "/run/f2b.sock", Kind: fail2ban.ErrPermission, Hint: "sudo bantop"}
	for _, c := range []struct {
		mode  os.FileMode
		gid   int
		err   error
		mark  model.Mark
		words string
		mend  string
	}{
		{0o700, 0, nil, model.CheckOK, "open to root;", ""},
		{0o770, 4, nil, model.CheckOK, "open to root, group adm;", ""},
		{0o777, 0, nil, model.CheckFault, "may run commands as root", "chmod 0700"},
		{0o700, 0, denied, model.CheckFault, "may not: run bantop as root", "sudo bantop"},
		{0o770, 4, denied, model.CheckFault, "not of the group adm", "usermod -aG adm nobody"},
	} {
		t.Run(fmt.Sprintf("%v", c), func(t *testing.T) {
			fail2bantest.NeedRoot(t) // who alone gives a file to a group
			path := filepath.Join(t.TempDir(), "f2b.sock")
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(os.Chown(path, 0, c.gid), os.Chmod(path, c.mode)); err != nil {
				t.Fatal(err)
			}
			p := well(t)
			p.err = c.err
			got := examine(t, p, func(o *Options, d *Doctor) { o.Settings.Socket, d.uid = path, 65534 })["permission"]
			if got.Mark != c.mark || !strings.Contains(got.Found+"; "+got.Why, c.words) || !strings.Contains(got.Mend, c.mend) {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestOthersDatabase: as root, a database that others could have written is told of:
// bantop does not read it.
func TestOthersDatabase(t *testing.T) {
	fail2bantest.NeedRoot(t)
	p := well(t)
	if err := os.Chmod(p.db, 0o666); err != nil {
		t.Fatal(err)
	}
	c := examine(t, p, nil)["database"]
	if c.Mark != model.CheckNote || !strings.Contains(c.Why, p.db+" can be written by everybody: bantop does not read it") ||
		c.Mend != "ls -ld "+p.db {
		t.Errorf("%+v", c)
	}
}

// TestACL: an ACL lets users and groups in, as far as its mask does.
func TestACL(t *testing.T) {
	acl := func(entries ...aclEntry) []byte {
		b := binary.LittleEndian.AppendUint32(nil, 2)
		for _, e := range entries {
			b = binary.LittleEndian.AppendUint16(b, e.tag)
			b = binary.LittleEndian.AppendUint16(b, e.perm)
			b = binary.LittleEndian.AppendUint32(b, e.id)
		}
		return b
	}
	who := func(b []byte) string {
		var a access
		for _, e := range parseACL(b) {
			a.allow(e)
		}
		return strings.Join(a.who, ", ")
	}
	for _, c := range []struct {
		acl  []byte
		want string
	}{
		{nil, ""},
		{[]byte{3, 0, 0, 0}, ""},
		{acl(aclEntry{aclUser, 6, 65534}, aclEntry{aclMask, 6, 0}), "user nobody"},
		{acl(aclEntry{aclUser, 6, 65534}, aclEntry{aclGroup, 6, 4}, aclEntry{aclMask, 4, 0}), ""},
		{acl(aclEntry{aclUser, 4, 65534}, aclEntry{aclGroup, 7, 4}, aclEntry{aclMask, 7, 0}), "group adm"},
		{acl(aclEntry{aclGroup, 7, 0}), ""},
		{acl(aclEntry{aclUser, 7, 65534})[:9], ""},
	} {
		if got := who(c.acl); got != c.want {
			t.Errorf("%x: %q, want %q", c.acl, got, c.want)
		}
	}
}

// TestClock: a clock that nobody keeps right is told of.
func TestClock(t *testing.T) {
	now := time.Date(2026, 1, 2, 14, 3, 20, 0, time.UTC)
	if c := clockCheck(0, nil, now); c.Mark != model.CheckOK || c.Found != "14:03:20 UTC, synchronised" {
		t.Errorf("%+v", c)
	}
	if c := clockCheck(unix.STA_UNSYNC, nil, now); c.Mark != model.CheckNote || !strings.Contains(c.Mend, "set-ntp") {
		t.Errorf("%+v", c)
	}
	if c := clockCheck(0, unix.EPERM, now); c.Mark != model.CheckNote || !strings.Contains(c.Why, "not permitted") {
		t.Errorf("%+v", c)
	}
}

// TestSize: sizes are written in the unit that fits.
func TestSize(t *testing.T) {
	for n, want := range map[int64]string{0: "0 bytes", 1023: "1023 bytes", 1536: "1.5 KiB", 5 << 20: "5.0 MiB", 3 << 40: "3.0 TiB", 1 << 52: "4096.0 TiB"} {
		if got := size(n); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
}

// TestRealServer: a real server, its client and its configuration are found
// well; and each way in which they are not.
func TestRealServer(t *testing.T) {
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			install.Use(t)
			r := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{})
			client := socket.New(socket.Options{Path: r.Path, PIDFile: r.PIDFile})
			defer client.Close()
			settings := config.Defaults()
			settings.Socket, settings.PIDFile, settings.Conf = r.Path, r.PIDFile, r.ConfDir
			state := t.TempDir()
			shared := store.New(store.Options{Dir: state, Socket: r.Path})
			defer shared.Close()
			d := New(Options{Settings: settings, Client: client, StateDir: state, Store: shared,
				Control: control.New(control.Options{Conf: r.ConfDir, Socket: r.Path, PIDFile: r.PIDFile})})
			marks := func() map[string]model.Check {
				found := make(map[string]model.Check)
				for _, c := range d.Check(t.Context(), true) {
					found[c.Name] = c
				}
				return found
			}
			for name, c := range marks() {
				if c.Mark == model.CheckFault {
					t.Errorf("%s: %+v", name, c)
				}
			}
			if c := marks()["configuration"]; c.Mark != model.CheckOK || !strings.Contains(c.Found, "3 jails") {
				t.Errorf("%+v", c)
			}
			if err := r.Fault("filter"); err != nil {
				t.Fatal(err)
			}
			if c := marks()["configuration"]; c.Mark != model.CheckFault || !strings.Contains(c.Why, "leaves out") {
				t.Errorf("%+v", c)
			}
			if err := r.Kill(); err != nil {
				t.Fatal(err)
			}
			if c := marks()["socket"]; c.Mark != model.CheckFault || !strings.Contains(c.Mend, "-x start") {
				t.Errorf("%+v", c)
			}
		})
	}
}

// TestAllowed: what bantop wrote into fail2ban's configuration is looked at, where
// it wrote anything, and told of where fail2ban does not go by it any more.
func TestAllowed(t *testing.T) {
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			install.Use(t)
			r := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{})
			look := func() (model.Check, bool) {
				found := examine(t, well(t), func(o *Options, _ *Doctor) { o.Settings.Conf = r.ConfDir })
				c, is := found["allowed"]
				return c, is
			}
			if c, is := look(); is {
				t.Errorf("nothing is written: %+v", c)
			}
			o := allowfile.Options{Conf: r.ConfDir}
			if _, err := allowfile.Allow(t.Context(), o, []fail2ban.Target{{Jail: "j001", Address: "198.51.100.7"}}); err != nil {
				t.Fatal(err)
			}
			if c, _ := look(); c.Mark != model.CheckOK || !strings.Contains(c.Found, allowfile.Name) {
				t.Errorf("%+v", c)
			}
			behind := filepath.Join(r.ConfDir, "jail.d", "zzz.local")
			if err := os.WriteFile(behind, []byte("[j001]\nignoreip = 192.0.2.1\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if c, _ := look(); c.Mark != model.CheckFault || !strings.Contains(c.Why, "198.51.100.7 in j001") || c.Mend == "" {
				t.Errorf("%+v", c)
			}
		})
	}
}
