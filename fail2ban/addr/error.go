package addr

import (
	"net/netip"
	"strconv"
	"strings"
)

// noAddress is text that is no address. Its words are made when somebody asks
// for them: where a jail bans by user name, every row of a list is one.
type noAddress string

// Error says what is wrong and what is allowed. The text is quoted, so that
// nothing in it reaches a terminal as it is.
func (n noAddress) Error() string {
	return "read the address " + strconv.Quote(string(n)) + ": " + n.wrong() +
		"; it must be an address, as 192.0.2.5 or 2001:db8::5, or a network, as 192.0.2.0/24 or 2001:db8::/32"
}

// wrong says what is wrong with it.
func (n noAddress) wrong() string {
	inner := unbracket(string(n))
	host, length, network := strings.Cut(inner, "/")
	first, last, two := strings.Cut(host, "-")
	a, err := netip.ParseAddr(host)
	switch {
	case host == "":
		return "there is none"
	case strings.ContainsAny(inner, " \t\r\n"):
		return "there is a blank in it"
	case strings.ContainsAny(inner, "[]"):
		return "there are brackets in the wrong place"
	case a.Zone() != "":
		return "it names an interface, " + strconv.Quote(a.Zone())
	case two && isAddress(first) && (isAddress(last) || isNumber(last)):
		return "it is a range"
	case err != nil && strings.Trim(host, "0123456789.") == "":
		return "IPv4 is four numbers from 0 to 255 without leading zeros"
	case err != nil || !network:
		return "it is a name or other text"
	case isAddress(length):
		return "a network is given by its length, not by a mask"
	case a.Is4():
		return "the length of an IPv4 network is a number from 0 to 32"
	}
	return "the length of an IPv6 network is a number from 0 to 128"
}

func isAddress(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}

func isNumber(s string) bool {
	_, err := strconv.Atoi(s)
	return err == nil
}
