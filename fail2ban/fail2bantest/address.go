package fail2bantest

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"bantop/fail2ban"
	"bantop/fail2ban/wire"
)

// address is what the server makes of the text of an address, which may be any
// text (server/ipdns.py, class IPAddr).
type address struct {
	text   string       // as the server lists it
	net    netip.Prefix // the zero Prefix for a name
	single bool         // it is one address
}

// parse reads an address as this version does, oddities included, but for masks
// like /255.255.255.0. The error is what the server raises instead.
func (s *Server) parse(text string) (address, error) {
	if strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") && len(text) > 2 {
		text = text[1 : len(text)-1]
	}
	host, length, network := strings.Cut(text, "/")
	ip, err := netip.ParseAddr(host)
	isIP := err == nil && ip.Zone() == ""
	if !network {
		if !isIP {
			return address{text: text}, nil
		}
		ip = ip.Unmap()
		return address{ip.String(), netip.PrefixFrom(ip, ip.BitLen()), true}, nil
	}
	bits, err := strconv.Atoi(length)
	if err != nil && !fail2ban.AtLeast(s.version, 1, 1) {
		return address{}, fmt.Errorf("invalid literal for int() with base 10: '%s'", length)
	}
	switch {
	case err != nil, bits < 0, !isIP:
		return address{text: text}, nil
	case bits == 0 || bits > ip.BitLen(): // listed as if it were one address, and no network to what is compared
		return address{ip.String(), netip.PrefixFrom(ip, min(bits, ip.BitLen())).Masked(), false}, nil
	case bits == ip.BitLen():
		return address{ip.String(), netip.PrefixFrom(ip, bits), true}, nil
	default:
		net := netip.PrefixFrom(ip, bits).Masked()
		return address{net.String(), net, false}, nil
	}
}

// holds tells whether another address is in this network.
func (a address) holds(b address) bool {
	return a.net.IsValid() && b.net.IsValid() && b.net.Bits() >= a.net.Bits() && a.net.Contains(b.net.Addr())
}

// valueError is the exception that Python raises for a wrong value.
func valueError(words string) wire.Exception {
	return wire.Exception{Module: "builtins", Name: "ValueError", Args: []any{words}}
}
