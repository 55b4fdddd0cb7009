package cli

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/allowfile"
	"bantop/fail2ban/confdir"
	"bantop/fail2ban/ending"
	"bantop/model"
	"bantop/model/store"
)

// keep writes into a configuration who is never banned, and into the list of what
// bantop changed that it did.
type keep struct {
	options allowfile.Options
	texts   store.Texts
	who     person
	host    string
}

// Allow writes addresses down. The folder is locked meanwhile: the process is not
// stopped.
func (k keep) Allow(ctx context.Context, targets []fail2ban.Target) ([]fail2ban.Result, error) {
	defer ending.Hold()()
	return allowfile.Allow(ctx, k.listing(model.ActAllowForGood, targets), targets)
}

// Disallow takes addresses out, likewise.
func (k keep) Disallow(ctx context.Context, targets []fail2ban.Target) ([]fail2ban.Result, error) {
	defer ending.Hold()()
	return allowfile.Disallow(ctx, k.listing(model.ActDisallow, targets), targets)
}

// listing are the options with which what is written gets into the list. If that
// fails, the journal still has the act.
func (k keep) listing(act model.ActKind, targets []fail2ban.Target) allowfile.Options {
	o := k.options
	o.Wrote = func(was, now []byte, mode fs.FileMode) {
		at := time.Now().Round(0)
		_, _ = k.texts.Record(model.Made{Act: string(act), Jail: targets[0].Jail, About: about(targets),
			By: k.who.user, TTY: k.who.tty, Host: k.host, At: at, Ended: at,
			Files: []model.FileChange{{Dir: confdir.JailDir, Name: allowfile.Name, Was: was, Now: now, Mode: mode}}})
	}
	return o
}

// about names targets: "198.51.100.7 in sshd, nginx-http-auth".
func about(targets []fail2ban.Target) string {
	const most = 20
	jails := make(map[string][]string)
	var addresses []string
	for _, t := range targets {
		if jails[t.Address] == nil {
			addresses = append(addresses, t.Address)
		}
		jails[t.Address] = append(jails[t.Address], t.Jail)
	}
	for i, a := range addresses {
		addresses[i] = a + " in " + strings.Join(jails[a], ", ")
	}
	if n := len(addresses) - most; n > 0 {
		addresses = append(addresses[:most], fmt.Sprintf("%d more", n))
	}
	return strings.Join(addresses, "; ")
}

// Has tells whether any of them is written down.
func (k keep) Has(targets []fail2ban.Target) bool {
	kept, err := allowfile.List(k.options)
	return err == nil && slices.ContainsFunc(kept, func(t fail2ban.Target) bool { return slices.Contains(targets, t) })
}

// Hint is what to do next about an error.
func (k keep) Hint(err error) string { return allowfile.Hint(err) }
