// Package here tells from which addresses people are logged in on this machine,
// so that no administrator bans himself.
//
// An address too many asks one question more, one too few locks somebody out: so
// what is doubtful is told of, too, and what cannot be read adds nothing.
package here

import (
	"net/netip"
	"os"
	"slices"
	"strings"
)

// Session is a login from elsewhere. Its texts are foreign: an environment, and
// some fields of utmp, hold what its user likes.
type Session struct {
	Addr netip.Addr // IPv4-mapped IPv6 is IPv4; link-local without a zone
	Who  string     // login name, "" where it is not known
	TTY  string     // terminal, as pts/3; "" where it is not known
	From string     // where the address is known from, in words: "utmp", "SSH_CONNECTION", …
}

// Mine tells whether it is the login that this process runs in, as far as that can
// be told: not another's, and not an earlier one of a pane.
func (s Session) Mine() bool {
	return (strings.HasPrefix(s.From, "SSH_CONNECTION") || strings.HasPrefix(s.From, "SSH_CLIENT")) &&
		!strings.HasSuffix(s.From, "another login") && !strings.HasSuffix(s.From, "an earlier login")
}

// Options says where to look; what is not given is this process on this machine.
type Options struct {
	Environ []string // NAME=value; nil: os.Environ()
	Proc    string   // /proc
	Utmp    string   // /run/utmp, else /var/run/utmp
	PID     int      // os.Getpid()
}

// Sessions looks for logins, sorted by address, each address once and with the
// surest of what is known about it. It reads, in this order:
//
//   - the variables SSH_CONNECTION and SSH_CLIENT of sshd (ssh(1)) in this
//     process's environment and its ancestors': sudo and su drop them, but the
//     shell that they were started from has them;
//   - those of the clients of tmux and screen, who look at a pane without being
//     ancestors of what runs in it;
//   - utmp, where there is one (Debian 13 has none);
//   - the variables of everyone's logins that have a terminal. Root may read
//     them, others only their own.
//
// It takes some 15 µs for each process of the machine: not for every key.
func Sessions(o Options) []Session {
	if o.Environ == nil {
		o.Environ = os.Environ()
	}
	if o.Proc == "" {
		o.Proc = "/proc"
	}
	if o.PID == 0 {
		o.PID = os.Getpid()
	}
	records := readUtmp(o.Utmp)
	t := readTable(o.Proc)
	t.named[o.PID] = parseEnviron(strings.Join(o.Environ, "\x00"))

	var f findings
	f.add(t.logins(o.PID), "")
	for _, p := range t.terminals(process.isClient) {
		f.add(t.logins(p.pid), " of a "+p.program()+" client")
	}
	for _, r := range records {
		if t.alive(r.pid) {
			f.sure = append(f.sure, r.Session)
		}
	}
	for _, p := range t.terminals(process.isLeader) {
		f.add(t.logins(p.pid), " of another login")
	}
	all := slices.Concat(f.sure, f.doubtful)
	slices.SortStableFunc(all, func(a, b Session) int { return a.Addr.Compare(b.Addr) })
	return slices.CompactFunc(all, func(a, b Session) bool { return a.Addr == b.Addr })
}

// parseAddr reads an address as sshd and login write it; the zero Addr for what
// names nobody: a host name, a display as :0, an address of zeros.
func parseAddr(s string) netip.Addr {
	a, err := netip.ParseAddr(s)
	a = a.WithZone("").Unmap()
	if err != nil || a.IsUnspecified() {
		return netip.Addr{}
	}
	return a
}
