package runner

import (
	"context"

	"bantop/fail2ban"
	"bantop/model"
)

// doFetchJail asks for what the screen of one jail shows.
func (r *Runner) doFetchJail(ctx context.Context, e model.FetchJail) model.Msg {
	ctx, cancel := context.WithTimeout(ctx, r.answerTime())
	defer cancel()
	msg := model.JailFetched{Jail: e.Jail, Request: e.Request}
	var err error
	msg.Settings, err = r.opts.Client.JailSettings(ctx, e.Jail)
	if err == nil && e.Bans {
		msg.Bans, err = r.opts.Client.Bans(ctx, e.Jail, r.zone())
		msg.HasBans = err == nil
	}
	if err != nil {
		msg.Reason, msg.Hint = reason(err, r.answerTime()), fail2ban.Hint(err)
	}
	msg.At = r.now()
	return msg
}

// doFetchBans asks whom a jail bans. Where that fails, the ban is told of
// without names.
func (r *Runner) doFetchBans(ctx context.Context, e model.FetchBans) model.Msg {
	fetching, cancel := context.WithTimeout(ctx, r.answerTime())
	defer cancel()
	msg := model.BansFetched{Jail: e.Jail, At: e.At, Count: e.Count}
	if bans, err := r.opts.Client.Bans(fetching, e.Jail, r.zone()); err == nil {
		msg.Bans = bans
	}
	if ctx.Err() != nil {
		return nil
	}
	return msg
}
