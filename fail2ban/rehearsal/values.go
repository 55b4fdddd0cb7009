package rehearsal

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"bantop/fail2ban/addr"
)

// swallowed is what is wrong with values of the jail that fail2ban takes without a
// word, and that make it do less than it seems to (1.0.2 and 1.1.0, measured); ""
// where nothing is.
func (r *Run) swallowed() string {
	for _, entry := range r.ignored() {
		if unreadable(entry) {
			return fmt.Sprintf("ignoreip: %q is neither an address nor a network nor a name: fail2ban passes it over, and bans whom it was to protect", entry)
		}
	}
	if len(r.known.Actions) == 0 {
		return ""
	}
	for _, port := range strings.FieldsFunc(r.opts.Ports, func(c rune) bool { return c == ',' || c == ' ' || c == '\t' || c == '\n' }) {
		if !isPort(port) {
			return fmt.Sprintf("port: %q is neither a number nor a name of /etc/services: the jail's actions would fail when somebody is to be banned", port)
		}
	}
	return ""
}

// ignored are the entries of the jail's ignore list.
func (r *Run) ignored() (entries []string) {
	for _, c := range r.setup {
		if len(c) > 3 && c[0] == "set" && c[2] == "addignoreip" {
			entries = append(entries, c[3:]...)
		}
	}
	return entries
}

// unreadable tells whether an entry of an ignore list is neither an address nor a
// network, nor could it be the name of a host.
func unreadable(entry string) bool {
	if _, _, err := addr.Parse(entry); err == nil || strings.HasPrefix(entry, "file:") {
		return false
	}
	return strings.ContainsAny(entry, "/:") || strings.Trim(entry, "0123456789.") == ""
}

// isPort tells whether a text is a port, or a range of ports, by number or by name.
// Where this machine has no names of ports, every name may be one.
func isPort(text string) bool {
	for _, end := range strings.FieldsFunc(text, func(c rune) bool { return c == ':' || c == '-' }) {
		n, err := strconv.Atoi(end)
		if err == nil && n >= 0 && n <= 65535 {
			continue
		}
		if err == nil {
			return false
		}
		if !named(end) && !named(text) {
			return false
		}
	}
	return text != ""
}

func named(port string) bool {
	if _, err := os.Stat("/etc/services"); err != nil {
		return true
	}
	for _, network := range []string{"tcp", "udp"} {
		if _, err := net.LookupPort(network, port); err == nil {
			return true
		}
	}
	return false
}
