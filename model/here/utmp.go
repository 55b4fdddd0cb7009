package here

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"os"
	"runtime"
	"strings"
)

// layout is how long a record of utmp is, and where its address stands, in
// bytes. What comes before the session's number is the same everywhere (utmp(5);
// glibc, bits/utmp.h).
type layout struct{ size, addr int }

// narrow has the session's number and the time in 4 bytes each, wide in 8.
var (
	narrow = layout{size: 384, addr: 348}
	wide   = layout{size: 400, addr: 360}
)

// native is this machine's layout: glibc's is wide on arm64 and narrow on x86
// (__WORDSIZE_TIME64_COMPAT32 in sysdeps/*/bits/wordsize.h).
func native() layout {
	if runtime.GOARCH == "arm64" {
		return wide
	}
	return narrow
}

const (
	userProcess = 7 // ut_type of a login
	maxRecords  = 10_000
)

// record is a login in utmp.
type record struct {
	pid int
	Session
}

// readUtmp reads the logins in a utmp file, /run/utmp or /var/run/utmp where
// path is "".
func readUtmp(path string) []record {
	if path == "" {
		path = "/run/utmp"
		if _, err := os.Stat(path); err != nil {
			path = "/var/run/utmp"
		}
	}
	l := native()
	return parseUtmp([]byte(readFile(path, int64(maxRecords*l.size))), l)
}

// parseUtmp reads the logins that come from an address. Numbers are in the
// machine's byte order, addresses in the network's.
func parseUtmp(b []byte, l layout) []record {
	var out []record
	for ; len(b) >= l.size; b = b[l.size:] {
		if binary.NativeEndian.Uint16(b) != userProcess { // ut_type
			continue
		}
		a := utmpAddr([16]byte(b[l.addr:]))
		if !a.IsValid() {
			a = utmpHost(text(b[76:332])) // ut_host
		}
		if !a.IsValid() {
			continue
		}
		out = append(out, record{
			pid: int(int32(binary.NativeEndian.Uint32(b[4:]))), // ut_pid
			Session: Session{
				Addr: a,
				Who:  text(b[44:76]), // ut_user
				TTY:  text(b[8:40]),  // ut_line
				From: "utmp",
			},
		})
	}
	return out
}

// utmpAddr reads ut_addr_v6: IPv4 where only the first of its four numbers is
// set, nothing where none is.
func utmpAddr(b [16]byte) netip.Addr {
	a := netip.AddrFrom16(b)
	if [12]byte(b[4:]) == [12]byte{} {
		a = netip.AddrFrom4([4]byte(b[:4]))
	}
	if a.Unmap().IsUnspecified() {
		return netip.Addr{}
	}
	return a.Unmap()
}

// utmpHost reads ut_host: an address, or one before other words: mosh writes
// "192.0.2.5 via mosh [812]" (frontend/mosh-server.cc).
func utmpHost(host string) netip.Addr {
	first, _, _ := strings.Cut(host, " ")
	return parseAddr(first)
}

// text is a field up to its first zero byte.
func text(b []byte) string {
	b, _, _ = bytes.Cut(b, []byte{0})
	return string(b)
}
