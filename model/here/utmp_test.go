package here

import (
	"encoding/binary"
	"net/netip"
	"path/filepath"
	"testing"
)

// entry is a record of utmp in short.
type entry struct {
	kind             uint16
	pid              int32
	user, line, host string
	addr             string
}

// utmp is a file of such records.
func utmp(t testing.TB, l layout, entries ...entry) []byte {
	t.Helper()
	var out []byte
	for _, e := range entries {
		b := make([]byte, l.size)
		binary.NativeEndian.PutUint16(b, e.kind)
		binary.NativeEndian.PutUint32(b[4:], uint32(e.pid))
		copy(b[8:40], e.line)
		copy(b[44:76], e.user)
		copy(b[76:332], e.host)
		if e.addr != "" {
			copy(b[l.addr:], netip.MustParseAddr(e.addr).AsSlice())
		}
		out = append(out, b...)
	}
	return out
}

func utmpFile(t testing.TB, l layout, entries ...entry) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "utmp")
	write(t, path, string(utmp(t, l, entries...)))
	return path
}

// TestUtmp: which records are logins from elsewhere, in both layouts.
func TestUtmp(t *testing.T) {
	entries := []entry{
		{kind: 2, user: "reboot", line: "~", host: "6.1.0-40-amd64"},
		{kind: 6, pid: 600, user: "LOGIN", line: "tty1", addr: "203.0.113.1"},
		{kind: 7, pid: 601, user: "lukas", line: "tty1"},
		{kind: 7, pid: 602, user: "lukas", line: "tty2", host: ":0"},
		{kind: 7, pid: 801, user: "lukas", line: "pts/3", host: "host.example", addr: "198.51.100.7"},
		{kind: 7, pid: 802, user: "anna", line: "pts/4", host: "2001:db8::9", addr: "2001:db8::9"},
		{kind: 7, pid: 803, user: "bert", line: "pts/5", host: "v6.example", addr: "::ffff:198.51.100.8"},
		{kind: 7, pid: 804, user: "carl", line: "pts/6", host: "198.51.100.9"},
		{kind: 7, pid: 805, user: "dora", line: "pts/7", host: "fe80::5%eth0"},
		{kind: 7, pid: 806, user: "emil", line: "pts/8", host: "198.51.100.10 via mosh [812]"},
		{kind: 7, pid: 807, user: "fred", line: "pts/9", host: "tmux(850).%0"},
		{kind: 7, pid: 808, user: "gina", line: "pts/10", host: "0.0.0.0"},
		{kind: 8, pid: 809, line: "pts/11", addr: "203.0.113.2"},
		{kind: 7, pid: 810, user: "an-entirely-too-long-login-name-for-32-bytes", line: "pts/12", addr: "198.51.100.11"},
	}
	want := []string{
		"198.51.100.7|lukas|pts/3|utmp", "2001:db8::9|anna|pts/4|utmp", "198.51.100.8|bert|pts/5|utmp", "198.51.100.9|carl|pts/6|utmp",
		"fe80::5|dora|pts/7|utmp", "198.51.100.10|emil|pts/8|utmp", "198.51.100.11|an-entirely-too-long-login-name-|pts/12|utmp",
	}
	for name, l := range map[string]layout{"x86": narrow, "arm64": wide} {
		t.Run(name, func(t *testing.T) {
			var got []Session
			for _, r := range parseUtmp(append(utmp(t, l, entries...), 7, 0, 1), l) { // and a piece of a record
				got = append(got, r.Session)
			}
			compare(t, got, want...)
		})
	}
}

// TestUtmpOfTheLiving: a record that nobody took out when its login ended says
// nothing, unless other users' processes are hidden.
func TestUtmpOfTheLiving(t *testing.T) {
	file := utmpFile(t, native(),
		entry{kind: 7, pid: 801, user: "lukas", line: "pts/3", addr: "198.51.100.7"},
		entry{kind: 7, pid: 999, user: "anna", line: "pts/4", addr: "198.51.100.8"},
		entry{kind: 7, pid: -1, user: "bert", line: "pts/5", addr: "198.51.100.9"})
	alive := fake{pid: 801, parent: 1, session: 801, comm: "sshd"}
	compare(t, Sessions(Options{Environ: environ(""), Proc: fakeProc(t, systemd, alive), Utmp: file, PID: 900}),
		"198.51.100.7|lukas|pts/3|utmp")
	compare(t, Sessions(Options{Environ: environ(""), Proc: fakeProc(t, alive), Utmp: file, PID: 900}),
		"198.51.100.7|lukas|pts/3|utmp", "198.51.100.8|anna|pts/4|utmp", "198.51.100.9|bert|pts/5|utmp")
}

// TestLongUtmp: no more than the first 10,000 records are read.
func TestLongUtmp(t *testing.T) {
	entries := make([]entry, maxRecords+1)
	for i, pid := range map[int]int32{0: 801, maxRecords - 1: 802, maxRecords: 803} {
		entries[i] = entry{kind: 7, pid: pid, addr: netip.AddrFrom4([4]byte{198, 51, 100, byte(pid - 800)}).String()}
	}
	if got := readUtmp(utmpFile(t, native(), entries...)); len(got) != 2 || got[1].pid != 802 {
		t.Errorf("got %+v", got)
	}
}

// FuzzUtmp: no file brings it down, nor does it name anything but sound
// addresses.
func FuzzUtmp(f *testing.F) {
	f.Add(utmp(f, narrow, entry{kind: 7, pid: 801, user: "lukas", line: "pts/3", addr: "198.51.100.7"}, entry{kind: 7, host: "fe80::1%eth0"}), false)
	f.Add(utmp(f, wide, entry{kind: 7, pid: 801, user: "lukas", line: "pts/3", addr: "::ffff:198.51.100.7"}, entry{kind: 8}), true)
	f.Add([]byte{7, 0}, false)
	f.Fuzz(func(t *testing.T, b []byte, arm bool) {
		l := narrow
		if arm {
			l = wide
		}
		found := parseUtmp(b, l)
		if len(found) > len(b)/l.size {
			t.Fatalf("%d records in %d bytes", len(found), len(b))
		}
		for _, r := range found {
			sound(t, r.Session)
		}
	})
}
