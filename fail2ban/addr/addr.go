// Package addr reads and writes what a jail bans: an address or a network, as a
// netip.Prefix, in which an address is a network of one. What a jail bans by any
// other name, as by a user's, is none; the invalid Prefix stands for it.
//
// Two networks of which either holds the other are found by
// netip.Prefix.Overlaps; IPv4 and IPv6 never overlap, as in a firewall.
package addr

import (
	"net/netip"
	"strconv"
	"strings"
)

// Parse reads what somebody typed or what fail2ban wrote: an address in any
// spelling, in brackets too, or a network in CIDR form. Cleared tells that the
// network was given by an address inside it, as in 192.0.2.5/24: then the bits
// of the host are set to 0, as the server does it.
//
// IPv4-mapped IPv6 is IPv4, as it is to the server. So is a network of it, though
// the server keeps that as IPv6 (1.0.2 and 1.1.0 list ::ffff:192.0.2.0/120 as it
// was typed), where IPv4 packets do not meet it.
//
// Anything else is an error that says what is wrong and what is allowed. The
// server refuses next to nothing: it bans host names, zones and ranges as the
// text they are, and takes 10.0.0.0/33 for 10.0.0.0.
func Parse(s string) (p netip.Prefix, cleared bool, err error) {
	inner := unbracket(s)
	if a, err := netip.ParseAddr(inner); err == nil && a.Zone() == "" {
		return Of(a), false, nil
	}
	if !strings.Contains(inner, "/") {
		return netip.Prefix{}, false, noAddress(s)
	}
	p, err = netip.ParsePrefix(inner)
	if err != nil {
		return netip.Prefix{}, false, noAddress(s)
	}
	const mapped = 96 // bits before the IPv4 address in one that is mapped
	if p.Addr().Is4In6() && p.Bits() >= mapped {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-mapped)
	}
	return p.Masked(), p != p.Masked(), nil
}

// unbracket takes away the brackets that IPv6 stands in before a port.
func unbracket(s string) string {
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		return s[1 : len(s)-1]
	}
	return s
}

// Of is a single address as Parse gives it: IPv4-mapped IPv6 is IPv4, and a
// zone is left out.
func Of(a netip.Addr) netip.Prefix {
	a = a.WithZone("").Unmap()
	return netip.PrefixFrom(a, a.BitLen())
}

// Format writes what Parse or Of gave as fail2ban does, an address without its
// length; "" for the invalid Prefix. It differs in one case: the server writes
// 0.0.0.0/0 as 0.0.0.0 and ::/0 as ::, which are addresses to whoever reads them.
//
// It is for what is to be banned. A ban is lifted by the text that the server
// lists: it finds one of ::ffff:192.0.2.0/120 only by that.
func Format(p netip.Prefix) string {
	switch {
	case !p.IsValid():
		return ""
	case p.IsSingleIP():
		return text(p.Addr())
	}
	return text(p.Addr()) + "/" + strconv.Itoa(p.Bits())
}

// text writes an address as glibc's inet_ntop(3), with which the server does it.
// Go differs where the first 96 bits of IPv6 are 0 and the next 16 are not: it
// writes ::c000:205 for ::192.0.2.5.
func text(a netip.Addr) string {
	b := a.As16()
	if a.Is6() && [12]byte(b[:12]) == [12]byte{} && (b[12] != 0 || b[13] != 0) {
		return "::" + netip.AddrFrom4([4]byte(b[12:])).String()
	}
	return a.String()
}

// Holds tells whether a network holds all of p, an address or a network. So a
// ban locks a session out when Holds(ban, Of(session's address)).
func Holds(network, p netip.Prefix) bool {
	return network.IsValid() && p.IsValid() && network.Bits() <= p.Bits() && network.Contains(p.Addr())
}

// Wide tells whether a network is wider than a ban should be without being asked
// about twice: IPv4 below /16, IPv6 below /32.
func Wide(p netip.Prefix) bool {
	if p.Addr().Is4() {
		return p.IsValid() && p.Bits() < 16
	}
	return p.IsValid() && p.Bits() < 32
}

// Everything tells whether a network holds every address of its kind.
func Everything(p netip.Prefix) bool {
	return p.IsValid() && p.Bits() == 0
}

// Compare sorts: IPv4 before IPv6, by address, the wider network before the
// narrower, and last what is no address.
func Compare(a, b netip.Prefix) int {
	switch {
	case a.IsValid() == b.IsValid():
		return a.Compare(b)
	case a.IsValid():
		return -1
	}
	return 1
}
