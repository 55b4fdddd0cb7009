package runner

import (
	"bantop/model"
	"bantop/model/here"
)

// doReadOwn looks who is logged in, and from where.
func (r *Runner) doReadOwn() model.Msg {
	msg := model.OwnRead{At: r.now()}
	for _, s := range r.opts.Sessions() {
		msg.Own = append(msg.Own, model.Own{Addr: s.Addr, Who: s.Who, TTY: s.TTY, From: s.From})
	}
	return msg
}

// sessions looks on this machine.
func sessions() []here.Session { return here.Sessions(here.Options{}) }
