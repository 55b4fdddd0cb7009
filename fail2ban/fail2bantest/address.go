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
	key    string       // what tells it from others
	text   string       // as the server lists it: the key, or the first address of a network of an odd length
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
	if err != nil || ip.Zone() != "" {
		return name(text), s.lengthError(length, network)
	}
	if !network {
		ip = ip.Unmap()
		return address{ip.String(), ip.String(), netip.PrefixFrom(ip, ip.BitLen()), true}, nil
	}
	switch bits, err := strconv.Atoi(length); {
	case err != nil, bits < 0:
		return name(text), s.lengthError(length, network)
	case bits == ip.BitLen():
		return address{ip.String(), ip.String(), netip.PrefixFrom(ip, bits), true}, nil
	case bits == 0, bits > ip.BitLen():
		net := netip.PrefixFrom(ip, min(bits, ip.BitLen())).Masked()
		return address{fmt.Sprintf("%s/%d", net.Addr(), bits), net.Addr().String(), net, false}, nil
	default:
		net := netip.PrefixFrom(ip, bits).Masked()
		return address{net.String(), net.String(), net, false}, nil
	}
}

func name(text string) address { return address{key: text, text: text} }

// lengthError is what a version before 1.1 raises for a network whose length is
// no number.
func (s *Server) lengthError(length string, network bool) error {
	if _, err := strconv.Atoi(length); !network || err == nil || fail2ban.AtLeast(s.version, 1, 1) {
		return nil
	}
	return fmt.Errorf("invalid literal for int() with base 10: '%s'", length)
}

// listed is how the server lists what it keeps under a key.
func (s *Server) listed(key string) string {
	if a, err := s.parse(key); err == nil {
		return a.text
	}
	return key
}

// holds tells whether another address is in this network.
func (a address) holds(b address) bool {
	return a.net.IsValid() && b.net.IsValid() && b.net.Bits() >= a.net.Bits() && a.net.Contains(b.net.Addr())
}

// valueError is the exception that Python raises for a wrong value.
func valueError(words string) wire.Exception {
	return wire.Exception{Module: "builtins", Name: "ValueError", Args: []any{words}}
}
