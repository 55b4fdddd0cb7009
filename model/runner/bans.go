package runner

import (
	"context"
	"slices"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/bandb"
	"bantop/model"
	"bantop/model/banlist"
)

// listTime is how long the bans may take to be listed: 100,000 of one jail over
// the socket are half a second, in which the server answers nobody.
const listTime = 30 * time.Second

// doListBans lists every ban: from fail2ban's database where that agrees with
// the counters of the server, else, jail by jail, over the socket.
func (r *Runner) doListBans(ctx context.Context, e model.ListBans) model.Msg {
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	begun := time.Now()
	msg := model.BansListed{Request: e.Request}
	known := r.knownBans(ctx)
	var all []fail2ban.JailBan
	for _, j := range e.Jails {
		if bans, ok := known[j.Jail]; ok && agrees(len(bans), j.Banned) || j.Banned == 0 {
			all = append(all, bans...)
			continue
		}
		bans, err := r.opts.Client.Bans(ctx, j.Jail, r.zone())
		if err != nil {
			msg.Reason = reason(err, listTime)
			break
		}
		msg.Slow = append(msg.Slow, j.Jail)
		for _, b := range bans {
			all = append(all, fail2ban.JailBan{Jail: j.Jail, Ban: b, Count: counts(known[j.Jail], b.Address)})
		}
	}
	msg.At, msg.Took = r.now(), time.Since(begun)
	if msg.Reason != "" {
		return msg
	}
	msg.Source = source(len(all) > 0 && len(known) > 0, len(msg.Slow), len(e.Jails))
	msg.List = banlist.New(all)
	slices.Sort(msg.Slow)
	return msg
}

// source is where a list comes from.
func source(database bool, slow, jails int) model.BanSource {
	switch {
	case slow == 0:
		return model.FromDatabase
	case slow == jails || !database:
		return model.FromSocket
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

// counts is how often an address was banned, by the database; 0 where that does
// not know it.
func counts(known []fail2ban.JailBan, address string) int {
	i := slices.IndexFunc(known, func(b fail2ban.JailBan) bool { return b.Address == address })
	if i < 0 {
		return 0
	}
	return known[i].Count
}
