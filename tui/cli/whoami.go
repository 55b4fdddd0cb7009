package cli

import (
	"os"
	"os/user"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// person is who sits in front of bantop, as far as it can tell.
type person struct{ user, tty string }

// whoami says who runs this, for the journal and for the others who look.
func whoami() person {
	login, err := os.ReadFile("/proc/self/loginuid")
	if err != nil {
		login = nil // a kernel without audit(7)
	}
	p := person{user: userOf(os.Geteuid(), os.Getenv("SUDO_USER"), strings.TrimSpace(string(login)), passwd)}
	if tty, err := os.Readlink("/proc/self/fd/0"); err == nil && strings.HasPrefix(tty, "/dev/") && isTerminal(os.Stdin) {
		p.tty = strings.TrimPrefix(tty, "/dev/")
	}
	return p
}

// noLogin is a loginuid that is not set: no login led to this process, as in most
// containers.
const noLogin = "4294967295"

// userOf is who acts as the user euid. The kernel notes as whom somebody logged in
// (loginuid, pam_loginuid(8)), which sudo and su do not change; SUDO_USER is only a
// variable, which root may set to anything. So the name in it stands alone if both
// are the same user, or if there was no login; else both are told. lookup finds the
// number of a name in passwd(5), or the name of a number.
func userOf(euid int, sudo, login string, lookup func(string) (uid, name string)) string {
	named := func(uid string) string {
		if _, name := lookup(uid); name != "" {
			return name
		}
		return "uid " + uid
	}
	if euid != 0 {
		return named(strconv.Itoa(euid))
	}
	root := named("0")
	if !isUserName(sudo) {
		sudo = ""
	}
	if _, err := strconv.ParseUint(login, 10, 32); err != nil || login == noLogin {
		login = ""
	}
	switch uid, _ := lookup(sudo); {
	case login == "" && sudo == "":
		return root
	case login == "" || sudo != "" && uid == login:
		return sudo
	case sudo != "":
		return named(login) + " (SUDO_USER says " + sudo + ")"
	case login != "0":
		return root + " (logged in as " + named(login) + ")"
	default:
		return root
	}
}

// isUserName reports whether a text may be the name of a user. Those of domains have
// blanks and backslashes in them.
func isUserName(s string) bool {
	const most = 64
	odd := func(r rune) bool { return !unicode.IsPrint(r) || strings.ContainsRune(":/,()", r) }
	return s != "" && len(s) <= most && utf8.ValidString(s) && !strings.ContainsFunc(s, odd) &&
		strings.TrimSpace(s) == s && s[0] != '-'
}

// passwd looks a name or a number up; "" is nobody's.
func passwd(who string) (uid, name string) {
	if who == "" {
		return "", ""
	}
	find := user.Lookup
	if _, err := strconv.Atoi(who); err == nil {
		find = user.LookupId
	}
	u, err := find(who)
	if err != nil {
		return "", ""
	}
	return u.Uid, u.Username
}
