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

// mostNamed is how many bans of all jails the server is asked for. Real ones have fewer
// than half of it; one that is hostile would name as many as it likes, jail by jail.
const mostNamed = 500_000

// databaseCheaper is how many times as long reading the database may take as
// asking the server: that costs bantop alone (model/bans.go).
const databaseCheaper = 5

// doListBans lists every ban. Of a jail the server is asked for all, with times, if that
// holds it up for 50 ms at the most; else for the addresses alone; and of a jail with more
// than that fail2ban's database is, as long as it agrees with the server.
func (r *Runner) doListBans(ctx context.Context, e model.ListBans) model.Msg {
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	begun := time.Now()
	msg := model.BansListed{Request: e.Request}
	known := r.knownBans(ctx)
	read := time.Since(begun)
	counts := r.countAnew(ctx, known, e.Jails)
	var all []fail2ban.JailBan
	whole := 0 // jails whose times the server told, too
	for _, j := range e.Jails {
		held := known[j.Jail]
		if counts[j.Jail] == 0 && len(held.inForce(begun)) == 0 {
			continue
		}
		bans, from, err := r.listJail(ctx, j.Jail, counts[j.Jail], held, known != nil)
		if errors.Is(err, fail2ban.ErrUnknownJail) { // it went away meanwhile
			continue
		}
		if err != nil {
			msg.Reason = reason(err, listTime)
			break
		}
		if all = append(all, bans...); len(all) > mostNamed {
			msg.Reason = fmt.Sprintf("fail2ban names more than %d bans", mostNamed)
			break
		}
		if from != model.FromDatabase {
			msg.Slow = append(msg.Slow, j.Jail)
		}
		if from == model.FromSocket {
			whole++
		}
	}
	msg.At, msg.Took = r.now(), time.Since(begun)
	if msg.Reason != "" {
		return msg
	}
	if msg.Source = source(known != nil, whole, len(msg.Slow), len(e.Jails)); msg.Source != model.FromDatabase {
		msg.Took -= read - read/databaseCheaper
	}
	msg.List, msg.NoCountries = r.located(ctx, all)
	slices.Sort(msg.Slow)
	return msg
}

// listJail lists the bans of a jail, and says where they come from: from both, if the
// server named them and its database has the times.
func (r *Runner) listJail(
	ctx context.Context, jail string, n int, held heldBans, database bool,
) ([]fail2ban.JailBan, model.BanSource, error) {
	if r.costs.timed(n) || !database {
		begun := time.Now()
		list, err := r.opts.Client.Bans(ctx, jail, r.zone())
		if err != nil {
			return nil, "", err
		}
		r.costs.tookTimed(len(list), time.Since(begun))
		return repeated(jail, list, held), model.FromSocket, nil
	}
	settings, err := r.opts.Client.JailSettings(ctx, jail)
	if err != nil {
		return nil, "", err
	}
	inForce := held.inForce(r.now())
	if !r.costs.names(n) && agrees(len(inForce), n) && r.confirmed(ctx, jail, inForce) {
		return r.doubted(ctx, fromDatabase(inForce, settings.BanTime)), model.FromDatabase, nil
	}
	begun := time.Now()
	names, err := r.opts.Client.BanNames(ctx, jail)
	if err != nil {
		return nil, "", err
	}
	r.costs.tookNames(len(names), time.Since(begun))
	return r.doubted(ctx, named(jail, names, held, settings.BanTime)), model.FromBoth, nil
}

// sampled is how many bans of its database the server is asked about.
const sampled = 16

// confirmed reports whether the server bans a sample of what its database names, spread
// evenly over it.
func (r *Runner) confirmed(ctx context.Context, jail string, held []fail2ban.JailBan) bool {
	addresses := make([]string, 0, sampled)
	for i := range min(sampled, len(held)) {
		addresses = append(addresses, held[i*len(held)/min(sampled, len(held))].Address)
	}
	banned, err := r.opts.Client.AreBanned(ctx, jail, addresses)
	return err == nil && !slices.Contains(banned, false)
}

// countAnew is how many bans each jail has now, by the server's counters: those of
// the last look are asked again of a jail with many, where they do not agree with
// the database, since bans come and go.
func (r *Runner) countAnew(ctx context.Context, known map[string]heldBans, jails []model.JailBans) map[string]int {
	counted := make(map[string]int, len(jails))
	var off []string
	for _, j := range jails {
		counted[j.Jail] = j.Banned
		if held := len(known[j.Jail].inForce(r.now())); known != nil && !r.costs.timed(max(held, j.Banned)) && !agrees(held, j.Banned) {
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
func source(database bool, whole, slow, jails int) model.BanSource {
	switch {
	case !database, whole > 0 && whole == jails:
		return model.FromSocket
	case slow == 0:
		return model.FromDatabase
	default:
		return model.FromBoth
	}
}

// heldBans are rows of fail2ban's database about a jail: bans in force, and those that are
// over, by it.
type heldBans []fail2ban.JailBan

// inForce are those that are not over, by the database.
func (h heldBans) inForce(now time.Time) []fail2ban.JailBan {
	out := make([]fail2ban.JailBan, 0, len(h))
	for _, b := range h {
		if b.End.IsZero() || b.End.After(now) {
			out = append(out, b)
		}
	}
	return out
}

// knownBans are the bans that the database holds, those that are over by it, too, by
// jail; nil where it cannot be read.
func (r *Runner) knownBans(ctx context.Context) map[string]heldBans {
	path, err := r.opts.Client.DBFile(ctx)
	if err != nil {
		return nil
	}
	known := make(map[string]heldBans)
	err = r.db.read(ctx, path, func(ctx context.Context, db *bandb.DB) error {
		return db.Bans(ctx, time.Time{}, func(page []fail2ban.JailBan) error {
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
