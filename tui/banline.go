package tui

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/addr"
	"bantop/model"
)

// parseBan reads what somebody typed to ban: addresses or networks, jails, and for
// how long: "203.0.113.9 sshd postfix for 1h". Where no jail is named, it is the
// one that was looked at; where no time is, each jail's own.
func parseBan(text, jail string, running []string) ([]model.BatchTarget, error) {
	text, length, err := banLength(text)
	if err != nil {
		return nil, err
	}
	var addresses, jails []string
	for _, word := range strings.Fields(text) {
		p, _, err := addr.Parse(word)
		switch {
		case slices.Contains(running, word):
			jails = append(jails, word)
		case err == nil:
			addresses = append(addresses, addr.Format(p))
		case strings.ContainsAny(word, ".:/"):
			return nil, err
		default:
			return nil, fmt.Errorf("there is no jail %s, and it is no address", word)
		}
	}
	if len(jails) == 0 && jail != "" {
		jails = []string{jail}
	}
	switch {
	case len(addresses) == 0:
		return nil, fmt.Errorf("type an address or a network, such as 203.0.113.9 or 203.0.113.0/24")
	case len(jails) == 0:
		return nil, fmt.Errorf("name the jail that is to ban it: %s", strings.Join(running, ", "))
	}
	var out []model.BatchTarget
	for _, j := range jails {
		for _, a := range addresses {
			out = append(out, model.BatchTarget{Target: fail2ban.Target{Jail: j, Address: a}, Length: length})
		}
	}
	return out, nil
}

// banLength takes "for 1h" from the end of what was typed; "for ever" is
// fail2ban.Permanent.
func banLength(text string) (rest string, length time.Duration, err error) {
	rest, span, found := strings.Cut(" "+text+" ", " for ")
	if !found {
		return text, 0, nil
	}
	if span = strings.TrimSpace(span); span == "ever" {
		return rest, fail2ban.Permanent, nil
	}
	length, err = fail2ban.ParseTime(span)
	if err == nil && length == 0 {
		err = fmt.Errorf("a ban needs a time longer than 0; for example 10m")
	}
	return rest, length, err
}
