package runner

import (
	"context"
	"net"
	"net/netip"
	"slices"

	"bantop/model"
	"bantop/model/here"
)

// mostAsked is of how many own addresses it is asked whether they are banned: to
// ask costs the server 22 ms for each 100,000 bans (1.0.2, measured).
const mostAsked = 8

// doReadOwn looks who is logged in, from where, and whether that is banned.
func (r *Runner) doReadOwn(ctx context.Context, e model.ReadOwn) model.Msg {
	ctx, cancel := context.WithTimeout(ctx, r.answerTime())
	defer cancel()
	msg := model.OwnRead{}
	mine := false
	for i, s := range r.opts.Sessions() {
		own := model.Own{Addr: s.Addr, Who: s.Who, TTY: s.TTY, From: s.From, Mine: s.Mine()}
		if i < mostAsked {
			jails, err := r.opts.Client.Banned(ctx, s.Addr.String())
			if err == nil { // else the state of the server says what the matter is
				own.Banned = slices.Sorted(slices.Values(jails))
			}
		}
		msg.Own = append(msg.Own, own)
		mine = mine || own.Mine
	}
	if mine {
		msg.Jails = r.failingIn(ctx, e.Failing)
	}
	msg.At = r.now()
	return msg
}

// failingIn is what the log says of who fails in some jails.
func (r *Runner) failingIn(ctx context.Context, jails []string) []model.JailFetched {
	var out []model.JailFetched
	for _, jail := range jails {
		settings, err := r.opts.Client.JailSettings(ctx, jail)
		if err != nil {
			continue // it is gone, or the state of the server says what the matter is
		}
		out = append(out, model.JailFetched{Jail: jail, Settings: settings, Log: r.readFailing(ctx, jail, r.zone())})
	}
	return out
}

// sessions looks on this machine.
func sessions() []here.Session { return here.Sessions(here.Options{}) }

// ownAddresses are the addresses of this machine's interfaces.
func ownAddresses() []string {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var out []string
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			out = append(out, p.Addr().Unmap().WithZone("").String())
		}
	}
	return out
}
