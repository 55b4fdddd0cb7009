package here

import (
	"cmp"
	"slices"
	"strings"
)

// The variables that are read: sshd's own first, CLIENT_IP PORT … (ssh(1)).
var (
	addresses = []string{"SSH_CONNECTION", "SSH_CLIENT"}
	wanted    = append([]string{"SSH_TTY", "SUDO_USER", "LOGNAME", "USER"}, addresses...)
)

// maxValue is the length in bytes from which on a value is nothing that sshd or
// sudo wrote.
const maxValue = 256

// parseEnviron returns the logins that an environment names: entries NAME=value
// with a zero byte between them (proc(5)), of which the first of a name counts,
// as in getenv(3). Who is who sudo was called by, else the user; From is the
// variable.
func parseEnviron(environ string) []Session {
	values := make(map[string]string)
	for entry := range strings.SplitSeq(environ, "\x00") {
		name, value, _ := strings.Cut(entry, "=")
		if _, twice := values[name]; !twice && slices.Contains(wanted, name) && len(value) <= maxValue {
			values[name] = strings.Clone(value) // not to keep the whole environment
		}
	}
	var out []Session
	for _, name := range addresses {
		text, _, whole := strings.Cut(values[name], " ")
		if a := parseAddr(text); a.IsValid() && whole {
			out = append(out, Session{
				Addr: a,
				Who:  cmp.Or(values["SUDO_USER"], values["LOGNAME"], values["USER"]),
				TTY:  strings.TrimPrefix(values["SSH_TTY"], "/dev/"),
				From: name,
			})
		}
	}
	return out
}
