package here

import (
	"cmp"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// fake is a process in a fake /proc.
type fake struct {
	pid, parent, session int
	comm                 string
	tty                  string // as in stat, "" for 0
	environ              string // entries with a blank between them and ~ for a blank
}

// fakeProc is a /proc with processes; a process without an environment is one
// whose environment may not be read.
func fakeProc(t testing.TB, processes ...fake) string {
	t.Helper()
	dir := t.TempDir()
	for _, p := range processes {
		write(t, filepath.Join(dir, strconv.Itoa(p.pid), "stat"), fmt.Sprintf("%d (%s) S %d %d %d %s -1 4194304 99 0",
			p.pid, p.comm, p.parent, p.pid, p.session, cmp.Or(p.tty, "0")))
		if p.environ != "" {
			write(t, filepath.Join(dir, strconv.Itoa(p.pid), "environ"), strings.Join(environ(p.environ), "\x00")+"\x00")
		}
	}
	write(t, filepath.Join(dir, "uptime"), "1 1\n")
	return dir
}

// environ is what fake.environ stands for, never nil.
func environ(s string) []string {
	out := []string{}
	for _, e := range strings.Fields(s) {
		out = append(out, strings.ReplaceAll(e, "~", " "))
	}
	return out
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// lines are sessions in short: address, who, terminal, from.
func lines(sessions []Session) []string {
	out := []string{}
	for _, s := range sessions {
		out = append(out, strings.Join([]string{s.Addr.String(), s.Who, s.TTY, s.From}, "|"))
	}
	return out
}

func compare(t *testing.T, got []Session, want ...string) {
	t.Helper()
	if g := lines(got); !slices.Equal(g, want) {
		t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(g, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// TestOwnEnvironment: what sshd's variables may look like.
func TestOwnEnvironment(t *testing.T) {
	for _, c := range []struct {
		name, environ string
		want          []string
	}{
		{"none", "TERM=xterm USER=lukas", nil},
		{"IPv4", "SSH_CONNECTION=198.51.100.7~50000~192.0.2.1~22 SSH_TTY=/dev/pts/3 USER=lukas", []string{"198.51.100.7|lukas|pts/3|SSH_CONNECTION"}},
		{"IPv6", "SSH_CONNECTION=2001:db8::7~50000~2001:db8::1~22", []string{"2001:db8::7|||SSH_CONNECTION"}},
		{"IPv4 in IPv6", "SSH_CONNECTION=::ffff:198.51.100.7~50000~::ffff:192.0.2.1~22", []string{"198.51.100.7|||SSH_CONNECTION"}},
		{"link-local", "SSH_CONNECTION=fe80::7%eth0~50000~fe80::1%eth0~22", []string{"fe80::7|||SSH_CONNECTION"}},
		{"the older variable alone", "SSH_CLIENT=198.51.100.7~50000~22", []string{"198.51.100.7|||SSH_CLIENT"}},
		{"both, and they agree", "SSH_CLIENT=198.51.100.7~50000~22 SSH_CONNECTION=198.51.100.7~50000~192.0.2.1~22", []string{"198.51.100.7|||SSH_CONNECTION"}},
		{"both, and they do not", "SSH_CLIENT=198.51.100.8~50000~22 SSH_CONNECTION=198.51.100.7~50000~192.0.2.1~22",
			[]string{"198.51.100.7|||SSH_CONNECTION", "198.51.100.8|||SSH_CLIENT"}},
		{"through sudo", "SSH_CLIENT=198.51.100.7~50000~22 USER=root LOGNAME=root SUDO_USER=lukas", []string{"198.51.100.7|lukas||SSH_CLIENT"}},
		{"the first of two counts", "SSH_CLIENT=198.51.100.7~1~22 SSH_CLIENT=198.51.100.8~1~22", []string{"198.51.100.7|||SSH_CLIENT"}},
		{"no address", "SSH_CONNECTION=UNKNOWN~65535~UNKNOWN~65535 SSH_CLIENT=web-3~1~22", nil},
		{"no address of anybody", "SSH_CONNECTION=0.0.0.0~1~0.0.0.0~22 SSH_CLIENT=::~1~22", nil},
		{"nor with a zone", "SSH_CONNECTION=::ffff:0.0.0.0~1~::1~22 SSH_CLIENT=::%0~1~22", nil},
		{"cut short", "SSH_CONNECTION=198.51.100.7", nil},
		{"nonsense", "SSH_CONNECTION SSH_CONNECTION= =SSH_CLIENT = XSSH_CLIENT=198.51.100.7~1~22", nil},
		{"a very long value", "SSH_CLIENT=198.51.100.7~" + strings.Repeat("1", 1000), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			proc := fakeProc(t, fake{pid: 1, comm: "systemd"})
			compare(t, Sessions(Options{Environ: environ(c.environ), Proc: proc, Utmp: "none", PID: 900}), c.want...)
		})
	}
}

// The processes of a login: sshd, its child and the shell that the child runs.
var (
	systemd = fake{pid: 1, comm: "systemd", session: 1, environ: "SSH_CLIENT=203.0.113.1~1~22"}
	sshd    = fake{pid: 700, parent: 1, session: 700, comm: "sshd", environ: "LANG=C"}
	child   = fake{pid: 800, parent: 700, session: 800, comm: "sshd", environ: "sshd:~lukas@pts/3"}
	shell   = fake{pid: 801, parent: 800, session: 801, comm: "bash", tty: "34819",
		environ: "SSH_CONNECTION=198.51.100.7~50000~192.0.2.1~22 SSH_TTY=/dev/pts/3 USER=lukas"}
)

// TestAncestors: who lost the variables on the way finds them above.
func TestAncestors(t *testing.T) {
	old := sshd
	old.environ = "SSH_CONNECTION=203.0.113.5~50000~192.0.2.1~22 USER=root"
	for _, c := range []struct {
		name      string
		processes []fake
		want      []string
	}{
		{"sudo drops them", []fake{systemd, sshd, child, shell,
			{pid: 850, parent: 801, session: 801, comm: "sudo", tty: "34819"}, // root's, not to be read
			{pid: 900, parent: 850, session: 801, comm: "bantop", tty: "34819"}},
			[]string{"198.51.100.7|lukas|pts/3|SSH_CONNECTION"}},
		{"su - in between", []fake{systemd, sshd, child, shell,
			{pid: 850, parent: 801, session: 801, comm: "su", tty: "34819", environ: "USER=lukas"},
			{pid: 851, parent: 850, session: 801, comm: "bash", tty: "34819", environ: "USER=root"},
			{pid: 900, parent: 851, session: 801, comm: "bantop", tty: "34819"}},
			[]string{"198.51.100.7|lukas|pts/3|SSH_CONNECTION"}},
		{"a name with brackets", []fake{systemd, sshd, child, shell,
			{pid: 850, parent: 801, session: 801, comm: "a) S 1 (b) (", tty: "34819"},
			{pid: 900, parent: 850, session: 801, comm: "bantop", tty: "34819"}},
			[]string{"198.51.100.7|lukas|pts/3|SSH_CONNECTION"}},
		{"sshd was restarted by somebody who was logged in", []fake{systemd, old, child, shell,
			{pid: 900, parent: 801, session: 801, comm: "bantop", tty: "34819"}},
			[]string{"198.51.100.7|lukas|pts/3|SSH_CONNECTION", "203.0.113.5|root||SSH_CONNECTION, perhaps of an earlier login"}},
		{"the console", []fake{systemd, {pid: 801, parent: 1, session: 801, comm: "bash", tty: "1025", environ: "DISPLAY=:0"},
			{pid: 900, parent: 801, session: 801, comm: "bantop", tty: "1025"}}, nil},
		{"a parent that is hidden", []fake{{pid: 900, parent: 801, session: 801, comm: "bantop", tty: "34819"}}, nil},
		{"a circle", []fake{systemd, {pid: 850, parent: 900, comm: "a", environ: "SSH_CLIENT=198.51.100.7~1~22"},
			{pid: 900, parent: 850, comm: "bantop"}}, []string{"198.51.100.7|||SSH_CLIENT"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			compare(t, Sessions(Options{Environ: environ("TERM=xterm"), Proc: fakeProc(t, c.processes...), Utmp: "none", PID: 900}), c.want...)
		})
	}
}

// TestPanes: the environment in a pane of tmux or screen may be an earlier
// login's; who looks at it now are the clients.
func TestPanes(t *testing.T) {
	const earlier, now = "SSH_CONNECTION=203.0.113.5~50000~192.0.2.1~22 USER=lukas", "SSH_CONNECTION=198.51.100.7~50000~192.0.2.1~22 USER=lukas"
	pane := fake{pid: 851, parent: 850, session: 851, comm: "bash", tty: "34820", environ: earlier}
	bantop := fake{pid: 900, parent: 851, session: 851, comm: "bantop", tty: "34820", environ: earlier}
	tmux := fake{pid: 850, parent: 1, session: 850, comm: "tmux: server", environ: earlier}
	screen := fake{pid: 850, parent: 1, session: 850, comm: "screen", environ: earlier}
	client := fake{pid: 810, parent: 801, session: 801, comm: "tmux: client", tty: "34819", environ: now}
	firstClient, firstScreen := client, screen
	firstClient.comm, firstScreen.parent = "screen", 810
	su := shell
	su.environ = ""
	for _, c := range []struct {
		name      string
		processes []fake
		want      []string
	}{
		{"tmux, attached from elsewhere", []fake{systemd, sshd, child, shell, client, tmux, pane, bantop},
			[]string{"198.51.100.7|lukas||SSH_CONNECTION of a tmux client", "203.0.113.5|lukas||SSH_CONNECTION, perhaps of an earlier login"}},
		{"only the client can be read", []fake{systemd, sshd, child, su, client, tmux, pane, bantop},
			[]string{"198.51.100.7|lukas||SSH_CONNECTION of a tmux client", "203.0.113.5|lukas||SSH_CONNECTION, perhaps of an earlier login"}},
		{"tmux, attached from the console", []fake{systemd, tmux, pane, bantop, {pid: 810, parent: 1, session: 810, comm: "tmux: client", tty: "1025", environ: "USER=lukas"}},
			[]string{"203.0.113.5|lukas||SSH_CONNECTION, perhaps of an earlier login"}},
		{"screen, whose first client is the server's parent", []fake{systemd, sshd, child, shell, firstClient, firstScreen, pane, bantop},
			[]string{"198.51.100.7|lukas||SSH_CONNECTION of a screen client", "203.0.113.5|lukas||SSH_CONNECTION, perhaps of an earlier login"}},
		{"screen, detached", []fake{systemd, screen, pane, bantop},
			[]string{"203.0.113.5|lukas||SSH_CONNECTION, perhaps of an earlier login"}},
		{"a client in a pane", []fake{systemd, screen, pane, bantop, {pid: 860, parent: 851, session: 851, comm: "tmux: client", tty: "34820", environ: earlier}},
			[]string{"203.0.113.5|lukas||SSH_CONNECTION, perhaps of an earlier login"}},
		{"mosh, which roams", []fake{systemd, {pid: 850, parent: 1, session: 850, comm: "mosh-server"}, pane, bantop},
			[]string{"203.0.113.5|lukas||SSH_CONNECTION, perhaps of an earlier login"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			compare(t, Sessions(Options{Environ: environ(earlier), Proc: fakeProc(t, c.processes...), Utmp: "none", PID: 900}), c.want...)
		})
	}
}

// TestOthers: where there is no utmp, everyone with a terminal is found by the
// environment, as far as it can be read.
func TestOthers(t *testing.T) {
	proc := fakeProc(t, systemd, sshd, child, shell,
		fake{pid: 900, parent: 801, session: 801, comm: "bantop", tty: "34819"},
		fake{pid: 950, parent: 1, session: 950, comm: "bash", tty: "34821", environ: "SSH_CONNECTION=2001:db8::9~50000~2001:db8::1~22 USER=anna SSH_TTY=/dev/pts/5"},
		fake{pid: 951, parent: 950, session: 950, comm: "vi", tty: "34821", environ: "SSH_CONNECTION=203.0.113.7~50000~192.0.2.1~22"}, // leads no session
		fake{pid: 960, parent: 1, session: 960, comm: "backup", environ: "SSH_CONNECTION=203.0.113.8~50000~192.0.2.1~22"},             // has no terminal
		fake{pid: 970, parent: 1, session: 970, comm: "bash", tty: "34822"},                                                           // not to be read
	)
	compare(t, Sessions(Options{Environ: environ(""), Proc: proc, Utmp: "none", PID: 900}),
		"198.51.100.7|lukas|pts/3|SSH_CONNECTION", "2001:db8::9|anna|pts/5|SSH_CONNECTION of another login")
}

// TestSurestWins: an address is listed once, with the surest of what is known.
func TestSurestWins(t *testing.T) {
	const pane = "SSH_CONNECTION=198.51.100.7~1~192.0.2.1~22"
	proc := fakeProc(t, systemd, sshd, child, shell,
		fake{pid: 850, parent: 1, session: 850, comm: "tmux: server", environ: pane},
		fake{pid: 900, parent: 850, session: 900, comm: "bantop", tty: "34820"})
	o := Options{Environ: environ(pane), Proc: proc, Utmp: "none", PID: 900}
	compare(t, Sessions(o), "198.51.100.7|lukas|pts/3|SSH_CONNECTION of another login")
	o.Utmp = utmpFile(t, native(), entry{kind: userProcess, pid: 800, user: "lukas", line: "pts/3", addr: "198.51.100.7"})
	compare(t, Sessions(o), "198.51.100.7|lukas|pts/3|utmp")
	o.PID = 0 // a process that is not in that /proc
	compare(t, Sessions(o), "198.51.100.7|||SSH_CONNECTION")
}

// TestNothingToRead: what is absent or broken adds nothing, and takes nothing
// away.
func TestNothingToRead(t *testing.T) {
	own := environ("SSH_CLIENT=198.51.100.7~1~22")
	absent := filepath.Join(t.TempDir(), "absent")
	compare(t, Sessions(Options{Environ: own, Proc: absent, Utmp: absent, PID: 900}), "198.51.100.7|||SSH_CLIENT")
	compare(t, Sessions(Options{Environ: environ(""), Proc: absent, Utmp: absent, PID: 900}))

	proc := fakeProc(t, systemd)
	for i, stat := range []string{"", "1", "900 bantop S 1 1 1 1", "900 )bantop( S 1 1 1 1", "900 (bantop) S x 1 y 1", "900 (bantop) S 1 1 1", "900 (bantop"} {
		write(t, filepath.Join(proc, strconv.Itoa(900+i), "stat"), stat)
	}
	if err := os.Mkdir(filepath.Join(proc, "1", "fd"), 0o755); err != nil {
		t.Fatal(err)
	}
	compare(t, Sessions(Options{Environ: own, Proc: proc, Utmp: proc, PID: 900}), "198.51.100.7|||SSH_CLIENT")
}

// TestLongEnvironment: the first MiB of an environment is read, and no address
// is made of half an entry.
func TestLongEnvironment(t *testing.T) {
	const variable = "\x00SSH_CLIENT=198.51.100.70 1 22\x00"
	for _, c := range []struct {
		cut  int // bytes of the variable that are past the limit
		want []string
	}{
		{0, []string{"198.51.100.70|||SSH_CLIENT"}},
		{len(" 1 22\x00"), nil},
		{len("0 1 22\x00"), nil},
		{len(variable), nil},
	} {
		proc := fakeProc(t, systemd, fake{pid: 850, parent: 1, comm: "bash"}, fake{pid: 900, parent: 850, comm: "bantop"})
		write(t, filepath.Join(proc, "850/environ"), strings.Repeat("x", maxEnviron-len(variable)+c.cut)+variable)
		compare(t, Sessions(Options{Environ: environ(""), Proc: proc, Utmp: "none", PID: 900}), c.want...)
	}
}

// TestThisMachine: whatever is here, it does not fail, and gives sound addresses
// in order.
func TestThisMachine(t *testing.T) {
	var last netip.Addr
	for _, s := range Sessions(Options{}) {
		sound(t, s)
		if s.From == "" || !last.Less(s.Addr) {
			t.Errorf("got %+v after %v", s, last)
		}
		last = s.Addr
	}
}

// FuzzEnviron: no environment brings it down, nor does it name anything but
// sound addresses.
func FuzzEnviron(f *testing.F) {
	f.Add("SSH_CONNECTION=198.51.100.7 50000 192.0.2.1 22\x00SSH_TTY=/dev/pts/3\x00USER=lukas\x00")
	f.Add("SSH_CLIENT=fe80::7%eth0 1 22\x00SSH_CONNECTION=::ffff:198.51.100.7%x 1")
	f.Add("SSH_CLIENT=::%0 0")
	f.Add("\x00=\x00SSH_CLIENT\x00SSH_CLIENT=")
	f.Fuzz(func(t *testing.T, environ string) {
		found := parseEnviron(environ)
		if len(found) > len(addresses) {
			t.Fatalf("%d logins in one environment", len(found))
		}
		for _, s := range found {
			sound(t, s)
		}
	})
}

// sound holds what every session that was read keeps to.
func sound(t *testing.T, s Session) {
	t.Helper()
	if !s.Addr.IsValid() || s.Addr.Zone() != "" || s.Addr.Is4In6() || s.Addr.IsUnspecified() || strings.Contains(s.Who+s.TTY, "\x00") {
		t.Fatalf("got %+v", s)
	}
}

// FuzzStat: no line of /proc brings it down.
func FuzzStat(f *testing.F) {
	f.Add("31312 (cat) R 31287 31287 26056 0 -1 4194304")
	f.Add("1 (a) S 1 (b)) S 1 1 1 34816 -1")
	f.Add(")(")
	f.Fuzz(func(t *testing.T, text string) {
		if p, ok := parseStat(text); ok && !strings.Contains(text, "("+p.comm+")") {
			t.Fatalf("%q: got %+v", text, p)
		}
	})
}

func BenchmarkSessions(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Sessions(Options{})
	}
}
