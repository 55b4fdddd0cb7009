package runner

import (
	"context"

	"bantop/fail2ban"
	"bantop/model"
)

// doFetchJail asks for what the screen of one jail shows.
func (r *Runner) doFetchJail(ctx context.Context, e model.FetchJail) model.Msg {
	ctx, cancel := context.WithTimeout(ctx, r.opts.Timeout)
	defer cancel()
	msg := model.JailFetched{Jail: e.Jail, Request: e.Request}
	var err error
	msg.Settings, err = r.opts.Client.JailSettings(ctx, e.Jail)
	if err == nil && e.Bans {
		msg.Bans, err = r.opts.Client.Bans(ctx, e.Jail, r.opts.Zone)
		msg.HasBans = err == nil
	}
	if err != nil {
		msg.Reason, msg.Hint = reason(err, r.opts.Timeout), fail2ban.Hint(err)
	}
	msg.At = r.now()
	return msg
}

// doFetchBans asks whom a jail bans. That it failed is told by the next probe.
func (r *Runner) doFetchBans(ctx context.Context, e model.FetchBans) model.Msg {
	ctx, cancel := context.WithTimeout(ctx, r.opts.Timeout)
	defer cancel()
	bans, err := r.opts.Client.Bans(ctx, e.Jail, r.opts.Zone)
	if err != nil {
		return nil
	}
	return model.BansFetched{Jail: e.Jail, At: e.At, Bans: bans}
}
