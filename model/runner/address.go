package runner

import (
	"context"
	"errors"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/addr"
	"bantop/fail2ban/bandb"
	"bantop/model"
)

// mostRecords is how many bans of one address are shown.
const mostRecords = 50

// doFetchAddress asks fail2ban's database what it knows of an address, and the
// jails whether they ignore it.
func (r *Runner) doFetchAddress(ctx context.Context, e model.FetchAddress) model.Msg {
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	msg := model.AddressFetched{Request: e.Request}
	records, err := r.history(ctx, e.Address)
	if err != nil {
		msg.Reason = whyNoHistory(err)
	}
	for _, b := range records {
		msg.Records = append(msg.Records, model.BanRecord{JailBan: b.JailBan, Current: b.Current, Failures: b.Failures, Matches: b.Matches})
	}
	if p, _, err := addr.Parse(e.Address); err == nil && p.IsSingleIP() {
		if banned, err := r.opts.Client.Banned(ctx, e.Address); err == nil { // else the list tells
			msg.Banned = append([]string{}, banned...)
		}
	}
	msg.Exact, msg.Asked = r.exactly(ctx, e)
	for _, jail := range e.Jails {
		settings, err := r.opts.Client.JailSettings(ctx, jail)
		if errors.Is(err, fail2ban.ErrUnknownJail) {
			continue
		}
		if err != nil {
			break // the state of the server says what the matter is
		}
		if entry := ignoredBy(e.Address, settings.IgnoreIP); entry != "" {
			msg.Ignored = append(msg.Ignored, model.IgnoreRule{Jail: jail, Entry: entry})
		}
	}
	msg.Place, msg.NoPlace = r.place(e.Address)
	msg.At = r.now()
	return msg
}

// exactly asks the server for the bans of one address in jails whose list comes from the
// database. It names all bans of a jail at once, so it is only asked if that does not take
// long.
func (r *Runner) exactly(ctx context.Context, e model.FetchAddress) (bans []fail2ban.JailBan, asked []string) {
	for _, j := range e.Inexact {
		asked = append(asked, j.Jail)
		if !r.costs.exact(j.Banned) {
			continue
		}
		begun := time.Now()
		all, err := r.opts.Client.Bans(ctx, j.Jail, r.zone())
		if err != nil {
			continue // the list tells
		}
		r.costs.tookTimed(len(all), time.Since(begun))
		for _, b := range all {
			if b.Address == e.Address {
				bans = append(bans, fail2ban.JailBan{Jail: j.Jail, Ban: b})
			}
		}
	}
	return bans, asked
}

func (r *Runner) history(ctx context.Context, address string) ([]bandb.Record, error) {
	path, err := r.opts.Client.DBFile(ctx)
	if err != nil {
		return nil, err
	}
	var records []bandb.Record
	err = r.db.read(ctx, path, func(ctx context.Context, db *bandb.DB) (err error) {
		records, err = db.History(ctx, r.now(), address, mostRecords)
		return err
	})
	return records, err
}

// whyNoHistory is why nothing is known of earlier bans.
func whyNoHistory(err error) string {
	switch {
	case errors.Is(err, bandb.ErrNone):
		return "fail2ban keeps no database: nothing is known of earlier bans and of what led to them"
	case errors.Is(err, bandb.ErrDenied):
		return "fail2ban's database is closed to you: run sudo bantop to see what led to a ban"
	case errors.Is(err, bandb.ErrUnreadable) && fail2ban.Hint(err) != "": // it could be written by others than root
		return err.Error() + "; " + fail2ban.Hint(err)
	default:
		return err.Error()
	}
}
