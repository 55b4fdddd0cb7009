package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/bandb"
	"bantop/model"
)

// listTime is how long the bans may take to be listed: 100,000 of one jail over
// the socket are half a second, in which the server answers nobody.
const listTime = 30 * time.Second

// fewBans is of how many bans of a jail the server is asked in any case: 5 ms.
// Only the server knows the length of a ban that has one of its own, and of all
// bans where the jail's was changed; and a ban is in its database a moment later.
const fewBans = 1000

// mostNamed is how many bans of all jails the server is asked for. Real ones have fewer
// than half of it; one that is hostile would name as many as it likes, jail by jail.
const mostNamed = 500_000

// databaseCheaper is how many times as long reading the database may take as
// asking the server: that costs bantop alone (model/bans.go).
const databaseCheaper = 5

// doListBans lists every ban: those of a jail that has many from fail2ban's
// database, where that agrees with the counters of the server, else, jail by
// jail, over the socket.
func (r *Runner) doListBans(ctx context.Context, e model.ListBans) model.Msg {
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	begun := time.Now()
	msg := model.BansListed{Request: e.Request}
	known := r.knownBans(ctx)
	read := time.Since(begun)
	counts := r.countAnew(ctx, known, e.Jails)
	var all []fail2ban.JailBan
	asked := 0
	for _, j := range e.Jails {
		held, n := known[j.Jail], counts[j.Jail]
		switch {
		case n == 0 && len(held) == 0:
			continue
		case n > fewBans && agrees(len(held), n):
			all = append(all, held...)
			continue
		}
		bans, err := r.opts.Client.Bans(ctx, j.Jail, r.zone())
		if errors.Is(err, fail2ban.ErrUnknownJail) { // it went away meanwhile
			continue
		}
		if err != nil {
			msg.Reason = reason(err, listTime)
			break
		}
		if asked += len(bans); asked > mostNamed {
			msg.Reason = fmt.Sprintf("fail2ban names more than %d bans", mostNamed)
			break
		}
		msg.Slow = append(msg.Slow, j.Jail)
		all = append(all, repeated(j.Jail, bans, held)...)
	}
	msg.At, msg.Took = r.now(), time.Since(begun)
	if msg.Reason != "" {
		return msg
	}
	if msg.Source = source(known != nil, len(msg.Slow), len(e.Jails)); msg.Source != model.FromDatabase {
		msg.Took -= read - read/databaseCheaper
	}
	msg.List, msg.NoCountries = r.located(ctx, all)
	slices.Sort(msg.Slow)
	return msg
}

// countAnew is how many bans each jail has now, by the server's counters: those of
// the last look are asked again of a jail with many, where they do not agree with
// the database, since bans come and go.
func (r *Runner) countAnew(ctx context.Context, known map[string][]fail2ban.JailBan, jails []model.JailBans) map[string]int {
	counted := make(map[string]int, len(jails))
	var off []string
	for _, j := range jails {
		counted[j.Jail] = j.Banned
		if held := len(known[j.Jail]); known != nil && max(held, j.Banned) > fewBans && !agrees(held, j.Banned) {
			off = append(off, j.Jail)
		}
	}
	if len(off) == 0 {
		return counted
	}
	statuses, err := r.opts.Client.JailStatuses(ctx, off)
	if err != nil {
		return counted // the list will say what the matter is
	}
	for _, j := range statuses {
		counted[j.Name] = j.Banned
	}
	return counted
}

// source is where a list comes from.
func source(database bool, slow, jails int) model.BanSource {
	switch {
	case !database, slow > 0 && slow == jails:
		return model.FromSocket
	case slow == 0:
		return model.FromDatabase
	default:
		return model.FromBoth
	}
}

// knownBans are the bans in force by the database, by jail; nil where it cannot
// be read.
func (r *Runner) knownBans(ctx context.Context) map[string][]fail2ban.JailBan {
	path, err := r.opts.Client.DBFile(ctx)
	if err != nil {
		return nil
	}
	known := make(map[string][]fail2ban.JailBan)
	err = r.db.read(ctx, path, func(ctx context.Context, db *bandb.DB) error {
		return db.Bans(ctx, r.now(), func(page []fail2ban.JailBan) error {
			for _, b := range page {
				known[b.Jail] = append(known[b.Jail], b)
			}
			return nil
		})
	})
	if err != nil {
		return nil
	}
	return known
}

// agrees tells whether the database holds about as many bans of a jail as the
// server counts: bans come and go between the two looks.
func agrees(known, counted int) bool {
	const few, share = 3, 50
	off := max(known-counted, counted-known)
	return off <= few+counted/share
}

// repeated are the bans of a jail with how often each address was banned, by the
// database; 0 where that does not know it.
func repeated(jail string, bans []fail2ban.Ban, held []fail2ban.JailBan) []fail2ban.JailBan {
	counts := make(map[string]int, len(held))
	for _, b := range held {
		counts[b.Address] = b.Count
	}
	out := make([]fail2ban.JailBan, len(bans))
	for i, b := range bans {
		out[i] = fail2ban.JailBan{Jail: jail, Ban: b, Count: counts[b.Address]}
	}
	return out
}
