package runner

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

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
	zone := r.zone() // of the process that has answered
	if err == nil && e.Bans {
		msg.Bans, err = r.opts.Client.Bans(ctx, e.Jail, zone)
		msg.HasBans = err == nil
	}
	if err != nil {
		msg.Reason, msg.Hint = reason(err, r.answerTime()), fail2ban.Hint(err)
	} else {
		msg.Log = r.readFailing(ctx, e.Jail, zone)
		for _, path := range msg.Settings.Files {
			msg.Files = append(msg.Files, r.lookAt(path))
		}
	}
	msg.At = r.now()
	return msg
}

// lookAt says how it stands with a log file, without opening it. A file that is
// not there, and still was written to, is one of the demo's.
func (r *Runner) lookAt(path string) model.LogFile {
	f := model.LogFile{Path: path, Size: -1}
	fi, err := os.Stat(path)
	switch {
	case err == nil:
		f.Size, f.Written = fi.Size(), fi.ModTime().Round(0)
		f.Closed = unix.Access(path, unix.R_OK) != nil
		return f
	case !r.opts.LastMod(path).IsZero():
		f.Written = r.opts.LastMod(path).Round(0)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		f.Missing = true
	default:
		f.Reason = err.Error()
		if cause, is := errors.AsType[syscall.Errno](err); is {
			f.Reason = cause.Error()
		}
	}
	return f
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
